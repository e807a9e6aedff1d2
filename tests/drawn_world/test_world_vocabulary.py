"""The demo world's words: expressions, articles and phrases."""

import pytest

from drawn_world.vocabulary import (
    ACTIONS,
    ACTIONS_OF,
    GENERALIZED_NOUNS,
    NOUNS,
    action_phrase,
    all_expressions,
    colours_of,
    expression,
    with_article,
)


def test_expressions_read_as_stated():
    assert expression("man", "red", "blond") == "man with blond hair in a red shirt"
    assert expression("woman", "blue", "black") == "woman with black hair in a blue dress"
    assert expression("dog", "brown", None) == "brown dog"
    assert with_article("blue bird") == "a blue bird"
    assert with_article("orange ball") == "an orange ball"


def test_all_expressions_are_unique_and_complete():
    expressions = all_expressions()
    assert len(set(expressions)) == len(expressions) == 3 * 12 + 2 * 3 + 3 + 3 * 6


def test_nouns_generalize_to_the_fixed_list():
    assert set(NOUNS.values()) == set(GENERALIZED_NOUNS) == set(ACTIONS_OF)
    assert colours_of("horse") == colours_of("dog") != colours_of("car")


@pytest.mark.parametrize(
    ("noun", "action", "target", "phrase"),
    [
        ("man", "move_left", None, "walks to the left"),
        ("dog", "move_right", None, "runs to the right"),
        ("bird", "move_left", None, "flies to the left"),
        ("bus", "move_left", None, "drives to the left"),
        ("ball", "jump", None, "bounces"),
        ("person", "spin", None, "spins around"),
        ("car", "stay", None, "stands still"),
        ("child", "chase", "red ball", "chases the red ball"),
    ],
)
def test_phrases(noun, action, target, phrase):
    assert action_phrase(noun, action, target) == phrase


def test_phrases_of_a_kind_differ():
    for kind, actions in ACTIONS_OF.items():
        phrases = [action_phrase(kind, action, "red ball") for action in actions]
        assert len(set(phrases)) == len(phrases)
        assert set(actions) <= set(ACTIONS)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: action_phrase("car", "wave"), "a car cannot 'wave'"),
        (lambda: action_phrase("dog", "chase"), "target_expression"),
        (lambda: expression("cat", "black", None), "noun 'cat'"),
        (lambda: expression("man", "red", None), "hair None"),
    ],
)
def test_what_the_world_does_not_know_is_an_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()
