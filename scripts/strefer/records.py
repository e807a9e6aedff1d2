"""The contracts between stages: the contents of a line in each stage's shard file.

A shard file is JSON Lines. `stage.run_stage` writes the lines: it puts `video_id` (and, if a stage
has several lines per video, what distinguishes them) before the fields named here, or replaces them
by a `failure` for an item that failed. The records themselves never name the video: their content
depends only on the film's bytes, so that renaming a film recomputes nothing.

Times are seconds from the start of the film, boxes are pixels `[x0, y0, x1, y1]` (x1, y1 outside),
masks are COCO run-length codes `{"size": [height, width], "counts": str}`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, TypeVar

Rle = dict[str, Any]
Box = tuple[float, float, float, float]
T = TypeVar("T")


@dataclass(frozen=True)
class Video:
    """A probed film (stage `videos`). `digest` is the SHA-256 of the file's bytes; `notes` say in
    words what was chosen, adapted or could not be corrected (absent from most lines)."""

    path: str
    digest: str
    duration_s: float
    fps: float
    n_frames: int
    width_px: int
    height_px: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Segment:
    """One semantic segment. The segments of stage `clips` tile the film."""

    index: int
    start_s: float
    end_s: float
    begins_with: str  # "start", "cut" (content detector), "change" (clustering) or "part"


@dataclass(frozen=True)
class Appearance:
    """A film's appearance, to find similar films. `segments` is base64 of int8 [S, D], the mean
    embedding of each segment up to its length; `noise` the embedder's cosine distance between
    frames of one scene; `contrast` the largest standard deviation of a frame's grey levels (0-255),
    `motion` the largest mean difference of a frame's levels from the first's."""

    segments: str
    noise: float
    contrast: float
    motion: float


@dataclass(frozen=True)
class Clips:
    """The segments of one film (stage `clips`), and the times of all its cuts: segments have a
    least length, so that several shots may be in one. `cut_probabilities` are those of `cuts_s`,
    from a detector that gives them (absent from other lines)."""

    segments: tuple[Segment, ...]
    cuts_s: tuple[float, ...] = ()
    appearance: Appearance | None = None
    cut_probabilities: tuple[float, ...] = ()


@dataclass(frozen=True)
class Entities:
    """The entity recognizer's text about the whole film (stage `entities`): a line for each of its
    looks that said something else than those before. `unread` are the reasons for looks without a
    usable reply."""

    text: str
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entity:
    """A referring expression with its noun and generalized noun, for example
    ("girl in a white dress", "girl", "person")."""

    expression: str
    noun: str
    generalized_noun: str


@dataclass(frozen=True)
class References:
    """The referring parser's list for one film (stage `references`). Later stages refer to an
    entity by its position in this list. `unread` are the reasons for lines of the recognizer's
    text that no list could be had of."""

    entities: tuple[Entity, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Detection:
    """A detector's box on one sampled frame."""

    frame: int
    box: Box
    score: float
    label: str


@dataclass(frozen=True)
class Track:
    """A tracked object that no expression has been given to yet. The keys of `masks` are indices
    into the film's sampled frames (`Tracks.frame_times_s`), as strings, only where the mask is not
    empty. `detections` are the boxes that started it or were joined to it."""

    track_id: int
    generalized_noun: str
    detections: tuple[Detection, ...]
    masks: dict[str, Rle]


@dataclass(frozen=True)
class Tracks:
    """Starting frames and tracks of one film (stage `tracks`)."""

    frame_times_s: tuple[float, ...]
    starting_frames: tuple[int, ...]
    tracks: tuple[Track, ...]


@dataclass(frozen=True)
class RegionPrompt:
    """Other ways to mark a masked region on one frame, as a user would: a box, a point deep inside,
    and a stroke along the region's longest extent. In pixels; points are [x, y] and inside the
    mask."""

    box: Box
    point: tuple[int, int]
    scribble: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Masklet:
    """The tracked masks of one referring expression. `entity` is the position in
    `References.entities`; `masks` as in `Track`. `score` is how probably the masks are what the
    expression means, the mean over frames (procedure paper: the detector's score of its box).
    `region_prompts` are by frame too, and None unless `masklets.region_prompts` is set."""

    entity: int
    expression: str
    generalized_noun: str
    score: float
    masks: dict[str, Rle]
    region_prompts: dict[str, RegionPrompt] | None = None


