"""What a rule's script says: run in a process of its own, as Snakemake does."""

import os
import subprocess
import sys
from pathlib import Path

from strefer.workflow.logs import read_reason

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
    assert done.stderr == ""
    assert read_reason(tmp_path / "log.txt") == "films: there is no folder x"
    assert "Traceback" in log


def test_an_unexpected_error_is_named_by_its_kind(tmp_path):
    done, log = run(tmp_path, "raise KeyError('x')")
    assert done.returncode == 1
    assert done.stderr == ""
    assert read_reason(tmp_path / "log.txt") == "KeyError: 'x'"
    assert log.count("Traceback") == 1


def test_all_that_a_process_says_is_in_the_file_alone(tmp_path):
    says = "logging.info('a detail')\nlogging.warning('mind this', exc_info=KeyError('k'))"
    library = "import os\nos.write(2, b'a line of C code\\n')\nos.system('echo of a child >&2')"
    done, log = run(tmp_path, f"{says}\n{library}\nprint('a printed line')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for wanted in ("INFO a detail", "WARNING mind this", "KeyError", "a line of C", "of a child"):
        assert wanted in log
    assert "a printed line" in log


def test_a_killed_process_gives_no_reason_of_its_own(tmp_path):
    run(tmp_path, "logging.error('an error of an item')\nimport os\nos.kill(os.getpid(), 9)")
    assert read_reason(tmp_path / "log.txt") == "an error of an item"
    run(tmp_path, "import os\nos.kill(os.getpid(), 9)")
    assert "ran out of memory" in read_reason(tmp_path / "log.txt")
