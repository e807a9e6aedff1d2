"""A finished small run to change one thing in: what would Snakemake run, what do scripts compute?

Everything is real, but in one process: Snakemake plans through its API, and the scripts of the
jobs are executed here, so that the libraries are imported once and not in every job.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import av

from drawn_world.draw_films import write_world
from drawn_world.questions.draw_benchmarks import draw_benchmarks

from .in_process import execute, plan

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "rules", "scripts", "config", "envs", "profiles")
FILMS = 3
NO_BENCHMARK = {"annotations": None}
CONFIG = {
    "run": "small",
    "videos": "films",
    "shards": 2,
    "demo": {"base_films": 1},
    "entities": {"n_frames": 4},
    "transcripts": {"n_frames": 2},
    "instructions": {"second_look": False},
    "tracks": {"frames": 4},
    "training": {"epochs": 0.5},
    "benchmarks": {
        "videorefer_d": NO_BENCHMARK,
        "tempcompass": NO_BENCHMARK,
        "videomme": NO_BENCHMARK,
        "qvhighlights": NO_BENCHMARK,
        "videorefer_q": {
            "annotations": "questions/videorefer_q.json",
            "videos": "questions/videos",
        },
    },
}


class Project:
    """A copy of the project with a run in it."""

    def __init__(self, folder):
        self.folder = folder

    @classmethod
    def new(cls, folder):
        """The project without results, and with three short films."""
        folder.mkdir(parents=True)
        for name in PARTS:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, folder / name)
        (folder / "resources").symlink_to(ROOT / "resources")
        project = cls(folder)
        write_world("input", FILMS, folder / "drawn")
        (folder / "films").mkdir()
        for path in sorted((folder / "drawn" / "videos").iterdir()):
            cut_short(path, folder / "films" / path.name)
        pad(folder / "films" / sorted(os.listdir(folder / "films"))[0], 1_200_000)
        draw_benchmarks(folder / "questions", 1, 0)
        return project

    @classmethod
    def finished(cls, folder):
        """A project whose run is done, and of which Snakemake knows that it is."""
        project = cls.new(folder)
        project.execute(project.plan())
        project.plan(touch=True)
        return project

    def copied(self, folder):
        """A copy with the same file times."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)

    def path(self, name):
        return self.folder / name

    def plan(self, config=None, targets=(), touch=False, force=False):
        """The jobs that Snakemake would run, in an order in which they can."""
        return plan(
            self.folder,
            self.folder / "Snakefile",
            merged(CONFIG, config or {}),
            targets=targets,
            touch=touch,
            force=force,
        )

    def start(self, *arguments, config=None):
        """Call Snakemake as a user does, in a session of its own."""
        file = self.path("given.yaml")
        file.write_text(json.dumps(merged(CONFIG, config or {})), encoding="utf-8")
        defaults = self.path("config/config.yaml")
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile"]
        return subprocess.Popen(
            [*command, str(defaults), str(file), "--", *arguments],
            cwd=self.folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def results(self):
        """The bytes of a run's results by name: all but what differs from call to call."""
        folder = self.path("results/small")
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not _is_volatile(path.relative_to(folder))
        }

    def execute(self, jobs):
        """Run the scripts of jobs here. Returns what was computed: (stage, film, part)."""
        return execute(self.folder, jobs)


def _is_volatile(path):
    # A temporary file of a killed process begins with a dot.
    return (
        path.parts[0] in ("logs", "usage", "training", "provenance.json", "store")
        or path.name in ("training.json", "training_log.jsonl")
        or path.name.startswith(".")
    )


def cut_short(source, target, n_frames=12):
    """The first frames of a film, as a film."""
    with av.open(str(source)) as whole, av.open(str(target), "w") as short:
        film = whole.streams.video[0]
        stream = short.add_stream("libx264", rate=film.average_rate)
        stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
        for number, frame in enumerate(whole.decode(video=0)):
            if number == n_frames:
                break
            fresh = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")
            short.mux(stream.encode(fresh))
        short.mux(stream.encode(None))


def pad(path, n_bytes):
    """Make a film larger by a box of nothing: what it shows stays as it is."""
    size = n_bytes.to_bytes(4, "big")
    path.write_bytes(path.read_bytes() + size + b"free" + bytes(n_bytes - 8))


def merged(first, second):
    """Two nested dictionaries; the second one's values stand."""
    both = dict(first)
    for name, value in second.items():
        nested = isinstance(value, dict) and isinstance(both.get(name), dict)
        both[name] = merged(both[name], value) if nested else value
    return both
