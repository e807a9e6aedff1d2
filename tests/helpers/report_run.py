"""A tiny run with a real film for tests of the report; names and replies are what a test wants."""

import numpy as np
from transformers import TrainerState

from helpers.films import write_film
from helpers.shards import video_of, write_shard
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
    Reading,
    References,
    Segment,
    Statements,
    Tracks,
    Transcript,
)
from strefer.report.write_report import write_report
from strefer.videollm.training.trainer import TrainingLog

MASK = encode_mask(np.eye(32, 48, dtype=bool))


def write_stages(folder, name, replies, expressions=("dog", "cat"), failures=None):
    """Shard files of a film that came through, and of others that failed.

    Args:
        name: the film's id.
        replies: what the video LLM and the LLM said: transcript lines and answers.
        expressions: the first has a masklet, the others have none.
        failures: (film id, reason) of the films that failed, by stage.
    """
    folder.mkdir(exist_ok=True)
    video = video_of(write_film(folder / "film.mp4"))
    pairs = [_pair(number, reply) for number, reply in enumerate(replies)]
    times_s = (0.0, 0.5)
    entities = tuple(Entity(text, "dog", "dog") for text in expressions)
    masklet = Masklet(0, expressions[0], "dog", 1.0, {"0": MASK})
    records = {
        "videos": [video],
        "clips": [Clips((Segment(0, 0.0, 1.0, "start"),))],
        "entities": [Entities("The active entity is a dog.")],
        "references": [References(entities)],
        "tracks": [Tracks(times_s, (0,), ())],
        "masklets": [Masklets(times_s, 32, 48, (masklet,))],
        "transcripts": [Transcript(0, 0.0, 1.0, (*replies, None), ())],
        "statements": [
            Statements(
                (
                    Reading(
                        0.0,
                        1.0,
                        (*(True for _ in replies), False),
                        (*(None for _ in replies), None),
                    ),
                )
            )
        ],
        "instructions": [*pairs, _pair(len(pairs), replies[0], rejected="transcript: no")],
    }
    stages = {}
    for stage, ours in records.items():
        lines = [(name, record) for record in ours]
        lines += (failures or {}).get(stage, [])
        stages[stage] = [write_shard(folder / f"{stage}.jsonl", lines)]
    return stages


def _pair(number, reply, **changed):
    return Instruction(
        pair_id=f"a-{number:03d}",
        group="G7",
        form="open",
        question="What does <region> do from <start_time> to <end_time>?",
        answer=reply,
        options=(),
        regions=(0,),
        start_s=0.0,
        end_s=1.0,
        clip_s=None,
        evidence=Evidence((0,), (0,), does(0, (0.0, 1.0), "sits")),
        **changed,
    )


def write_training_log(path, losses):
    """The log of a training with these losses, a step each, as its callback writes it."""
    history = [{"step": step, "loss": loss} for step, loss in enumerate(losses, 1)]
    state = TrainerState(log_history=[*history, {"step": len(losses), "train_runtime": 1.0}])
    TrainingLog(path).on_log(None, state, None)
    return path


def write_page(folder, stages, **changed):
    """Write the report of such a run. Returns its text."""
    given = {"scores": {}, "training_logs": {}, "quality": None, "run": "tiny", "seed": 0}
    write_report(stages=stages, output=folder / "report.html", **(given | changed))
    return (folder / "report.html").read_text(encoding="utf-8")
