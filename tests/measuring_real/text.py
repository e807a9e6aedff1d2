"""Ten films in the words of real video LLMs (tests/data/described_films, read_films): what is read
of them, the pairs made of them, and how these read aloud.

docs/figures/read_aloud.csv keeps a person's reading: `.venv/bin/python -m measuring_real.text SEED`
in tests/ draws and prints pairs to be read.
"""

import csv
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

from helpers.pairs_of_read_films import recorded_pairs
from helpers.read_films import NAMES, ReadFilm
from helpers.shards import ScriptedChat
from strefer.documentation.documents import FOLDER
from strefer.instructions.groups import GROUPS

READING = FOLDER / "read_aloud.csv"
VERDICTS = ("good", "unnatural", "ungrammatical", "false")


def accepted_pairs():
    """(film, pair) of all pairs that the verifier accepted."""
    for film in map(ReadFilm, NAMES):
        with tempfile.TemporaryDirectory() as folder:
            found = recorded_pairs(film, Path(folder))
        yield from ((film, pair) for pair in found if pair.rejected is None)


def draw(seed, of_group):
    """Pairs drawn evenly of the groups."""
    random, all_pairs = Random(seed), list(accepted_pairs())
    for group in GROUPS:
        some = [(film, pair) for film, pair in all_pairs if pair.group == group]
        yield from random.sample(some, min(of_group, len(some)))


def text_of(pair):
    """What is read aloud of a pair."""
    return " | ".join([pair.question, *pair.options, pair.answer])


def readings():
    """The rows of read_aloud.csv, by the number of the reading."""
    by_number = {}
    with READING.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            by_number.setdefault(int(row["reading"]), []).append(row)
    return by_number


def measure(**_):
    """Figures of the code, not of a model: replies are written by hand."""
    joined = [(film, film.joined(ScriptedChat(film))) for film in map(ReadFilm, NAMES)]
    cells = [
        deeds[entity] is not None
        for _, film in joined
        for deeds, there in zip(film.deeds, film.present, strict=True)
        for entity in range(len(deeds))
        if there[entity]
    ]
    pairs = list(accepted_pairs())
    known = readings()
    read = known[max(known)]
    verdicts = Counter(row["verdict"] for row in read)
    assert set(verdicts) <= set(VERDICTS), verdicts
    still = {text_of(pair) for _, pair in pairs}
    entities = sum(len(film.entities) for _, film in joined)
    figures = {
        "text.films": len(joined),
        "text.lines_read": sum(cells) / len(cells),
        "text.entities_told": sum(len(film.told) for _, film in joined) / entities,
        "text.pairs_per_minute": 60 * len(pairs) / sum(film.duration_s for film, _ in joined),
        "text.read_aloud": len(read),
        "text.still_made": sum(row["text"] in still for row in read) / len(read),
    }
    return figures | {f"text.{verdict}": verdicts[verdict] / len(read) for verdict in VERDICTS}


def show(seed, of_group):
    """Print drawn pairs as rows of read_aloud.csv that are to be judged."""
    rows = csv.writer(sys.stdout, lineterminator="\n")
    for film, pair in draw(seed, of_group):
        place = pair.clip_s or (pair.start_s, pair.end_s)
        who = "; ".join(film.entities[entity].expression for entity in pair.regions)
        rows.writerow(
            [
                max(readings()) + 1, pair.pair_id, film.name, pair.group,
                *("" if second is None else f"{second:g}" for second in place),
                who, "", "", text_of(pair),
            ]
        )  # fmt: skip


if __name__ == "__main__":
    show(int(sys.argv[1]), 13)
