"""What a rule's script says when it ends badly: run in a process of its own, as Snakemake does."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(tmp_path, line):
    start = "from strefer.workflow.logs import start_log\nstart_log('log.txt')"
    program = f"import logging\n{start}\n{line}\n"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done, (tmp_path / "log.txt").read_text()


def test_an_expected_error_is_one_line_and_its_traceback_is_in_the_file(tmp_path):
    done, log = run(tmp_path, "raise ValueError('films: there is no folder x')")
    assert done.returncode == 1
    assert done.stderr == "ERROR films: there is no folder x\n"
    assert "Traceback" in log


def test_an_unexpected_error_shows_its_traceback(tmp_path):
    done, log = run(tmp_path, "raise KeyError('x')")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "Traceback" in log


def test_details_go_to_the_file_and_warnings_to_both(tmp_path):
    done, log = run(
        tmp_path, "logging.info('a detail')\nlogging.warning('mind this', exc_info=KeyError('k'))"
    )
    assert done.returncode == 0
    assert done.stderr == "WARNING mind this\n"
    assert "INFO a detail" in log
    assert "KeyError" in log
