"""A run for tests of the gallery: in its film a red square goes to the right and a blue one stands,
with masks that are exactly theirs."""

import numpy as np

from helpers.films import write_frames
from helpers.shards import video_of, write_shard
from strefer.gallery.show_films import show_films
from strefer.gallery.write_gallery import write_gallery
from strefer.instructions.verification.claims import does
from strefer.masks import encode_mask
from strefer.records import (
    Clips,
    Entities,
    Entity,
    Evidence,
    Instruction,
    Masklet,
    Masklets,
    References,
    Segment,
    Statements,
    Tracks,
    Transcript,
)

SIZE_PX, SIDE_PX, FPS, SECONDS = (96, 128), 24, 8, 8
TIMES_S = tuple(float(second) for second in range(SECONDS))
RED, BLUE = (220, 40, 40), (40, 40, 220)


def left_of_red(time_s):
    """The left edge of the red square, in pixels."""
    return round(12 * time_s)


def square(x0, y0):
    """The mask of a square."""
    mask = np.zeros(SIZE_PX, bool)
    mask[y0 : y0 + SIDE_PX, x0 : x0 + SIDE_PX] = True
    return mask


def pictures():
    """The film's frames; within a second nothing moves."""
    for frame in range(SECONDS * FPS):
        picture = np.full((*SIZE_PX, 3), 90, np.uint8)
        picture[square(left_of_red(frame // FPS), 10)] = RED
        picture[square(50, 60)] = BLUE
        yield picture


def write_square_film(path, codec="libx264", pixel_format="yuv420p"):
    """Write the film."""
    return write_frames(path, pictures(), codec, fps=FPS, pixel_format=pixel_format)


def pair(number, group="G3", form="open", rejected=None, **changed):
    """A pair about the red square, from second 2 to second 4."""
    given = {
        "question": "What does <region> do from <start_time> to <end_time>?",
        "answer": "It goes to the right.",
        "options": (),
        "regions": (0,),
        "start_s": 2.0,
        "end_s": 4.0,
        "clip_s": None,
        "evidence": Evidence((0,), (0,), does(0, (2.0, 4.0), "goes to the right")),
    }
    return Instruction(f"p-{number:03d}", group, form, rejected=rejected, **(given | changed))


_OF_CLIP = {"start_s": None, "end_s": None, "clip_s": (0.0, 4.0)}
_STANDS = Evidence((1,), (1,), does(1, (0.0, 4.0), "stands"))
_OPTIONS = ("a red square", "a blue square")
PAIRS = (
    pair(0),
    pair(
        1, "G4", "yes_no", question="Is <region> there?", answer="Yes.", regions=(1,),
        evidence=_STANDS, **_OF_CLIP,
    ),
    pair(
        2, "G5", "choice", "claim: the transcript does not say so (does)", question="Which one?",
        answer="B", options=_OPTIONS, regions=(),
    ),
)  # fmt: skip


def records_of(video, expressions=("red square", "blue square"), pairs=PAIRS):
    """All records of a film, by stage."""
    red = {str(i): encode_mask(square(left_of_red(t), 10)) for i, t in enumerate(TIMES_S) if i != 5}
    blue = {str(i): encode_mask(square(50, 60)) for i in range(SECONDS)}
    entities = tuple(Entity(text, text.split()[-1], "thing") for text in expressions)
    masklets = tuple(
        Masklet(number, entities[number].expression, "thing", score, masks)
        for number, (score, masks) in enumerate([(0.9, red), (0.3, blue)])
    )
    return {
        "videos": [video],
        "clips": [Clips((Segment(0, 0.0, 4.0, "start"), Segment(1, 4.0, 8.0, "cut")), (4.0,))],
        "entities": [Entities("The active entities are a red square and a blue square.")],
        "references": [References(entities)],
        "tracks": [Tracks(TIMES_S, (0,), ())],
        "masklets": [Masklets(TIMES_S, *SIZE_PX, masklets)],
        "transcripts": [
            Transcript(0, 0.0, 4.0, ("It goes to the right.", "It stands."), ()),
            Transcript(1, 4.0, 8.0, ("It goes to the right.", None), (1,)),
        ],
        "statements": [Statements(())],
        "instructions": list(pairs),
    }


STAGES = tuple(records_of(None))


def write_stages(folder, films, failures=()):
    """Shard files by stage.

    Args:
        films: the records of each film by its id.
        failures: (stage, film, reason); such a film has no lines in later stages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stages = {}
    for stage in STAGES:
        lines = [(name, record) for name, of in films.items() for record in of.get(stage, ())]
        lines += [(film, reason) for at, film, reason in failures if at == stage]
        stages[stage] = write_shard(folder / f"{stage}.jsonl", lines)
    return stages


def write_run(folder, films, failures=(), shards=("00000-of-00001",), **about):
    """A gallery, in `folder/gallery`; films are dealt out to the shards in turn."""
    gallery = folder / "gallery"
    for number, shard in enumerate(shards):
        ours = dict(list(films.items())[number :: len(shards)])
        stages = write_stages(folder / "stages" / shard, ours, () if number else failures)
        show_films(stages, folder / "proxies", gallery / shard)
    write_gallery(shards, gallery, **({"run": "squares", "warning": None} | about))
    return gallery


def one_film(folder, name="squares.mp4", **changed):
    """The records of the film, which is written too, by its id."""
    folder.mkdir(parents=True, exist_ok=True)
    return {name: records_of(video_of(write_square_film(folder / "squares.mp4")), **changed)}
