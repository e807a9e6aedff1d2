"""A cell of the transcript that could not be read: nothing is built on it, all else as before."""

import dataclasses

import pytest
from test_write_instructions import write

from helpers.read_by_grammar import read_by_grammar
from helpers.shards import write_shard
from helpers.told_films import DOG, MAN, WOMAN, masklets, transcripts
from strefer.instructions.metadata.agreement import agreement
from strefer.instructions.metadata.join import join_film
from strefer.records import Instruction, References, Video
from strefer.stage.run import read_records
from strefer.transcripts.disagreements import disagreements_of

CELL = (2, 1)  # the woman in the third part, where told_films has her away


def unread(told):
    """The transcripts with one cell unknown."""
    segment, entity = CELL
    told[segment] = dataclasses.replace(told[segment], unknown={str(entity): "existence: …"})
    return told


def claims_in(value):
    """All claims in a claim, or in parts of one."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for part in value if isinstance(value, list | tuple) else ():
        yield from claims_in(part)


def about_the_cell(pairs, window=(8.0, 12.0)):
    """Claims of accepted pairs about the woman in that part, or about how many are there."""
    return [
        claim
        for pair in pairs
        if pair.rejected is None
        for claim in claims_in(pair.evidence.claim)
        if claim.get("start_s") == window[0]
        and (claim.get("entity") == CELL[1] or claim.get("kind") == "count")
        and not (claim.get("kind") == "count" and claim.get("noun") != "person")
    ]


def pairs_of(tmp_path, told):
    inputs = {
        "videos": write_shard(
            tmp_path / "videos.jsonl", [("a", Video("a.mp4", "a" * 64, 16.0, 8.0, 128, 64, 64))]
        ),
        "references": write_shard(
            tmp_path / "references.jsonl", [("a", References((MAN, WOMAN, DOG)))]
        ),
        "statements": write_shard(
            tmp_path / "statements.jsonl", [("a", read_by_grammar((MAN, WOMAN, DOG), told, []))]
        ),
        "masklets": write_shard(tmp_path / "masklets.jsonl", [("a", masklets())]),
    }
    wanted = {f"G{n}": 200 for n in range(1, 9)}
    return read_records(write(inputs, tmp_path, pairs_per_minute=wanted), Instruction)["a"]


def test_nothing_is_built_on_an_unknown_cell(tmp_path):
    known = pairs_of(tmp_path, transcripts())
    assert about_the_cell(known), "the test says nothing if nobody asks about the cell"
    found = pairs_of(tmp_path, unread(transcripts()))
    assert about_the_cell(found) == []
    accepted = [pair for pair in found if pair.rejected is None]
    assert len(accepted) > 0.6 * sum(pair.rejected is None for pair in known)


def test_the_film_stays_covered_and_the_others_told():
    entities = (MAN, WOMAN, DOG)
    statements = read_by_grammar(entities, unread(transcripts()), [])
    film = join_film("f" * 64, 16.0, entities, statements, masklets())
    assert film.covered
    assert film.told == {0, 2}
    assert film.present[2] == (True, None, True)
    assert agreement(film, 1).share == 1, "a part in which she is unknown is no disagreement"
    assert not film.known(1)


@pytest.mark.parametrize("shown", [True, False])
def test_masklets_cannot_disagree_with_what_is_unknown(tmp_path, shown):
    from strefer.transcripts.disagreements import add_disagreements

    told = unread(transcripts())
    found = masklets(without=() if shown else (0, 1, 2))
    path = write_shard(tmp_path / "t.jsonl", [("a", one, {"segment": one.segment}) for one in told])
    add_disagreements(path, write_shard(tmp_path / "m.jsonl", [("a", found)]))
    lines = read_records(path, type(told[0]))["a"]
    assert disagreements_of(["x", "x", "x"], 8.0, 12.0, found) == ([1] if shown else [])
    assert all(1 not in line.disagreements for line in lines if line.segment == 2)
