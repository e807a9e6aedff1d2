"""Planning films: from a seed to a cast, scenes and roles, with hard cases in stated shares."""

import random

from drawn_world.drawing.places import PALETTES, change_between
from drawn_world.plan.casting import cast_entities
from drawn_world.plan.occlusion import stage_occlusion
from drawn_world.plan.presence import Windows, draw_presence, presence_tags
from drawn_world.plan.staging import draw_actions, stage_roles
from drawn_world.records import (
    FADE_S,
    FPS,
    HEIGHT_PX,
    WIDTH_PX,
    EntityPlan,
    FilmPlan,
    PlacePlan,
    Role,
    ScenePlan,
)
from drawn_world.vocabulary import PLACES

__all__ = [
    "HARD_CASE_SHARES",
    "SPLITS",
    "EntityPlan",
    "FilmPlan",
    "PlacePlan",
    "Role",
    "ScenePlan",
    "film_id_of",
    "plan_film",
    "plan_long_film",
]

# Shares of films drawn with each hard case; they overlap.
HARD_CASE_SHARES: dict[str, float] = {
    "same_category": 0.45,
    "late_entry": 0.35,
    "leaves_returns": 0.30,
    "occluded": 0.20,
    "never_together": 0.20,
}
SPLITS: dict[str, range] = {
    "train": range(1_000_000),
    "input": range(1_000_000, 2_000_000),
    "benchmark": range(2_000_000, 3_000_000),
    "base": range(3_000_000, 4_000_000),
    "held_out": range(4_000_000, 5_000_000),
}
SCENE_FRAMES = (24, 56)  # 3 to 7 s
FILM_FRAMES = (80, 240)  # 10 to 30 s
FADE_SHARE = 0.35
# Mean HSV differences of backgrounds; detectors usually cut at 20. A scene change is above that, a
# frame of a dissolve well below: gradual boundaries are for the semantic clustering to find.
MIN_SCENE_CHANGE = 27.0
MAX_FADE_STEP = 13.0
_COLOURINGS = [(name, palette) for name in PLACES for palette in range(len(PALETTES[name]))]
_PAIR_TAGS = frozenset(("same_category", "occluded", "never_together"))
_PRESENCE_TAGS = frozenset(("late_entry", "leaves_returns", "never_together"))


def film_id_of(seed: int, long: bool = False) -> str:
    """ "input_000003" for the fourth seed of the split `input`. ValueError outside the splits."""
    for name, seeds in SPLITS.items():
        if seed in seeds:
            return f"{name}_{'long_' if long else ''}{seed - seeds.start:06d}"
    raise ValueError(f"seed {seed} is in no split; choose one from {SPLITS}")


def _draw_tags(rng: random.Random) -> set[str]:
    """Hard cases whose shares come out as stated, though one may imply another."""
    shares = HARD_CASE_SHARES
    never = rng.random() < shares["never_together"]
    alone = (shares["late_entry"] - shares["never_together"]) / (1 - shares["never_together"])
    tags = {"never_together"} if never else set()
    if never or rng.random() < alone:
        tags.add("late_entry")
    for name in ("same_category", "leaves_returns", "occluded"):
        if rng.random() < shares[name]:
            tags.add(name)
    return tags


def _draw_cast_size(rng: random.Random, tags: set[str]) -> int:
    """1 to 4 entities that can make these hard cases; the mean over all films is about 2.7."""
    # Four with at most three in a scene: one comes late, and unless a pair never meets, one leaves
    # and returns.
    four = "late_entry" in tags and tags & {"never_together", "leaves_returns"}
    if four and rng.random() < 0.6:
        return 4
    if not tags & _PAIR_TAGS and rng.random() < 0.3:
        return 1
    if tags >= {"never_together", "occluded"}:
        return 3
    return 3 if rng.random() < 0.68 else 2


