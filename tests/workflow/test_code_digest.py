import pytest

from strefer.workflow.code_digest import _read, code_of


@pytest.fixture
def scripts(tmp_path):
    (tmp_path / "strefer" / "agents").mkdir(parents=True)
    write(tmp_path, "cut.py", "from strefer.clips import cut\ncut()\n")
    write(tmp_path, "strefer/clips.py", "def cut():\n    from strefer.agents import chat\n")
    write(tmp_path, "strefer/agents/chat.py", "import os\nLIMIT = 3\n")
    write(tmp_path, "strefer/other.py", "x = 1\n")
    return tmp_path


def write(folder, name, text):
    (folder / name).write_text(text)
    _read.cache_clear()


def test_comments_docstrings_and_layout_change_nothing(scripts):
    before = code_of("cut", scripts=scripts)
    write(
        scripts,
        "strefer/clips.py",
        '"""Clips."""\n\n\ndef cut():  # why\n'
        '    """Cut."""\n\n    from strefer.agents import (chat)\n',
    )
    assert code_of("cut", scripts=scripts) == before


def test_a_module_imported_inside_a_function_counts(scripts):
    before = code_of("cut", scripts=scripts)
    write(scripts, "strefer/agents/chat.py", "import os\nLIMIT = 4\n")
    assert code_of("cut", scripts=scripts) != before


def test_a_module_that_is_not_reached_does_not_count(scripts):
    before = code_of("cut", scripts=scripts)
    write(scripts, "strefer/other.py", "x = 2\n")
    assert code_of("cut", scripts=scripts) == before


def test_modules_of_both_packages_count(scripts):
    write(scripts, "strefer/clips.py", "from strefer.other import x\n")
    (scripts / "drawn_world").mkdir()
    write(scripts, "drawn_world/draw.py", "from strefer.clips import cut\n")
    write(scripts, "draw.py", "from drawn_world.draw import draw\n")
    before = code_of("draw", scripts=scripts)
    write(scripts, "drawn_world/draw.py", "from strefer.clips import cut\nx = 1\n")
    world = code_of("draw", scripts=scripts)
    write(scripts, "strefer/other.py", "x = 2\n")
    assert len({before, world, code_of("draw", scripts=scripts)}) == 3


def test_the_script_itself_counts(scripts):
    before = code_of("cut", scripts=scripts)
    write(scripts, "cut.py", "from strefer.clips import cut\ncut(1)\n")
    assert code_of("cut", scripts=scripts) != before


def test_an_unknown_script_is_an_error(scripts):
    with pytest.raises(ValueError, match="there is no script"):
        code_of("paste", scripts=scripts)


def test_a_module_imported_by_name_counts(scripts):
    before = code_of("cut", "strefer.other", scripts=scripts)
    assert before != code_of("cut", scripts=scripts)
    write(scripts, "strefer/other.py", "x = 2\n")
    assert code_of("cut", "strefer.other", scripts=scripts) != before
