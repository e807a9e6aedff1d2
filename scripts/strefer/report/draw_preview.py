"""A moving picture of one film: its masklets, its transcript, and pairs made from it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

from strefer.files import atomic_write
from strefer.frames import read_frames
from strefer.records import Instruction, Masklets, References, Transcript, Video
from strefer.report.samples import COLOURS, draw_masks, fill_times
from strefer.stage.run import read_records

WIDTH_PX, HEIGHT_PX, FILM_PX, EDGE_PX = 1100, 400, 540, 16
FILM_HEIGHT_PX = HEIGHT_PX - 72
ENTITIES = 3  # a film with as many shows enough; of those, the shortest moves best
SHOWN_S = 4.0  # for so long a pair stays
GROUPS = ("G7", "G4", "G5", "G8", "G6", "G2")  # whose pairs are shown, in turn
LONGEST = 230  # characters of a pair
INK, FAINT, PAPER, PANEL = "#1f2933", "#7b8794", "#ffffff", "#f3f5f7"
_FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def draw_preview(
    videos: Sequence[Path],
    references: Sequence[Path],
    masklets: Sequence[Path],
    transcripts: Sequence[Path],
    instructions: Sequence[Path],
    output: Path,
) -> None:
    """Write an animated WebP of the sampled frames of one film: the shortest of those with three
    entities that have masklets, or else with the most.

    Args:
        videos, references, masklets, transcripts, instructions: shard files of these stages.
        output: the picture.

    Raises:
        ValueError: if no film has masklets, transcripts and accepted pairs.
    """
    films = {}
    for parts in zip(videos, references, masklets, transcripts, instructions, strict=True):
        kinds = (Video, References, Masklets, Transcript, Instruction)
        known = [read_records(path, kind) for path, kind in zip(parts, kinds, strict=True)]
        for video_id in set.intersection(*(set(records) for records in known)):
            video, entities, shown, lines, pairs = (records[video_id] for records in known)
            chosen = _choose(pairs, video[0].duration_s)
            if shown[0].masklets and chosen:
                count = min(ENTITIES, len(shown[0].masklets))
                rank = (count, -video[0].duration_s, video_id)
                films[rank] = (video[0], entities[0], shown[0], lines, chosen)
    if not films:
        raise ValueError("preview: no film has masklets, transcripts and accepted pairs")
    film = films[max(films)]
    pictures = list(_pictures(*film))
    pause_ms = round(1000 * film[0].duration_s / len(pictures))
    with atomic_write(output, "wb") as file:
        pictures[0].save(
            file, "WEBP", save_all=True, append_images=pictures[1:], duration=pause_ms, loop=0,
            quality=70, method=4,
        )  # fmt: skip


def _choose(pairs: Sequence[Instruction], duration_s: float) -> list[Instruction]:
    """Accepted pairs in the order in which they are shown: groups in turn, each pair once."""
    fitting = [
        p for p in pairs if p.rejected is None and len(p.question + p.answer) <= LONGEST
    ]  # fmt: skip
    longest = {
        group: sorted((p for p in fitting if p.group == group), key=lambda p: -len(p.answer))
        for group in GROUPS
    }
    in_turn = [of[turn] for turn in range(3) for of in longest.values() if len(of) > turn]
    return in_turn[: max(1, round(duration_s / SHOWN_S))]


def _pictures(
    video: Video,
    references: References,
    masklets: Masklets,
    transcripts: Sequence[Transcript],
    pairs: Sequence[Instruction],
) -> Iterator[Image.Image]:
    frames = read_frames(video.path, masklets.frame_times_s)
    for index, (time_s, frame) in enumerate(zip(masklets.frame_times_s, frames, strict=True)):
        pair = pairs[min(int(time_s / video.duration_s * len(pairs)), len(pairs) - 1)]
        scale = min(FILM_PX / frame.shape[1], FILM_HEIGHT_PX / frame.shape[0])
        size = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
        film = Image.fromarray(draw_masks(frame, masklets, index)).resize(size)
        page = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), PAPER)
        page.paste(film, (EDGE_PX + (FILM_PX - film.width) // 2, EDGE_PX))
        draw = ImageDraw.Draw(page)
        _draw_timeline(draw, EDGE_PX + FILM_HEIGHT_PX + 10, time_s, video, transcripts, pair)
        segment = next((t for t in transcripts if t.start_s <= time_s < t.end_s), transcripts[-1])
        top = _draw_transcript(draw, segment, references)
        _draw_pair(draw, top, pair, references)
        yield page


def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONTS / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)


def _draw_timeline(
    draw: ImageDraw.ImageDraw,
    top: int,
    time_s: float,
    video: Video,
    transcripts: Sequence[Transcript],
    pair: Instruction,
) -> None:
    """The film's segments, the time that the pair asks about, and the present moment."""

    def at(second: float) -> float:
        return EDGE_PX + FILM_PX * second / video.duration_s

    for number, segment in enumerate(transcripts):
        shade = PANEL if number % 2 else "#e1e6eb"
        draw.rectangle((at(segment.start_s), top, at(segment.end_s), top + 14), fill=shade)
    if pair.start_s is not None:
        draw.rectangle((at(pair.start_s), top, at(pair.end_s), top + 14), fill="#f7c948")
    draw.rectangle((at(time_s) - 1, top - 3, at(time_s) + 1, top + 17), fill=INK)
    draw.text((EDGE_PX, top + 20), f"{time_s:.1f} s", INK, _font(12))
    told = "segments; yellow: the time that the pair asks about"
    draw.text((EDGE_PX + 60, top + 20), told, FAINT, _font(12))


def _draw_transcript(draw: ImageDraw.ImageDraw, segment: Transcript, references: References) -> int:
    """Draw what each entity does in the segment; return where the next part begins."""
    left, top = FILM_PX + 3 * EDGE_PX, EDGE_PX
    head = f"Transcript, {segment.start_s:.1f} to {segment.end_s:.1f} s"
    draw.text((left, top), head, INK, _font(15, bold=True))
    top += 26
    for entity, line in enumerate(segment.lines):
        colour = COLOURS[entity % len(COLOURS)]
        draw.rectangle((left, top + 3, left + 10, top + 13), fill=colour)
        text = line or f"({references.entities[entity].expression}: not there)"
        for part in textwrap.wrap(text, 60):
            draw.text((left + 18, top), part, INK if line else FAINT, _font(13))
            top += 18
        top += 3
    return top + 12


def _draw_pair(
    draw: ImageDraw.ImageDraw, top: int, pair: Instruction, references: References
) -> None:
    left = FILM_PX + 3 * EDGE_PX
    box = (left - 8, top, WIDTH_PX - EDGE_PX, HEIGHT_PX - EDGE_PX)
    draw.rounded_rectangle(box, 8, fill=PANEL)
    draw.text((left + 4, top + 8), f"Pair of group {pair.group}", INK, _font(15, bold=True))
    x = left + 170
    for entity in pair.regions:
        draw.rectangle((x, top + 11, x + 10, top + 21), fill=COLOURS[entity % len(COLOURS)])
        draw.text((x + 14, top + 8), "<region>", FAINT, _font(13))
        x += 96
    y = top + 36
    options = [f"{letter}. {text}" for letter, text in zip("ABCD", pair.options, strict=False)]
    for text, bold in [(pair.question, False), *((o, False) for o in options), (pair.answer, True)]:
        for part in textwrap.wrap(fill_times(text, pair), 56):
            draw.text((left + 4, y), part, INK, _font(14, bold))
            y += 20
        y += 5