def _settle_tags(
    rng: random.Random, n_entities: int | None, hard_cases: tuple[str, ...] | None
) -> tuple[set[str], int]:
    """Hard cases and a cast size that go together, given what the caller fixed."""
    if hard_cases is None:
        while True:
            tags = _draw_tags(rng)
            size = _draw_cast_size(rng, tags)
            if n_entities is None or size == n_entities:
                return tags, size
    tags = set(hard_cases)
    unknown = sorted(tags - set(HARD_CASE_SHARES))
    if unknown:
        raise ValueError(f"hard_cases: {unknown} unknown; choose from {list(HARD_CASE_SHARES)}")
    if "never_together" in tags:
        tags.add("late_entry")
    size = _draw_cast_size(rng, tags) if n_entities is None else n_entities
    if size == 1 and tags & _PAIR_TAGS:
        raise ValueError(f"n_entities: 1 cannot make {sorted(tags & _PAIR_TAGS)}; ask for 2 or 3")
    if size == 2 and tags >= {"never_together", "occluded"}:
        raise ValueError("n_entities: 2 cannot make never_together and occluded; ask for 3")
    if size == 4:
        tags.add("late_entry")
        if not tags & {"never_together", "leaves_returns"}:
            raise ValueError(
                "n_entities: 4 needs the hard case never_together or leaves_returns, "
                "as at most 3 share a scene"
            )
    return tags, size


def _draw_scene_frames(rng: random.Random, n_scenes: int | None) -> list[tuple[int, int]]:
    while True:
        count = rng.randint(3, 6) if n_scenes is None else n_scenes
        lengths = [rng.randint(*SCENE_FRAMES) for _ in range(count)]
        if n_scenes is not None or FILM_FRAMES[0] <= sum(lengths) <= FILM_FRAMES[1]:
            starts = [sum(lengths[:i]) for i in range(count)]
            return [(start, start + length) for start, length in zip(starts, lengths, strict=True)]


def _draw_backgrounds(rng: random.Random, count: int) -> list[tuple[PlacePlan, str]]:
    """(place, transition into it) per scene; neighbours differ so much that the change shows."""
    drawn: list[tuple[PlacePlan, str]] = []
    while len(drawn) < count:
        transition = "cut" if drawn else "start"
        if drawn and rng.random() < FADE_SHARE:
            transition = "fade"
        options = _next_colourings(drawn[-1][0], transition) if drawn else _COLOURINGS
        drawn.append((PlacePlan(*rng.choice(options), rng.randrange(1_000)), transition))
    return drawn


def _next_colourings(place: PlacePlan, transition: str) -> list[tuple[str, int]]:
    """Colourings that may follow a place: clearly other ones, and no jump within a dissolve."""
    before = (place.name, place.palette)
    clear = [key for key in _COLOURINGS if change_between(before, key) >= MIN_SCENE_CHANGE]
    if transition == "cut":
        return clear
    steps = int(FADE_S * FPS)
    return [key for key in clear if change_between(before, key, steps) <= MAX_FADE_STEP]


def _may_stay(windows: Windows, scene: int, active: set[int]) -> set[int]:
    """Entities that may stand still, because they act in another scene."""
    later = {
        entity_id
        for entity_id, row in enumerate(windows)
        if any(window is not None for window in row[scene + 1 :])
    }
    return active | later


def _n_full(stage: list[EntityPlan], windows: Windows, scene: int) -> int:
    return sum(windows[entity.entity_id][scene].kind == "full" for entity in stage)


def _stage_film(
    rng: random.Random, entities: tuple[EntityPlan, ...], windows: Windows, occluded: bool
) -> list[tuple[Role, ...]] | None:
    """Roles of every scene; None where some scene cannot be staged so."""
    n_scenes = len(windows[0])
    stages = [[e for e in entities if windows[e.entity_id][i]] for i in range(n_scenes)]
    fit = [i for i, stage in enumerate(stages) if _n_full(stage, windows, i) >= 2]
    if occluded and not fit:
        return None
    crossing = rng.choice(fit) if occluded else n_scenes
    staged: list[tuple[Role, ...]] = []
    active: set[int] = set()
    crossed = not occluded
    for scene in range(n_scenes):
        cast = [(entity, windows[entity.entity_id][scene]) for entity in stages[scene]]
        may_stay = _may_stay(windows, scene, active)
        roles = None
        trying = scene >= crossing and not crossed
        pair = stage_occlusion(rng, cast, may_stay) if trying else None
        for _ in range(12):
            actions = draw_actions(rng, cast, may_stay)
            chasing = any(action == "chase" for action, _ in actions.values())
            if pair is not None and chasing:
                continue  # entities of the crossing have their roles already: nobody chases them
            roles = stage_roles(rng, cast, actions, placed=pair or ())
            if roles is not None:
                crossed = crossed or pair is not None
                break
        if roles is None:
            return None
        staged.append(roles)
        active |= {role.entity_id for role in roles if role.action != "stay"}
    return staged if crossed else None


