"""Training data of the judge: captions and free answers, and the option that they agree with."""

from __future__ import annotations

from random import Random

from drawn_world.teachers.judge.description_data import deeds_of
from drawn_world.teachers.llm.samples import Sample, demo_prompt
from drawn_world.vocabulary import (
    HAIR,
    NOUNS,
    PERSON_NOUNS,
    action_phrase,
    all_deeds,
    all_expressions,
    colours_of,
    expression,
)

_EXPRESSIONS = tuple(all_expressions())
_DEEDS = tuple(all_deeds())


def judge_choice_sample(random: Random) -> Sample:
    """A question with options, a caption or free answer, and the letter it agrees with."""
    noun = random.choice(tuple(NOUNS))
    hair = random.choice(tuple(HAIR)) if noun in PERSON_NOUNS else None
    name = expression(noun, random.choice(colours_of(noun)), hair)
    question, options, sentences = random.choice(_QUIZZES)(name, noun, random)
    right = random.randrange(len(options))
    decided = random.random() < 0.9
    if decided:
        text = sentences[right]
    else:
        text = f"The {random.choice(_EXPRESSIONS)} {random.choice(('is', 'stays'))} in the video."
    order = list(range(len(options)))
    random.shuffle(order)
    style = random.choice(("{}. {}", "{}. {}", "({}) {}"))
    lines = [style.format("ABCD"[i], options[o]) for i, o in enumerate(order)]
    prompt = demo_prompt("judge_choice").render(
        question=question, options="\n".join(lines), prediction=text
    )
    return Sample("judge_choice", prompt, "ABCD"[order.index(right)] if decided else "None")


def letters_sample(random: Random) -> Sample:
    """The bare exercise behind a choice: which line is repeated? Its letter is found early in
    training, and late where questions and captions stand between."""
    pool = (*_EXPRESSIONS, *_DEEDS)
    options = random.sample(pool, random.randint(2, 4))
    right = random.randrange(len(options))
    style = random.choice(("{}. {}", "({}) {}"))
    lines = [style.format(letter, o) for letter, o in zip("ABCD", options, strict=False)]
    text = random.choice(("{}", "{}.")).format(options[right])
    return Sample("letters", "\n".join([*lines, f"Text: {text}"]), "ABCD"[right])


Quiz = tuple[str, list[str], list[str]]  # question, options, and for each a text agreeing with it


def _deed_quiz(name: str, noun: str, random: Random) -> Quiz:
    pool = deeds_of(noun, random)
    deeds = random.sample(pool, min(len(pool), random.randint(2, 4)))
    question = random.choice(
        (f"What does the {name} do?", f"What is the {noun} doing?", f"What does the {noun} do?")
    )
    return question, deeds, [_free_text(name, noun, deed, random) for deed in deeds]


def _side_quiz(name: str, noun: str, random: Random) -> Quiz:
    moves = [action_phrase(noun, action) for action in ("move_left", "move_right")]
    sides = random.choice((["left", "right"], ["to the left", "to the right"]))
    question = f"In which direction does the {random.choice((name, noun))} move?"
    return question, sides, [_free_text(name, noun, move, random) for move in moves]


def _order_quiz(name: str, noun: str, random: Random) -> Quiz:
    pool = deeds_of(noun, random)
    first, second = random.sample(pool, 2)
    options = [f"{first}, then {second}", f"{second}, then {first}"]
    others = [deed for deed in pool if deed not in (first, second)]
    if random.random() < 0.5:
        options.append(f"{first}, then {random.choice(others)}")
    question = random.choice(
        (f"In which order does the {name} do things?", f"What does the {noun} do, in order?")
    )
    texts = [_free_text(name, noun, option, random) for option in options]
    return question, options, texts


def _who_quiz(name: str, noun: str, random: Random) -> Quiz:
    names = random.sample(_EXPRESSIONS, random.randint(2, 4))
    deed = action_phrase("ball", random.choice(("move_left", "move_right", "spin", "stay")))
    article = random.choice(("a ", "the ", ""))
    return (
        f"Who or what {deed}?",
        [f"{article}{n}" for n in names],
        [f"The {n} {deed}." if random.random() < 0.6 else f"the {n}" for n in names],
    )


def _looks_quiz(name: str, noun: str, random: Random) -> Quiz:
    colours = random.sample(colours_of(noun), random.randint(2, min(4, len(colours_of(noun)))))
    hair = random.choice(tuple(HAIR)) if noun in PERSON_NOUNS else None
    names = [expression(noun, colour, hair) for colour in colours]
    deed = random.choice(deeds_of(noun, random))
    return (
        f"What colour is the {noun}?" if hair is None else f"What colour does the {noun} wear?",
        list(colours),
        [f"The {n} {deed}." for n in names],
    )


def _free_text(name: str, noun: str, deed: str, random: Random) -> str:
    """A caption with this deed, now and then among other entities', or the bare deed."""
    kind = random.random()
    if kind < 0.2:
        return f"{deed}." if kind < 0.1 else deed
    subject = random.choice((name, name, noun))
    text = f"The {subject} {deed}." if kind < 0.7 else f"A {subject} {deed}."
    if random.random() < 0.3:
        other = random.choice([e for e in _EXPRESSIONS if e.split()[0] != noun and noun not in e])
        other_noun = next(n for n in NOUNS if n in other.split())
        also = f"The {other} {random.choice(deeds_of(other_noun, random))}."
        text = f"{text} {also}" if random.random() < 0.5 else f"{also} {text}"
    return text


_QUIZZES = (_deed_quiz, _deed_quiz, _side_quiz, _order_quiz, _who_quiz, _looks_quiz)
