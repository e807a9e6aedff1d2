"""Drawing animals, vehicles and the ball, in every pose; all face right."""

import math

from drawn_world.drawing.canvas import Canvas, Rgb, shade

EYE_RGB: Rgb = (16, 16, 20)
TYRE_RGB: Rgb = (38, 38, 42)
RIM_RGB: Rgb = (205, 205, 210)
GLASS_RGB: Rgb = (176, 216, 236)
BEAK_RGB: Rgb = (244, 140, 30)


def _leg(canvas: Canvas, x: float, top: float, degrees: float, width: float, rgb: Rgb) -> None:
    angle = math.radians(degrees)
    length = -top - width / 2
    canvas.line(
        (x, top), (x + math.sin(angle) * length, top + math.cos(angle) * length), width, rgb
    )


def _leg_angles(pose: str, swing: float) -> tuple[float, float]:
    if pose in ("walk", "run"):
        reach = 34 if pose == "walk" else 46
        return reach * swing, -reach * swing
    return (38, -38) if pose == "jump" else (3, -3)


def _contrast(rgb: Rgb) -> Rgb:
    """A second tone of a coat: darker, or lighter where the coat is dark already."""
    return shade(rgb, 0.72) if sum(rgb) > 200 else shade(rgb, 1.28)


def draw_dog(canvas: Canvas, rgb: Rgb, pose: str, swing: float) -> None:
    dark = _contrast(rgb)
    if pose == "sit":
        canvas.line((-0.3, -0.12), (-0.62, -0.3), 0.12, rgb)
        canvas.ellipse((-0.14, -0.26), 0.32, 0.26, rgb)
        canvas.line((-0.08, -0.32), (0.14, -0.66), 0.38, rgb)
        canvas.line((0.2, -0.5), (0.24, -0.08), 0.15, rgb)
        canvas.line((0.02, -0.1), (0.14, -0.07), 0.13, dark)
        head_x, head_y = 0.26, -0.8
    else:
        first, second = _leg_angles(pose, swing)
        for x, degrees, tone in ((-0.34, second, dark), (0.3, first, dark)):
            _leg(canvas, x, -0.42, degrees, 0.15, tone)
        canvas.line((-0.45, -0.55), (-0.72, -0.86), 0.12, rgb)
        canvas.ellipse((-0.03, -0.52), 0.52, 0.2, rgb)
        for x, degrees in ((-0.4, first), (0.36, second)):
            _leg(canvas, x, -0.42, degrees, 0.15, rgb)
        canvas.line((0.36, -0.56), (0.5, -0.74), 0.24, rgb)
        head_x, head_y = 0.54, -0.78
    canvas.circle((head_x, head_y), 0.2, rgb)
    canvas.line((head_x + 0.1, head_y + 0.06), (head_x + 0.28, head_y + 0.08), 0.18, rgb)
    canvas.ellipse((head_x - 0.13, head_y + 0.03), 0.09, 0.19, dark, angle=12)
    canvas.circle((head_x + 0.35, head_y + 0.04), 0.06, EYE_RGB)
    _eye(canvas, head_x + 0.08, head_y - 0.05, 0.045, rgb)


def _eye(canvas: Canvas, x: float, y: float, radius: float, coat: Rgb) -> None:
    canvas.circle((x, y), radius, EYE_RGB if sum(coat) > 200 else (236, 236, 236))


def draw_horse(canvas: Canvas, rgb: Rgb, pose: str, swing: float) -> None:
    # The mane is dark on white, light on black and brown, so that it always shows.
    mane = (92, 86, 84) if sum(rgb) > 400 else (226, 206, 168)
    dark = _contrast(rgb)
    first, second = _leg_angles(pose, swing)
    for x, degrees in ((-0.3, second), (0.22, first)):
        _leg(canvas, x, -0.42, degrees, 0.085, dark)
    canvas.line((-0.4, -0.6), (-0.54, -0.2), 0.1, mane)
    canvas.ellipse((-0.04, -0.54), 0.4, 0.17, rgb)
    for x, degrees in ((-0.35, first), (0.27, second)):
        _leg(canvas, x, -0.42, degrees, 0.085, rgb)
    canvas.line((0.2, -0.56), (0.38, -0.86), 0.2, rgb)
    canvas.line((0.08, -0.64), (0.29, -0.95), 0.1, mane)
    canvas.line((0.38, -0.9), (0.58, -0.74), 0.15, rgb)
    canvas.poly(((0.3, -0.92), (0.34, -1.04), (0.4, -0.94)), rgb)
    _eye(canvas, 0.42, -0.87, 0.026, rgb)


