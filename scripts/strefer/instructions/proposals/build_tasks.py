"""Builders of tasks, one a kind of question: from a scope and cells to a checkable task."""

from __future__ import annotations

from strefer.instructions.english import first_sentence
from strefer.instructions.metadata.film import Film
from strefer.instructions.proposals.facts import ABSENT, AFTER, BEFORE, DURING, Fact
from strefer.instructions.proposals.tasks import Cell, Scope, Task, gather_facts
from strefer.instructions.verification.claims import Claim, does, every, longer, once, present
from strefer.instructions.verification.claims import left_of as left_of_claim


def holds(film: Film, cell: Cell) -> Claim:
    """The claim behind a cell of the transcript."""
    segment, entity = cell
    deed, window = film.deeds[segment][entity], film.limits_s[segment]
    return present(entity, window, False) if deed is None else does(entity, window, deed)


def deed(scope: Scope, cell: Cell, wrong: tuple[str, ...]) -> Task:
    """Choice: what does it do?"""
    segment, entity = cell
    facts, cited = gather_facts(scope, [cell])
    said = scope.film.deeds[segment][entity]
    return Task(
        "choice", "deed", scope, f"what {scope.who(entity)} does{scope.when}", facts, cited,
        holds(scope.film, cell), (segment,), {"who": scope.who(entity), "when": scope.when},
        answer=ABSENT if said is None else first_sentence(said), wrong=wrong,
    )  # fmt: skip


def is_deed(scope: Scope, cell: Cell, text: str) -> Task:
    """Yes/no: does it do this?"""
    segment, entity = cell
    film = scope.film
    facts, cited = gather_facts(scope, [cell])
    said = film.deeds[segment][entity]
    truth = said is not None and first_sentence(said) == text
    claims = [holds(film, cell)]
    if not truth:
        claims.append(does(entity, film.limits_s[segment], text, False))
    slots = {"who": scope.who(entity), "when": scope.when, "deed": text, "bare": film.bare(text)}
    return Task(
        "yes_no", "deed", scope, f"whether {scope.who(entity)} {text}{scope.when}", facts, cited,
        every(claims), (segment,), slots, truth=truth,
    )  # fmt: skip


def is_there(scope: Scope, cell: Cell) -> Task:
    """Yes/no: is it there?"""
    segment, entity = cell
    facts, cited = gather_facts(scope, [cell])
    there = scope.film.present[segment][entity]
    return Task(
        "yes_no", "there", scope, f"whether {scope.who(entity)} is there{scope.when}", facts,
        cited, present(entity, scope.film.limits_s[segment], there), (segment,),
        {"who": scope.who(entity), "when": scope.when}, truth=there,
    )  # fmt: skip


def neighbour(scope: Scope, cell: Cell, step: int, form: str, wrong: tuple[str, ...]) -> Task:
    """Open or choice: what does it do right after (step 1) or right before (step -1) one of its
    actions, or the window?"""
    segment, entity = cell
    film, who = scope.film, scope.who(entity)
    asked = (segment + step, entity)
    side = "after" if step > 0 else "before"
    slots = {"who": who, "again": scope.again(entity)}
    claims = [holds(film, asked)]
    if scope.window is None:
        text = film.deeds[segment][entity]
        focus, ask = side, f"what {who} does right {side} {scope.again(entity)} {text}"
        claims.append(once(entity, film.limits_s[segment], text))
        slots["deed"] = text
        facts, cited = gather_facts(scope, [asked, cell])
        cited = cited[:1]
    else:
        edge = AFTER if step > 0 else BEFORE
        focus, ask = f"{side}_window", f"what {who} does {edge}"
        facts, cited = gather_facts(scope, [asked])
    answer = first_sentence(film.deeds[asked[0]][entity]) if form == "choice" else ""
    return Task(
        form, focus, scope, ask, facts, cited, every(claims), tuple(sorted((segment, asked[0]))),
        slots, answer=answer, wrong=wrong,
    )  # fmt: skip


