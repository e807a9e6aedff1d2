"""What a person sees of a run: a few lines on how far it is, what failed, and what is next."""

import errno
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from helpers.films import write_film
from helpers.shards import video_of, write_shard
from strefer.report.summary import summarize
from strefer.workflow.provenance import leaves_run_alone
from strefer.workflow.terminal import Terminal, about, advised
from strefer.workflow.usage import seconds_by_rule

from .conftest import ROOT

pytestmark = pytest.mark.workflow
ONE_FILM = ("demo={films: 1, long_films: 0}",)
DRAWN = "results/{}/world/films/videos/input_000000.mp4"
PROBED = "results/{}/videos/00000-of-00001.jsonl"


def call(folder, *arguments):
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    return [*command, "--directory", str(folder), "--cores", "2", *arguments]


def test_a_run_is_a_few_lines_and_snakemakes_own_are_in_its_log(workplace):
    target = DRAWN.format("quiet")
    done = workplace.run(config=("run=quiet", *ONE_FILM), targets=[target])
    lines = done.stderr.splitlines()
    [first] = [line for line in lines if line.startswith("Run quiet: 1 job,")]
    assert any("1 of 1  draw_films (" in line for line in lines)
    assert any(line.startswith("Done after 0:") for line in lines)
    assert "Logs     results/quiet/logs" in lines
    assert len(lines) < 12, done.stderr
    assert "localrule draw_films" not in done.stderr
    log = workplace.folder / first.partition("Snakemake's own output: ")[2]
    assert "localrule draw_films" in log.read_text()
    again = workplace.run(config=("run=quiet", *ONE_FILM), targets=[target])
    assert "Nothing to be done" in again.stderr


def test_on_a_terminal_a_line_says_what_is_at_work(workplace):
    config = ["--config", "run=shown", "demo={films: 20}", "--", DRAWN.format("shown")]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(call(workplace.folder, *config), stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    while True:
        try:
            said += os.read(ours, 10_000)
        except OSError:  # the terminal's other end is closed
            break
    assert process.wait() == 0
    assert b"0 of 1 jobs done \xc2\xb7 draw_films" in said
    assert b"left \xc2\xb7" in said
    last = said.decode().replace("\r\n", "\n").splitlines()[-1]
    assert last.startswith("Next     ")


def test_what_failed_is_said_with_its_reason_and_what_to_do(workplace, tmp_path):
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "bad.mp4").write_text("no film")
    config = ("run=failing", f"videos={tmp_path / 'films'}", "shards=1", "strict=true")
    done = workplace.run(config=config, targets=[PROBED.format("failing")], check=False)
    assert done.returncode != 0
    said = done.stderr
    assert "FAILED   probe_videos 00000-of-00001: videos: 1 item(s) failed, first:" in said
    assert "log: results/failing/logs/probe_videos/00000-of-00001.log" in said
    assert "Stopped after 0:" in said and "1 failed, 0 of 1 jobs done" in said
    assert "Next     repeat the same command: finished work is kept" in said
    for noise in ("Traceback", "RuleException", "ProcessError", "Error in rule", "WorkflowError"):
        assert noise not in said


