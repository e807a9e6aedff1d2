"""Writing films and their ground truth to disk."""

from fractions import Fraction
from pathlib import Path

import av

from drawn_world.drawing.render import render
from drawn_world.plan.plan import SPLITS, plan_film, plan_long_film
from drawn_world.records import FilmPlan
from drawn_world.truth import Truth, load_truth, write_truth

CRF = "16"  # H.264 quality: hardly a visible loss
_CHUNK_FRAMES = 32


def write_film(plan: FilmPlan, path_mp4: str | Path) -> None:
    """Write a film as H.264 in mp4; the same plan gives the same bytes."""
    rate = Fraction(plan.fps).limit_denominator(1000)
    with av.open(str(path_mp4), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height = plan.width_px, plan.height_px
        stream.pix_fmt = "yuv420p"
        # One thread, bit-exact: the encoder's output must not depend on the machine's load.
        stream.codec_context.thread_count = 1
        stream.options = {"crf": CRF, "preset": "medium", "threads": "1", "flags": "+bitexact"}
        for start in range(0, plan.n_frames, _CHUNK_FRAMES):
            stop = min(start + _CHUNK_FRAMES, plan.n_frames)
            for image in render(plan, range(start, stop))[0]:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def read_world(folder: Path) -> dict[str, Truth]:
    """The truth of each film of a world that was written, by the film's path, in order of ids."""
    return {
        str(folder / "videos" / f"{file.stem}.mp4"): load_truth(file)
        for file in sorted((folder / "truth").glob("*.json"))
    }


def write_world(
    split: str, n_films: int, out_dir: str | Path, first: int = 0, long_films: int = 0
) -> list[str]:
    """Write `videos/<film_id>.mp4` and `truth/<film_id>.json` for films of a split.

    The films are number `first` to `first + n_films - 1` of the split, then `long_films` long
    ones from its first seed on. Returns the film ids in order. ValueError for an unknown split.
    """
    if split not in SPLITS:
        raise ValueError(f"split {split!r} unknown; choose one of {', '.join(SPLITS)}")
    out = Path(out_dir)
    for folder in ("videos", "truth"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    start = SPLITS[split].start
    plans = [plan_film(start + first + i) for i in range(n_films)]
    plans += [plan_long_film(start + i) for i in range(long_films)]
    for plan in plans:
        write_film(plan, out / "videos" / f"{plan.film_id}.mp4")
        write_truth(plan, out / "truth" / f"{plan.film_id}.json")
    return [plan.film_id for plan in plans]
