"""Odd forms of replies, read as a reader with common sense reads them.

Those of the tests (`helpers/reply_table.py`) were there when the code was written; those of
tests/data/odd_replies.json, the figures `…@later`, are by somebody else and came later.
"""

import json
from pathlib import Path

from helpers.reply_table import BEHAVIOURS, NEITHER, NO, NO_BEHAVIOURS, YES
from strefer.agents.replies import parse_sentences, parse_yes_no

UNSEEN = Path(__file__).resolve().parents[1] / "data" / "odd_replies.json"


def outcomes():
    """(whether it was written later, the reply, what is right, what was read) of every form; None
    is a refusal."""
    later = json.loads(UNSEEN.read_text(encoding="utf-8"))
    seen = {"yes": YES, "no": NO, "neither": NEITHER}
    seen |= {"behaviour": BEHAVIOURS, "no_behaviour": list(NO_BEHAVIOURS)}
    for unseen, table in ((False, seen), (True, later)):
        for name, right in (("yes", True), ("no", False), ("neither", None)):
            for reply in table[name]:
                yield unseen, reply, right, _read(parse_yes_no, reply)
        for reply, right in table["behaviour"].items():
            yield unseen, reply, right, _read(parse_sentences, reply)
        for reply in table["no_behaviour"]:
            yield unseen, reply, None, _read(parse_sentences, reply)


def _read(parse, reply):
    try:
        return parse(reply)
    except ValueError:
        return None


def measure(**_):
    """Shares of the readable forms that are read right, and of the others that are refused."""
    rows, figures = list(outcomes()), {}
    for case, wanted in (("", (False, True)), ("@later", (True,))):
        some = [(right, read) for unseen, _, right, read in rows if unseen in wanted]
        readable = [right == read for right, read in some if right is not None]
        figures[f"replies.read{case}"] = sum(readable) / len(readable)
        others = [read is None for right, read in some if right is None]
        figures[f"replies.refused{case}"] = sum(others) / len(others)
        figures[f"replies.forms{case}"] = len(some)
    return figures
