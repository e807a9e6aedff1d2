"""Whole runs of Snakemake, in a folder of their own."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from .bench_of_reruns import Project
from .in_process import execute, plan

ROOT = Path(__file__).parents[2]
# As little as the whole chain needs; the machinery is what is tested, not what is learned.
SMALL = {
    "run": "small",
    "demo": {"films": 2, "long_films": 0, "benchmark_films": 2, "base_films": 2},
}
FILM = "input_000000.mp4"
ONE_FILM = {"shards": 1, "demo": {"films": 1, "long_films": 0}, "quality": {"teacher_films": 1}}


class Workplace:
    """A folder with the repository's parts linked into it, where Snakemake runs."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("config", "profiles", "resources", "scripts"):
            (folder / name).symlink_to(ROOT / name)

    def run(self, *arguments, config=(), targets=(), check=True):
        """Call Snakemake; gives the finished process with its output as text."""
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--directory", str(self.folder), "--cores", "2", *arguments]
        command += ["--config", *config] if config else []
        command += ["--", *targets] if targets else []
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, env=os.environ, timeout=1500
        )
        if check:
            assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-6000:]
        return done

    def plan(self, config=None, **given):
        """The jobs that a call here would run; see planning.py."""
        return plan(self.folder, ROOT / "Snakefile", config or {}, **given)

    def make(self, config, targets=()):
        """Make targets, all in this process."""
        execute(self.folder, self.plan(config, targets=targets))
        self.plan(config, targets=targets, touch=True)

    def results(self, run):
        return self.folder / "results" / run


@pytest.fixture(scope="session", autouse=True)
def without_cluster():
    """Snakemake's plugin for SLURM asks the controller at every start. Where none answers, that
    takes ten seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", os.devnull)
        yield


@pytest.fixture(scope="session")
def workplace(tmp_path_factory):
    return Workplace(tmp_path_factory.mktemp("workplace"))


@dataclass(frozen=True)
class Finished:
    """A run of the whole chain: its folder, and a function that plans it again."""

    folder: Path
    plan: Callable


@pytest.fixture(scope="session")
def finished(workplace):
    """The whole chain, done: the demo, if `make demo` has made it of the code as it is; otherwise a
    small world."""
    if (ROOT / "results/demo/report.html").exists():
        demo = Finished(ROOT / "results/demo", lambda: plan(ROOT, ROOT / "Snakefile", {}))
        if demo.plan() == []:
            return demo
    workplace.make(SMALL)
    return Finished(workplace.results("small"), lambda: workplace.plan(SMALL))


@pytest.fixture(scope="session")
def one_film(workplace):
    """The results of a film of the drawn world alone, in one shard, measured."""
    targets = ["results/one/instructions/00000-of-00001.jsonl", "results/one/quality.json"]
    workplace.make({"run": "one"} | ONE_FILM, targets)
    return workplace.results("one")


def shared_data():
    """The folder of real films and benchmark files; skips the test if it is not there."""
    folder = Path(os.environ.get("STREFER_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; set STREFER_SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """A finished run to copy and to change things in."""
    return Project.finished(tmp_path_factory.mktemp("reruns") / "base")
