import pytest

from strefer.agents import replies
from strefer.records import Entity


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("Yes.", True),
        ("no", False),
        (" **No** ", False),
        ("Yes, the brown dog runs through the clip.", True),
        ("No.\nThe clip shows a lawn.", False),
    ],
)
def test_yes_no(reply, answer):
    assert replies.parse_yes_no(reply) is answer


@pytest.mark.parametrize(
    "reply",
    ["", "Maybe.", "Yes and no.", "Yes, or no.", "No doubt it is.", "yesterday", "y" * 30_000],
)
def test_yes_no_refuses(reply):
    with pytest.raises(ValueError, match=r"yes|longer"):
        replies.parse_yes_no(reply)


@pytest.mark.parametrize(
    "reply",
    [
        "The man walks to the left.",
        "The man walks 3.5 m to the left. Then he stops!",
        'He says "stop."',
    ],
)
def test_sentences(reply):
    assert replies.parse_sentences(f" {reply}\n") == reply


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "no words"),
        ("...", "no words"),
        ("The man walks to the", "cut off"),
        ("One. Two. Three sentences.", "3 sentences"),
        ("The man <region> walks.", "mark-up"),
        ("I'm sorry, I can't see it.", "refusal"),
        ("The " + "very " * 200 + "end.", "longer"),
    ],
)
def test_sentences_refuses(reply, reason):
    with pytest.raises(ValueError, match=reason):
        replies.parse_sentences(reply)


def test_entities_are_normalised():
    reply = """Here it is:
    ```json
    [{"expression": "A girl in a white dress", "noun": "Girl", "generalized_noun": "girl"},
     {"expression": "baby elephant", "noun": "elephant", "generalized_noun": "Elephant", "n": 1},
     {"expression": "girl in a White dress", "noun": "girl", "generalized_noun": "person"}]
    ```"""
    assert replies.parse_entities(reply) == (
        Entity("girl in a white dress", "girl", "person"),
        Entity("baby elephant", "elephant", "elephant"),
    )


def test_an_empty_list_is_a_list():
    assert replies.parse_entities("[]") == ()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "no JSON list"),
        ('{"expression": "dog"}', "no JSON list"),
        ('[{"expression": "dog", "noun": "dog"', "no JSON list"),
        ('["dog"]', "entry 1 is not an object"),
        ('[{"expression": "dog", "noun": "dog"}]', 'no text "generalized_noun"'),
        ('[{"expression": 3, "noun": "dog", "generalized_noun": "dog"}]', 'no text "expression"'),
        ('[{"expression": "", "noun": "dog", "generalized_noun": "dog"}]', "no letter"),
        ('[{"expression": "<|im_end|>x", "noun": "x", "generalized_noun": "x"}]', "mark-up"),
        ("[" * 15_000, "no JSON list"),
        ("[" + ", ".join(["{}"] * 300) + "]", "300 entries"),
    ],
)
def test_entities_refuses(reply, reason):
    with pytest.raises(ValueError, match=reason):
        replies.parse_entities(reply)


def test_control_characters_do_not_pass():
    assert replies.parse_entity_text("A \x1b[31mdog\u202e and\na ball.") == "A 31mdog and a ball."


def test_shorten_fits_on_a_line():
    text = replies.shorten("a\nb " * 1000, 20)
    assert "\n" not in text
    assert len(text) < 30
