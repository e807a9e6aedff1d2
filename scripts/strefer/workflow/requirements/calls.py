"""An estimate of how often the LLM is asked for pairs, and of the tokens that it reads and writes.

Prompts count as their files have them, at four characters a token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from strefer.prompts import load_prompt
from strefer.videos.film_lengths import Films
from strefer.workflow.requirements.films import ENTITIES, looks

WRITTEN = ("G2", "G4", "G6", "G8")  # the groups that the LLM words
CHARACTERS_A_TOKEN = 4
LINE_TOKENS = 30  # of a transcript's line, a statement or a wanted pair
STATEMENT_TOKENS = 60  # of a line that was read, in three forms and as JSON
PAIR_TOKENS = 90  # of a written pair as JSON
VERDICT_TOKENS = 40  # on a pair, as JSON
FACTS = 6  # statements of a scene (measured, on made-up films of a minute and 12 segments)
PAIRS_A_SCENE = 2.6  # at most 8 a call (measured on the same)


@dataclass(frozen=True)
class Calls:
    """A number of calls to a model, and the tokens that it reads and writes in all of them."""

    count: float
    read: float
    written: float


NO_CALLS = Calls(0, 0, 0)


def reading_calls(config: Mapping[str, Any], films: Films) -> Calls:
    """The calls that read transcripts into statements: some an entity about its lines, and one a
    category about all of its clauses."""
    lines = looks(config, films) * ENTITIES
    asked = films.count * ENTITIES
    reads = max(asked, lines / config["statements"]["lines_per_call"])
    read = reads * _tokens(config, "statement_reader") + asked * _tokens(config, "relation_reader")
    return Calls(reads + asked, read + 2 * lines * LINE_TOKENS, lines * STATEMENT_TOKENS)


def writing_calls(config: Mapping[str, Any], films: Films) -> Calls:
    """The calls that word pairs, some of a scene at a time."""
    pairs, scenes = written_pairs(config, films), _scenes(config, films)
    read = scenes * (_tokens(config, "question_writer") + FACTS * LINE_TOKENS)
    return Calls(scenes, read + pairs * LINE_TOKENS, pairs * PAIR_TOKENS)


def proof_calls(config: Mapping[str, Any], films: Films) -> Calls:
    """The calls that proof-read what was written, a scene at a time."""
    options = config["instructions"]
    if not options["verify"] or options["proof_reader"] == "none":
        return NO_CALLS
    pairs, scenes = written_pairs(config, films), _scenes(config, films)
    read = scenes * (_tokens(config, "proof_reader") + FACTS * LINE_TOKENS)
    return Calls(scenes, read + pairs * PAIR_TOKENS, pairs * VERDICT_TOKENS)


def _scenes(config: Mapping[str, Any], films: Films) -> float:
    a_scene = min(PAIRS_A_SCENE, config["instructions"]["pairs_per_call"])
    return written_pairs(config, films) / a_scene


def written_pairs(config: Mapping[str, Any], films: Films) -> float:
    """The number of pairs that the LLM is asked to word."""
    options = config["instructions"]
    if options["question_writer"] != "llm":
        return 0.0
    return films.minutes * sum(options["pairs_per_minute"][group] for group in WRITTEN)


def told_calls(config: Mapping[str, Any], films: Films) -> Iterator[str]:
    """Describe the estimate, line by line."""
    stages = {"statements": reading_calls, "writing": writing_calls, "proof": proof_calls}
    estimates = {name: estimate(config, films) for name, estimate in stages.items()}
    for name, calls in estimates.items():
        yield (
            f"  {name:12} {calls.count:,.0f} calls, {calls.read / 1e6:.1f} million tokens read, "
            f"{calls.written / 1e6:.1f} million written"
        )
    if pairs := written_pairs(config, films):
        whole = sum(calls.count for calls in estimates.values()) / pairs
        yield (
            f"  in total {whole:.2f} calls for each of the {pairs:,.0f} pairs that the LLM writes"
        )


def _tokens(config: Mapping[str, Any], role: str) -> float:
    return len(load_prompt(config["prompts"][role]).text) / CHARACTERS_A_TOKEN
