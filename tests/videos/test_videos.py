import os

import numpy as np
import pytest
from PIL import Image

from helpers.films import write_audio, write_film, write_frames
from helpers.hostile_films import write_hostile_films
from strefer.records import Video, from_json
from strefer.stage.run import Shard, read_lines
from strefer.videos.find_videos import film_marks, list_videos, shard_of
from strefer.videos.probe_videos import probe_videos


def probe(tmp_path, source, strict=False):
    output = tmp_path / "videos.jsonl"
    probe_videos(list_videos(source), Shard(output, tmp_path / "store", {"code": "1"}, strict))
    return {line.video_id: line for line in read_lines(output)}


def test_good_films_come_out_and_bad_ones_are_listed(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    write_film(folder / "good.mp4", n_frames=16)
    write_film(folder / "ein Blick' — ü.mp4", n_frames=1)
    whole = write_film(tmp_path / "whole.mp4", n_frames=200, size=(64, 64)).read_bytes()
    (folder / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("not a film")
    write_audio(folder / "sound.mp4")
    (folder / "folder.mp4").mkdir()
    (folder / "loop").symlink_to(folder)

    lines = probe(tmp_path, folder)

    good = lines["good.mp4"].record
    assert (good["n_frames"], good["fps"], good["duration_s"]) == (16, 8.0, 2.0)
    assert (good["height_px"], good["width_px"]) == (32, 48)
    assert lines["ein Blick' — ü.mp4"].record["duration_s"] == pytest.approx(1 / 8)
    reasons = {i: line.failure["reason"] for i, line in lines.items() if line.failure}
    assert reasons["empty.mp4"] == "the file is empty"
    assert reasons["sound.mp4"] == "no video stream"
    assert "decoded" in reasons["text.mp4"]
    assert "decoded" in reasons["truncated.mp4"]
    assert len(lines) == 6


def test_reasons_are_words(tmp_path):
    """Whatever is refused: what is wrong with it, and nothing of FFmpeg's or Python's."""
    write_hostile_films(tmp_path / "films")
    lines = probe(tmp_path, tmp_path / "films")
    reasons = {name: line.failure["reason"] for name, line in lines.items() if line.failure}
    assert len(reasons) > 50
    for name, reason in reasons.items():
        assert "Invalid" not in reason and "{" not in reason and "Errno" not in reason, name
    expected = {
        "text.mp4": "it is a text file, not a film",
        "zeros.mp4": "it holds nothing but zeros",
        "playlist.mp4": "a playlist is not a film",
        "cut_02_mdat.mp4": "its index (moov) is missing",
        "cut_17_stsd.mp4": "its index (moov) is cut off or damaged",
        "noise.mp4": "not a film of a known format",
        "unknown_codec.mp4": "its codec is not known here",
        "damaged_1.mp4": "it is damaged or cut off, and cannot be decoded at its first frame",
    }
    for name, words in expected.items():
        assert words in reasons[name]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *(("a.wmv", "wmv2"), ("a.flv", "flv1"), ("a.m2ts", "libx264"), ("a.3gp", "libx264")),
        *(("a.gif", "gif"), ("a.apng", "apng"), ("a.mxf", "mpeg2video"), ("a.vob", "mpeg2video")),
        *(("a.nut", "mpeg4"), ("a.ivf", "libvpx-vp9"), ("a.h264", "libx264"), ("a.asf", "wmv2")),
    ],
)
def test_every_kind_of_film_is_read(tmp_path, name, codec):
    folder = tmp_path / "films"
    folder.mkdir()
    pixel_format = {"gif": "rgb8", "apng": "rgb24"}.get(codec, "yuv420p")
    pictures = [np.full((96, 160, 3), 16 + 10 * i, np.uint8) for i in range(12)]
    write_frames(folder / name, pictures, codec=codec, pixel_format=pixel_format)
    (line,) = probe(tmp_path, folder).values()
    assert line.failure is None
    shape = line.record
    assert (shape["n_frames"], shape["width_px"], shape["height_px"]) == (12, 160, 96)
    assert shape["duration_s"] == pytest.approx(12 / 25, abs=0.03)


