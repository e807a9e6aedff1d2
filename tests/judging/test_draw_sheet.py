"""Which pairs are drawn for judges."""

from collections import Counter

import pytest

from helpers.gallery_run import one_film, pair, write_stages
from strefer.corrections.pairs import pair_item
from strefer.judging.draw_sheet import draw_sheet, read_sheet
from strefer.records import to_json

SIZES = {("G1", "open"): 200, ("G2", "open"): 40, ("G2", "yes_no"): 3}


def run_of(folder, sizes=SIZES, rejected=0):
    """A run with a film that has so many kept pairs of each group and form."""
    pairs = [
        pair(n, group, form, answer=f"{group} {n}.")
        for (group, form), count in sizes.items()
        for n in range(count)
    ]
    pairs += [pair(n, answer=f"no {n}", rejected="claim: no") for n in range(rejected)]
    films = one_film(folder / "film", pairs=pairs)
    for stage, path in write_stages(folder / "shards", films).items():
        (folder / stage).mkdir()
        path.rename(folder / stage / "00000-of-00001.jsonl")
    (folder / "gallery").mkdir()
    (folder / "gallery" / "index.html").touch()
    return folder


def strata(drawn):
    return Counter((one.group, one.form) for one in drawn)


def test_strata_take_turns_until_the_sheet_is_full(tmp_path):
    _, drawn = draw_sheet(run_of(tmp_path), 30, 0, "kept")
    assert strata(drawn) == {("G1", "open"): 14, ("G2", "open"): 13, ("G2", "yes_no"): 3}
    assert {(one.group, one.form): one.of for one in drawn} == SIZES


def test_what_was_drawn_is_read_back_and_is_there_for_the_page(tmp_path):
    name, drawn = draw_sheet(run_of(tmp_path), 10, 0, "kept")
    assert read_sheet(tmp_path / "judging" / "sheet.csv") == (name, drawn)
    script = (tmp_path / "gallery" / "sheet.js").read_text()
    assert script.startswith("strefer.sheet(") and script.count('["00000-of-00001", 0, ') == 10
    assert all(one.item in script for one in drawn)


def test_the_same_seed_draws_the_same_pairs_and_another_seed_others(tmp_path):
    run = run_of(tmp_path)
    first, again, other = (draw_sheet(run, 20, seed, "kept") for seed in (0, 0, 1))
    assert first == again
    assert first[0] != other[0] and set(first[1]) != set(other[1])
    assert len(set(first[1])) == 20


def test_each_pair_of_a_stratum_is_as_likely(tmp_path):
    run = run_of(tmp_path, {("G1", "open"): 20})
    times = Counter(one.item for seed in range(200) for one in draw_sheet(run, 5, seed, "kept")[1])
    assert len(times) == 20
    assert min(times.values()) > 25 and max(times.values()) < 80  # 50 expected, deviation 6.1


def test_rejected_pairs_are_drawn_if_asked_for(tmp_path):
    run = run_of(tmp_path, rejected=5)
    assert len(draw_sheet(run, 100, 0, "rejected")[1]) == 5
    verdicts = Counter(one.verdict for one in draw_sheet(run, 8, 0, "all")[1])
    assert verdicts == {"kept": 6, "rejected": 2}


def test_a_sheet_that_asks_for_more_than_there_is_has_all(tmp_path):
    _, drawn = draw_sheet(run_of(tmp_path), 1000, 0, "kept")
    assert strata(drawn) == SIZES


def test_a_pair_is_known_by_what_it_says(tmp_path):
    _, (one,) = draw_sheet(run_of(tmp_path, {("G3", "open"): 1}), 5, 0, "kept")
    assert one.item == pair_item(to_json(pair(0, answer="G3 0.")))


def test_what_cannot_be_drawn_is_said(tmp_path):
    run = run_of(tmp_path)
    with pytest.raises(ValueError, match="has no rejected pairs"):
        draw_sheet(run, 5, 0, "rejected")
    (run / "gallery" / "index.html").unlink()
    with pytest.raises(ValueError, match="has no gallery; make it with the target `gallery`"):
        draw_sheet(run, 5, 0, "kept")
    (run / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"other.csv: not a sheet of `strefer judge draw`"):
        read_sheet(run / "other.csv")