@dataclass(frozen=True)
class Masklets:
    """Masklets of one film (stage `masklets`). `dropped` gives the reason for each entity (by
    position, as a string) that got none."""

    frame_times_s: tuple[float, ...]
    height_px: int
    width_px: int
    masklets: tuple[Masklet, ...]
    dropped: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Transcript:
    """The transcript of one segment (stage `transcripts`, one line a segment).

    `lines` is aligned with `References.entities`: what the entity does, or None where it is
    absent, or unknown. `unknown` gives the reason for each entity (by position, as a string) of
    which no usable reply could be had, and begins with the question ("existence: …"): it is neither
    present nor absent. `disagreements` are the positions of entities that the transcript and the
    masklet see differently (one says there, the other has or lacks every pixel); None without
    masklets.
    """

    segment: int
    start_s: float
    end_s: float
    lines: tuple[str | None, ...]
    disagreements: tuple[int, ...] | None = None
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> tuple[bool | None, ...]:
        """True if each entity is there; None where that is unknown."""
        return tuple(
            None if str(entity) in self.unknown else line is not None
            for entity, line in enumerate(self.lines)
        )


@dataclass(frozen=True)
class Statement:
    """What an entity does, as one verb phrase in three forms: "walks to the left", "walking to the
    left", "walk to the left". The first agrees with the entity in number; the others are None if
    unknown."""

    does: str
    doing: str | None = None
    do: str | None = None


@dataclass(frozen=True)
class Reading:
    """One transcript, read. `shown` and `statements` are aligned with `References.entities`:
    whether the entity is there (None where that is unknown), and what it does (None where it is
    absent, unknown, or its line could not be read)."""

    start_s: float
    end_s: float
    shown: tuple[bool | None, ...]
    statements: tuple[Statement | None, ...]


@dataclass(frozen=True)
class Statements:
    """The transcripts of one film, read (stage `statements`).

    Attributes:
        segments: one a transcript, in order of time.
        parts: of the second looks at the segments' parts.
        several: the entities (by position) that are more than one thing ("two women").
        relations: (one, other, same) of the `does` of two statements about entities of one
            category: whether they say the same, or exclude each other. Of other pairs it is not
            known. None if the language is closed: then other words exclude each other.
        unread: the reason, by position of the entity as a string, why lines could not be read.
    """

    segments: tuple[Reading, ...]
    parts: tuple[Reading, ...] = ()
    several: tuple[int, ...] = ()
    relations: tuple[tuple[str, str, bool], ...] | None = None
    unread: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """A pair's evidence: segments by index, entities by position."""

    segments: tuple[int, ...]
    entities: tuple[int, ...]
    claim: dict[str, Any]  # machine-checkable: see strefer/instructions/verification/claims.py


@dataclass(frozen=True)
class Instruction:
    """A question-answer pair (stage `instructions`, one line a pair).

    `question` may contain `<region>` (once per entry of `regions`, in order) and `<start_time>` /
    `<end_time>` (filled from `start_s`, `end_s`); `regions` are entity positions. `rejected` is
    the verifier's reason, or None. `written_by` is who worded it: "llm" or "phrasings"."""

    pair_id: str
    group: str  # "G1" … "G8"
    form: str  # "open", "yes_no" or "choice"
    question: str
    answer: str
    options: tuple[str, ...]
    regions: tuple[int, ...]
    start_s: float | None
    end_s: float | None
    clip_s: tuple[float, float] | None
    evidence: Evidence
    rejected: str | None = None
    written_by: str = "phrasings"


def to_json(record: Any) -> dict[str, Any]:
    """The record as plain JSON types."""
    return dataclasses.asdict(record)


def from_json(kind: type[T], fields: dict[str, Any]) -> T:
    """Read a record of `kind` back; nested records and tuples are rebuilt.

    Raises:
        ValueError: if a field is missing or unknown.
    """
    return _build(kind, fields)


def _build(kind: Any, value: Any) -> Any:
    import types
    import typing

    origin = typing.get_origin(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        unknown = set(value) - set(hints)
        if unknown:
            raise ValueError(f"{kind.__name__}: unknown field {sorted(unknown)[0]!r}")
        try:
            return kind(**{name: _build(hints[name], value[name]) for name in value})
        except TypeError as error:
            raise ValueError(f"{kind.__name__}: {error}") from None
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return _build(next(a for a in typing.get_args(kind) if a is not type(None)), value)
    if origin is tuple:
        arguments = typing.get_args(kind)
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_build(arguments[0], v) for v in value)
        return tuple(_build(a, v) for a, v in zip(arguments, value, strict=True))
    if origin is dict:
        return {name: _build(typing.get_args(kind)[1], v) for name, v in value.items()}
    return value
