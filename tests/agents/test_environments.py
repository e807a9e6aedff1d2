"""The environments of the rules: their Python parts resolve, for Linux on x86-64 (glibc 2.31)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from helpers.configurations import read_configuration
from strefer.agents.environments import environment_of, versions_in

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "envs").glob("*.yaml"))
BUILT = ("deepspeed", "sam2", "groundingdino-py", "antlr4-python3-runtime", "iopath")
PINNED = re.compile(r"^[A-Za-z0-9_.-]+(\[[a-z,]+\])?==\S+$")


def python_part(file):
    """The requirements that pip installs, and the version of Python."""
    parts = yaml.safe_load(file.read_text())["dependencies"]
    version = next(part for part in parts if str(part).startswith("python=")).split("=")[1]
    return next(part["pip"] for part in parts if isinstance(part, dict)), version


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_everything_is_pinned(file):
    requirements, _ = python_part(file)
    assert [one for one in requirements if not PINNED.match(one)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_python_part_resolves(file, tmp_path):
    requirements, version = python_part(file)
    (tmp_path / "in.txt").write_text("\n".join(requirements))
    # fmt: off
    command = [
        sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--python-version", version,
        "--python-platform", "x86_64-manylinux_2_31", "--only-binary", ":all:",
        *(word for name in BUILT for word in ("--no-binary", name)), "in.txt",
    ]
    # fmt: on
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    if re.search("error sending request|dns error|Failed to fetch", done.stderr):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    assert "==" in done.stdout


def test_rules_and_agents_name_environments_that_exist_and_each_is_used():
    text = "".join(file.read_text() for file in (ROOT / "rules").glob("*.smk"))
    named = set(re.findall(r"envs/(\w+)\.yaml", text))
    for name in ("config", "paper", "modern", "small"):
        agents = read_configuration(name)["agents"]
        named |= {environment_of(role, spec) for role, spec in agents.items()}
    named.add(environment_of("detector", {"adapter": "groundingdino"}))
    assert named == {file.stem for file in FILES}


def test_an_agent_has_the_environment_that_it_names_or_that_of_its_engine():
    chat = {"adapter": "chat", "engine": "vllm"}
    assert environment_of("assigner", chat) == environment_of("llm", {"adapter": "vllm"}) == "vllm"
    assert environment_of("assigner", {"adapter": "embedder"}) == "vision"
    assert environment_of("judge", {"adapter": "openai"}) == "chat"
    assert environment_of("llm", {"adapter": "vllm", "environment": "mine"}) == "mine"


def test_what_an_environment_pins_can_be_asked():
    assert versions_in("vllm_0_24")["vllm"] == "0.24.0"
    assert versions_in("vision")["open_clip_torch"]
    assert versions_in("no_such_file") == {}


def test_an_environment_may_have_packages_of_no_release(monkeypatch, tmp_path):
    listed = ["numpy", "rexseek @ git+file:///r@1a", "uvicorn[standard]==0.54.0"]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"dependencies": ["pip", {"pip": listed}]}))
    monkeypatch.setattr("strefer.agents.environments.ENVS", tmp_path)
    assert versions_in("mine") == {"numpy": "", "rexseek": "", "uvicorn": "0.54.0"}


def test_rexseeks_environment_has_the_versions_that_its_package_pins():
    """Its requirements.txt, as far as the environment file has the packages too."""
    pinned = {"transformers": "4.48.0", "accelerate": "1.5.2", "numpy": "1.22.0", "tqdm": "4.67.1"}
    assert pinned.items() <= versions_in("rexseek").items()
