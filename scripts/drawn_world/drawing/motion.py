"""The position and pose of a role's sprite at a moment."""

import math

from drawn_world.drawing.sprites import PHASES, TURNS, Sprite, sprite
from drawn_world.records import FPS, HEIGHT_PX, WIDTH_PX, EntityPlan, Role
from drawn_world.vocabulary import PERSON_NOUNS

JUMP_HEIGHT_PX = 18.0
# Neither 7 nor 5 divides a usual sampling stride: sampled frames show the cycle, too.
FRAMES_PER_JUMP = 7
FRAMES_PER_WAVE = 5
MOVES = ("move_left", "move_right", "chase")


Window = tuple[slice, slice]


def clip_to_frame(sprite: Sprite, left: int, top: int) -> tuple[Window, Window] | None:
    """The part of the frame that a sprite covers and the visible part of the sprite, each as (rows,
    columns); None if the sprite is outside."""
    height, width = sprite.mask.shape
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, WIDTH_PX), min(top + height, HEIGHT_PX)
    if x0 >= x1 or y0 >= y1:
        return None
    onto = (slice(y0, y1), slice(x0, x1))
    return onto, (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))


def place_sprite(entity: EntityPlan, role: Role, frame: int) -> tuple[Sprite, int, int]:
    """The sprite of a role at a frame, and the px of its left and top edge.

    Before the role begins and after it ends (during a fade) the sprite stays where it then is.
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
        pose, phase = "wave", beat % FRAMES_PER_WAVE * PHASES // FRAMES_PER_WAVE
    elif role.action == "sit":
        pose = "sit"
    elif role.action == "spin":
        pose, phase = "spin", beat % TURNS
    drawn = sprite(
        entity.noun, entity.colour, entity.hair, entity.size_px, pose, phase, role.facing
    )
    return drawn, round(x) + drawn.left_px, round(y) + drawn.top_px


def _moving(entity: EntityPlan, role: Role, x: float, beat: int) -> tuple[str, int]:
    if entity.noun == "ball":
        # A rolling ball turns by the way it covers; a sprite facing left is mirrored.
        turns = role.facing * x / (math.pi * entity.size_px)
        return "walk", math.floor(turns * TURNS) % TURNS
    running = role.action == "chase" and (entity.noun in PERSON_NOUNS or entity.noun == "dog")
    return ("run", (2 * beat) % PHASES) if running else ("walk", beat % PHASES)
