import pytest
from huggingface_hub import try_to_load_from_cache

from helpers.hub_files import COMMIT, add_model, use_cache
from strefer.workflow.requirements.hub_cache import cached_commit, has_weights

INDEX = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}


@pytest.fixture
def cache(monkeypatch, tmp_path):
    return use_cache(monkeypatch, tmp_path)


def test_the_newest_commit_is_the_one_that_was_downloaded(cache):
    snapshot = add_model(cache, "org/model", {"config.json": {}})
    assert cached_commit("org/model") == COMMIT
    # The library finds the same.
    assert try_to_load_from_cache("org/model", "config.json", cache_dir=cache) == str(
        snapshot / "config.json"
    )


def test_a_commit_that_is_named_is_itself_and_a_branch_is_looked_up(cache):
    add_model(cache, "org/model", {"config.json": {}}, branch="v2")
    assert cached_commit("org/model", COMMIT) == COMMIT
    assert cached_commit("org/model", "v2") == COMMIT
    assert cached_commit("org/model") is None
    assert cached_commit("org/model", "f" * 40) is None
    assert cached_commit("org/other") is None


@pytest.mark.parametrize(
    ("files", "complete"),
    [
        ({"config.json": {}}, False),
        ({"config.json": {}, "model.safetensors": "x"}, True),
        ({"sam2.1_hiera_large.pt": "x"}, True),
        ({"model.safetensors.index.json": INDEX, "model-1.safetensors": "x"}, False),
        (
            {
                "model.safetensors.index.json": INDEX,
                "model-1.safetensors": "x",
                "model-2.safetensors": "x",
            },
            True,
        ),
    ],
)
def test_weights_are_there_if_all_of_them_are(cache, files, complete):
    add_model(cache, "org/model", files)
    assert has_weights("org/model") is complete


def test_a_download_that_broke_off_has_no_weights(cache):
    snapshot = add_model(cache, "org/model", {"config.json": {}})
    (snapshot / "model.safetensors").symlink_to(cache / "no_such_blob")
    assert not has_weights("org/model")
