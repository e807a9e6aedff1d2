"""A shard of pairs with what belongs to it, for tests of recipes and exports."""

from dataclasses import replace

import numpy as np

from helpers.shards import write_shard
from strefer.instructions.verification.claims import does
from strefer.masklets.region_prompts import region_prompt
from strefer.masks import encode_mask
from strefer.records import Evidence, Instruction, Masklet, Masklets, Video

VIDEO = Video("films/a.mp4", "0" * 64, 16.0, 8.0, 128, 64, 64)
MASK = encode_mask(np.eye(64, dtype=bool))
MASKLETS = Masklets(
    tuple(i * 0.5 for i in range(32)),
    64,
    64,
    (
        Masklet(0, "brown dog", "dog", 1.0, {str(i): MASK for i in (0, 8, 15)}),
        Masklet(2, "red ball", "ball", 1.0, {"9": MASK}),
    ),
)


def pair(number, group, question="What happens?", answer="It sits.", **fields):
    given = {"form": "open", "options": (), "regions": (), "start_s": None, "end_s": None}
    given |= {"clip_s": None, "rejected": None} | fields
    evidence = Evidence((1,), (0,), does(0, (4.0, 8.0), "sits"))
    return Instruction(
        f"a-{number:03d}", group, question=question, answer=answer, evidence=evidence, **given
    )


PAIRS = [
    pair(0, "G1"),
    pair(1, "G2", "Does it sit?", "Yes, it sits.", form="yes_no"),
    pair(2, "G4", "When?", "Between <start_time> and <end_time>.", start_s=4.0, end_s=8.0),
    pair(3, "G5", "What does the dog in <region> do?", regions=(0,), clip_s=(4.0, 8.0)),
    pair(
        4, "G7", "What do the dog in <region> and the ball in <region> do between <start_time> and "
        "<end_time>?", regions=(0, 2), start_s=4.0, end_s=8.5,
    ),
    pair(5, "G8", "What does it do?", "C", form="choice", options=("a", "b", "c", "d")),
    pair(6, "G8", rejected="presence: the masklets show otherwise (does)"),
]  # fmt: skip


def with_region_prompts():
    """The masklets with a blot for a mask, and what else refers to it."""
    blot = np.zeros((64, 64), bool)
    blot[20:40, 10:50] = True
    masklets = tuple(
        replace(
            one,
            masks=dict.fromkeys(one.masks, encode_mask(blot)),
            region_prompts=dict.fromkeys(one.masks, region_prompt(blot)),
        )
        for one in MASKLETS.masklets
    )
    return replace(MASKLETS, masklets=masklets), blot


def write_own_data(folder, pairs=PAIRS, masklets=MASKLETS):
    """The three shard files, as keyword arguments."""
    return {
        "instructions": [write_shard(folder / "pairs.jsonl", [("a", one) for one in pairs])],
        "masklets": [write_shard(folder / "masklets.jsonl", [("a", masklets)])],
        "videos": [write_shard(folder / "videos.jsonl", [("a", VIDEO)])],
    }