def _assemble(
    rng: random.Random,
    film_id: str,
    seed: int,
    scenes: list[tuple[int, int]],
    entities: tuple[EntityPlan, ...],
    staged: list[tuple[Role, ...]],
    tags: set[str],
) -> FilmPlan:
    plans = []
    for i, (place, transition) in enumerate(_draw_backgrounds(rng, len(scenes))):
        start_s, end_s = scenes[i][0] / FPS, scenes[i][1] / FPS
        plans.append(ScenePlan(start_s, end_s, place, transition, staged[i]))
    return FilmPlan(
        film_id=film_id,
        seed=seed,
        fps=FPS,
        n_frames=scenes[-1][1],
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        entities=entities,
        scenes=tuple(plans),
        hard_cases=tuple(name for name in HARD_CASE_SHARES if name in tags),
    )


def plan_film(
    seed: int,
    *,
    n_entities: int | None = None,
    n_scenes: int | None = None,
    hard_cases: tuple[str, ...] | None = None,
) -> FilmPlan:
    """Plan the film of a seed; the same arguments give the same film.

    `hard_cases` asks for exactly these (and what they imply: entities that never meet make one
    enter late); None draws them. Raises ValueError for what cannot be planned.
    """
    film_id = film_id_of(seed)
    if n_entities is not None and not 1 <= n_entities <= 4:
        raise ValueError(f"n_entities: {n_entities} is not in 1..4")
    if n_scenes is not None and n_scenes < 1:
        raise ValueError(f"n_scenes: {n_scenes} is less than 1")
    rng = random.Random(f"film {seed}")
    tags, size = _settle_tags(rng, n_entities, hard_cases)
    for _ in range(200):
        scenes = _draw_scene_frames(rng, n_scenes)
        windows = draw_presence(rng, scenes, size, frozenset(tags & _PRESENCE_TAGS))
        if windows is None:
            continue
        entities = cast_entities(rng, size, "same_category" in tags, "occluded" in tags)
        staged = _stage_film(rng, entities, windows, "occluded" in tags)
        if staged is not None:
            return _assemble(rng, film_id, seed, scenes, entities, staged, tags)
    raise ValueError(
        f"film {film_id}: {size} entities in {n_scenes} scenes cannot make {sorted(tags)}; "
        "ask for other hard cases, or for 3 scenes and more"
    )


def plan_long_film(seed: int, duration_s: float = 200.0) -> FilmPlan:
    """Plan a film of at least `duration_s`, four entities that come and go."""
    film_id = film_id_of(seed, long=True)
    rng = random.Random(f"long film {seed}")
    scenes: list[tuple[int, int]] = []
    while not scenes or scenes[-1][1] < duration_s * FPS:
        start = scenes[-1][1] if scenes else 0
        scenes.append((start, start + rng.randint(*SCENE_FRAMES)))
    entities = cast_entities(rng, 4, same_category=True, hiding=False)
    for _ in range(200):
        # Blocks of scenes, each cast like a separate film, so that long films stay varied.
        blocks = [scenes[i : i + 5] for i in range(0, len(scenes), 5)]
        drawn = [draw_presence(rng, block, 4, None) for block in blocks]
        if any(block is None for block in drawn):
            continue
        windows = [[w for block in drawn for w in block[e]] for e in range(4)]
        tags = presence_tags(windows)
        staged = _stage_film(rng, entities, windows, occluded=False) if tags is not None else None
        if staged is not None:
            return _assemble(
                rng, film_id, seed, scenes, entities, staged, set(tags) | {"same_category"}
            )
    raise ValueError(f"film {film_id}: no plan of {duration_s} s found; choose another seed")
