"""The embedder agent: open_clip's models behind two calls."""

import numpy as np
import pytest
import torch
from PIL import Image

from drawn_world.teachers.embedder.model import (
    model_config,
    new_embedder,
    save_embedder,
    train_tokenizer,
)
from strefer.agents.embedder import load_embedder

TEXTS = ["red ball", "brown dog", "man with blond hair in a red shirt"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("embedder")
    tokenizer = train_tokenizer(TEXTS)
    config = model_config(len(tokenizer))
    save_embedder(path, new_embedder(config, seed=0), config, tokenizer)
    return path


@pytest.fixture(scope="module")
def embedder(folder):
    torch.set_num_threads(1)
    return load_embedder(
        {"adapter": "open_clip", "model": str(folder), "device": "cpu", "max_batch": 2}
    )


def frames(count, height_px, width_px, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, height_px, width_px, 3), dtype=np.uint8)


def test_embeddings_are_float32_of_unit_length(embedder):
    for rows in (embedder.embed_images(frames(5, 128, 128)), embedder.embed_texts(TEXTS)):
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, rtol=1e-5)
    assert embedder.embed_images(frames(5, 128, 128)).shape == (5, 128)
    assert embedder.image_px == 128


def test_batches_change_nothing(embedder):
    pictures = frames(5, 128, 128)
    together = embedder.embed_images(pictures)
    alone = np.concatenate([embedder.embed_images(p[None]) for p in pictures])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    alone = np.concatenate([embedder.embed_texts([text]) for text in TEXTS])
    np.testing.assert_allclose(embedder.embed_texts(TEXTS), alone, atol=1e-5)


@pytest.mark.parametrize(("height_px", "width_px"), [(128, 128), (90, 160), (300, 200)])
def test_frames_of_any_size_are_seen_as_by_the_models_own_transform(embedder, height_px, width_px):
    # Blocks of one colour: what a picture shows, unlike noise, outlives resizing.
    small = frames(2, 6, 5)
    pictures = np.stack(
        [np.asarray(Image.fromarray(p).resize((width_px, height_px), 0)) for p in small]
    )
    with torch.inference_mode():
        pixels = torch.stack([embedder._transform(Image.fromarray(p)) for p in pictures])
        expected = embedder.model.encode_image(pixels, normalize=True).numpy()
    np.testing.assert_allclose(embedder.embed_images(pictures), expected, atol=5e-3)


def test_other_texts_than_the_demos_encode(embedder):
    rows = embedder.embed_texts(["Größe: 3 €", "red ball"])
    assert np.isfinite(rows).all()
    assert rows[0] @ rows[1] < 0.9999


def test_an_unknown_adapter_says_which_there_are():
    with pytest.raises(ValueError, match=r"agents\.embedder\.adapter is 'clap'.*open_clip"):
        load_embedder({"adapter": "clap", "model": "x"})


def test_two_loads_agree(folder, embedder):
    again = load_embedder({"adapter": "open_clip", "model": str(folder), "device": "cpu"})
    pictures = frames(3, 128, 128, seed=1)
    np.testing.assert_allclose(
        again.embed_images(pictures), embedder.embed_images(pictures), atol=1e-5
    )
