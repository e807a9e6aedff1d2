"""The parts of a tiny student, written once."""

from types import SimpleNamespace

import pytest

from helpers import tiny_student
from strefer.videollm.building import build_student, settings_of
from strefer.videollm.data.processor import Processor


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    """Folders of encoder and LLM, two films with their regions."""
    root = tmp_path_factory.mktemp("tiny_student")
    return SimpleNamespace(
        vision=tiny_student.write_vision(root / "vision"),
        llm=tiny_student.write_llm(root / "llm"),
        films=[tiny_student.write_demo_film(root, seed) for seed in (3, 4)],
    )


@pytest.fixture
def student(parts):
    """A new model with its processor."""
    model, tokenizer = build_student(parts.vision, parts.llm, tiny_student.SIZES, seed=0)
    return SimpleNamespace(
        model=model.eval(), tokenizer=tokenizer, processor=Processor(tokenizer, settings_of(model))
    )
