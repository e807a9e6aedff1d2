import pytest

from strefer.documentation.documents import (
    figures_table,
    made_documents,
    recipes_table,
    replace_part,
)


def test_made_parts_are_up_to_date():
    for path, text in made_documents().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} drifted: call `make docs`"


def test_what_was_not_measured_says_so():
    about = {"command": "make x", "commit": "c", "date": "d", "machine": "m"}
    assert "| `b` | not measured |" in figures_table({"about": about, "a": 0.5, "b": None})
    assert "Nothing is measured" in figures_table({"about": about, "b": None})


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