def test_kinds_that_cannot_be_read_get_a_line(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("a.rmvb", "b.BRAW", "c.webp", "d.swf"):
        (folder / name).write_bytes(bytes(range(256)) * 10)
    picture = np.zeros((16, 16, 3), np.uint8)
    write_frames(folder / "still.gif", [picture], codec="gif", pixel_format="rgb8")
    lines = probe(tmp_path, folder)
    assert len(lines) == 5
    assert all(line.failure["reason"] for line in lines.values())
    assert lines["still.gif"].failure["reason"] == "a still picture, not a film"


def test_half_a_film_is_said_to_be_cut(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    whole = write_film(folder / "film.mkv", n_frames=200, size=(64, 64)).read_bytes()
    (folder / "film.mkv").write_bytes(whole[: len(whole) // 2])
    (line,) = probe(tmp_path, folder).values()
    (note,) = line.record["notes"]
    assert note.startswith("its pictures end after ")
    assert note.endswith("its header says 25.00 s")


def test_plain_films_have_no_notes(tmp_path):
    write_film(tmp_path / "a.mp4")
    (line,) = probe(tmp_path, tmp_path).values()
    assert "notes" not in line.record
    assert from_json(Video, line.record).notes == ()


def test_a_film_that_ends_before_its_container_says(tmp_path):
    path = write_film(tmp_path / "film.mp4", n_frames=200, size=(64, 64))
    # Put the index first, as for streaming: then a cut file opens, and lacks its end.
    import av

    fast = tmp_path / "fast" / "film.mp4"
    fast.parent.mkdir()
    with (
        av.open(str(path)) as source,
        av.open(str(fast), "w", options={"movflags": "faststart"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    fast.write_bytes(fast.read_bytes()[: int(fast.stat().st_size * 0.7)])
    (line,) = probe(tmp_path, fast.parent).values()
    assert line.failure["reason"].startswith(
        ("truncated: 200 frames promised", "it is damaged or cut off")
    )


def test_a_table_names_ids_and_paths(tmp_path):
    write_film(tmp_path / "a.mp4")
    table = tmp_path / "films.csv"
    table.write_text("id,path\nfirst,a.mp4\ngone,b.mp4\n")
    lines = probe(tmp_path, table)
    assert lines["first"].record["n_frames"] == 8
    assert lines["gone"].failure["reason"] == "unreadable: No such file or directory"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,film\na,a.mp4\n", "no column 'path'"),
        ("id,path\na,a.mp4\na,b.mp4\n", "names the id 'a' twice"),
        ("id,path\na,\n", "line 2: 'path' is empty"),
        ("id,path\n,a.mp4\n", "line 2: 'id' is empty"),
        ("id,path\n1,x,base.mp4\n", "line 2: 3 fields, but the header has 2"),
        ("id,path,caption\na,a.mp4,x\n\nb,b.mp4\n", "line 4: 2 fields, but the header has 3"),
        ("id,path,id\na,a.mp4,b\n", "header: two columns 'id'"),
        ('id,path\na,"a.mp4\n', "line 2: unexpected end of data"),
        ("", "no column 'id'"),
        ("id,path\n", "no film in"),
    ],
)
def test_a_bad_table_is_explained(tmp_path, text, message):
    table = tmp_path / "films.csv"
    table.write_text(text)
    with pytest.raises(ValueError, match=message):
        list_videos(table)


def test_every_field_of_a_table_is_text(tmp_path):
    table = tmp_path / "films.csv"
    ids = ["NA", "null", "None", "nan", "007", "1e3", "TRUE", "a,b", " c"]
    rows = "".join(f'"{name}",a.mp4\r\n' for name in ids)
    table.write_bytes(b"\xef\xbb\xbf" + f"id,path\r\n{rows}".encode())
    assert set(list_videos(table)) == set(ids)
    assert set(list_videos(table).values()) == {str(tmp_path / "a.mp4")}


def test_a_table_of_parquet(tmp_path):
    pd = pytest.importorskip("pandas")
    table = tmp_path / "films.parquet"
    pd.DataFrame({"id": ["NA", "b"], "path": ["a.mp4", "b.mp4"]}).to_parquet(table)
    assert list(list_videos(table)) == ["NA", "b"]
    pd.DataFrame({"id": ["a", None], "path": ["a.mp4", "b.mp4"]}).to_parquet(table)
    with pytest.raises(ValueError, match="row 2: 'id' is empty"):
        list_videos(table)
    table.write_text("id,path")
    with pytest.raises(ValueError, match="not a parquet table"):
        list_videos(table)


def test_a_table_that_is_not_utf_8(tmp_path):
    table = tmp_path / "films.csv"
    table.write_bytes("id,path\na,ü.mp4\n".encode("latin1"))
    with pytest.raises(ValueError, match="films.csv: not UTF-8; save it as UTF-8"):
        list_videos(table)


def test_a_missing_folder_is_explained(tmp_path):
    with pytest.raises(ValueError, match="is not a folder, a glob"):
        list_videos(tmp_path / "nowhere")


def test_a_folder_may_be_in_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "films").mkdir()
    (tmp_path / "films/a.mp4").touch()
    assert list_videos("~/films") == {"a.mp4": str(tmp_path / "films/a.mp4")}


def test_a_moved_film_is_not_probed_again(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    write_film(folder / "a.mp4")
    probe(tmp_path, folder)
    store = {p: p.stat().st_mtime_ns for p in (tmp_path / "store").rglob("*.json")}
    os.rename(folder / "a.mp4", folder / "b.mp4")
    lines = probe(tmp_path, folder)
    assert lines["b.mp4"].record["path"].endswith("b.mp4")
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "store").rglob("*.json")} == store


def test_shards_are_stable_and_even():
    shards = [shard_of(f"film_{i}", 8) for i in range(4000)]
    assert shards[:5] == [shard_of(f"film_{i}", 8) for i in range(5)]
    assert all(400 < shards.count(s) < 600 for s in range(8))


def test_films_in_folders_are_named_by_their_way_from_the_top(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("top.mp4", "a/one.MKV", "a/b/two.webm", "a/no_film.txt"):
        (tmp_path / name).touch()
    found = list_videos(f"{tmp_path}/")
    assert found == {i: f"{tmp_path}/{i}" for i in ("a/b/two.webm", "a/one.MKV", "top.mp4")}


def test_a_folder_of_numbered_pictures_is_a_film(tmp_path):
    for name in ("films/davis/walk", "films/thumbnails"):
        (tmp_path / name).mkdir(parents=True)
    for i in range(12):
        Image.new("RGB", (64, 48)).save(tmp_path / f"films/davis/walk/{i:05d}.jpg")
    Image.new("RGB", (64, 48)).save(tmp_path / "films/thumbnails/cover.jpg")
    (tmp_path / "films/davis/walk/fps.txt").write_text("6")
    (tmp_path / "films.csv").write_text("id,path\nwalk,films/davis/walk\nbad,films/thumbnails\n")
    [(name, walked)] = probe(tmp_path, tmp_path / "films").items()
    assert name == "davis/walk"
    assert (walked.record["n_frames"], walked.record["fps"]) == (12, 6.0)
    listed = probe(tmp_path, tmp_path / "films.csv")
    assert listed["walk"].record["digest"] == walked.record["digest"]
    assert "without numbered pictures" in listed["bad"].failure["reason"]


def test_marks_tell_a_change_of_size_of_time_and_a_film_that_goes(tmp_path):
    films = [str(tmp_path / name) for name in ("a.mp4", "b.mp4")]
    for film in films:
        with open(film, "w") as file:
            file.write("film")
        os.utime(film, (1, 1))
    marks = [film_marks(films)]
    os.utime(films[1], (2, 2))
    marks.append(film_marks(films))
    with open(films[1], "a") as file:
        file.write("more")
    os.utime(films[1], (2, 2))
    marks.append(film_marks(films))
    os.remove(films[1])
    marks += [film_marks(films), film_marks([])]
    assert len(set(marks)) == len(marks)
    os.utime(films[0], (1, 1))
    assert film_marks(films) == marks[3]
