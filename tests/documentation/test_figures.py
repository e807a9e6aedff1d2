import json

from strefer.benchmarks.score_predictions import Difference
from strefer.documentation.figures import (
    Compared,
    compared_recipes,
    comparison_figures,
    merge_figures,
    write_figures,
)

FIXED = ("plan.seconds", "demo.seconds")


def test_a_part_leaves_the_figures_of_the_others(tmp_path):
    path = tmp_path / "bench.json"
    merge_figures(path, FIXED, {"plan.seconds": 5.0}, "make bench", "plan")
    merge_figures(path, FIXED, {"demo.seconds": 90.0, "demo.more": 1.0}, "make bench", "demo")
    merge_figures(path, FIXED, {"plan.seconds": 4.0}, "make bench", "plan")
    written = json.loads(path.read_text())
    about = written.pop("about")
    assert list(about["parts"]) == ["demo", "plan"]
    assert {"commit", "date", "machine"} <= set(about["parts"]["demo"])
    assert written == {"plan.seconds": 4.0, "demo.seconds": 90.0, "demo.more": 1.0}


def test_what_was_not_measured_is_null(tmp_path):
    write_figures(tmp_path / "f.json", FIXED, {"extra": 2.0}, "make x")
    written = json.loads((tmp_path / "f.json").read_text())
    assert [*written][1:] == [*FIXED, "extra"]
    assert written["plan.seconds"] is None


def test_compared_recipes_are_read_as_they_were_written():
    values = {"base": 0.5, "g1": 0.4, "strefer": 0.7}
    differences = {"g1": Difference(-0.1, -0.2, 0.0), "strefer": Difference(0.2, 0.1, 0.3)}
    figures = comparison_figures(
        [{"benchmark": "videomme", "values": values, "differences": differences}]
    )
    assert figures["videomme.difference"] == 0.2
    found = compared_recipes(figures)
    assert list(found) == ["base", "g1", "strefer"]
    assert found == {
        "base": {"videomme": Compared(0.5, None, None)},
        "g1": {"videomme": Compared(0.4, -0.2, 0.0)},
        "strefer": {"videomme": Compared(0.7, 0.1, 0.3)},
    }
