"""The drawn world's clauses: the ways to name an action, and what each of them means.

A clause is a verb phrase without its subject, a verb and what follows it: "glides" + " leftwards".
Every action has many, and every clause here has one meaning: the truth judges statements by it, and
the teachers of the LLM learn from it which clauses say the same and which exclude each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from drawn_world.vocabulary import ACTIONS_OF, all_expressions

FORMS = ("does", "doing", "do", "past")
_MOVE, _CHASE = ("move_left", "move_right"), "chase"


@dataclass(frozen=True)
class Verb:
    """A verb in four forms; one whose past is not used has none."""

    does: str
    doing: str
    do: str
    past: str | None = None


@dataclass(frozen=True)
class Meaning:
    """The meaning of a clause: one of these actions, on this target."""

    actions: frozenset[str]
    target: str | None = None

    def holds(self, action: str, target: str | None) -> bool:
        """True if who does this action does what the clause says."""
        return action in self.actions and (action != _CHASE or target == self.target)


@dataclass(frozen=True)
class Clause:
    """A verb and the rest, which begins with a space if there is one."""

    verb: Verb
    tail: str
    meaning: Meaning

    def form(self, name: str) -> str:
        """The clause in one of `FORMS`. ValueError if its verb lacks that."""
        word = getattr(self.verb, name)
        if word is None:
            raise ValueError(f"{self.verb.does!r} has no form {name!r} here")
        return word + self.tail


def _verbs(text: str) -> tuple[Verb, ...]:
    """Verbs from lines of forms between commas."""
    lines = (line.split(", ") for line in text.strip().splitlines())
    return tuple(Verb(*(form.strip() for form in line)) for line in lines)


_WALKING = _verbs("""
    walks, walking, walk, walked
    strolls, strolling, stroll, strolled
    strides, striding, stride
    wanders, wandering, wander, wandered
    heads, heading, head, headed""")
_RUNNING = _verbs("""
    runs, running, run, ran
    trots, trotting, trot, trotted
    dashes, dashing, dash, dashed
    races, racing, race, raced""")
_GALLOPING = _verbs("""
    runs, running, run, ran
    trots, trotting, trot, trotted
    gallops, galloping, gallop, galloped""")
_FLYING = _verbs("""
    flies, flying, fly
    glides, gliding, glide, glided
    soars, soaring, soar, soared
    sails, sailing, sail, sailed""")
_DRIVING = _verbs("""
    drives, driving, drive, drove
    cruises, cruising, cruise, cruised
    travels, traveling, travel, traveled""")
_ROLLING = _verbs("""
    rolls, rolling, roll, rolled
    travels, traveling, travel, traveled""")
_GOING = _verbs("""
    moves, moving, move, moved
    goes, going, go""")
_MOVERS = {
    "person": _WALKING + _GOING,
    "dog": _RUNNING + _GOING,
    "horse": _GALLOPING + _GOING,
    "bird": _FLYING + _GOING,
    "car": _DRIVING + _GOING,
    "bus": _DRIVING + _GOING,
    "ball": _ROLLING + _GOING,
}
_WAYS = (
    " to the {side}", " towards the {side}", " {side}wards", " from {other} to {side}",
    " off to the {side}", " across the frame to the {side}",
)  # fmt: skip

# By action: verbs with what may follow them; "" is nothing.
_JUMPS = (
    (_verbs("jumps, jumping, jump, jumped"), ("", " up and down", " into the air", " on the spot")),
    (_verbs("leaps, leaping, leap, leaped"), (" up and down", " into the air", " on the spot")),
    (_verbs("hops, hopping, hop, hopped"), ("", " up and down", " on the spot")),
)
_BOUNCES = (
    (_verbs("bounces, bouncing, bounce, bounced"), ("", " up and down", " on the spot")),
    (_verbs("hops, hopping, hop, hopped"), ("", " up and down", " on the spot")),
)
_WAVES = (
    (_verbs("waves, waving, wave, waved"), ("", " one hand", " with one hand")),
    (_verbs("gestures, gesturing, gesture, gestured"), (" with one hand",)),
    (_verbs("raises an arm and waves, raising an arm and waving, raise an arm and wave"), ("",)),
)
_SITS = (
    (_verbs("sits, sitting, sit, sat"), ("", " on the ground", " without moving")),
    (_verbs("remains seated, remaining seated, remain seated, remained seated"), ("",)),
    (_verbs("sits and does not move, sitting and not moving, sit and not move"), ("",)),
)
_SPINS = (
    (_verbs("spins, spinning, spin, spun"), (" around", " on the spot", " in circles")),
    (_verbs("turns, turning, turn, turned"), (" around", " on the spot", " in circles")),
    (_verbs("rotates, rotating, rotate, rotated"), (" on the spot",)),
)
_STANDS = ((_verbs("stands, standing, stand"), (" still", " there without moving")),)
_LIES = ((_verbs("lies, lying, lie"), (" still", " there without moving")),)
# Said of entities that do not move, which includes those that sit.
_RESTS = (
    (_verbs("stays, staying, stay, stayed"), (" still", " motionless")),
    (_verbs("remains, remaining, remain, remained"), (" still", " motionless")),
    (_verbs("keeps, keeping, keep, kept"), (" still",)),
    (_verbs("does not move, not moving, not move"), ("",)),
)
_CHASES = _verbs("""
    chases, chasing, chase, chased
    follows, following, follow, followed
    pursues, pursuing, pursue, pursued
    runs after, running after, run after, ran after""")


@cache
def clauses_of(kind: str, action: str, target: str | None = None) -> tuple[Clause, ...]:
    """All clauses for what an entity of a generalized noun does.

    Raises:
        ValueError: for an action that this kind cannot do, or a chase without a target.
    """
    if action not in ACTIONS_OF.get(kind, ()):
        raise ValueError(f"a {kind} cannot {action!r}; choose one of {ACTIONS_OF.get(kind, ())}")
    if action == _CHASE:
        if target is None:
            raise ValueError("action 'chase' needs the expression of the one that is chased")
        meaning = Meaning(frozenset((_CHASE,)), target)
        return tuple(Clause(verb, f" the {target}", meaning) for verb in _CHASES)
    if action in _MOVE:
        sides = {"side": action.removeprefix("move_")}
        sides["other"] = "left" if sides["side"] == "right" else "right"
        ways = tuple(way.format_map(sides) for way in _WAYS)
        return _all(((_MOVERS[kind], ways),), Meaning(frozenset((action,))))
    if action == "stay":
        own = _LIES if kind == "ball" else _STANDS
        still = Meaning(frozenset(("stay", "sit")))
        return _all(own, Meaning(frozenset((action,)))) + _all(_RESTS, still)
    rows = {"jump": _BOUNCES if kind == "ball" else _JUMPS, "wave": _WAVES, "sit": _SITS}
    return _all(rows.get(action, _SPINS), Meaning(frozenset((action,))))


def _all(
    rows: tuple[tuple[tuple[Verb, ...], tuple[str, ...]], ...], meaning: Meaning
) -> tuple[Clause, ...]:
    return tuple(
        Clause(verb, tail, meaning) for verbs, tails in rows for verb in verbs for tail in tails
    )


@cache
def closed_clauses() -> tuple[Clause, ...]:
    """Every clause but the chases, each once."""
    found = {
        (clause.verb, clause.tail): clause
        for kind, actions in ACTIONS_OF.items()
        for action in actions
        if action != _CHASE
        for clause in clauses_of(kind, action)
    }
    return tuple(found.values())


@cache
def _by_text(form: str) -> dict[str, Clause]:
    chases = (
        clause for target in all_expressions() for clause in clauses_of("person", _CHASE, target)
    )
    found: dict[str, Clause] = {}
    for clause in (*closed_clauses(), *chases):
        if getattr(clause.verb, form) is not None:
            found[clause.form(form)] = clause
    return found


def clause_of(text: str, form: str = "does") -> Clause | None:
    """The clause that reads so in a form; None if the drawn world has no such."""
    return _by_text(form).get(text)


def means(text: str, action: str, target: str | None) -> bool:
    """True if a clause in the third person says what this action is."""
    clause = clause_of(text)
    return clause is not None and clause.meaning.holds(action, target)


def relation(one: str, other: str) -> bool | None:
    """True if two clauses say the same, False if nobody can do both at once, None if unknown: an
    entity that chases another also moves somewhere."""
    found = [clause_of(text) for text in (one, other)]
    if None in found:
        return None
    first, second = (clause.meaning for clause in found if clause is not None)
    if first == second:
        return True
    shared = first.actions & second.actions
    chasing = _CHASE in first.actions | second.actions
    if chasing and (first.actions | second.actions) & frozenset(_MOVE):
        return None
    return None if shared and not chasing else False


def words() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Every verb in every form, and all that may follow one but the names, each once and without
    the space before it."""
    verbs = {clause.verb for clause in closed_clauses()} | set(_CHASES)
    forms = {getattr(verb, form) for verb in verbs for form in FORMS} - {None}
    tails = {clause.tail.strip() for clause in closed_clauses()} - {""}
    return tuple(sorted(forms)), tuple(sorted(tails))