def draw_bird(canvas: Canvas, rgb: Rgb, pose: str, swing: float) -> None:
    dark = shade(rgb, 0.62)
    flying = pose == "walk"
    canvas.poly(((-0.3, -0.5), (-0.82, -0.66), (-0.8, -0.36)), dark)
    if not flying:
        for x in (-0.08, 0.1):
            canvas.line((x, -0.2), (x, -0.04), 0.07, BEAK_RGB)
            canvas.line((x, -0.04), (x + 0.12, -0.04), 0.07, BEAK_RGB)
    canvas.ellipse((-0.02, -0.46), 0.44, 0.27, rgb)
    canvas.poly(((0.5, -0.78), (0.82, -0.64), (0.5, -0.56)), BEAK_RGB)
    canvas.circle((0.38, -0.66), 0.22, rgb)
    canvas.circle((0.45, -0.7), 0.06, EYE_RGB)
    if flying:
        canvas.poly(((-0.3, -0.52), (0.2, -0.52), (-0.22, -0.5 - 0.62 * swing)), dark)
    else:
        canvas.ellipse((-0.14, -0.48), 0.3, 0.14, dark, angle=-12)


def _wheel(canvas: Canvas, x: float, radius: float, degrees: float) -> None:
    canvas.circle((x, -radius), radius, TYRE_RGB)
    canvas.circle((x, -radius), radius * 0.58, RIM_RGB)
    angle = math.radians(degrees)
    across = (math.cos(angle) * radius * 0.5, math.sin(angle) * radius * 0.5)
    start, end = (x - across[0], -radius - across[1]), (x + across[0], -radius + across[1])
    canvas.line(start, end, radius * 0.34, TYRE_RGB)


def draw_car(canvas: Canvas, rgb: Rgb, turn_degrees: float) -> None:
    canvas.poly(((-0.52, -0.5), (-0.34, -0.97), (0.26, -0.97), (0.52, -0.5)), rgb)
    canvas.poly(((-0.4, -0.54), (-0.27, -0.86), (-0.05, -0.86), (-0.05, -0.54)), GLASS_RGB)
    canvas.poly(((0.04, -0.54), (0.04, -0.86), (0.22, -0.86), (0.38, -0.54)), GLASS_RGB)
    canvas.poly(((-0.84, -0.56), (0.62, -0.56), (0.9, -0.42), (0.9, -0.16), (-0.86, -0.16)), rgb)
    canvas.rect(0.76, -0.42, 0.9, -0.3, (255, 240, 150))
    canvas.rect(-0.86, -0.46, -0.76, -0.32, (150, 20, 20))
    for x in (-0.48, 0.5):
        _wheel(canvas, x, 0.22, turn_degrees)


def draw_bus(canvas: Canvas, rgb: Rgb, turn_degrees: float) -> None:
    canvas.rect(-0.8, -0.96, 0.8, -0.12, rgb)
    canvas.rect(-0.8, -0.36, 0.8, -0.28, shade(rgb, 0.6))
    for x in (-0.72, -0.4, -0.08):
        canvas.rect(x, -0.84, x + 0.25, -0.5, GLASS_RGB)
    canvas.rect(0.26, -0.84, 0.46, -0.16, shade(rgb, 0.75))
    canvas.rect(0.54, -0.84, 0.8, -0.46, GLASS_RGB)
    canvas.rect(0.7, -0.26, 0.82, -0.18, (255, 240, 150))
    for x in (-0.46, 0.52):
        _wheel(canvas, x, 0.15, turn_degrees)


def draw_ball(canvas: Canvas, rgb: Rgb, turn_degrees: float) -> None:
    dark = shade(rgb, 0.38)
    canvas.circle((0, -0.5), 0.47, rgb)
    # One sector and one spot: no turn short of a whole one looks like standing still.
    arc = (turn_degrees - 34, turn_degrees + 34)
    canvas.ellipse((0, -0.5), 0.47, 0.47, dark, arc=arc)
    angle = math.radians(turn_degrees + 180)
    canvas.circle((math.cos(angle) * 0.26, -0.5 + math.sin(angle) * 0.26), 0.11, dark)
