"""The exact ground truth of a film: made from its plan, kept as JSON beside it, and read back."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pycocotools import mask as coco_mask

from drawn_world.drawing.render import render_masks
from drawn_world.records import FilmPlan
from drawn_world.vocabulary import action_phrase
from strefer.files import atomic_write

MIN_VISIBLE_PX = 30  # with fewer visible pixels an entity counts as absent from a frame
_CHUNK_FRAMES = 64

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class SceneTruth:
    start_s: float
    end_s: float
    transition: str
    place: str


@dataclass(frozen=True)
class Boundary:
    """A scene change; `kind`: "hard", or "gradual" (`time_s` is then the fade's middle)."""

    time_s: float
    kind: str


@dataclass(frozen=True)
class ActionTruth:
    """An entity's action from `start_s` to `end_s`; "active" is every action except "stay"."""

    start_s: float
    end_s: float
    action: str
    phrase: str
    target_id: int | None

    @property
    def active(self) -> bool:
        return self.action != "stay"


@dataclass(frozen=True)
class EntityTruth:
    """`boxes`: frame → (x0, y0, x1, y1) px, x1 and y1 exclusive; `masks`: frame → COCO RLE."""

    entity_id: int
    expression: str
    noun: str
    generalized_noun: str
    colour: str
    hair: str | None
    presence: tuple[tuple[float, float], ...]
    actions: tuple[ActionTruth, ...]
    boxes: dict[int, Box]
    masks: dict[int, dict]

    @property
    def active(self) -> bool:
        return any(action.active for action in self.actions)


@dataclass(frozen=True)
class Truth:
    """All that is true of one film."""

    id: str
    seed: int
    fps: float
    n_frames: int
    width_px: int
    height_px: int
    duration_s: float
    hard_cases: tuple[str, ...]
    scenes: tuple[SceneTruth, ...]
    boundaries: tuple[Boundary, ...]
    entities: tuple[EntityTruth, ...]

    def frame_at(self, time_s: float) -> int:
        """The frame that is shown at a time: that which a film's decoder gives for it."""
        return min(int(time_s * self.fps + 1e-4), self.n_frames - 1)

    def present(self, entity_id: int, start_s: float, end_s: float) -> float:
        """The share of the time from `start_s` to `end_s` in which an entity is visible."""
        if end_s <= start_s:
            raise ValueError(f"film {self.id}: window {start_s}-{end_s} s is empty")
        spans = self.entities[entity_id].presence
        return sum(_overlap_s(*span, start_s, end_s) for span in spans) / (end_s - start_s)

    def action(self, entity_id: int, start_s: float, end_s: float) -> ActionTruth | None:
        """The action that covers more of the window than any other, the earlier of equals; None
        where the entity is there at no time of it."""
        actions = self.entities[entity_id].actions
        shares = [_overlap_s(a.start_s, a.end_s, start_s, end_s) for a in actions]
        best = max(range(len(shares)), key=shares.__getitem__, default=None)
        return None if best is None or shares[best] <= 0 else actions[best]

    def target(self, action: ActionTruth) -> str | None:
        """The expression of the one that an action is done to."""
        return None if action.target_id is None else self.entities[action.target_id].expression

    def mask(self, entity_id: int, frame: int) -> np.ndarray | None:
        """The visible mask, bool [H, W]; None in a frame where the entity is absent."""
        rle = self.entities[entity_id].masks.get(frame)
        return None if rle is None else coco_mask.decode(rle).astype(bool)


def _overlap_s(a_start: float, a_end: float, b_start: float, b_end: float) -> float:
    return max(0.0, min(a_end, b_end) - max(a_start, b_start))


def _spans(visible: np.ndarray, fps: float) -> tuple[tuple[float, float], ...]:
    """Runs of True in bool [T] as (start, end) in seconds; a frame lasts 1 / fps."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], visible.astype(np.int8), [0]))))
    return tuple(
        (float(a / fps), float(b / fps)) for a, b in zip(edges[::2], edges[1::2], strict=True)
    )


def _box_of(mask: np.ndarray) -> Box:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _encode(masks: np.ndarray) -> list[dict]:
    """bool [T, H, W] as COCO run-length codes with ASCII counts."""
    codes = coco_mask.encode(np.asfortranarray(masks.transpose(1, 2, 0).astype(np.uint8)))
    return [
        {"size": list(code["size"]), "counts": code["counts"].decode("ascii")} for code in codes
    ]


def _actions(plan: FilmPlan, entity_id: int) -> tuple[ActionTruth, ...]:
    noun = plan.entities[entity_id].noun
    found = []
    for scene in plan.scenes:
        for role in scene.roles:
            if role.entity_id != entity_id:
                continue
            target = None if role.target_id is None else plan.entities[role.target_id].expression
            phrase = action_phrase(noun, role.action, target)
            found.append(
                ActionTruth(role.enter_s, role.exit_s, role.action, phrase, role.target_id)
            )
    return tuple(found)


def truth_of(plan: FilmPlan) -> Truth:
    """Draw the film's masks and write down all that is true of it."""
    entities = range(len(plan.entities))
    visible = np.zeros((len(entities), plan.n_frames), bool)
    boxes: list[dict[int, Box]] = [{} for _ in entities]
    codes: list[dict[int, dict]] = [{} for _ in entities]
    for start in range(0, plan.n_frames, _CHUNK_FRAMES):
        frames = range(start, min(start + _CHUNK_FRAMES, plan.n_frames))
        masks = render_masks(plan, frames)
        enough = masks.sum((2, 3)) >= MIN_VISIBLE_PX
        visible[:, frames.start : frames.stop] = enough
        for e in entities:
            shown = np.flatnonzero(enough[e])
            if len(shown):
                for t, code in zip(shown, _encode(masks[e, shown]), strict=True):
                    boxes[e][start + int(t)] = _box_of(masks[e, t])
                    codes[e][start + int(t)] = code
    return Truth(
        id=plan.film_id,
        seed=plan.seed,
        fps=plan.fps,
        n_frames=plan.n_frames,
        width_px=plan.width_px,
        height_px=plan.height_px,
        duration_s=plan.duration_s,
        hard_cases=plan.hard_cases,
        scenes=tuple(
            SceneTruth(scene.start_s, scene.end_s, scene.transition, scene.place.name)
            for scene in plan.scenes
        ),
        boundaries=tuple(
            Boundary(scene.start_s, "gradual" if scene.transition == "fade" else "hard")
            for scene in plan.scenes[1:]
        ),
        entities=tuple(
            EntityTruth(
                entity.entity_id,
                entity.expression,
                entity.noun,
                entity.generalized_noun,
                entity.colour,
                entity.hair,
                _spans(visible[entity.entity_id], plan.fps),
                _actions(plan, entity.entity_id),
                boxes[entity.entity_id],
                codes[entity.entity_id],
            )
            for entity in plan.entities
        ),
    )


def write_truth(plan: FilmPlan, path_json: str | Path) -> Truth:
    """Write the film's ground truth as JSON and return it."""
    truth = truth_of(plan)
    save_truth(truth, path_json)
    return truth


def save_truth(truth: Truth, path: str | Path) -> None:
    """Write a film's ground truth as JSON."""
    text = json.dumps(asdict(truth), sort_keys=True, separators=(",", ":"))
    with atomic_write(Path(path)) as file:
        file.write(text + "\n")


def _by_frame(entries: dict) -> dict[int, object]:
    return {int(frame): value for frame, value in entries.items()}


def _read_entity(entry: dict) -> EntityTruth:
    boxes = {frame: tuple(box) for frame, box in _by_frame(entry["boxes"]).items()}
    return EntityTruth(
        **{
            **entry,
            "presence": _pairs(entry["presence"]),
            "actions": tuple(ActionTruth(**action) for action in entry["actions"]),
            "boxes": boxes,
            "masks": _by_frame(entry["masks"]),
        }
    )


def _pairs(spans: Sequence[Sequence[float]]) -> tuple[tuple[float, float], ...]:
    return tuple((start, end) for start, end in spans)


def load_truth(path: str | Path) -> Truth:
    """Read a film's ground truth. ValueError names the file and the field that is wrong."""
    try:
        entry = json.loads(Path(path).read_text(encoding="utf-8"))
        return Truth(
            **{
                **entry,
                "hard_cases": tuple(entry["hard_cases"]),
                "scenes": tuple(SceneTruth(**scene) for scene in entry["scenes"]),
                "boundaries": tuple(Boundary(**boundary) for boundary in entry["boundaries"]),
                "entities": tuple(_read_entity(entity) for entity in entry["entities"]),
            }
        )
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path}: not a film's ground truth ({error}); write it anew with write_world"
        ) from error
