"""The demo, small, from the drawn films to the report."""

import json

import pytest

from .conftest import SMALL

pytestmark = pytest.mark.workflow
CONFIG = ("run=small", *SMALL)


def test_the_chain_ends_in_a_report(finished):
    folder = finished.results("small")
    scores = json.loads((folder / "scores.json").read_text())
    assert set(scores) == {"base", "strefer"}
    for by_benchmark in scores.values():
        assert set(by_benchmark) == {
            "videorefer_d",
            "videorefer_q",
            "qvhighlights",
            "tempcompass",
            "videomme",
        }
    quality = json.loads((folder / "quality.json").read_text())
    assert quality["detector.recall"] is not None
    page = (folder / "report.html").read_text()
    assert page.count("data:image/jpeg;base64") >= 1


def test_a_second_run_does_nothing(finished):
    again = finished.run(config=CONFIG)
    assert "Nothing to be done" in again.stdout + again.stderr


def test_the_same_seed_gives_the_same_pairs(finished):
    run = "again"
    finished.run(config=(f"run={run}", *SMALL), targets=[*_shards(finished, run)])
    for path in sorted((finished.results("small") / "instructions").iterdir()):
        ours = path.read_bytes()
        assert ours == (finished.results(run) / "instructions" / path.name).read_bytes()
        assert ours


def _shards(workplace, run):
    names = sorted(p.name for p in (workplace.results("small") / "instructions").iterdir())
    return [f"results/{run}/instructions/{name}" for name in names]
