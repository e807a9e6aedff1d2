"""The commits of the hub's models in a run's provenance."""

import json

import pytest

from helpers.configurations import ROOT, read_configuration
from helpers.hub_files import COMMIT, add_model, use_cache
from strefer.workflow.provenance import write_provenance

OTHER = "f" * 40


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    return use_cache(monkeypatch, tmp_path / "cache")


def models_after(run, name, finished=True, **changes):
    """The models in the provenance that a call of a configuration writes."""
    config = read_configuration(name, **changes)
    run.mkdir(exist_ok=True)
    write_provenance(run, ROOT, config, {}, {}, {}, finished)
    return json.loads((run / "provenance.json").read_text())["models"]


def test_the_commit_that_was_downloaded_is_recorded(cache, tmp_path):
    add_model(cache, "Qwen/Qwen2.5-32B-Instruct", {"config.json": {}})
    add_model(cache, "timm/ViT-SO400M-14-SigLIP-384", {"config.json": {}}, commit=OTHER)
    models = models_after(tmp_path / "run", "paper")
    assert models["llm"]["revision"] is None
    assert models["llm"]["commits"] == models["judge"]["commits"] == [COMMIT]
    for role in ("embedder", "training.vision"):
        assert models[role]["hub"] == "timm/ViT-SO400M-14-SigLIP-384"
        assert models[role]["commits"] == [OTHER]
    assert models["video_llm"]["commits"] == []  # not downloaded


def test_a_commit_that_the_configuration_holds_is_the_one(cache, tmp_path):
    add_model(cache, "org/llm", {"config.json": {}}, commit=OTHER, branch="old")
    add_model(cache, "org/llm", {"config.json": {}})
    spec = {"adapter": "transformers", "model": "org/llm"}
    models = models_after(tmp_path / "run", "small", llm=spec | {"revision": OTHER})
    assert models["llm"]["commits"] == [OTHER]
    models = models_after(tmp_path / "other", "small", llm=spec)
    assert models["llm"]["commits"] == [COMMIT]


def test_commits_of_earlier_calls_stay_while_the_model_does(cache, tmp_path):
    spec = {"adapter": "transformers", "model": "org/llm"}
    add_model(cache, "org/llm", {"config.json": {}})
    models_after(tmp_path / "run", "small", llm=spec)
    add_model(cache, "org/llm", {"config.json": {}}, commit=OTHER)
    begun = models_after(tmp_path / "run", "small", finished=False, llm=spec)
    assert begun["llm"]["commits"] == [COMMIT]
    assert models_after(tmp_path / "run", "small", llm=spec)["llm"]["commits"] == [COMMIT, OTHER]
    add_model(cache, "org/new", {"config.json": {}})
    models = models_after(tmp_path / "run", "small", llm=spec | {"model": "org/new"})
    assert models["llm"]["commits"] == [COMMIT]


def test_folders_have_no_commit_but_the_digests_of_their_files(cache, tmp_path):
    models = models_after(tmp_path / "run", "config")
    assert set(models) == {
        *("video_llm", "llm", "judge", "detector", "tracker", "assigner", "embedder"),
        *("training.start_from", "training.vision"),
    }
    assert models["training.vision"]["files"] == models["video_llm"]["files"]
    for model in models.values():
        assert "commits" not in model
        assert [n for n in model["files"] if n.endswith("model.safetensors")]