def test_a_call_that_is_interrupted_says_so(workplace):
    config = ["--config", "run=interrupted", "demo={films: 200}", "--"]
    command = call(workplace.folder, *config, DRAWN.format("interrupted"))
    process = subprocess.Popen(
        command,
        cwd=workplace.folder,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # What a shell runs in the background ignores Ctrl-C, and so do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    log = workplace.results("interrupted") / "logs" / "draw_films.log"
    deadline = time.monotonic() + 120
    while not (log.exists() and log.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
    _, said = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Interrupted after 0:" in said
    assert "0 of 1 jobs done" in said
    assert "FAILED" not in said
    assert "Traceback" not in said
    assert "Next     repeat the same command" in said


def test_an_interrupt_while_the_jobs_are_planned_is_one_line(workplace, tmp_path):
    table = tmp_path / "films.csv"
    os.mkfifo(table)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--config", f"videos={table}"]
    process = subprocess.Popen(command, cwd=workplace.folder, stderr=subprocess.PIPE, text=True)
    with open(table, "w"):  # waits until it is read, and is then waited for
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Interrupted before any job began; repeat the command to start" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("error", [NotADirectoryError, PermissionError])
def test_a_folder_that_cannot_be_made_comes_with_advice(error):
    number = {NotADirectoryError: errno.ENOTDIR, PermissionError: errno.EPERM}[error]
    assert "Make the folder writable" in advised(error(number, os.strerror(number), "results"))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize(
    ("option", "reason", "advice"),
    [("size=200k", "No space left on device", "Free some space"), ("ro", "Read-only", "writable")],
)
def test_a_disk_that_takes_nothing_ends_in_advice(workplace, option, reason, advice):
    run = option.partition("=")[0]
    folder = workplace.results(run)
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        config = (f"run={run}", "demo={films: 20}")
        done = workplace.run(config=config, targets=[DRAWN.format(run)], check=False)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    assert done.returncode != 0
    assert reason in done.stderr
    assert advice in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_home_folder_where_nobody_may_write_is_not_needed(workplace, monkeypatch):
    monkeypatch.setenv("HOME", "/proc")  # root may write to all others
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    config = ["run=homeless", "shards=1", "demo={films: 1, long_films: 0}"]
    videos = "results/homeless/videos/00000-of-00001.jsonl"
    workplace.run(config=config, targets=[videos])
    assert (workplace.folder / videos).stat().st_size


def test_agents_of_the_drawn_world_are_warned_of_on_real_films(workplace, tmp_path):
    (tmp_path / "films").mkdir()
    write_film(tmp_path / "films" / "a.mp4")
    config = ("run=strange", f"videos={tmp_path / 'films'}", "shards=1")
    done = workplace.run(config=config, targets=[PROBED.format("strange")])
    warning = "WARNING  These results are nonsense and must not be used for training"
    assert done.stderr.count(warning) == 2  # when it begins, and when it ends


def test_a_report_of_films_of_ones_own_trains_nothing(workplace, tmp_path):
    (tmp_path / "films").mkdir()
    write_film(tmp_path / "films" / "a.mp4")
    config = {"run": "own", "videos": str(tmp_path / "films")}

    def planned(*targets):
        return {job.rule.name for job in workplace.plan(config, targets=targets)}

    data = planned("instructions")
    assert {"write_report", "export_instructions"} <= data
    assert not data & {"train_checkpoint", "draw_base", "draw_benchmarks", "predict_answers"}
    exports = {"export_instructions", "write_card", "instructions"}
    assert planned("results/own/report.html") == data - exports
    assert {"train_checkpoint", "write_report"} <= planned()


def test_the_time_of_every_rule_of_the_demo_is_known(workplace):
    known = seconds_by_rule(workplace.folder / "none", ROOT / "resources" / "demo_usage.json")
    jobs = workplace.plan(targets=["all", "instructions"])
    assert {job.rule.name for job in jobs} == set(known)


def test_the_time_that_is_left_follows_the_pace_of_this_machine():
    with open(os.devnull, "w") as nowhere:
        terminal = Terminal(nowhere)
    terminal.left.update({"cut_clips": 2, "train_checkpoint": 1})
    terminal.seconds = {"cut_clips": 100.0}
    assert terminal.seconds_left({}) is None
    terminal.seconds = {"cut_clips": 100.0, "train_checkpoint": 200.0}
    assert terminal.seconds_left({}) == 400
    terminal.at_once = 2
    assert terminal.seconds_left({}) == 200
    terminal.taken, terminal.left["cut_clips"] = {"cut_clips": [300.0]}, 1
    assert 300 < terminal.seconds_left({}) < 450
    assert about(300) == "about 5 min"


def test_films_failures_and_pairs_are_counted_as_far_as_the_run_is(tmp_path):
    stages, shards = ("videos", "clips", "instructions"), ("00000-of-00002", "00001-of-00002")
    assert summarize(tmp_path, stages, shards) == ["Films    none yet"]
    film = video_of(write_film(tmp_path / "a.mp4"))
    for shard, name in zip(shards, "ab", strict=True):
        (tmp_path / "videos").mkdir(exist_ok=True)
        lines = [(f"{name}.mp4", film), (f"{name}_bad.mp4", "it is empty")]
        write_shard(tmp_path / "videos" / f"{shard}.jsonl", lines)
    assert summarize(tmp_path, stages, shards) == [
        "Films    0 of 4 done; 2 failed (2 in videos)",
        "         a_bad.mp4: it is empty",
        "         b_bad.mp4: it is empty",
    ]
    (tmp_path / "instructions").mkdir()
    write_shard(tmp_path / "instructions" / f"{shards[1]}.jsonl", [("b.mp4", "no reply")])
    lines = summarize(tmp_path, stages, shards)
    assert lines[0] == "Films    0 of 4 done; 3 failed (2 in videos, 1 in instructions)"


def test_only_a_call_for_checks_leaves_a_run_alone():
    assert leaves_run_alone({"check"})
    assert leaves_run_alone({"check", "check_all"})
    assert not leaves_run_alone({"check", "instructions"})
    assert not leaves_run_alone(set()), "a call without targets makes the whole run"