def during(scope: Scope, cell: Cell, other: int, form: str, wrong: tuple[str, ...]) -> Task:
    """Open or choice: what does it do while the other does something?"""
    segment, entity = cell
    film = scope.film
    text = first_sentence(film.deeds[segment][other])
    ask = f"what {scope.who(entity)} does{scope.when} while {scope.who(other)} {text}"
    facts, cited = gather_facts(scope, [cell, (segment, other)])
    slots = {"who": scope.who(entity), "other": scope.who(other), "deed": text}
    said = film.deeds[segment][entity]
    return Task(
        form, "while", scope, ask, facts, cited[:1],
        every([holds(film, cell), holds(film, (segment, other))]), (segment,),
        slots | {"when": scope.when}, answer=first_sentence(said) if form == "choice" else "",
        wrong=wrong,
    )  # fmt: skip


def is_during(scope: Scope, cell: Cell, text: str, other: int, other_text: str) -> Task:
    """Yes/no on the film: does it do this while the other does that? `cell` is where the other
    does that."""
    segment, entity = cell
    film = scope.film
    truth = film.deeds[segment][entity] == text
    facts, cited = gather_facts(scope, [cell, (segment, other)])
    claims = [holds(film, cell), once(other, film.limits_s[segment], other_text)]
    slots = {"who": scope.who(entity), "other": scope.who(other)}
    return Task(
        "yes_no", "while", scope,
        f"whether {scope.who(entity)} {text} while {scope.who(other)} {other_text}", facts,
        cited[:1], every(claims), (segment,),
        slots | {"deed": text, "bare": film.bare(text), "other_deed": other_text}, truth=truth,
    )  # fmt: skip


def free(scope: Scope, cell: Cell) -> Task:
    """Open: any question that the writer asks about what an entity does."""
    segment, entity = cell
    facts, cited = gather_facts(scope, [cell])
    who = scope.who(entity)
    return Task(
        "open", "free", scope, f"something else about {who}{scope.when}, such as how, where, with "
        "what or with whom", facts, cited, holds(scope.film, cell), (segment,),
        {"who": who, "when": scope.when},
    )  # fmt: skip


def who_does(scope: Scope, cell: Cell, form: str, wrong: tuple[str, ...]) -> Task:
    """Open or choice, in words: who does this?"""
    segment, entity = cell
    film = scope.film
    window = film.limits_s[segment]
    text = first_sentence(film.deeds[segment][entity])
    facts, cited = gather_facts(scope, [cell])
    others = [e for e in range(len(film.entities)) if e != entity and film.deeds[segment][e]]
    claims = [holds(film, cell)] + [does(e, window, text, False) for e in others]
    return Task(
        form, "who", scope, f"who or what {text}{scope.when}", facts, cited, every(claims),
        (segment,), {"deed": text, "when": scope.when},
        answer=scope.who(entity) if form == "choice" else "", wrong=wrong,
    )  # fmt: skip


def absent_premise(scope: Scope, cell: Cell) -> Task:
    """Open: what does it do, although it is not there? To be refused with the reason."""
    segment, entity = cell
    who = scope.who(entity)
    facts, cited = gather_facts(scope, [cell])
    return Task(
        "open", "deed", scope, f"what {who} does{scope.when}", facts, cited,
        holds(scope.film, cell), (segment,), {"who": who, "when": scope.when}, premise=True,
    )  # fmt: skip


def deed_premise(scope: Scope, cell: Cell, asked: int, text: str) -> Task:
    """Open: what does the asked entity do while the cell's does what it does not do? To be refused
    with the reason. The words are those of `during`, so that they do not give it away."""
    segment, entity = cell
    film = scope.film
    facts, cited = gather_facts(scope, [cell, (segment, asked)])
    claims = [holds(film, cell), does(entity, film.limits_s[segment], text, False)]
    slots = {"who": scope.who(asked), "other": scope.who(entity), "deed": text}
    return Task(
        "open", "while", scope,
        f"what {scope.who(asked)} does{scope.when} while {scope.who(entity)} {text}", facts,
        cited[:1], every(claims), (segment,), slots | {"when": scope.when}, premise=True,
    )  # fmt: skip


