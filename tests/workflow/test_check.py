"""The target `check`: it tells, and leaves the run as it is."""

import pytest

from .conftest import ROOT

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize(("name", "lacks"), [("config", "nothing"), ("paper", "GPUs: a job of")])
def test_it_tells_what_is_missing_and_touches_no_run(workplace, name, lacks):
    file = ("--configfile", str(ROOT / "config" / f"{name}.yaml"))
    config = (f"run=check_{name}", "videos=demo")
    done = workplace.run("--quiet", "all", *file, config=config, targets=("check",))
    assert lacks in done.stdout.split("MISSING ON THIS MACHINE")[1]
    made = workplace.results(f"check_{name}").rglob("*")
    assert {path.name for path in made if path.is_file()} <= {"check.log"}
