"""Features on disk: another process reads them, and only what is the same is taken for the same."""

import shutil

import pytest
import torch

from helpers.tiny_student import SIZES
from strefer.videollm.building import build_student
from strefer.videollm.data.frame_source import KeptFeatures, view_of


@pytest.fixture
def encoder(parts):
    return build_student(parts.vision, parts.llm, SIZES, seed=0)[0].vision


@pytest.fixture
def film(parts, tmp_path):
    return str(shutil.copy(parts.films[0][0], tmp_path / "film.mp4"))


def encoded_once_more(frames):
    raise AssertionError("encoded once more")


def another_process(encoder, folder):
    return KeptFeatures(encoder, 50, folder)


def n_files(folder):
    return sum(path.is_file() for path in folder.rglob("*"))


def test_what_one_has_encoded_another_reads(encoder, film, tmp_path, monkeypatch):
    view, store = view_of(film, 4), tmp_path / "store"
    encoded = another_process(encoder, store).get(view)
    assert torch.equal(encoded, KeptFeatures(encoder, 50).get(view))
    monkeypatch.setattr(encoder, "forward", encoded_once_more)
    assert torch.equal(another_process(encoder, store).get(view), encoded)
    renamed = shutil.move(film, tmp_path / "renamed.mp4")
    assert torch.equal(another_process(encoder, store).get(view_of(str(renamed), 4)), encoded)
    assert n_files(store) == 1


def test_other_times_films_and_weights_are_others(encoder, film, parts, tmp_path):
    store = tmp_path / "store"
    first = another_process(encoder, store).get(view_of(film, 4))
    assert another_process(encoder, store).get(view_of(film, 3)).shape[0] == 3
    shutil.copy(parts.films[1][0], film)
    changed = another_process(encoder, store).get(view_of(film, 4))
    assert not torch.equal(changed, first)
    with torch.no_grad():
        next(encoder.parameters()).mul_(2)
    assert not torch.equal(another_process(encoder, store).get(view_of(film, 4)), changed)
    assert n_files(store) == 4


def test_a_damaged_file_is_encoded_again(encoder, film, tmp_path):
    view, store = view_of(film, 4), tmp_path / "store"
    encoded = another_process(encoder, store).get(view)
    file = next(path for path in store.rglob("*.npy"))
    file.write_bytes(file.read_bytes()[:-100])
    assert torch.equal(another_process(encoder, store).get(view), encoded)
    file.write_bytes(b"")
    assert torch.equal(another_process(encoder, store).get(view), encoded)
    assert torch.equal(another_process(encoder, store).get(view), encoded)
