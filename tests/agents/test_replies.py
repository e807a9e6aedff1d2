"""What people and models write, and what it means; `reply_table.py` holds the replies."""

import json

import pytest

from helpers.reply_table import BEHAVIOURS, NEITHER, NO, NO_BEHAVIOURS, YES
from helpers.shared_data import shared_data
from strefer.agents import replies
from strefer.records import Entity

DOG = {"expression": "dog", "noun": "dog", "generalized_noun": "dog"}


@pytest.mark.parametrize(("reply", "answer"), [(r, True) for r in YES] + [(r, False) for r in NO])
def test_yes_no(reply, answer):
    assert replies.parse_yes_no(reply) is answer


@pytest.mark.parametrize("reply", [*NEITHER, "y" * 30_000])
def test_yes_no_refuses(reply):
    with pytest.raises(ValueError, match=r"yes|longer|no answer"):
        replies.parse_yes_no(reply)


@pytest.mark.parametrize(("reply", "kept"), BEHAVIOURS.items())
def test_behaviours_are_kept_and_cleaned(reply, kept):
    assert replies.parse_sentences(reply) == kept


@pytest.mark.parametrize(("reply", "reason"), NO_BEHAVIOURS.items())
def test_what_is_no_behaviour_is_refused_with_the_reason(reply, reason):
    with pytest.raises(ValueError, match=reason):
        replies.parse_sentences(reply)


def test_the_language_is_that_of_the_prompt():
    asked = "这个人在做什么?用一两句话回答。"
    assert replies.parse_sentences("男人在走路。他停下。", like=asked).startswith("男人")
    with pytest.raises(ValueError, match="language"):
        replies.parse_sentences("The man walks to the door.", like=asked)
    with pytest.raises(ValueError, match="language"):
        replies.parse_entity_text("Die aktiven Objekte sind ein Hund und eine Katze auf dem Hof.")


def test_the_table_holds_every_shared_reply_and_judges_it():
    shared = json.loads(shared_data("real-text/replies.json").read_text())
    assert set(shared["existence"]["yes"]) <= set(YES)
    assert set(shared["existence"]["no_or_unclear"]) <= {*NO, *NEITHER}
    assert set(shared["behaviour"]) <= BEHAVIOURS.keys() | NO_BEHAVIOURS.keys()


def test_entities_are_normalised():
    reply = """Here it is [1]:
    ```json
    [{"expression": "A girl in a white dress", "noun": "Girl", "generalized_noun": "girl"},
     {"expression": "baby elephant", "noun": "elephant", "generalized_noun": "Elephant", "n": 1},
     {"expression": "girl in White dress", "noun": "girl", "generalized_noun": "person"}]
    ```"""
    assert replies.parse_entities(reply) == (
        Entity("girl in a white dress", "girl", "person"),
        Entity("baby elephant", "elephant", "elephant"),
    )


@pytest.mark.parametrize("reply", ["[]", '{"entities": []}', "```json\n[ ]\n```"])
def test_an_empty_list_is_a_list(reply):
    assert replies.parse_entities(reply) == ()


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps({"entities": [DOG]}),
        json.dumps({"entities": [DOG], "count": 1}),
        f"<think>[{json.dumps(DOG | {'expression': 'draft'})}]</think>\n[{json.dumps(DOG)}]",
        f"[{json.dumps(DOG)},\n",
        f'[{json.dumps(DOG)}, {{"expression": "cat", "no',
        str([DOG]),
        json.dumps(DOG) + "\n" + json.dumps(DOG),
        json.dumps([DOG])[:-2] + ",}]",
        json.dumps([DOG, "cat", None, {"expression": None, "noun": "cat"}]),
        json.dumps([DOG, DOG | {"expression": "x" * 201}]),
        json.dumps([DOG | {"noun": None, "generalized_noun": None}]),
        json.dumps([DOG | {"expression": "[dog]"}]),
    ],
)
def test_what_is_whole_of_a_list_is_kept(reply):
    assert replies.parse_entities(reply) == (Entity("dog", "dog", "dog"),)


@pytest.mark.parametrize(
    ("expression", "noun", "general", "expected"),
    [
        ("police officers at the door", "officers", "police officers", "person"),
        ("cheering crowd", "crowd", "crowd", "person"),
        ("family of four", "family", "family", "person"),
        ("hands of the cook", "hands", "hands", "person"),
        ("red cars", "cars", "cars", "car"),
        ("white sedan", "sedan", "sedan", "car"),
        ("two women pushing a stroller", "women", "women", "person"),
        ("group of dogs", "group", "group of dogs", "dog"),
        ("fire truck", "truck", "fire truck", "fire truck"),
        ("city bus", "bus", "bus", "bus"),
        ("tall man in a hoodie", None, None, "person"),
    ],
)
def test_generalized_nouns_are_singular_and_humans_are_persons(expression, noun, general, expected):
    entry = {"expression": expression, "noun": noun, "generalized_noun": general}
    (entity,) = replies.parse_entities(json.dumps([entry]))
    assert entity.generalized_noun == expected


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "no answer"),
        ("I see a dog", "no JSON list"),
        ('{"entities": [{"expression": "dog", "noun": "dog"', "no JSON list"),
        ('["dog"]', "no JSON list"),
        ('[{"expression": 3, "noun": "dog", "generalized_noun": "dog"}]', 'no text "expression"'),
        ('[{"expression": "", "noun": "dog", "generalized_noun": "dog"}]', 'no text "expression"'),
        (json.dumps([DOG | {"expression": "x" * 201}]), "longer than 200"),
        ("[" * 15_000, "no JSON list"),
        ("[" + ", ".join(["{}"] * 300) + "]", "300 entries"),
    ],
)
def test_entities_refuses(reply, reason):
    with pytest.raises(ValueError, match=reason):
        replies.parse_entities(reply)


def test_an_expression_of_other_words_than_the_text_is_invented():
    entity = Entity("two cars", "cars", "car")
    assert replies.is_named(entity, "A red car turns left.")
    assert not replies.is_named(entity, "A man waves in the park.")


def test_control_characters_do_not_pass():
    assert replies.parse_entity_text("A \x1b[31mdog\u202e and\na ball.") == "A 31mdog and a ball."


def test_shorten_fits_on_a_line():
    text = replies.shorten("a\nb " * 1000, 20)
    assert "\n" not in text
    assert len(text) < 30
