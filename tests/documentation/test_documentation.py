import json

import pytest

from strefer.benchmarks.registry import BENCHMARKS
from strefer.documentation.documents import (
    FOLDER,
    TABLES,
    figures_table,
    made_documents,
    recipes_table,
    replace_part,
    results_table,
)


def test_made_parts_are_up_to_date():
    for path, text in made_documents().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} drifted: call `make docs`"


def test_what_was_not_measured_says_so():
    about = {"command": "make x", "commit": "c", "date": "d", "machine": "m"}
    assert "| `b` | not measured |" in figures_table({"about": about, "a": 0.5, "b": None})
    assert "Nothing has been measured" in figures_table({"about": about, "b": None})


def test_figures_by_group_and_by_case_are_rows_of_a_matrix():
    about = {"command": "make x", "commit": "c", "date": "d", "machine": "m"}
    figures = {"about": about, "pairs.true": 0.5, "pairs.true_G1": 0.25, "pairs.true_G8": 0.75}
    figures |= {"pairs.true@late_entry": 0.125, "masklets.jf@occluded": None}
    table = figures_table(figures)
    for row in (
        "| `pairs.true` | 0.5 |",
        "| by group | G1 | G8 |",
        "| `pairs.true` | 0.25 | 0.75 |",
        "| by case | late entry | occluded |",
        "| `pairs.true` | 0.125 |  |",
        "| `masklets.jf` |  | not measured |",
    ):
        assert row in table.splitlines()


def test_readme_marks_the_intervals_that_do_not_hold_zero():
    figures = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in TABLES}
    for name in (name for name in BENCHMARKS if f"{name}.base" in figures["reproduce"]):
        figures["reproduce"] |= {f"{name}.difference_low": -0.5, f"{name}.difference_high": 0.5}
    figures["reproduce"] |= {"videomme.difference_low": 0.25, "tempcompass.difference_low": None}
    table = results_table(figures)
    assert table.count("**") == 2
    assert "**+0.25 to +0.5**" in table
    assert table.rpartition("\n\n")[2].count("not measured") == 1  # of the benchmarks


def test_a_recipe_stands_in_a_row_with_its_intervals():
    about = {"command": "make x", "commit": "c", "date": "d", "machine": "m"}
    figures = {"about": about, "videomme.base": 83.445, "videomme.strefer": 82.0}
    figures |= {"videomme.difference": -1.445, "videomme.difference_low": -4.36}
    figures |= {"videomme.difference_high": 1.8, "videomme.g1_difference_low": -0.5}
    figures |= {"videomme.g1_difference_high": 0.75, "videomme.g1": 83.5}
    for name in ("videorefer_d", "videorefer_q", "qvhighlights", "tempcompass"):
        figures |= {f"{name}.base": None, f"{name}.strefer": None}
    unknown = " not measured |" * 4
    table = recipes_table(figures)
    assert table.index("| `base` |") < table.index("| `g1` |")
    for row in (
        "`base` |{} 83.4 |",
        "`g1` |{} 83.5 (-0.50 to +0.75) |",
        "`strefer` |{} 82.0 (-4.4 to +1.8) |",
    ):
        assert f"| {row.format(unknown)}\n" in table + "\n"


def test_missing_marks_are_named():
    with pytest.raises(ValueError, match="<!-- options -->"):
        replace_part("nothing", "options", "x")
