import pytest

from strefer.documentation import figures_table, made_documents, replace_part


def test_made_parts_are_up_to_date():
    for path, text in made_documents().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} drifted: call `make docs`"


def test_what_was_not_measured_says_so():
    assert "| `b` | not measured |" in figures_table({"a": 0.5, "b": None})


def test_missing_marks_are_named():
    with pytest.raises(ValueError, match="<!-- options -->"):
        replace_part("nothing", "options", "x")
