"""The demo, from the drawn films to the report."""

import json

import pytest

from .conftest import FILM, ONE_FILM

# Where there is no demo, a small one is made first.
pytestmark = [pytest.mark.workflow, pytest.mark.timeout(1500)]


def test_the_chain_ends_in_a_report(finished):
    scores = json.loads((finished.folder / "scores.json").read_text())
    assert set(scores) == {"base", "strefer"}
    for by_benchmark in scores.values():
        assert set(by_benchmark) == {
            "videorefer_d",
            "videorefer_q",
            "qvhighlights",
            "tempcompass",
            "videomme",
        }
    quality = json.loads((finished.folder / "quality.json").read_text())
    assert quality["entities.recall"] is not None
    assert quality["detector.recall"] is None  # that is for `make quality`
    page = (finished.folder / "report.html").read_text()
    assert page.count("data:image/jpeg;base64") >= 1
    assert "entities.recall" in page


def test_a_second_run_does_nothing(finished):
    assert finished.plan() == []


def test_the_agents_are_measured_by_themselves(one_film):
    quality = json.loads((one_film / "quality.json").read_text())
    for name in ("detector.recall", "tracker.j_visible", "masklets.paper.jf", "masklets.ours.jf"):
        assert quality[name] is not None, name


def test_the_same_seed_gives_the_same_pairs_in_whatever_company(finished, one_film):
    pairs = lines_of(one_film, "instructions")
    assert pairs == lines_of(finished.folder, "instructions")
    assert len(pairs) > 10


def test_the_gallery_shows_the_film(workplace, one_film):
    workplace.make({"run": "one"} | ONE_FILM, ["gallery"])
    (script,) = one_film.glob("gallery/00000-of-00001/0.js")
    assert FILM in script.read_text() and (script.parent / "0.mp4").resolve().is_file()
    assert "00000-of-00001" in (one_film / "gallery" / "run.js").read_text()
    assert "page/gallery.js" in (one_film / "gallery" / "index.html").read_text()


@pytest.mark.long
def test_a_film_of_many_windows_goes_through(workplace):
    config = {"run": "long", "shards": 1, "demo": {"films": 1, "long_films": 1}}
    workplace.make(config, ["results/long/instructions/00000-of-00001.jsonl"])
    film = "input_long_000000.mp4"
    assert len(lines_of(workplace.results("long"), "instructions", film)) > 10


def lines_of(folder, stage, film=FILM):
    """The lines of a film in a stage's shard files."""
    texts = [path.read_text().splitlines() for path in sorted((folder / stage).glob("*.jsonl"))]
    return [line for text in texts for line in text if json.loads(line)["video_id"] == film]
