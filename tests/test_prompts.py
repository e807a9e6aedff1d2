import re
from pathlib import Path

import pytest

from strefer.prompts import Prompt, load_prompt

PLAN = {
    "number": 1, "form": "open", "ask": "why", "truth": None, "premise": False, "answer": "x",
    "wrong": [], "cited": [1],
}  # fmt: skip
PAIR = {"number": 1, "form": "open", "question": "Why?", "options": {}, "answer": "x"}
OF_SEVERAL = {"plans": [PLAN], "pairs": [PAIR], "regions": {"<region1>": "dog"}, "clauses": "xy"}
FOLDER = Path(__file__).parents[1] / "config" / "prompts"


def test_placeholders_are_filled():
    assert Prompt("ask", "Is the {{ name }} there?").render(name="dog") == "Is the dog there?"


def test_values_are_text_and_never_a_template():
    assert Prompt("ask", "{{ name }}").render(name="{{ 1 + 1 }}<b>") == "{{ 1 + 1 }}<b>"


def test_a_placeholder_without_a_value_is_named():
    with pytest.raises(ValueError, match="prompt ask: 'name' is undefined"):
        Prompt("ask", "{{ name }}").render()


def test_a_template_cannot_reach_out():
    with pytest.raises(ValueError, match="prompt ask"):
        Prompt("ask", "{{ ''.__class__.__mro__ }}").render()


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"no\.txt: no such file"):
        load_prompt(tmp_path / "no.txt")
    (tmp_path / "broken.txt").write_text("fine\n{{ name")
    with pytest.raises(ValueError, match=r"broken\.txt, line 2"):
        load_prompt(tmp_path / "broken.txt")


def test_the_digest_is_of_the_text_alone(tmp_path):
    for name, text in (("a.txt", "one\n"), ("b.txt", "one"), ("c.txt", "two")):
        (tmp_path / name).write_text(text)
    digests = [load_prompt(tmp_path / name).digest for name in ("a.txt", "b.txt", "c.txt")]
    assert digests[0] == digests[1] != digests[2]


def test_a_comment_at_the_beginning_is_no_part_of_the_prompt(tmp_path):
    for name, text in (
        ("a.txt", "{# For 7B\nmodels. -#}\nIs it {{ x }}?"),
        ("b.txt", "Is it {{ x }}?"),
    ):
        (tmp_path / name).write_text(text)
    with_comment, without = (load_prompt(tmp_path / name) for name in ("a.txt", "b.txt"))
    assert with_comment.render(x="a") == without.render(x="a") == "Is it a?"
    assert with_comment.digest == without.digest


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.name)
def test_every_default_prompt_says_for_which_models_it_is(path):
    assert path.read_text().startswith("{# For ")


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.txt")), ids=lambda path: path.name)
def test_every_prompt_of_the_project_renders(path):
    prompt = load_prompt(path)
    names = set(re.findall(r"\b[a-z_]+\b", " ".join(re.findall(r"\{[{%](.*?)[}%]\}", prompt.text))))
    assert prompt.render(**dict.fromkeys(names, "x") | OF_SEVERAL)
