"""Films that people described by hand in the manner of real chat models, and the stages that ask
such models, run on them.

A film is JSON: what the `recognizer` says, what the `parser` says (a tidy list without it), the
`entities` that a reader takes from it, and by segment and entity a cell: the replies to `existence`
and `behaviour`, and whether the entity is `shown` to a reader with common sense (null: they leave
it open, or say nothing that can be used).
"""

import json
from pathlib import Path

import numpy as np

from helpers.films import write_film
from helpers.shards import video_of, write_shard
from strefer.entities.parse_references import parse_references
from strefer.entities.recognize_entities import recognize_entities
from strefer.records import Clips, Entities, References, Segment, Transcript
from strefer.stage.run import Shard, read_records
from strefer.transcripts.transcribe_clips import transcribe_clips

ROOT = Path(__file__).resolve().parents[2]
FILMS = sorted((ROOT / "tests" / "data" / "described_films").glob("*.json"))
ASKING = {"attempts": 3, "retry_temperature": 0.7, "seed": 0}
# Where the stages find the function that loads their chat model.
LOADERS = (
    "strefer.entities.recognize_entities.load_chat",
    "strefer.entities.parse_references.load_chat",
    "strefer.transcripts.transcribe_clips.load_chat",
)


def described_film(name):
    """One of the ten films by its name."""
    return json.loads((FILMS[0].parent / f"{name}.json").read_text(encoding="utf-8"))


class Described:
    """A chat model that says of a film what was written down of it, as an `answer` of a
    `ScriptedChat`."""

    def __init__(self, film):
        self.film = film
        self.bounds = [segment["start_s"] for segment in film["segments"]]

    def __call__(self, request):
        if request.frames is None and "parser" in self.film:
            return self.film["parser"]
        if request.frames is None:
            return f"Here is the list:\n```json\n{json.dumps(self.film['entities'], indent=1)}\n```"
        names = [entity["expression"] for entity in self.film["entities"]]
        asked = [name for name in names if f"the {name} " in request.text]
        if not asked:
            return self.film["recognizer"]
        entity = names.index(max(asked, key=len))
        # The films' shades grow by the second: the middle frame says which segment it is.
        shade = float(np.median(request.frames)) / 4
        segment = max(i for i, start_s in enumerate(self.bounds) if start_s <= shade)
        cell = self.film["segments"][segment]["cells"][entity]
        return cell["existence"] if "yes or no" in request.text else cell["behaviour"] or ""


def run_text_stages(folder, film, chat):
    """The records of the stages entities, references and transcripts on a film, by one chat model.

    The film is drawn: grey frames whose shade says the second."""
    seconds = round(film["duration_s"])
    path = write_film(
        folder / "a.mp4", n_frames=seconds, fps=1, shade=lambda second: 2 + 4 * second
    )
    segments = tuple(
        Segment(number, float(one["start_s"]), float(one["end_s"]), "cut")
        for number, one in enumerate(film["segments"])
    )
    shard = {
        "videos": write_shard(folder / "v.jsonl", [("a", video_of(path, digest="a"))]),
        "clips": write_shard(folder / "c.jsonl", [("a", Clips(segments))]),
    }

    def to(name):
        return Shard(folder / name, folder / "store", {"chat": chat})

    prompts = {
        role: str(ROOT / "config" / "prompts" / f"{role}.txt")
        for role in ("entity_recognizer", "referring_parser", "existence", "behaviour")
    }
    recognize_entities(
        shard["videos"], to("e.jsonl"), prompts=prompts, chat=chat,
        options=ASKING | {"looks": 1, "n_frames": 4, "max_new_tokens": 512, "batch_films": None},
    )  # fmt: skip
    parse_references(
        folder / "e.jsonl", to("r.jsonl"), prompts=prompts, chat=chat,
        options=ASKING | {"max_new_tokens": 1024, "max_entities": 20, "batch_films": None},
    )  # fmt: skip
    transcribe_clips(
        **shard, references=folder / "r.jsonl", masklets=None, shard=to("t.jsonl"),
        prompts=prompts, chat=chat,
        options=ASKING
        | {"n_frames": 3, "existence_tokens": 8, "behaviour_tokens": 128, "batch_segments": None},
    )  # fmt: skip
    return (
        read_records(folder / "e.jsonl", Entities)["a"][0],
        read_records(folder / "r.jsonl", References)["a"][0],
        read_records(folder / "t.jsonl", Transcript)["a"],
    )
