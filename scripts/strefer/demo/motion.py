"""Where a role's sprite stands at a moment, and in which pose."""

import math

from strefer.demo.plan_records import FPS, EntityPlan, Role
from strefer.demo.sprites import PHASES, TURNS, Sprite, sprite
from strefer.demo.vocabulary import PERSON_NOUNS

JUMP_HEIGHT_PX = 18.0
FRAMES_PER_JUMP = 8
MOVES = ("move_left", "move_right", "chase")


def place_sprite(entity: EntityPlan, role: Role, frame: int) -> tuple[Sprite, int, int] | None:
    """The sprite of a role at a frame and the px of its left and top edge.

    None while the entity has not entered yet or has left already. Outside the scene's own time
    (during a fade) the sprite stays where the scene begins or ends.
    """
    time_s = frame / FPS
    share = (time_s - role.enter_s) / (role.exit_s - role.enter_s)
    share = min(1.0, max(0.0, share))
    x = role.x_start_px + (role.x_end_px - role.x_start_px) * share
    y = role.feet_y_px
    pose, phase = "stand", 0
    beat = frame + role.phase
    if role.action in MOVES:
        pose, phase = _moving(entity, role, x, beat)
        if entity.noun == "bird":
            y += 3.0 * math.sin(2 * math.pi * beat / 16)
    elif role.action == "jump":
        pose = "jump"
        y -= JUMP_HEIGHT_PX * abs(math.sin(math.pi * (beat % FRAMES_PER_JUMP) / FRAMES_PER_JUMP))
    elif role.action == "wave":
        pose, phase = "wave", (2 * beat) % PHASES
    elif role.action == "sit":
        pose = "sit"
    elif role.action == "spin":
        pose, phase = "spin", beat % TURNS
    drawn = sprite(
        entity.noun, entity.colour, entity.hair, entity.size_px, pose, phase, role.facing
    )
    return drawn, int(round(x)) + drawn.left_px, int(round(y)) + drawn.top_px


def _moving(entity: EntityPlan, role: Role, x: float, beat: int) -> tuple[str, int]:
    if entity.noun == "ball":
        # A rolling ball turns by the way it covers; a sprite facing left is mirrored.
        turns = role.facing * x / (math.pi * entity.size_px)
        return "walk", int(math.floor(turns * TURNS)) % TURNS
    running = role.action == "chase" and (entity.noun in PERSON_NOUNS or entity.noun == "dog")
    return ("run", (2 * beat) % PHASES) if running else ("walk", beat % PHASES)
