"""What the code must not do: run what it reads, load pickles, or keep keys."""

import ast
import json
from pathlib import Path

import pytest

from strefer.workflow import provenance
from strefer.workflow.configuration.agents import CHAT

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "scripts").rglob("*.py"))
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
FORBIDDEN_CALLS = {"eval", "exec", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load"}


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}


def faults(source):
    """What a file does that it must not, in words."""
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [f"imports {n}" for n in names if n.split(".")[0] in FORBIDDEN_MODULES]
    for name, given in calls(tree):
        if name in FORBIDDEN_CALLS:
            found.append(f"calls {name}")
        if name == "torch.load" and given.get("weights_only") != "True":
            found.append("torch.load without weights_only=True")
        if given.get("shell") == "True":
            found.append("a shell")
        if given.get("allow_pickle") == "True":
            found.append("allow_pickle")
        if given.get("trust_remote_code") == "True":
            found.append("trust_remote_code whatever the configuration says")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_runs_what_it_reads(path):
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "eval('1')",
        "import os\nos.system('ls')",
        "import torch\ntorch.load('x')",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "f(trust_remote_code=True)",
    ],
)
def test_the_test_sees_what_it_looks_for(source):
    assert faults(source)


def test_remote_code_is_off_unless_it_is_named():
    for chat in CHAT.values():
        option = chat.model_fields.get("trust_remote_code")
        assert option is None or option.default is False
    for path in (ROOT / "config").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert "trust_remote_code: true" not in text


def test_keys_of_the_environment_are_in_no_record(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-secret-of-the-test")
    assert "sk-a-secret" not in json.dumps(provenance.job_facts())
    given = {"llm": {"api_key": "sk-a-secret-of-the-test", "key_env": "OPENAI_API_KEY"}}
    kept = provenance.without_secrets(given)
    assert kept == {"llm": {"api_key": "(left out)", "key_env": "OPENAI_API_KEY"}}
