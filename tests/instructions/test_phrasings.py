from pathlib import Path
from string import Formatter

import pytest

from strefer.instructions.wording.phrasings import load_folder, load_phrasings

FOLDER = Path(__file__).resolve().parents[2] / "config" / "phrasings"
KNOWN = {"who", "other", "again", "deed", "bare", "other_deed", "when", "noun"}


def test_there_are_several_hundred_and_all_placeholders_are_known():
    files = load_folder(FOLDER)
    lines = [
        line for sections in files.values() for section in sections.values() for line in section
    ]
    assert len(lines) >= 300
    used = {name for line in lines for _, name, _, _ in Formatter().parse(line) if name}
    assert used <= KNOWN


def test_regions_are_named_once_by_each_reference():
    for name in ("regions", "regions_timestamps"):
        sections = load_folder(FOLDER)[name]
        assert all(line.count("<region>") == 1 for line in sections["reference"])
        assert all(line.count("<region>") == 1 for line in sections["preface"])
        asked = [line for key, lines in sections.items() if key not in ("reference", "preface")
                 for line in lines]  # fmt: skip
        assert all(line.count("{who}") == 1 and line.count("{other}") <= 1 for line in asked)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("What?\n", "line 1: no .section."),
        ("[deed]\nWhat?\nWhat?\n", "line 3: duplicate line"),
        ("[deed]\nWhat does {who do?\n", "line 2"),
        ("[deed]\nWhat does {0.a} do?\n", "is not a placeholder"),
        ("[deed]\n# nothing\n", "section .deed. is empty"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path, text, message):
    path = tmp_path / "words.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_phrasings(path)


def test_a_missing_file_and_an_empty_folder(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        load_phrasings(tmp_path / "words.txt")
    with pytest.raises(ValueError, match=r"no \.txt file"):
        load_folder(tmp_path)
