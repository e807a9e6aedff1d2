"""Small films of known metadata for the tests of instruction data."""

from helpers.read_by_grammar import read_by_grammar
from strefer.instructions.metadata.join import join_film
from strefer.masks import encode_mask
from strefer.records import Entity, Masklet, Masklets, Transcript

MAN = Entity("man with blond hair in a red shirt", "man", "person")
WOMAN = Entity("woman with black hair in a blue dress", "woman", "person")
DOG = Entity("brown dog", "dog", "dog")
SIZE_PX = 64
# [segment][entity]: 4 s each.
DEEDS = (
    ("walks to the left", "waves", None),
    ("sits", "walks to the right", "runs to the left"),
    ("jumps", None, "sits"),
    ("waves", "sits", "jumps"),
)


def transcripts(deeds=DEEDS, entities=(MAN, WOMAN, DOG), segment_s=4.0):
    return [
        Transcript(
            number,
            number * segment_s,
            (number + 1) * segment_s,
            tuple(
                None if deed is None else f"The {entity.expression} {deed}."
                for deed, entity in zip(row, entities, strict=True)
            ),
        )
        for number, row in enumerate(deeds)
    ]


def masklets(deeds=DEEDS, entities=(MAN, WOMAN, DOG), segment_s=4.0, without=()):
    """Masklets that agree with the deeds: 8 frames a segment, moving as the words say."""
    n_frames = 8 * len(deeds)
    found = []
    for number, entity in enumerate(entities):
        if number in without:
            continue
        masks = {}
        for frame in range(n_frames):
            deed = deeds[frame // 8][number]
            if deed is not None:
                masks[str(frame)] = encode_mask(_drawn(number, deed, frame % 8))
        found.append(Masklet(number, entity.expression, entity.generalized_noun, 1.0, masks))
    times = tuple(frame * segment_s / 8 for frame in range(n_frames))
    return Masklets(times, SIZE_PX, SIZE_PX, tuple(found))


def _drawn(number, deed, step):
    import numpy as np

    mask = np.zeros((SIZE_PX, SIZE_PX), bool)
    x, y = 4 + 20 * number, 30
    if "left" in deed:
        x = 40 - 5 * step
    if "right" in deed:
        x = 4 + 5 * step
    if "jumps" in deed:
        y -= 8 * (step % 2)
    if "chases" in deed:
        x = 2 + 5 * step
    width = 8 + (2 * (step % 2) if "waves" in deed else 0)
    mask[y : y + 16, x : x + width] = True
    return mask


def told_film(deeds=DEEDS, entities=(MAN, WOMAN, DOG), shown=True, without=()):
    shows = masklets(deeds, entities, without=without) if shown else None
    statements = read_by_grammar(entities, transcripts(deeds, entities), [])
    return join_film("f" * 64, 4.0 * len(deeds), entities, statements, shows)