def is_before(scope: Scope, first: Cell, second: Cell) -> Task:
    """Yes/no on the film: does the first action come before the second? Each happens once."""
    film = scope.film
    (s1, e1), (s2, e2) = first, second
    one, two = film.deeds[s1][e1], film.deeds[s2][e2]
    again = scope.again(e2) if e1 == e2 else scope.who(e2)
    facts, cited = gather_facts(scope, sorted([first, second]))
    claims = [once(e1, film.limits_s[s1], one), once(e2, film.limits_s[s2], two)]
    slots = {"who": scope.who(e1), "deed": one, "bare": film.bare(one)}
    return Task(
        "yes_no", "order", scope, f"whether {scope.who(e1)} {one} before {again} {two}", facts,
        cited, every(claims), tuple(sorted({s1, s2})),
        slots | {"other": again, "other_deed": two}, truth=s1 < s2,
    )  # fmt: skip


def order(scope: Scope, cells: tuple[Cell, ...], wrong: tuple[str, ...]) -> Task:
    """Choice on the film: in which order does it do three things?"""
    film, entity = scope.film, cells[0][1]
    facts, cited = gather_facts(scope, cells)
    deeds = [film.deeds[segment][entity] for segment, _ in cells]
    claims = [once(entity, film.limits_s[s], d) for (s, _), d in zip(cells, deeds, strict=True)]
    return Task(
        "choice", "order", scope, f"in which order {scope.who(entity)} does things", facts, cited,
        every(claims), tuple(s for s, _ in cells), {"who": scope.who(entity)},
        answer=in_order(deeds), wrong=wrong,
    )  # fmt: skip


def in_order(deeds: list[str]) -> str:
    """The actions as one option: "sits, then jumps"."""
    return ", then ".join(deeds)


def is_left_of(scope: Scope, segment: int, swapped: bool) -> Task:
    """Yes/no: is the first region to the left of the second? The scope's subjects are the left one
    and the right one, or swapped."""
    entity, other = scope.subjects
    left, right = (other, entity) if swapped else (entity, other)
    text = f"{scope.who(left)} is to the left of {scope.who(right)}"
    label = "part 1" if scope.window is None else DURING
    ask = f"whether {scope.who(entity)} is to the left of {scope.who(other)}{scope.when}"
    return Task(
        "yes_no", "left", scope, ask, (Fact(label, text),), (1,),
        left_of_claim(left, right, scope.film.limits_s[segment]), (segment,),
        {"who": scope.who(entity), "other": scope.who(other), "when": scope.when},
        truth=not swapped,
    )  # fmt: skip


def is_longer(scope: Scope, seconds: tuple[int, int]) -> Task:
    """Yes/no on the film: is the first subject there for longer than the second? `seconds` are
    theirs, rounded and different."""
    entity, other = scope.subjects
    more, less = (entity, other) if seconds[0] > seconds[1] else (other, entity)
    facts = tuple(
        Fact("in all", f"{scope.who(e)} is there for {s} seconds")
        for e, s in sorted(zip(scope.subjects, seconds, strict=True))
    )
    segments = tuple(s for s, row in enumerate(scope.film.present) if row[entity] or row[other])
    ask = f"whether {scope.who(entity)} is there for longer than {scope.who(other)}"
    return Task(
        "yes_no", "longer", scope, ask, facts, (1, 2), longer(more, less), segments,
        {"who": scope.who(entity), "other": scope.who(other)}, truth=seconds[0] > seconds[1],
    )  # fmt: skip
