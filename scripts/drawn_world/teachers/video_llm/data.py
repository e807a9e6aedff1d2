"""Films and clips of the demo world as requests with their truth, drawn once and kept."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from drawn_world.drawing.motion import MOVES
from drawn_world.drawing.render import render
from drawn_world.plan.plan import SPLITS, FilmPlan, plan_film
from drawn_world.teachers.video_llm.model import CELLS, CLIP_FRAMES, FILM_FRAMES
from drawn_world.teachers.video_llm.scenes import Looks, label_pair
from drawn_world.truth import MIN_VISIBLE_PX
from drawn_world.vocabulary import ACTIONS, NOUNS
from strefer.frames import sample_times

FILMS_PER_POOL_FILE = 100
MIN_CLIP_S = 1.5
_MIN_FRAMES_SHOWN = 2  # seen in one frame only: neither there nor absent
_MIN_SHARE_OF_ACTION = 0.7


@dataclass(frozen=True)
class Shown:
    """An entity in a request. `action` is None where it does several things, `target` the
    expression of whom it chases, `place` where it is for most of the time."""

    expression: str
    noun: str
    action: str | None
    target: str | None
    place: str
    active: bool

    @property
    def generalized_noun(self) -> str:
        return NOUNS[self.noun]


@dataclass(frozen=True)
class Request:
    """What one set of frames shows. `kind` is "film" or "clip"; `absent` names the film's other
    entities; `first_pair` and `n_pairs` place its frames in the pool."""

    kind: str
    shown: tuple[Shown, ...]
    absent: tuple[str, ...]
    hard_cases: tuple[str, ...]
    n_pairs: int
    first_pair: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Drawn:
    """A request with frames uint8 [T, S, S, 3] and, for each cell of each pair of frames, 1 + the
    place of its entity in `request.shown` or 0: int8 [T / 2, CELLS**2]."""

    request: Request
    frames: np.ndarray
    cells: np.ndarray


def draw_film(plan: FilmPlan) -> Drawn:
    """The request about the whole film: which entities act in it."""
    return _draw(plan, "film", 0.0, plan.duration_s, FILM_FRAMES)


def draw_clip(plan: FilmPlan, rng: np.random.Generator) -> Drawn:
    """A request about a segment such as the clipper cuts: about a scene, or a part of one."""
    scene = int(rng.integers(len(plan.scenes)))
    start_s, end_s = plan.scenes[scene].start_s, plan.scenes[scene].end_s
    kind = rng.random()
    if kind < 0.25:
        length_s = rng.uniform(1.8, end_s - start_s)
        start_s = rng.uniform(start_s, end_s - length_s)
        end_s = start_s + length_s
    elif kind < 0.33 and scene + 1 < len(plan.scenes):
        end_s = plan.scenes[scene + 1].end_s
    else:
        start_s, end_s = start_s + rng.uniform(-0.4, 0.4), end_s + rng.uniform(-0.4, 0.4)
    start_s, end_s = max(0.0, start_s), min(plan.duration_s, end_s)
    return _draw(plan, "clip", start_s, max(end_s, start_s + MIN_CLIP_S), CLIP_FRAMES)


def draw_scene(plan: FilmPlan, scene: int) -> Drawn:
    """A request about one scene, from its start to its end."""
    limits = plan.scenes[scene]
    return _draw(plan, "clip", limits.start_s, limits.end_s, CLIP_FRAMES)


def _draw(plan: FilmPlan, kind: str, start_s: float, end_s: float, count: int) -> Drawn:
    times = sample_times(end_s - start_s, count, plan.fps, start_s)
    indices = [min(int(time_s * plan.fps + 1e-6), plan.n_frames - 1) for time_s in times]
    frames, masks = render(plan, indices)
    visible = (masks.sum((2, 3)) >= MIN_VISIBLE_PX).sum(1)
    shown_ids = [e for e, n in enumerate(visible) if n >= _MIN_FRAMES_SHOWN]
    shown = tuple(_shown(plan, e, start_s, end_s) for e in shown_ids)
    absent = tuple(plan.entities[e].expression for e, n in enumerate(visible) if n == 0)
    cells = np.zeros((count // 2, CELLS**2), np.int8)
    # Only who owns a cell is wanted of the labels: the entity's number replaces its noun.
    marks = [Looks(place + 1, 0, 0, 0) for place in range(len(shown_ids))]
    for pair in range(count // 2):
        of_pair = masks[shown_ids, 2 * pair : 2 * pair + 2]
        cells[pair] = label_pair(of_pair, marks)[1][:, 0]
    request = Request(kind, shown, absent, plan.hard_cases, count // 2)
    return Drawn(request, frames, cells)


def _shown(plan: FilmPlan, entity_id: int, start_s: float, end_s: float) -> Shown:
    entity = plan.entities[entity_id]
    found = [(r, s.place.name) for s in plan.scenes for r in s.roles if r.entity_id == entity_id]
    roles = [role for role, _ in found]
    spans = [max(0.0, min(r.exit_s, end_s) - max(r.enter_s, start_s)) for r in roles]
    best = int(np.argmax(spans))
    role = roles[best]
    clear = spans[best] >= _MIN_SHARE_OF_ACTION * sum(spans)
    # Of a move, enough must be seen to be seen as one.
    way_px = abs(role.x_end_px - role.x_start_px) / (role.exit_s - role.enter_s) * spans[best]
    clear = clear and (role.action not in MOVES or way_px >= 10)
    target = None if role.target_id is None else plan.entities[role.target_id].expression
    return Shown(
        entity.expression,
        entity.noun,
        role.action if clear else None,
        target if clear else None,
        found[best][1],
        any(r.action != "stay" for r in roles),
    )


@dataclass(frozen=True)
class Pool:
    """Requests and, by file, their frames uint8 [pairs, 2, S, S, 3] (on disk) and cells."""

    requests: tuple[Request, ...]
    _frames: tuple[np.ndarray, ...]
    _cells: tuple[np.ndarray, ...]
    _file: tuple[int, ...]

    def frames(self, number: int) -> np.ndarray:
        return self._slice(self._frames, number)

    def cells(self, number: int) -> np.ndarray:
        return self._slice(self._cells, number)

    def _slice(self, parts: Sequence[np.ndarray], number: int) -> np.ndarray:
        request = self.requests[number]
        part = parts[self._file[number]]
        return np.array(part[request.first_pair : request.first_pair + request.n_pairs])

    def actions(self, number: int) -> np.ndarray:
        """Per cell the place in ACTIONS of what its entity does, or -1: int64 [pairs, cells]."""
        own = [s.action for s in self.requests[number].shown]
        table = np.array([-1] + [ACTIONS.index(a) if a else -1 for a in own])
        return table[self.cells(number)]


def draw_pool(folder: Path, films: int, split: str, seed: int, clips_per_film: int = 2) -> Pool:
    """Requests about `films` films of a split, from files in the folder where they exist."""
    folder.mkdir(parents=True, exist_ok=True)
    requests: list[Request] = []
    frames, cells, of_file = [], [], []
    for number in range(-(-films // FILMS_PER_POOL_FILE)):
        stem = folder / f"{split}_{number:03d}"
        if not stem.with_suffix(".json").exists():
            _draw_file(stem, SPLITS[split], number, seed, clips_per_film)
        entries = json.loads(stem.with_suffix(".json").read_text())
        requests += [_read_request(entry) for entry in entries]
        frames.append(np.load(stem.with_suffix(".frames.npy"), mmap_mode="r"))
        cells.append(np.load(stem.with_suffix(".cells.npy")))
        of_file += [number] * len(entries)
    return Pool(tuple(requests), tuple(frames), tuple(cells), tuple(of_file))


def _read_request(entry: dict) -> Request:
    shown = tuple(Shown(**part) for part in entry.pop("shown"))
    listed = {name: tuple(entry.pop(name)) for name in ("absent", "hard_cases")}
    return Request(shown=shown, **listed, **entry)


def _draw_file(stem: Path, seeds: range, number: int, seed: int, clips_per_film: int) -> None:
    rng = np.random.default_rng([seed, 3, number])
    drawn: list[Drawn] = []
    for film in range(number * FILMS_PER_POOL_FILE, (number + 1) * FILMS_PER_POOL_FILE):
        plan = plan_film(seeds[film])
        drawn.append(draw_film(plan))
        drawn += [draw_clip(plan, rng) for _ in range(clips_per_film)]
    pairs = [d.frames.reshape(-1, 2, *d.frames.shape[1:]) for d in drawn]
    np.save(stem.with_suffix(".frames.npy"), np.concatenate(pairs))
    np.save(stem.with_suffix(".cells.npy"), np.concatenate([d.cells for d in drawn]))
    entries, first = [], 0
    for request in (d.request for d in drawn):
        entries.append({**asdict(request), "first_pair": first})
        first += request.n_pairs
    # Last: its being there says that the file is whole.
    stem.with_suffix(".json").write_text(json.dumps(entries, sort_keys=True))
