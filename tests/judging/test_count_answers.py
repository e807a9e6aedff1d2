"""Shares, intervals and agreement from judges' answers."""

import csv
from random import Random

import pytest
from scipy.stats import binomtest

from strefer.__main__ import main
from strefer.judging.count_answers import COLUMNS, agreement, read_answers, report, share, wilson
from strefer.judging.draw_sheet import Drawn


def sheet_of(sizes):
    """A sheet: drawn pairs and pairs of the run, by group."""
    return [
        Drawn("film.mp4", f"{group}-{n}", group, "open", "kept", of)
        for group, (count, of) in sizes.items()
        for n in range(count)
    ]


def by_all(drawn, answer):
    return {("film.mp4", one.item): answer(one) for one in drawn}


@pytest.mark.parametrize(("hits", "count"), [(0, 20), (7, 20), (20, 20), (1, 300)])
def test_the_interval_is_wilsons(hits, count):
    theirs = binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson(hits / count, count) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_strata_count_by_how_many_pairs_they_have_in_the_run():
    drawn = sheet_of({"G1": (10, 900), "G2": (10, 100)})
    answers = {"ada": by_all(drawn, lambda one: "good" if one.group == "G1" else "false")}
    mean, low, high = share(drawn, answers, "good")
    assert mean == pytest.approx(0.9)
    # Kish: (900 + 100)^2 / (10 * 90^2 + 10 * 10^2) = 12.2 pairs.
    assert (low, high) == pytest.approx(wilson(0.9, 1e6 / 82_000))
    assert share(drawn, answers, "unnatural")[0] == 0


def test_a_pair_counts_once_however_many_judges_it_has():
    drawn = sheet_of({"G1": (10, 10)})
    ada = by_all(drawn, lambda one: "good")
    bob = by_all(drawn, lambda one: "good" if one.item < "G1-5" else "false")
    one, both = share(drawn, {"ada": ada}, "good"), share(drawn, {"ada": ada, "bob": bob}, "good")
    assert one[0] == 1.0 and both[0] == 0.75
    assert both[1:] == pytest.approx(wilson(0.75, 10))


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """600 sheets of a run whose share is known: 0.9 * 0.95 + 0.1 * 0.6 = 0.915."""
    random, truth = Random(0), {"G1": (0.95, 0.9), "G2": (0.6, 0.1)}
    drawn = sheet_of({group: (60, round(weight * 5000)) for group, (_, weight) in truth.items()})
    inside = 0
    for _ in range(600):
        given = by_all(
            drawn, lambda one: "good" if random.random() < truth[one.group][0] else "false"
        )
        _, low, high = share(drawn, {"ada": given}, "good")
        inside += low <= 0.915 <= high
    assert 0.92 < inside / 600 < 0.99


def test_kappa_is_that_of_the_textbook():
    drawn = sheet_of({"G1": (50, 50)})
    # Cohen's example: 20 both yes, 15 both no, 5 and 10 apart: kappa 0.4.
    cells = ["gg"] * 20 + ["gf"] * 5 + ["fg"] * 10 + ["ff"] * 15
    words = {"g": "good", "f": "false"}
    both = [
        {("film.mp4", one.item): words[cell[k]] for one, cell in zip(drawn, cells, strict=True)}
        for k in (0, 1)
    ]
    found = agreement({"ada": both[0], "bob": both[1]})
    assert found == {("ada", "bob"): (50, pytest.approx(0.4))}
    same = {("film.mp4", "G1-0"): "good"}
    assert agreement({"ada": same, "bob": same}) == {("ada", "bob"): (1, None)}


def write_table(path, sheet, judge, answers, spoilt=None):
    with open(path, "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, restval="")
        table.writeheader()
        for (film, item), answer in answers.items():
            row = {"sheet": sheet, "judge": judge, "film": film, "item": item, "answer": answer}
            table.writerow(row | (spoilt or {}))
    return path


def test_answers_are_read_and_the_later_of_two_counts(tmp_path):
    drawn = sheet_of({"G1": (3, 3)})
    first = write_table(tmp_path / "a.csv", "s", "ada", by_all(drawn, lambda one: "good"))
    later = write_table(tmp_path / "b.csv", "s", "ada", by_all(drawn[:1], lambda one: "false"))
    answers = read_answers([first, later], "s", drawn)
    assert list(answers["ada"].values()) == ["false", "good", "good"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"sheet": "other"}, "line 2: the answer is for sheet other, not s"),
        ({"item": "x"}, "line 2: the sheet has no pair 'x' of this film"),
        ({"answer": "fine"}, r"line 2: answer 'fine' \(known: good, false"),
    ],
)
def test_wrong_answers_are_refused_with_their_place(tmp_path, changed, why):
    drawn = sheet_of({"G1": (3, 3)})
    good = by_all(drawn, lambda one: "good")
    table = write_table(tmp_path / "a.csv", "s", "ada", good, changed)
    with pytest.raises(ValueError, match=f"a.csv, {why}"):
        read_answers([table], "s", drawn)


def test_a_table_without_a_column_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("sheet,judge\n")
    with pytest.raises(ValueError, match=r"a.csv: there is no column 'answer'"):
        read_answers([tmp_path / "a.csv"], "s", [])


def test_the_report_says_shares_by_group_and_how_judges_agree():
    drawn = sheet_of({"G1": (10, 900), "G2": (10, 100)})
    ada = by_all(drawn, lambda one: "good" if one.group == "G1" else "false")
    bob = by_all(drawn[:15], lambda one: "good" if one.item < "G1-5" else "unnatural")
    text = "\n".join(report("s", drawn, {"ada": ada, "bob": bob}))
    assert "Sheet s: 20 of 1000 pairs, 20 of them judged" in text
    assert "ada: 20 answers" in text and "bob: 15 answers" in text
    lines = {line[:20].strip(): line for line in text.splitlines()}
    assert "0.750" in lines["G1"] and lines["G1"].endswith(" 10")
    assert "kappa of ada and bob: 0." in text and "mean kappa" not in text


def test_the_command_prints_it(tmp_path, capsys):
    drawn = sheet_of({"G1": (2, 2)})
    (tmp_path / "sheet.csv").write_text(
        "sheet,film,item,group,form,verdict,of\n"
        + "".join(f"s,{o.film},{o.item},G1,open,kept,2\n" for o in drawn)
    )
    table = write_table(tmp_path / "a.csv", "s", "ada", by_all(drawn, lambda one: "good"))
    assert main(["judge", "count", str(tmp_path / "sheet.csv"), str(table)]) == 0
    assert "1.000 (0.342-1.000)" in capsys.readouterr().out
    assert main(["judge", "count", str(tmp_path / "sheet.csv"), str(tmp_path / "no.csv")]) == 2
