"""The tracker agent: from boxes on one frame to masks through a film."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from strefer.masks import encode_mask
from strefer.records import Rle
from strefer.stage.meter import metered

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels of the frames
Masks = dict[int, Rle]  # frame index -> run-length code; an empty one where the object is absent
Drawn = tuple[int, int, np.ndarray]  # number of the object, frame index, bool [H, W]

DIRECTIONS = ("forward", "backward")


@dataclass(frozen=True)
class Prompt:
    """One object to follow: its box on its starting frame.

    Attributes:
        object_id: the caller's name for it, unique within one call.
        frame: index of the starting frame among the frames given.
        box: x0, y0, x1, y1 in pixels of the frames.
    """

    object_id: int
    frame: int
    box: Box


@dataclass(frozen=True)
class Session:
    """The frames of one film, taken in by a tracker.

    Attributes:
        n_frames, height_px, width_px: of the frames given.
        state: the adapter's own (features, or the engine's state).
    """

    n_frames: int
    height_px: int
    width_px: int
    state: Any


class Tracker(ABC):
    """A tracker has the model; a session has one film."""

    @metered
    def open_session(self, frames: np.ndarray) -> Session:
        """Load a film. Everything that both directions share is computed here, once.

        Args:
            frames: uint8 [T, H, W, 3], RGB, in order of time.
        """
        if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or not len(frames):
            raise ValueError(
                f"tracker: frames must be uint8 [T, H, W, 3] with T >= 1, not {frames.dtype} "
                f"{list(frames.shape)}; strefer.frames.read_frames returns such frames"
            )
        n_frames, height_px, width_px, _ = frames.shape
        return Session(n_frames, height_px, width_px, self._take_in(frames))

    @metered
    def propagate(
        self,
        session: Session,
        start_frame: int,
        boxes: Sequence[Box],
        reverse: bool,
        until: int | None = None,
        min_certainty: float = 0.0,
    ) -> list[Masks]:
        """Follow all boxes of one starting frame in one direction.

        Masks are encoded as the engine produces them: only one is in memory at the frame's size,
            however many objects and frames there are.

        Args:
            until: the last frame that is wanted in that direction; by default the film's last, or
                its first where `reverse`.
            min_certainty: a mask whose pixels are on average less probable is left empty, but for
                the starting frame's: there the object is known to be.

        Returns:
            For each box, in order, its mask on every frame from `start_frame` to the last wanted
            one, both included.
        """
        if not 0 <= start_frame < session.n_frames:
            raise ValueError(
                f"tracker: starting frame {start_frame} is not among the {session.n_frames} frames"
            )
        for box in boxes:
            if not (box[0] < box[2] and box[1] < box[3]):
                raise ValueError(f"tracker: box {tuple(box)} is empty; it is x0, y0, x1, y1")
        if not boxes:
            return []
        order = visited_frames(start_frame, session.n_frames, reverse, until)
        if not order:
            raise ValueError(
                f"tracker: frame {until} does not lie {'before' if reverse else 'after'} "
                f"starting frame {start_frame}"
            )
        masks: list[Masks] = [{} for _ in boxes]
        for number, frame, drawn in self._follow(session, order, boxes, min_certainty):
            masks[number][frame] = encode_mask(drawn)
        return masks

    def track(
        self,
        frames: np.ndarray,
        prompts: Sequence[Prompt],
        directions: Sequence[str] = DIRECTIONS,
        min_certainty: float = 0.0,
    ) -> dict[int, Masks]:
        """Masks of each object, by its id, from its starting frame into the given directions.

        Where both directions give a mask, on the starting frame, the first one's is kept.
        `min_certainty` is that of `propagate`.
        """
        unknown = sorted(set(directions) - set(DIRECTIONS))
        if unknown:
            raise ValueError(f"tracker: unknown direction {unknown[0]!r}; known: {DIRECTIONS}")
        ids = [prompt.object_id for prompt in prompts]
        if len(set(ids)) != len(ids):
            raise ValueError(f"tracker: object ids {ids} repeat; each object needs its own id")
        tracked: dict[int, Masks] = {object_id: {} for object_id in ids}
        if not prompts:
            return tracked
        session = self.open_session(frames)
        for start_frame in sorted({prompt.frame for prompt in prompts}):
            group = [prompt for prompt in prompts if prompt.frame == start_frame]
            for direction in directions:
                found = self.propagate(
                    session,
                    start_frame,
                    [prompt.box for prompt in group],
                    reverse=direction == "backward",
                    min_certainty=min_certainty,
                )
                for prompt, masks in zip(group, found, strict=True):
                    tracked[prompt.object_id] = masks | tracked[prompt.object_id]
        return {object_id: dict(sorted(masks.items())) for object_id, masks in tracked.items()}

    @abstractmethod
    def _take_in(self, frames: np.ndarray) -> Any:
        """The `state` of a session over uint8 [T, H, W, 3] frames."""

    @abstractmethod
    def _follow(
        self, session: Session, order: range, boxes: Sequence[Box], min_certainty: float
    ) -> Iterator[Drawn]:
        """Draw each object on each of the frames `order`, whose first is the starting frame; in any
        order, the last drawing of a mask counts. There is at least one box."""


def visited_frames(
    start_frame: int, n_frames: int, reverse: bool, until: int | None = None
) -> range:
    """The frames of one direction, in the order in which they are tracked."""
    if reverse:
        return range(start_frame, max(until or 0, 0) - 1, -1)
    return range(start_frame, n_frames if until is None else min(until + 1, n_frames))
