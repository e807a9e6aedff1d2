"""Drawing persons: man, woman and child, in every pose."""

import math

from drawn_world.drawing.canvas import Canvas, Point, Rgb

SKIN_RGB: Rgb = (244, 204, 164)
TROUSERS_RGB: Rgb = (84, 84, 96)
SHOES_RGB: Rgb = (60, 44, 36)
EYE_RGB: Rgb = (20, 20, 24)

# Heights as shares of the whole: head radius, chin line, hip, half shoulder width, limb width.
_BUILD = {
    "man": (0.135, 0.74, 0.42, 0.15, 0.095),
    "woman": (0.14, 0.73, 0.44, 0.115, 0.075),
    "child": (0.225, 0.58, 0.26, 0.17, 0.12),
}


def _limb(start: Point, degrees: float, length: float) -> Point:
    """The end of a limb that hangs at an angle from straight down, positive forwards."""
    angle = math.radians(degrees)
    return start[0] + math.sin(angle) * length, start[1] + math.cos(angle) * length


def _angles(noun: str, pose: str, swing: float) -> tuple[float, float, float, float]:
    """Angles of legs (back, front) and arms (back, front) in degrees."""
    if pose == "walk":
        return -32 * swing, 32 * swing, 34 * swing, -34 * swing
    if pose == "run":
        return -48 * swing, 48 * swing, 84, 104
    if pose == "wave":
        # A child's head is wide: its arm waves further out, clear of the face.
        return -6, 6, -14, (116 if noun == "child" else 138) + 36 * swing
    if pose == "jump":
        return -24, 24, -125, 125
    return -5, 5, -12, 12


def draw_person(
    canvas: Canvas, noun: str, clothes: Rgb, hair: Rgb, pose: str, swing: float
) -> None:
    """Draw one person facing right; `swing` in -1..1 is the place in the limbs' cycle."""
    head, chin, hip, shoulder, limb = _BUILD[noun]
    back_leg, front_leg, back_arm, front_arm = _angles(noun, pose, swing)
    drop = hip - 0.1 if pose == "sit" else 0.0
    lean = 0.07 if pose == "run" else 0.0
    neck = (lean, -chin + drop)
    arm_length = 0.34
    if noun == "woman":
        _long_hair(canvas, (neck[0], neck[1] - head * 0.8), head, hair)
    arm_start = (neck[0] - shoulder, neck[1] + 0.07)
    _arm(canvas, arm_start, back_arm, arm_length, limb, clothes)
    if pose == "sit":
        _seated_legs(canvas, noun, clothes, limb, hip)
    else:
        _legs(canvas, noun, hip, limb, back_leg, front_leg)
    _torso(canvas, noun, neck, hip - drop, shoulder, clothes, pose)
    _head(canvas, noun, (neck[0], neck[1] - head * 0.8), head, hair)
    arm_start = (neck[0] + shoulder, neck[1] + 0.07)
    _arm(canvas, arm_start, front_arm, arm_length, limb, clothes)


def _arm(
    canvas: Canvas, start: Point, degrees: float, length: float, width: float, rgb: Rgb
) -> None:
    elbow, hand = _limb(start, degrees, length * 0.55), _limb(start, degrees, length)
    canvas.line(start, hand, width * 0.85, SKIN_RGB)
    canvas.line(start, elbow, width, rgb)
    canvas.circle(hand, width * 0.62, SKIN_RGB)


def _legs(canvas: Canvas, noun: str, hip: float, width: float, back: float, front: float) -> None:
    for degrees, side in ((back, -1), (front, 1)):
        start = (side * width * 0.6, -hip)
        foot = _limb(start, degrees, hip - width / 2)
        knee = _limb(start, degrees, hip * 0.5)
        canvas.line(start, foot, width, TROUSERS_RGB if noun == "man" else SKIN_RGB)
        if noun == "child":
            canvas.line(start, knee, width * 1.15, TROUSERS_RGB)
        toe = (foot[0] + width * 0.5, foot[1])
        canvas.line(foot, toe, width * 0.9, SHOES_RGB)


def _seated_legs(canvas: Canvas, noun: str, clothes: Rgb, width: float, hip: float) -> None:
    knee, foot = (hip * 0.55, -0.07), (hip * 0.95, -0.06)
    canvas.line((0, -0.08), foot, width * 1.2, TROUSERS_RGB if noun == "man" else SKIN_RGB)
    upper = clothes if noun == "woman" else TROUSERS_RGB
    canvas.line((0, -0.08), knee, width * 1.6, upper)
    canvas.line(foot, (foot[0] + 0.02, foot[1] - 0.08), width * 0.95, SHOES_RGB)


def _torso(
    canvas: Canvas, noun: str, neck: Point, hip: float, shoulder: float, rgb: Rgb, pose: str
) -> None:
    x, top = neck
    if noun == "woman":
        hem = 0.0 if pose == "sit" else -0.2
        waist = (top - hip) / 2
        canvas.poly(
            (
                (x - shoulder, top + 0.01),
                (x + shoulder, top + 0.01),
                (x * 0.5 + shoulder * 0.8, waist),
                (0.25, hem),
                (-0.25, hem),
                (x * 0.5 - shoulder * 0.8, waist),
            ),
            rgb,
        )
        return
    low = -hip + 0.03
    canvas.poly(
        (
            (x - shoulder, top),
            (x + shoulder, top),
            (shoulder * 0.92, low),
            (-shoulder * 0.92, low),
        ),
        rgb,
    )


def _long_hair(canvas: Canvas, centre: Point, head: float, hair: Rgb) -> None:
    x, y = centre
    canvas.ellipse((x, y - head * 0.1), head * 1.35, head * 1.25, hair)
    canvas.poly(
        (
            (x - head * 1.35, y),
            (x + head * 1.3, y),
            (x + head * 1.35, y + head * 2.2),
            (x - head * 1.55, y + head * 2.2),
        ),
        hair,
    )


def _head(canvas: Canvas, noun: str, centre: Point, head: float, hair: Rgb) -> None:
    x, y = centre
    canvas.circle(centre, head, SKIN_RGB)
    # Hair: a cap over the upper half that comes lower at the back, so that the face looks right.
    canvas.ellipse((x, y - head * 0.12), head * 1.1, head * 1.08, hair, arc=(180, 360))
    canvas.ellipse((x - head * 0.05, y - head * 0.1), head * 1.06, head * 0.9, hair, arc=(120, 200))
    if noun == "woman":
        canvas.rect(x - head * 1.1, y - head * 0.2, x - head * 0.6, y + head * 1.0, hair)
    canvas.circle((x + head * 0.5, y + head * 0.18), head * 0.16, EYE_RGB)
