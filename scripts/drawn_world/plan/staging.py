"""Stage a scene: actions and paths for every entity that keep everything clearly visible."""

import random
from collections.abc import Sequence

from drawn_world.drawing.sprites import WIDTH_SHARE
from drawn_world.plan.presence import Window
from drawn_world.records import FPS, HEIGHT_PX, WIDTH_PX, EntityPlan, Role
from drawn_world.vocabulary import ACTIONS_OF, PERSON_NOUNS

LANES_Y_PX = (82, 103, 123)
SKY_Y_PX = (36, 50)
MIN_WAY_PX = 42.0
MIN_SPEED_PX_S = 14.0  # where the frame leaves room for it: motion shows in any two seconds
MAX_BOX_OVERLAP = 0.1
CHASE_SHARE = 0.5
STAY_WEIGHT = 0.6
WAVE_WEIGHT = 1.6
# Half widths of a person's poses as shares of the height; limbs reach out.
_PERSON_REACH = {"jump": 0.46, "wave": 0.42, "sit": 0.44, "chase": 0.5}

Cast = Sequence[tuple[EntityPlan, Window]]  # the entities of a scene
Box = tuple[float, float, float, float]


def half_width_px(entity: EntityPlan, action: str) -> float:
    if action == "spin":
        return 0.54 * entity.size_px * max(1.0, WIDTH_SHARE[entity.noun])
    if entity.noun in PERSON_NOUNS and action != "stay":
        return entity.size_px * _PERSON_REACH.get(action, 0.4)
    return entity.size_px * WIDTH_SHARE[entity.noun] / 2


def box_at(entity: EntityPlan, role: Role, time_s: float) -> Box:
    """About the sprite's box, (x0, y0, x1, y1) px, without drawing it."""
    share = min(1.0, max(0.0, (time_s - role.enter_s) / (role.exit_s - role.enter_s)))
    x = role.x_start_px + (role.x_end_px - role.x_start_px) * share
    half = half_width_px(entity, role.action)
    if role.action == "spin":
        y = role.feet_y_px - entity.size_px / 2
        return x - half, y - half, x + half, y + half
    jump = 18.0 if role.action == "jump" else 0.0
    return x - half, role.feet_y_px - entity.size_px - jump, x + half, role.feet_y_px


