"""The gallery's folder of a shard: what is in it, and what making it takes."""

import json
import shutil
import tracemalloc

import numpy as np
import pytest

from helpers.gallery_run import (
    PAIRS,
    one_film,
    records_of,
    write_run,
    write_square_film,
    write_stages,
)
from helpers.shards import video_of
from strefer.gallery.show_films import show_films
from strefer.masks import encode_mask

SHARD = "00000-of-00001"


def read(path):
    """The data of a script, as the page gets them."""
    text = path.read_text(encoding="ascii")
    call, _, data = text.strip().partition("(")
    assert call.startswith("strefer.") and data.endswith(")")
    return json.loads(data[:-1])


def test_a_film_has_its_records_its_picture_and_itself(tmp_path):
    films = one_film(tmp_path)
    folder = write_run(tmp_path, films) / SHARD
    film = read(folder / "0.js")
    assert film["id"] == "squares.mp4" and film["file"] == "0.mp4" and film["failures"] == []
    assert [pair["pair_id"] for pair in film["instructions"]] == ["p-000", "p-001", "p-002"]
    assert film["masklets"][0]["masklets"][1]["masks"]["0"]["size"] == [96, 128]
    assert (folder / "0.mp4").is_symlink()
    assert (folder / "0.mp4").read_bytes() == (tmp_path / "squares.mp4").read_bytes()
    assert (folder / "0.jpg").stat().st_size > 500


def test_the_index_says_of_each_pair_what_filters_ask(tmp_path):
    index = read(write_run(tmp_path, one_film(tmp_path)) / SHARD / "index.js")
    (film,) = index["films"]
    assert film["entities"] == [["red square", "square", 0.9], ["blue square", "square", 0.3]]
    assert film["pairs"] == [3, 0, -1, 1, 0, 4, 1, -1, 1, 1, 5, 2, 0, 1, 0]
    assert index["reasons"] == ["claim: the transcript does not say so (does)"]


def test_reasons_that_differ_in_what_they_quote_are_one(tmp_path):
    reasons = ["claim: the transcriber says 'it sits' too", "claim: the transcriber says 'x' too"]
    pairs = [PAIRS[0].__class__(**(vars(PAIRS[0]) | {"rejected": why})) for why in reasons]
    index = read(write_run(tmp_path, one_film(tmp_path, pairs=pairs)) / SHARD / "index.js")
    assert index["reasons"] == ["claim: the transcriber says … too"]


def test_failures_are_shown_where_their_stage_is(tmp_path):
    failures = [("videos", "bad.mp4", "cannot be decoded")]
    folder = write_run(tmp_path, one_film(tmp_path), failures) / SHARD
    film = read(folder / "1.js")
    assert film["failures"] == [["before", "cannot be decoded"]] and film["file"] is None
    assert [row["failures"] for row in read(folder / "index.js")["films"]] == [[], film["failures"]]


def test_what_is_said_of_a_film_after_all_films_is_found(tmp_path):
    films = one_film(tmp_path) | {"other.mp4": one_film(tmp_path)["squares.mp4"]}
    stages = write_stages(tmp_path / "stages", films)
    lost = {"stage": "corrections", "reason": "no pair has this key any longer"}
    with open(stages["instructions"], "a") as file:
        file.write(json.dumps({"video_id": "squares.mp4", "failure": lost}) + "\n")
    show_films(stages, tmp_path / "proxies", tmp_path / "out")
    assert read(tmp_path / "out" / "0.js")["failures"] == [list(lost.values())]
    assert len(read(tmp_path / "out" / "1.js")["instructions"]) == 3


def test_a_failure_of_a_stage_that_is_not_shown_is_found(tmp_path):
    films = one_film(tmp_path)
    records = dict(films["squares.mp4"])
    for stage in ("tracks", "masklets", "transcripts", "statements", "instructions"):
        records.pop(stage)
    failures = [("tracks", "squares.mp4", "nothing detected")]
    folder = write_run(tmp_path, {"squares.mp4": records}, failures) / SHARD
    assert read(folder / "0.js")["failures"] == [["before", "nothing detected"]]


def test_a_film_that_no_browser_plays_gets_a_copy_that_is_kept(tmp_path):
    write_square_film(tmp_path / "a.mkv")
    films = {"a.mkv": records_of(video_of(tmp_path / "a.mkv"))}
    folder = write_run(tmp_path, films) / SHARD
    assert read(folder / "0.js")["copied"]
    (kept,) = (tmp_path / "proxies").iterdir()
    assert (folder / "0.mp4").samefile(kept)
    made_ns = kept.stat().st_mtime_ns
    write_run(tmp_path, films)
    assert (folder / "0.mp4").stat().st_mtime_ns == made_ns


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.unlink(), "no longer exists"),
        (lambda path: path.write_bytes(b"x" * 100), "cannot be decoded"),
    ],
)
def test_a_film_that_is_gone_is_shown_without_itself(tmp_path, spoil, why):
    films = one_film(tmp_path)
    spoil(tmp_path / "squares.mp4")
    film = read(write_run(tmp_path, films) / SHARD / "0.js")
    assert film["file"] is None and why in film["unplayed"]
    assert len(film["instructions"]) == 3


def test_text_becomes_no_code_and_no_path(tmp_path):
    name = "../../\u2028</script> ä.mp4"
    folder = write_run(tmp_path, one_film(tmp_path, name, expressions=(")({", "\\u0022"))) / SHARD
    assert read(folder / "0.js")["id"] == name
    assert {path.name for path in folder.iterdir()} == {
        *("0.js", "0.jpg", "0.mp4", "index.js", "text-0.js")
    }


def test_lines_in_another_order_are_an_error_and_no_film_is_lost_in_silence(tmp_path):
    records = one_film(tmp_path)["squares.mp4"]
    stages = write_stages(tmp_path / "stages", {"a": records, "b": records})
    lines = stages["masklets"].read_text().splitlines()
    stages["masklets"].write_text("\n".join(reversed(lines)) + "\n")
    with pytest.raises(ValueError, match=r"masklets.jsonl: the line of 'a' is not in the films' o"):
        show_films(stages, tmp_path / "proxies", tmp_path / "out")


def test_memory_does_not_grow_with_the_films(tmp_path):
    records = one_film(tmp_path)["squares.mp4"]
    # A mask that takes much room: every other pixel.
    noisy = encode_mask((np.indices((96, 128)).sum(0) % 2).astype(bool))
    (masklets,) = records["masklets"]
    for masklet in masklets.masklets:
        masklet.masks.update(dict.fromkeys(masklet.masks, noisy))

    def peak(count):
        folder = tmp_path / str(count)
        films = {f"{number}.mp4": records for number in range(count)}
        stages = write_stages(folder, films)
        size = sum(path.stat().st_size for path in stages.values())
        tracemalloc.start()
        show_films(stages, tmp_path / "proxies", folder / "out")
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        shutil.rmtree(folder)
        return top, size

    (few, small), (many, large) = peak(4), peak(16)
    assert large - small > 1_500_000
    assert many - few < 0.1 * (large - small)
