"""A job runs in the environment of its rule and in nothing else (`--sdm conda`). Environments are
made by the stand-in for conda that uses uv (envs/conda_by_uv)."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from .conftest import ROOT

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(1500)]

SNAKEFILE = """
rule tell:
    output: "told.json"
    conda: "tiny.yaml"
    params: wanted=["av", "numpy", "yaml", "wrapt", "packaging"]
    script: "tell.py"
"""
SCRIPT = """
import packaging.version  # from the interpreter of Snakemake: as yet the path has it

from strefer.stage.job_facts import job_facts

import importlib, json, sys

def can_import(name):
    try:
        return bool(importlib.import_module(name))
    except ImportError:
        return False

told = {name: can_import(name) for name in snakemake.params.wanted}
told |= {"prefix": sys.prefix, "software": job_facts()["software"]}
json.dump(told, open(snakemake.output[0], "w"))
"""


@pytest.fixture(autouse=True)
def conda_by_uv(monkeypatch):
    folder = ROOT / "envs" / "conda_by_uv" / "bin"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHON", sys.executable)
    monkeypatch.delenv("PYTHONPATH", raising=False)


def write_wheel(folder):
    """A package of the name av with one empty module, so that no registry is asked."""
    wheel = folder / "av-0.0.1-py3-none-any.whl"
    about = "av-0.0.1.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("av.py", "")
        file.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: av\nVersion: 0.0.1\n")
        file.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{about}/RECORD", "")
    return wheel


def test_a_script_sees_the_packages_of_its_environment_and_no_others(tmp_path):
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    packages = [f"python={python}", {"pip": [f"av @ {write_wheel(tmp_path).as_uri()}"]}]
    (tmp_path / "tiny.yaml").write_text(json.dumps({"dependencies": packages}))
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "tell.py").write_text(SCRIPT)
    (tmp_path / "strefer").symlink_to(ROOT / "scripts" / "strefer")
    command = [sys.executable, "-m", "snakemake", "--sdm", "conda", "--cores", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["prefix"].startswith(str(tmp_path / ".snakemake" / "conda"))
    assert told["software"]["packages"] == {"av": "0.0.1"}
    assert told["av"]
    foreign = ("numpy", "yaml", "wrapt", "packaging")
    assert [name for name in foreign if told[name]] == []


def test_the_stand_in_refuses_what_only_conda_has(tmp_path):
    (tmp_path / "tiny.yaml").write_text("dependencies: [python=3.11, ffmpeg]")
    command = ["conda", "env", "create", "--file", tmp_path / "tiny.yaml", "--prefix"]
    done = subprocess.run(
        [*command, tmp_path / "made"], capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "asks for packages of conda: ffmpeg" in done.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.long
def test_two_calls_that_make_environments_do_not_disturb_each_other(workplace):
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(workplace.folder), "--cores", "1"]
    command += ["--sdm", "conda", "--conda-create-envs-only", "--config"]
    calls = [
        subprocess.Popen(
            [*command, f"run={name}", "--", f"results/{name}/world/base"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("first", "second")
    ]
    said = "".join(call.communicate(timeout=900)[0] for call in calls)
    assert [call.returncode for call in calls] == [0, 0], said
    assert said.count("Creating conda environment") == 1
    assert "waiting for another process" in said
    assert "Removing incomplete" not in said


@pytest.mark.long
def test_the_chain_makes_the_same_pairs_when_each_rule_has_its_own_environment(workplace, one_film):
    target = "instructions/00000-of-00001.jsonl"
    config = ("run=apart", "shards=1", "demo={films: 1, long_films: 0}")
    targets = [f"results/apart/{target}"]
    workplace.run("--sdm", "conda", config=config, targets=targets)
    assert (workplace.results("apart") / target).read_bytes() == (one_film / target).read_bytes()