def boxes_overlap(first: Box, second: Box) -> float:
    """The common area as a share of the smaller box."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return width * height / min(areas)


def draw_actions(
    rng: random.Random, cast: Cast, may_stay: set[int]
) -> dict[int, tuple[str, int | None]]:
    """An action (and the target of a chase) per entity id; only `may_stay` may stand still."""
    actions: dict[int, tuple[str, int | None]] = {}
    for entity, window in cast:
        if window.kind != "full":
            actions[entity.entity_id] = (rng.choice(("move_left", "move_right")), None)
            continue
        options = [action for action in ACTIONS_OF[entity.generalized_noun] if action != "chase"]
        weights = [{"stay": STAY_WEIGHT, "wave": WAVE_WEIGHT}.get(a, 1.0) for a in options]
        if entity.entity_id not in may_stay:
            weights[options.index("stay")] = 0.0
        actions[entity.entity_id] = (rng.choices(options, weights)[0], None)
    pairs = [
        (chaser, target)
        for chaser, chaser_window in cast
        for target, target_window in cast
        if chaser is not target
        and "chase" in ACTIONS_OF[chaser.generalized_noun]
        and chaser_window.kind == target_window.kind == "full"
        and _chase_room_px(chaser, target) >= MIN_WAY_PX
    ]
    if pairs and rng.random() < CHASE_SHARE:
        chaser, target = rng.choice(pairs)
        actions[chaser.entity_id] = ("chase", target.entity_id)
        actions[target.entity_id] = (rng.choice(("move_left", "move_right")), None)
    return actions


def _chase_room_px(chaser: EntityPlan, target: EntityPlan) -> float:
    widths = half_width_px(chaser, "chase") + half_width_px(target, "move_left")
    return WIDTH_PX - 2 * widths - 8


def _draw_feet_y(rng: random.Random, entity: EntityPlan, action: str) -> float:
    if entity.noun == "bird" and action in ("move_left", "move_right"):
        return float(rng.randint(*SKY_Y_PX))
    lanes = LANES_Y_PX
    if action == "spin":
        half = half_width_px(entity, "spin")
        highest = HEIGHT_PX - 1 - half + entity.size_px / 2
        lanes = [y for y in lanes if y <= highest and y - entity.size_px / 2 >= half]
    return float(rng.choice(lanes) + rng.randint(-3, 3 if action != "spin" else 0))


def _draw_way(rng: random.Random, room_px: float, duration_s: float) -> float:
    least = max(MIN_WAY_PX, MIN_SPEED_PX_S * duration_s)
    return rng.uniform(min(least, room_px), room_px)


def _draw_path(rng: random.Random, half: float, action: str, window: Window) -> tuple[float, float]:
    """Start and end of the middle of the feet, in px."""
    low, high = half + 1, WIDTH_PX - 1 - half
    if action not in ("move_left", "move_right"):
        x = rng.uniform(low, high)
        return x, x
    duration_s = (window.end - window.start) / FPS
    if window.kind == "enter":
        start = -half - 1
        end = start + _draw_way(rng, high - start, duration_s)
        end = max(end, low)
    elif window.kind == "leave":
        end = WIDTH_PX + half + 1
        start = end - _draw_way(rng, end - low, duration_s)
        start = min(start, high)
    else:
        room = high - low
        way = _draw_way(rng, room, duration_s)
        start = rng.uniform(low, high - way)
        end = start + way
    return (start, end) if action == "move_right" else (WIDTH_PX - start, WIDTH_PX - end)


def _draw_role(
    rng: random.Random, entity: EntityPlan, window: Window, action: str, target_id: int | None
) -> Role:
    half = half_width_px(entity, action)
    x_start, x_end = _draw_path(rng, half, action, window)
    facing = rng.choice((-1, 1))
    if x_start != x_end:
        facing = 1 if x_end > x_start else -1
    feet_y = _draw_feet_y(rng, entity, action)
    enter_s, exit_s = window.start / FPS, window.end / FPS
    phase = rng.randrange(24)
    return Role(
        entity.entity_id, action, target_id, enter_s, exit_s, x_start, x_end, feet_y, facing, phase
    )


def _draw_chase(
    rng: random.Random, chaser: EntityPlan, target: EntityPlan, window: Window, action: str
) -> list[Role]:
    """Chaser and target on one line, one behind the other."""
    half, half_target = half_width_px(chaser, "chase"), half_width_px(target, action)
    apart = half + half_target + rng.uniform(3, 7)
    room = WIDTH_PX - 2 - apart - half - half_target
    way = _draw_way(rng, room, (window.end - window.start) / FPS)
    x = 1 + half + rng.uniform(0, room - way)
    paths = [(x, x + way), (x + apart, x + apart + way)]
    facing = 1
    if action == "move_left":
        paths, facing = [(WIDTH_PX - a, WIDTH_PX - b) for a, b in paths], -1
    feet_y = float(rng.choice(LANES_Y_PX) + rng.randint(-3, 3))
    lift = rng.uniform(6, 14) if target.noun == "bird" else 0.0
    enter_s, exit_s = window.start / FPS, window.end / FPS
    roles = []
    for entity, name, aim, (start, end), y in (
        (chaser, "chase", target.entity_id, paths[0], feet_y),
        (target, action, None, paths[1], feet_y - lift),
    ):
        phase = rng.randrange(24)
        roles.append(
            Role(entity.entity_id, name, aim, enter_s, exit_s, start, end, y, facing, phase)
        )
    return roles


def roles_clash(first: tuple[EntityPlan, Role], second: tuple[EntityPlan, Role]) -> bool:
    """True if one hides the other in part, or seems to chase it without doing so."""
    a, b = first[1], second[1]
    if a.target_id != b.entity_id and b.target_id != a.entity_id:
        same_way = (a.x_end_px - a.x_start_px) * (b.x_end_px - b.x_start_px) > 0
        if same_way and abs(a.feet_y_px - b.feet_y_px) < 12:
            return True
    start_s, end_s = max(a.enter_s, b.enter_s), min(a.exit_s, b.exit_s)
    for step in range(9):
        time_s = start_s + (end_s - start_s) * step / 8
        if boxes_overlap(box_at(*first, time_s), box_at(*second, time_s)) > MAX_BOX_OVERLAP:
            return True
    return False


def stage_roles(
    rng: random.Random,
    cast: Cast,
    actions: dict[int, tuple[str, int | None]],
    placed: Sequence[Role] = (),
    tries: int = 8,
) -> tuple[Role, ...] | None:
    """Paths for all of the cast without clashes with one another or `placed`; None if not found."""
    members = {entity.entity_id: (entity, window) for entity, window in cast}
    for _ in range(tries):
        roles = list(placed)
        for chaser_id, (action, target_id) in actions.items():
            if action == "chase":
                chaser, window = members[chaser_id]
                target = members[target_id][0]
                roles += _draw_chase(rng, chaser, target, window, actions[target_id][0])
        done = {role.entity_id for role in roles}
        # The wide ones first: the small ones find a place beside them.
        rest = sorted(
            (member for member in cast if member[0].entity_id not in done),
            key=lambda member: -half_width_px(member[0], actions[member[0].entity_id][0]),
        )
        for entity, window in rest:
            role = _place_beside(rng, entity, window, actions[entity.entity_id], roles, members)
            if role is None:
                break
            roles.append(role)
        else:
            return tuple(sorted(roles, key=lambda role: role.entity_id))
    return None


def _place_beside(
    rng: random.Random,
    entity: EntityPlan,
    window: Window,
    action: tuple[str, int | None],
    roles: Sequence[Role],
    members: dict[int, tuple[EntityPlan, Window]],
) -> Role | None:
    for _ in range(10):
        role = _draw_role(rng, entity, window, *action)
        others = ((members[other.entity_id][0], other) for other in roles)
        if not any(roles_clash((entity, role), other) for other in others):
            return role
    return None
