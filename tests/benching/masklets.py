"""The masklet stages against a straightforward run of the published order of work.

Both do the published procedure on the same drawn films with the same weights. The straightforward
run takes the steps as they are published: for each film the models are loaded, sampled frames go
through a folder of JPEG files before detection and another one before tracking, frames are detected
one at a time, and the tracker's own class follows the boxes in two states, one a direction, each
with image features of its own. The published
steps need three processes a film, of which only one is counted here.

`masklets.speedup` is as a user runs it: a process for each film against one for all of them, with
whatever it imports and loads. `_loaded` counts the loading of models, but no process's start;
`_warm` counts neither. `masklets.speedup_ours` and its kin set our procedure, which does more,
against the same run.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import torch
from transformers import Sam2VideoModel, Sam2VideoProcessor

from drawn_world.draw_films import write_world
from drawn_world.quality.measure_masklets import true_references
from drawn_world.truth import load_truth
from helpers.configurations import ROOT, read_configuration
from helpers.shards import video_of
from strefer.agents.assigner.load import load_assigner
from strefer.agents.detector.load import load_detector
from strefer.agents.tracker.load import load_tracker
from strefer.frames import read_frames, sample_times
from strefer.masklets.assign_masklets import assign_film
from strefer.masklets.assignment_paper import assign_paper
from strefer.masklets.joining import join_directions
from strefer.masklets.options import AssignOptions, TrackOptions
from strefer.masklets.starting_frame import breadth_first, choose_starting_frame, phrases_of, usable
from strefer.masklets.track_entities import read_film, track_film
from strefer.masklets.working_track import without_empty
from strefer.masks import encode_mask
from strefer.records import References, Video

FILMS = 4
REPEATS = 3


@dataclass(frozen=True)
class Seconds:
    """Time over all films: with processes' starts; without them; and without loading models."""

    whole: float
    loaded: float
    warm: float


def apart(function: Callable[..., tuple[float, float]], *arguments) -> Seconds:
    """The time of a function that returns its seconds in all and for loading, in a new process."""
    begin = time.perf_counter()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        total, loading = pool.submit(function, *arguments).result()
    return Seconds(time.perf_counter() - begin, total, total - loading)


def measure() -> dict[str, float]:
    """Medians of the ratios of several rounds, in which the three runs take turns."""
    torch.set_num_threads(1)
    config = read_configuration("config")
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        films = draw_films(Path(folder))
        for _ in range(REPEATS):
            plain = run_straightforward(films, config)
            ours = [apart(run_stages, films, config, name) for name in ("paper", "ours")]
            rounds.append((plain, *ours))
    figures = {}
    for name, column in (("masklets.speedup", 1), ("masklets.speedup_ours", 2)):
        for part, suffix in (("whole", ""), ("loaded", "_loaded"), ("warm", "_warm")):
            ratios = [getattr(r[0], part) / getattr(r[column], part) for r in rounds]
            figures[f"{name}{suffix}"] = statistics.median(ratios)
    for name, column in (("straightforward", 0), ("paper", 1), ("ours", 2)):
        seconds = statistics.median(r[column].warm for r in rounds)
        figures[f"masklets.seconds_a_film_{name}"] = seconds / len(films)
    return figures


def draw_films(folder: Path, n_films: int = FILMS) -> list[tuple[Video, References]]:
    """Drawn films with their true expressions."""
    names = write_world("input", n_films, folder)
    return [
        (
            video_of(folder / "videos" / f"{name}.mp4"),
            true_references(load_truth(folder / "truth" / f"{name}.json")),
        )
        for name in names
    ]


def run_stages(
    films: list[tuple[Video, References]], config: dict, procedure: str
) -> tuple[float, float]:
    """The two stages on a shard: seconds in all, and for loading models."""
    torch.set_num_threads(1)
    track_options = TrackOptions(**config["tracks"], procedure=procedure)
    assign_options = AssignOptions(**{**config["masklets"], "procedure": procedure})
    begin = time.perf_counter()
    detector = load_detector(_agent(config, "detector"))
    tracker = load_tracker(_agent(config, "tracker"))
    assigner = load_assigner(_agent(config, "assigner"))
    loading = time.perf_counter() - begin
    for video, references in films:
        nouns = [entity.generalized_noun for entity in references.entities]
        read = read_film(video, nouns, track_options)
        tracks = track_film(video, nouns, read, detector, tracker, track_options)
        assign_film(video, references, tracks, assigner, assign_options)
    return time.perf_counter() - begin, loading


