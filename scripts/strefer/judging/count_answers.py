"""Shares of good, false and unnatural pairs from the answers of one or several judges.

Each pair counts once, however many judges it has: as the share of judges who gave an answer. Strata
are weighted by their number of pairs in the run. The interval is Wilson's (1927) for Kish's
effective number of pairs, (sum of weights)^2 / sum of squared weights; it is valid at shares of 0
and 1, too. Agreement is Cohen's kappa for every two judges.
"""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from strefer.judging.draw_sheet import Drawn

ANSWERS = ("good", "false", "unnatural", "unclear")
COLUMNS = ("sheet", "judge", "film", "item", "answer", "comment", "when")
Z_95 = 1.959964
Answers = Mapping[str, Mapping[tuple[str, str], str]]  # by judge, by film and item


def read_answers(paths: Iterable[Path], sheet: str, drawn: Sequence[Drawn]) -> Answers:
    """The answers of tables, by judge and by pair (film and item). Of two of one judge to one pair
    the later row counts.

    Raises:
        ValueError: if a table is of another sheet, or an answer or pair is not known; names the
            file and the line.
    """
    known = {(one.film, one.item) for one in drawn}
    answers: dict[str, dict[tuple[str, str], str]] = {}
    for path in paths:
        with open(path, encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            if missing := set(COLUMNS[:5]) - set(table.fieldnames or ()):
                raise ValueError(f"{path}: there is no column {sorted(missing)[0]!r}")
            for row in table:
                place, pair = f"{path}, line {table.line_num}", (row["film"], row["item"])
                if row["sheet"] != sheet:
                    raise ValueError(
                        f"{place}: the answer is for sheet {row['sheet']}, not {sheet}"
                    )
                if pair not in known:
                    raise ValueError(f"{place}: the sheet has no pair {row['item']!r} of this film")
                if row["answer"] not in ANSWERS:
                    known_answers = ", ".join(ANSWERS)
                    raise ValueError(f"{place}: answer {row['answer']!r} (known: {known_answers})")
                answers.setdefault(row["judge"], {})[pair] = row["answer"]
    return answers


def share(drawn: Sequence[Drawn], answers: Answers, answer: str) -> tuple[float, float, float]:
    """The share of pairs that got an answer, and its 95% interval, weighted by strata.

    Args:
        drawn: a sheet's pairs. Pairs without judgements are left out.

    Raises:
        ValueError: if none was judged.
    """
    given = [(one, _given(one, answers)) for one in drawn]
    judged = [(one, votes) for one, votes in given if votes]
    if not judged:
        raise ValueError("none of these pairs was judged")
    in_stratum = Counter(one.stratum for one, _ in judged)
    weights = [one.of / in_stratum[one.stratum] for one, _ in judged]
    total = sum(weights)
    values = [votes.count(answer) / len(votes) for _, votes in judged]
    mean = sum(w * v for w, v in zip(weights, values, strict=True)) / total
    return mean, *wilson(mean, total**2 / sum(w * w for w in weights))


def _given(one: Drawn, answers: Answers) -> list[str]:
    pair = one.film, one.item
    return [of_judge[pair] for of_judge in answers.values() if pair in of_judge]


def wilson(mean: float, number: float) -> tuple[float, float]:
    """Wilson's 95% interval of a share among a number of draws."""
    shrunk = 1 + Z_95**2 / number
    middle = (mean + Z_95**2 / (2 * number)) / shrunk
    spread = mean * (1 - mean) / number + Z_95**2 / (4 * number**2)
    half = Z_95 * spread**0.5 / shrunk
    return max(0.0, middle - half), min(1.0, middle + half)


def agreement(answers: Answers) -> dict[tuple[str, str], tuple[int, float | None]]:
    """For each two judges, the pairs that both judged and Cohen's kappa; None where it is not
    defined, because all of their answers are the same one."""
    from sklearn.metrics import cohen_kappa_score

    found = {}
    for one, other in itertools.combinations(sorted(answers), 2):
        both = sorted(answers[one].keys() & answers[other].keys())
        given = [[answers[judge][pair] for pair in both] for judge in (one, other)]
        varied = len({*given[0], *given[1]}) > 1
        found[one, other] = len(both), float(cohen_kappa_score(*given)) if varied else None
    return found


def report(name: str, drawn: Sequence[Drawn], answers: Answers) -> list[str]:
    """The lines that `strefer judge count` prints."""
    of_run = sum({one.stratum: one.of for one in drawn}.values())
    judged = sum(bool(_given(one, answers)) for one in drawn)
    lines = [f"Sheet {name}: {len(drawn)} of {of_run} pairs, {judged} of them judged"]
    lines += [f"{judge}: {len(given)} answers" for judge, given in sorted(answers.items())]
    parts = {"all pairs": drawn}
    for part in ("group", "form", "verdict"):
        values = sorted({getattr(one, part) for one in drawn})
        if len(values) > 1:
            parts |= {v: [one for one in drawn if getattr(one, part) == v] for v in values}
    head = "".join(f"{answer:>26}" for answer in ANSWERS)
    lines += ["", f"{'share, 95% interval':<20}{head}{'judged':>9}"]
    for title, some in parts.items():
        if count := sum(bool(_given(one, answers)) for one in some):
            shares = [share(some, answers, answer) for answer in ANSWERS]
            cells = "".join(f"{m:>10.3f} ({low:.3f}-{high:.3f})" for m, low, high in shares)
            lines.append(f"{title:<20}{cells}{count:>9}")
    if len(answers) > 1:
        lines += ["", *_agreement_lines(agreement(answers))]
    return lines


def _agreement_lines(found: Mapping[tuple[str, str], tuple[int, float | None]]) -> list[str]:
    lines = []
    for (one, other), (count, kappa) in found.items():
        value = "not defined: all answers are the same" if kappa is None else f"{kappa:.3f}"
        lines.append(f"kappa of {one} and {other}: {value} ({count} pairs)")
    defined = [kappa for _, kappa in found.values() if kappa is not None]
    if len(defined) > 1:
        lines.append(f"mean kappa: {sum(defined) / len(defined):.3f}")
    return lines
