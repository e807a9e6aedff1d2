import pytest

from strefer.documentation import figures_table, made_documents, replace_part


def test_made_parts_are_up_to_date():
    for path, text in made_documents().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} drifted: call `make docs`"


def test_what_was_not_measured_says_so():
    about = {"command": "make x", "commit": "c", "date": "d", "machine": "m"}
    assert "| `b` | not measured |" in figures_table({"about": about, "a": 0.5, "b": None})
    assert "Nothing is measured" in figures_table({"about": about, "b": None})


def test_missing_marks_are_named():
    with pytest.raises(ValueError, match="<!-- options -->"):
        replace_part("nothing", "options", "x")
