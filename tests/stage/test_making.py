import pytest

from strefer.stage.fingerprint import making_of, model_files


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "README.md").write_text("card")
    return {"adapter": "transformers", "model": str(folder), "max_batch": 16}


@pytest.fixture
def prompt(tmp_path):
    (tmp_path / "ask.txt").write_text("What is {{ this }}?")
    return {"ask": str(tmp_path / "ask.txt")}


def making(spec, prompts, **options):
    return making_of("code", {"fps": 3} | options, prompts, {"llm": spec})


def test_what_only_says_how_fast_does_not_matter(model, prompt):
    first = making(model, prompt, batch_frames=8)
    told = {"max_batch": 2, "device": "cuda", "concurrency": 9, "environment": "mine"}
    for name, value in told.items():
        assert making(model | {name: value}, prompt, batch_frames=64) == first


def test_what_determines_an_answer_matters(model, prompt, tmp_path):
    first = making(model, prompt)
    assert making(model | {"dtype": "float16"}, prompt) != first
    assert making(model, prompt, fps=2) != first
    assert making_of("other code", {"fps": 3}, prompt, {"llm": model}) != first
    (tmp_path / "ask.txt").write_text("Who is {{ this }}?")
    assert making(model, prompt) != first


def test_the_bytes_of_weights_matter_and_the_card_does_not(model, prompt, tmp_path):
    first = making(model, prompt)
    (tmp_path / "model" / "README.md").write_text("another card")
    assert making(model, prompt) == first
    (tmp_path / "model" / "model.safetensors").write_bytes(b"other weights")
    assert making(model, prompt) != first


def test_a_model_of_a_hub_is_known_by_its_name(model):
    assert model_files({"model": "org/name"}) == []
    assert [path.name for path in model_files(model)] == ["model.safetensors"]
