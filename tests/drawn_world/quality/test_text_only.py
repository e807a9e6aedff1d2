"""The attackers that see the text alone."""

from dataclasses import dataclass
from random import Random

import numpy as np

from drawn_world.quality.small_transformer import score_by_transformer
from drawn_world.quality.text_only import score_by_words, text_only_choice, text_only_yes_no
from strefer.records import Evidence, Instruction


@dataclass
class Film:
    records: dict


def film(form, pairs):
    """A film with these (question, answer, options)."""
    return Film(
        {
            "instructions": [
                Instruction(f"{i}", "G2", form, *pair, (), None, None, None, Evidence((), (), {}))
                for i, pair in enumerate(pairs)
            ]
        }
    )


def yes_no(word_yes, word_no):
    return film(
        "yes_no",
        [
            (f"Is it {word} {number}?", answer, ())
            for number, (answer, word) in enumerate([("Yes.", word_yes), ("No.", word_no)] * 3)
        ],
    )


def test_a_word_that_tells_yes_from_no_is_found():
    assert text_only_yes_no([yes_no("true", "false")] * 5) == 1.0
    assert text_only_yes_no([yes_no("so", "so")] * 5) < 0.7
    assert text_only_yes_no([yes_no("true", "false")] * 4) is None


def choices(right, random):
    pairs = []
    for _ in range(12):
        options = random.sample(["sits", "jumps", "waves", "runs"], 4)
        place = options.index(right) if right else random.randrange(4)
        pairs.append(("What does it do?", "ABCD"[place], tuple(options)))
    return film("choice", pairs)


def test_an_option_that_is_right_more_often_is_found():
    random = Random(0)
    assert text_only_choice([choices("waves", random) for _ in range(5)]) == 1.0
    assert text_only_choice([choices(None, random) for _ in range(10)]) < 0.5


def ordered(n, random):
    """Texts in which one word comes before another somewhere, or after it."""
    texts, labels = [], []
    for _ in range(n):
        words = [random.choice(["red", "blue", "green", "black", "white"]) for _ in range(9)]
        first, second = sorted(random.sample(range(0, 9, 2), 2))
        right = random.random() < 0.5
        words[first], words[second] = ("dog", "cat") if right else ("cat", "dog")
        texts.append((" ".join(words), ""))
        labels.append(right)
    return texts, labels


def test_the_transformer_reads_what_a_bag_of_words_cannot():
    random = Random(0)
    (texts, labels), (asked, right) = ordered(2000, random), ordered(400, random)
    found = {
        scorer: np.mean((scorer(texts, labels, asked) > 0) == right)
        for scorer in (score_by_words, score_by_transformer)
    }
    assert found[score_by_words] < 0.9
    assert found[score_by_transformer] > 0.97


def test_the_transformer_reads_what_stands_beside():
    random = Random(0)
    deeds = [random.choice(["sits", "jumps"]) for _ in range(1200)]
    texts = list(zip(deeds[:600], deeds[600:], strict=True))
    labels = [a != b for a, b in texts]
    scores = score_by_transformer(texts, labels, texts[:100])
    assert np.mean((scores > 0) == labels[:100]) > 0.9
