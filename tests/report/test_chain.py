"""What the report counts of the checks."""

from strefer.report.chain import count_checks
from strefer.stage.run import Line


def lines(**rejected):
    reasons = [reason for reason, n in rejected.items() for _ in range(n)]
    return [Line("a", {"rejected": None if r == "kept" else f"{r}: why"}, None) for r in reasons]


def test_a_check_that_rejects_too_much_or_nothing_is_marked():
    counted = lines(kept=2, form=5, motion=1)
    rows = count_checks(counted, {"checks.true_of_rejected_form": 0.75})
    of = {row["check"]: row for row in rows}
    assert of["form"] | {"about": ""} == {
        "check": "form", "about": "", "rejected": 5, "share": 5 / 8, "true": 0.75,
        "odd": "more than half",
    }  # fmt: skip
    assert (of["motion"]["share"], of["motion"]["odd"]) == (1 / 3, "")
    assert of["pairs"]["odd"] == "nothing"
    assert of["motion"]["true"] is None
