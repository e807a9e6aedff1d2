import os

import pytest

from helpers.films import write_audio, write_film
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
        ("truncated: 200 frames promised", "cannot be decoded")
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
        ("id,path\na,\n", "row 1: 'path' is empty"),
        ("", "cannot be read as a table"),
        ("id,path\n", "no film in"),
    ],
)
def test_a_bad_table_is_explained(tmp_path, text, message):
    table = tmp_path / "films.csv"
    table.write_text(text)
    with pytest.raises(ValueError, match=message):
        list_videos(table)


def test_a_missing_folder_is_explained(tmp_path):
    with pytest.raises(ValueError, match="is no folder, no glob"):
        list_videos(tmp_path / "nowhere")


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
