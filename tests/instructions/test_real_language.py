"""Ten films in the words of real video LLMs, read and worded as a 32B LLM would: by hand.

They show what the code does with real language, not what a model does.
"""

import pytest

from helpers.pairs_of_read_films import recorded_pairs
from helpers.read_films import NAMES, ReadFilm
from helpers.shards import ScriptedChat
from strefer.instructions.verification import claims
from strefer.instructions.verification.checks import check_of
from strefer.instructions.verification.second_look import SecondLook

WRITTEN = ("G2", "G4", "G6", "G8")


@pytest.fixture(scope="module", params=NAMES)
def film(request):
    return ReadFilm(request.param)


@pytest.fixture
def pairs(film, tmp_path):
    return recorded_pairs(film, tmp_path)


def test_lines_are_read_into_statements(film):
    joined = film.joined(ScriptedChat(film))
    cells = [
        (joined.deeds[segment][entity], (segment, entity) in film.lines)
        for segment, row in enumerate(joined.present)
        for entity, there in enumerate(row)
        if there
    ]
    assert all((deed is not None) == known for deed, known in cells), "each that says something"


def test_each_pair_is_kept_or_rejected_as_it_should(film, pairs):
    written = [pair for pair in pairs if pair.group in WRITTEN and pair.question]
    assert written
    for pair in written:
        wanted = film.written(pair.question).get("rejected")
        if wanted is None:
            assert pair.rejected is None or check_of(pair.rejected) == "balance", pair
        else:
            assert (pair.rejected or "").startswith(wanted), pair
        assert pair.written_by == "llm"
        cited = {c["text"] for c in claims.parts(pair.evidence.claim) if "text" in c}
        assert cited or pair.form == "yes_no", "a pair says what it rests on"
    described = [pair for pair in pairs if pair.group not in WRITTEN]
    assert {pair.written_by for pair in described} == {"phrasings"}
    assert not [pair for pair in described if pair.rejected]


def test_second_looks_in_other_words(film):
    """Of a cell that both parts of its segment describe in other words."""
    joined = film.joined(ScriptedChat(film), looks=True)
    for segment, entity, kind, *_ in film.reading["looks"]:
        deed, limits_s = joined.deeds[segment][entity], joined.limits_s[segment]
        fault = SecondLook(joined).fault(claims.does(entity, limits_s, deed))
        known = joined.meaning.says(joined.parts[segment][0].deeds[entity], deed)
        assert (fault is not None) == (known is False), "what the reader leaves open is no fault"
        assert kind == "opposite" or fault is None


def test_of_all_second_looks_the_opposites_are_rejected():
    rejected = {"same": [], "opposite": []}
    for film in map(ReadFilm, NAMES):
        joined = film.joined(ScriptedChat(film), looks=True)
        for segment, entity, kind, *_ in film.reading["looks"]:
            deed, limits_s = joined.deeds[segment][entity], joined.limits_s[segment]
            claim = claims.does(entity, limits_s, deed)
            rejected[kind].append(SecondLook(joined).fault(claim) is not None)
    assert len(rejected["same"]) >= 30
    assert len(rejected["opposite"]) == 10
    assert sum(rejected["same"]) <= 0.1 * len(rejected["same"])
    assert sum(rejected["opposite"]) >= 0.8 * len(rejected["opposite"])
