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
from strefer.agents.embedder import load_embedder, sigmoid_match

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


SO400M = {"scale": 112.33, "bias": -16.5}  # ViT-SO400M-14-SigLIP-384/webli


@pytest.mark.parametrize(
    ("cosine", "probability"),
    [(0.1469, 0.5), (0.136, 0.22), (0.068, 0.00014), (0.050, 0.00002)],
)
def test_siglip_judges_as_its_authors_checkpoint_does(cosine, probability):
    """The last three are an image with a right and two wrong texts (open_clip, issue 716)."""
    judged = sigmoid_match(np.array([[cosine]]), **SO400M)
    assert judged[0, 0] == pytest.approx(probability, rel=0.1)


def embedder_of_kind(folder, bias, **options):
    """SigLIP's kind has a bias, CLIP's has none."""
    tokenizer = train_tokenizer(TEXTS)
    config = model_config(len(tokenizer)) | {"init_logit_bias": bias}
    model = new_embedder(config, seed=0)
    with torch.no_grad():
        model.logit_scale.fill_(np.log(SO400M["scale"]))
    save_embedder(folder, model, config, tokenizer)
    return load_embedder({"adapter": "open_clip", "model": str(folder), "device": "cpu"} | options)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_scale_and_bias_are_the_checkpoints(tmp_path, dtype):
    embedder = embedder_of_kind(tmp_path, SO400M["bias"], dtype=dtype)
    assert embedder.scale == pytest.approx(SO400M["scale"], rel=2e-3)  # saved in half precision
    assert embedder.bias == SO400M["bias"]
    middle = -embedder.bias / embedder.scale
    text = np.eye(2, 128, dtype=np.float32)[:1]
    image = np.zeros((1, 128), np.float32)
    image[0, :2] = middle, np.sqrt(1 - middle**2)
    assert embedder.match(text, image)[0, 0] == pytest.approx(0.5, abs=1e-4)


def test_without_a_bias_texts_compete_with_something_else(tmp_path):
    embedder = embedder_of_kind(tmp_path, None)
    texts = embedder.embed_texts(TEXTS)
    judged = embedder.match(texts, texts)  # as images that are exactly what the texts say
    assert judged.argmax(axis=0).tolist() == [0, 1, 2]
    assert (judged.sum(axis=0) < 1).all()
    [of_nothing] = embedder.match(texts[:1], embedder.embed_texts(["a photo"]))
    assert of_nothing[0] < 0.5  # although there is no other text in question


def test_an_embedding_does_not_depend_on_its_company(embedder):
    pictures = frames(19, 128, 128)
    together = embedder.embed_images(pictures)
    for some in (slice(0, 1), slice(4, 6), slice(7, 18)):
        assert (embedder.embed_images(pictures[some]) == together[some]).all()
    assert (embedder.embed_texts(TEXTS[:1]) == embedder.embed_texts(TEXTS)[:1]).all()


def test_out_of_memory_halves_the_batch_and_changes_nothing(folder, embedder, caplog):
    small = load_embedder({"adapter": "open_clip", "model": str(folder), "device": "cpu"})

    def room_for_two(module, args):
        if len(args[0]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")

    small.model.visual.register_forward_pre_hook(room_for_two)
    pictures = frames(5, 128, 128)
    np.testing.assert_allclose(
        small.embed_images(pictures), embedder.embed_images(pictures), atol=1e-5
    )
    assert caplog.messages == ["out of memory with a batch of 5; continuing with 2"]
