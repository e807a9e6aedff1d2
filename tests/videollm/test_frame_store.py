"""The store of sampled frames: the film once, the same frames ever after."""

import json

import numpy as np
import pytest

from helpers.films import write_film
from helpers.tiny_student import OPTIONS, write_recipe
from strefer.frames import DecodingError, measure, read_frames
from strefer.videollm.data import frame_store
from strefer.videollm.data.film_shape import film_shape
from strefer.videollm.data.frame_source import view_of
from strefer.videollm.data.frame_store import FrameStore
from strefer.videollm.data.unusable import Unusable
from strefer.videollm.training.train_checkpoint import train_checkpoint


@pytest.fixture
def film(tmp_path):
    return str(write_film(tmp_path / "film.mp4", n_frames=24, size=(64, 96)))


@pytest.fixture
def decoded(monkeypatch):
    """The views that were decoded."""
    seen, decode = [], frame_store.iterate_frames_at

    def counted(path, times_s):
        seen.append((path, tuple(times_s)))
        return decode(path, times_s)

    monkeypatch.setattr(frame_store, "iterate_frames_at", counted)
    return seen


def test_frames_are_those_of_the_film_at_the_encoders_size(film, tmp_path, decoded):
    view, store = view_of(film, 4), FrameStore(tmp_path / "store", 32)
    frames = store.get(view)
    assert frames.shape == (4, 32, 32, 3)
    assert frames.dtype == np.uint8
    grey = read_frames(film, view.times_s).mean(axis=(1, 2, 3))
    assert frames.mean(axis=(1, 2, 3)) == pytest.approx(grey, abs=2)
    again = FrameStore(tmp_path / "store", 32).get(view)
    assert (again == frames).all()
    assert len(decoded) == 1


def test_another_size_other_times_and_another_film_are_other_frames(film, tmp_path, decoded):
    store = FrameStore(tmp_path / "store", 32)
    store.get(view_of(film, 4))
    assert FrameStore(tmp_path / "store", 16).get(view_of(film, 4)).shape[1] == 16
    assert len(store.get(view_of(film, 3))) == 3
    write_film(film, n_frames=30, size=(64, 96))
    store.get(view_of(film, 4))
    assert len(decoded) == 4


def test_a_damaged_file_is_made_again(film, tmp_path, caplog):
    view, store = view_of(film, 4), FrameStore(tmp_path / "store", 32)
    frames = store.get(view)
    (file,) = (tmp_path / "store").rglob("*.npz")
    file.write_bytes(file.read_bytes()[:500])
    assert (store.get(view) == frames).all()
    assert "damaged" in caplog.text


def test_a_training_decodes_each_film_once_before_its_first_step(parts, tmp_path, decoded):
    recipe = write_recipe(tmp_path / "recipe.jsonl", parts.films, 24)
    broken = json.loads(recipe.read_text().splitlines()[0]) | {"path": "missing.mp4"}
    recipe.write_text(recipe.read_text() + json.dumps(broken) + "\n")
    options = {**OPTIONS, "vision": parts.vision, "llm": parts.llm, "workers": 2, "epochs": 2}
    options |= {"keep_features_mb": 0, "frame_store": str(tmp_path / "store")}
    for _ in range(2):
        train_checkpoint(recipe, tmp_path / "out", options, 0, 1, tmp_path / "work")
    assert sorted(path for path, _ in decoded) == sorted(path for path, _ in parts.films)


@pytest.mark.parametrize("pts", [None, [0, 100, 350, 400, 1000, 1020, 1900, 2000]])
def test_a_films_shape_is_what_decoding_it_finds(tmp_path, pts):
    path = str(write_film(tmp_path / "film.mp4", n_frames=8, pts=pts))
    assert film_shape(path) == measure(path)


def test_films_that_are_missing_empty_or_cut_have_no_shape(film, tmp_path):
    with pytest.raises(Unusable, match="no such film"):
        film_shape(str(tmp_path / "missing.mp4"))
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(DecodingError):
        film_shape(str(tmp_path / "empty.mp4"))
