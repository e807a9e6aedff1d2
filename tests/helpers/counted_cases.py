"""Cases of tests, run for their outcomes."""

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]


def outcomes(*arguments):
    """By case ("test_name[case]"), whether it passed; skipped ones are left out.

    Raises:
        ValueError: if none was run.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        subprocess.run([*command, f"--junitxml={report}", *arguments], cwd=ROOT, check=False)
        cases = list(ElementTree.parse(report).iter("testcase"))
    found = {
        f"{case.get('classname')}::{case.get('name')}": case.find("failure") is None
        and case.find("error") is None
        for case in cases
        if case.find("skipped") is None
    }
    if not found:
        raise ValueError(f"no case of {' '.join(arguments)} was run")
    return found