def _agent(config: dict, role: str) -> dict:
    spec = config["agents"][role]
    return spec | {"model": str(ROOT / spec["model"])}


def run_straightforward(films: list[tuple[Video, References]], config: dict) -> Seconds:
    """The published order of work, film after film, each in a process of its own."""
    each = [apart(time_straightforward, *film, config) for film in films]
    return Seconds(
        sum(one.whole for one in each),
        sum(one.loaded for one in each),
        sum(one.warm for one in each),
    )


def time_straightforward(video: Video, references: References, config: dict) -> tuple[float, float]:
    """One film's seconds in all, and for loading models."""
    torch.set_num_threads(1)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        _, loading = straightforward_film(video, references, config, Path(folder))
    return time.perf_counter() - begin, loading


def straightforward_film(
    video: Video, references: References, config: dict, folder: Path
) -> tuple[dict[int, dict[int, dict]], float]:
    """Masks by expression and frame, and the seconds spent on loading models."""
    options = config["tracks"]
    times_s = sample_times(video.duration_s, options["frames"], video.fps)

    begin = time.perf_counter()
    detector = load_detector(_agent(config, "detector"))
    loading = time.perf_counter() - begin
    paths = _write_jpegs(read_frames(video.path, times_s), folder / "detector")
    phrases = phrases_of([entity.generalized_noun for entity in references.entities])

    def detect(frame: int):
        limits = (options["box_threshold"], options["text_threshold"])
        [raw] = detector.detect([_read_jpeg(paths[frame])], phrases, *limits)
        return usable(raw, frame, options["min_score"])

    starts = choose_starting_frame(detect, breadth_first(len(paths)), len(references.entities))
    if not starts:
        return {}, loading

    begin = time.perf_counter()
    source = _agent(config, "tracker")["model"]
    model = Sam2VideoModel.from_pretrained(source, dtype=torch.float32).eval()
    processor = Sam2VideoProcessor.from_pretrained(source)
    loading += time.perf_counter() - begin
    paths = _write_jpegs(read_frames(video.path, times_s), folder / "tracker")
    frames = np.stack([_read_jpeg(path) for path in paths])
    boxes = [start.box for start in starts]
    both = [_propagate(model, processor, frames, starts[0].frame, boxes, r) for r in (False, True)]
    tracks = join_directions(*both, starts[0].frame)

    begin = time.perf_counter()
    assigner = load_assigner(_agent(config, "assigner"))
    loading += time.perf_counter() - begin
    picture = _read_jpeg(paths[starts[0].frame])

    def ask(candidates, expression: str) -> list[int]:
        return assigner.choose(picture, [boxes[k] for k in candidates], [expression])[0]

    assignment = assign_paper(references.entities, [start.label for start in starts], ask)
    masks = {entity: without_empty(tracks[k]) for entity, k in assignment.track_of.items()}
    return masks, loading


def _write_jpegs(frames: np.ndarray, folder: Path) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{number:05d}.jpg" for number in range(len(frames))]
    for path, frame in zip(paths, frames, strict=True):
        cv2.imwrite(str(path), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    return paths


def _read_jpeg(path: Path) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


@torch.inference_mode()
def _propagate(
    model: Sam2VideoModel,
    processor: Sam2VideoProcessor,
    frames: np.ndarray,
    start_frame: int,
    boxes: list,
    reverse: bool,
) -> list[dict[int, dict]]:
    """One direction in a state of its own, by the class's own means."""
    session = processor.init_video_session(video=torch.from_numpy(frames).permute(0, 3, 1, 2))
    processor.add_inputs_to_inference_session(
        session,
        frame_idx=start_frame,
        obj_ids=list(range(len(boxes))),
        input_boxes=[[list(box) for box in boxes]],
    )
    model(inference_session=session, frame_idx=start_frame)
    found: list[dict[int, dict]] = [{} for _ in boxes]
    for output in model.propagate_in_video_iterator(
        session, start_frame_idx=start_frame, reverse=reverse
    ):
        [drawn] = processor.post_process_masks(
            [output.pred_masks], original_sizes=[list(frames.shape[1:3])], binarize=True
        )
        for row, masks in enumerate(found):
            masks[output.frame_idx] = encode_mask(drawn[row, 0].numpy())
    return found
