"""The hard case "occluded": one entity passes in front of another, or behind it."""

import random

import numpy as np

from drawn_world.drawing.motion import clip_to_frame, place_sprite
from drawn_world.plan.casting import HIDING_NOUNS
from drawn_world.plan.presence import Window
from drawn_world.plan.staging import Cast, half_width_px
from drawn_world.records import FPS, HEIGHT_PX, WIDTH_PX, EntityPlan, Role
from drawn_world.vocabulary import ACTIONS_OF

HIDDEN_SHARE = 0.5  # more of a sprite than this must be hidden
HIDDEN_S = 0.5  # for at least this long
# A planned occlusion goes well beyond that, and yet the entity never quite disappears.
_PLANNED_SHARE, _PLANNED_S, _MIN_VISIBLE_PX = 0.58, 0.75, 48


def _full_mask(entity: EntityPlan, role: Role, frame: int) -> np.ndarray:
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), bool)
    sprite, left, top = place_sprite(entity, role, frame)
    windows = clip_to_frame(sprite, left, top)
    if windows is not None:
        mask[windows[0]] = sprite.mask[windows[1]]
    return mask


def _hides_well(
    back: tuple[EntityPlan, Role], front: tuple[EntityPlan, Role], window: Window
) -> bool:
    def hidden_share(frame: int) -> float:
        """The hidden share of the rear entity; 1.0 if too little remains visible."""
        behind = _full_mask(*back, frame)
        visible = np.count_nonzero(behind & ~_full_mask(*front, frame))
        return 1.0 if visible < _MIN_VISIBLE_PX else 1 - visible / np.count_nonzero(behind)

    middle = (window.start + window.end) // 2
    # Most draws fail, and fail in the middle of the crossing: look there first.
    if not _PLANNED_SHARE < hidden_share(middle) < 1.0:
        return False
    longest = run = 0
    for frame in range(window.start, window.end):
        share = hidden_share(frame)
        if share == 1.0:
            return False
        run = run + 1 if share > _PLANNED_SHARE else 0
        longest = max(longest, run)
    return longest >= _PLANNED_S * FPS


def _draw_pair(
    rng: random.Random, back: EntityPlan, front: EntityPlan, window: Window
) -> tuple[Role, Role]:
    """A crossing: one of the two stays in place, the other passes."""
    front_moves = rng.random() < 0.6
    mover, still = (front, back) if front_moves else (back, front)
    options = [
        a for a in ("wave", "sit", "stay", "jump") if a in ACTIONS_OF[still.generalized_noun]
    ]
    action = rng.choice(options)
    half = half_width_px(mover, "move_left")
    low, high = half + 1, WIDTH_PX - 1 - half
    x_start, x_end = rng.uniform(low, low + 12), rng.uniform(high - 12, high)
    if rng.random() < 0.5:
        x_start, x_end = x_end, x_start
    x_still = (x_start + x_end) / 2 + rng.uniform(-6, 6)
    front_y = float(rng.randint(104, 123))
    back_y = front_y - rng.randint(2, 22)
    enter_s, exit_s = window.start / FPS, window.end / FPS
    roles = {}
    for entity in (back, front):
        y = back_y if entity is back else front_y
        if entity is mover:
            facing = 1 if x_end > x_start else -1
            name, path = ("move_right" if facing > 0 else "move_left"), (x_start, x_end)
        else:
            facing, name, path = rng.choice((-1, 1)), action, (x_still, x_still)
        phase = rng.randrange(24)
        roles[entity.entity_id] = Role(
            entity.entity_id, name, None, enter_s, exit_s, *path, y, facing, phase
        )
    return roles[back.entity_id], roles[front.entity_id]


def stage_occlusion(
    rng: random.Random, cast: Cast, may_stay: set[int], tries: int = 24
) -> tuple[Role, Role] | None:
    """Roles of two of the cast, the first hidden in part by the second; None if not found."""
    full = [(entity, window) for entity, window in cast if window.kind == "full"]
    pairs = [
        (back, front, window)
        for back, window in full
        for front, _ in full
        if back is not front
        and front.noun in HIDING_NOUNS
        and back.noun != "bird"
        and front.size_px * 1.7 > back.size_px
    ]
    for _ in range(tries if pairs else 0):
        back, front, window = rng.choice(pairs)
        roles = _draw_pair(rng, back, front, window)
        if any(role.action == "stay" and role.entity_id not in may_stay for role in roles):
            continue
        if _hides_well((back, roles[0]), (front, roles[1]), window):
            return roles
    return None
