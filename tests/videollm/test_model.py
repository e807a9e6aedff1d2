"""The model: what reaches the LLM, saving and loading, generation, the paper's shapes."""

from types import SimpleNamespace

import pytest
import torch
from transformers import Phi3Config

from helpers.tiny_student import SIZES, sample_fields
from strefer.videollm.architecture.configuration import VideoLlmConfig
from strefer.videollm.architecture.model import VideoLlm
from strefer.videollm.architecture.vision import vision_spec
from strefer.videollm.building import build_student, settings_of
from strefer.videollm.data.batches import collate
from strefer.videollm.data.frame_source import DecodedFrames, KeptFeatures
from strefer.videollm.data.processor import Processor
from strefer.videollm.data.samples import Sample, sample_from_json

QUESTION = "What does the <region> do?"


def encode(student, film, regions, question=QUESTION, answer="It walks to the left."):
    sample = sample_from_json(sample_fields(film[0], question, answer, regions))
    return student.processor.encode(sample, draw=None)


def batch_of(student, encoded, pack=False):
    source = KeptFeatures(student.model.vision, 50)
    return collate(encoded, source, student.tokenizer.pad_token_id, pack)


def test_gradient_flows_through_regions_and_film_but_not_into_the_encoder(student, parts):
    film = parts.films[0]
    student.model(**batch_of(student, [encode(student, film, film[1][:1])])).loss.backward()
    for part in (student.model.region_encoder, student.model.resampler, student.model.temporal):
        norms = [p.grad.norm().item() for p in part.parameters()]
        assert max(norms) > 0
    assert all(p.grad is None for p in student.model.vision.parameters())


def test_another_mask_changes_the_answer(student, parts):
    """The text says nothing: what differs is the mask."""
    regions = parts.films[0][1]
    key = next(iter(set(regions[0]) & set(regions[1])))
    texts = [encode(student, parts.films[0], [{key: region[key]}]) for region in regions[:2]]
    assert texts[0].ids == texts[1].ids
    logits = [student.model(**{**batch_of(student, [e]), "labels": None}).logits for e in texts]
    assert (logits[0][0, -5:] - logits[1][0, -5:]).abs().max() > 1e-4


def test_film_and_order_of_frames_matter(student, parts):
    batch = batch_of(student, [encode(student, parts.films[0], [], "What is in the video?")])
    plain = student.model(**batch).loss
    batch["features"] = batch["features"].flip(1)
    assert (student.model(**batch).loss - plain).abs() > 1e-6


def test_rows_do_not_depend_on_their_batch(student, parts):
    first, second = parts.films
    rows = [
        encode(student, first, first[1][:1]),
        encode(student, second, [], "What is in the video?"),
        encode(student, first, first[1][1:2], answer="Yes."),
    ]
    together = batch_of(student, rows)
    assert together["features"].shape[0] == 2  # two films for three rows
    logits = student.model(**{**together, "labels": None}).logits
    for row, encoded in enumerate(rows):
        alone = student.model(**{**batch_of(student, [encoded]), "labels": None}).logits
        assert torch.allclose(logits[row, : alone.shape[1]], alone[0], atol=1e-4)


def test_packed_rows_give_the_same_loss(student, parts):
    first, second = parts.films
    samples = [
        encode(student, first, first[1][:1]),
        encode(student, second, second[1][1:2], answer="No."),
        encode(student, first, [], "What is in the video?", answer="Yes."),
        encode(student, first, first[1][1:2], answer="Yes."),
    ]
    packed = batch_of(student, samples, pack=True)
    assert len(packed["input_ids"]) == 2
    plain = batch_of(student, samples)
    shown = [(b["input_ids"] == student.model.config.video_token_id).sum() for b in (packed, plain)]
    assert shown == [2 * 3, 4 * 3]
    losses = [student.model(**batch).loss for batch in (packed, plain)]
    assert torch.allclose(losses[0], losses[1], atol=1e-5)


def test_packed_texts_without_a_film_do_not_see_each_other(student):
    texts = [("What is it?", "It walks to the left."), ("No?", "Yes."), ("Yes?", "No.")]
    samples = [student.processor.encode(Sample((turn,)), draw=None) for turn in texts]
    packed, plain = batch_of(student, samples, pack=True), batch_of(student, samples)
    assert len(packed["blocks"]) == len(texts)
    losses = [student.model(**batch).loss for batch in (packed, plain)]
    assert torch.allclose(losses[0], losses[1], atol=1e-5)


def test_visual_vectors_begin_as_long_as_words(student, parts):
    film = parts.films[0]
    batch = batch_of(student, [encode(student, film, film[1][:1])])
    ids, vectors = batch["input_ids"], student.model.input_vectors(batch)
    config = student.model.config
    long = student.model.get_input_embeddings().weight[: config.video_token_id].norm(dim=-1)
    for token in (config.video_token_id, config.region_token_id):
        share = vectors[ids == token].norm(dim=-1).mean() / long.median()
        assert 0.2 < share < 5


def test_decoded_frames_and_kept_features_are_the_same(student, parts):
    film = parts.films[0]
    encoded = [encode(student, film, film[1][:1])]
    kept = student.model(**batch_of(student, encoded)).loss
    source = DecodedFrames(student.model.vision.image_size)
    decoded = student.model(**collate(encoded, source, student.tokenizer.pad_token_id)).loss
    assert torch.allclose(kept, decoded, atol=2e-2)  # frames are rounded to uint8 once more


def test_saved_and_loaded_is_equal(student, parts, tmp_path):
    student.model.save_pretrained(tmp_path)
    loaded = VideoLlm.from_pretrained(tmp_path).eval()
    assert (tmp_path / "model.safetensors").is_file()
    film = parts.films[0]
    batch = {**batch_of(student, [encode(student, film, film[1][:1])]), "labels": None}
    before, after = student.model.state_dict(), loaded.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.allclose(student.model(**batch).logits, loaded(**batch).logits, atol=1e-5)


def test_generate_is_the_greedy_reading_of_the_logits(student, parts):
    film = parts.films[0]
    prompts = [
        encode(student, film, film[1][:1], answer=""),
        encode(student, film, [], "What is in the video?", answer=""),
        encode(student, parts.films[1], [], "What is in the video?", answer=""),
        student.processor.encode(Sample((("What is it?", ""),)), draw=None),
    ]
    batch = batch_of(student, prompts, pack=True)
    assert len(batch["input_ids"]) == len(prompts) - 1  # two questions are about one film
    del batch["labels"]
    generated = student.model.generate(max_new_tokens=4, **batch)
    for row, encoded in enumerate(prompts):
        for expected in generated[row].tolist():
            logits = student.model(**{**batch_of(student, [encoded]), "labels": None}).logits
            assert int(logits[0, -1].argmax()) == expected
            if expected == student.tokenizer.eos_token_id:
                break
            encoded.ids = [*encoded.ids, expected]
            encoded.labels = [*encoded.labels, -100]


def test_too_few_places_are_refused(student, parts):
    film = parts.films[0]
    batch = batch_of(student, [encode(student, film, film[1][:1])])
    batch["input_ids"][batch["input_ids"] == student.model.config.region_token_id] = 0
    with pytest.raises(ValueError, match="places in the text"):
        student.model(**batch)


@pytest.mark.parametrize("sizes", [{"temporal_encoder": "frame_tokens"}, {"region_path": True}])
def test_our_other_parts_learn_too(parts, sizes):
    model, tokenizer = build_student(parts.vision, parts.llm, {**SIZES, **sizes}, seed=0)
    other = SimpleNamespace(
        model=model, tokenizer=tokenizer, processor=Processor(tokenizer, settings_of(model))
    )
    film = parts.films[0]
    model(**batch_of(other, [encode(other, film, film[1][:1])])).loss.backward()
    unmoved = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not unmoved


def test_the_papers_configuration_has_the_published_shapes():
    config = VideoLlmConfig(
        vision=vision_spec("open_clip:ViT-SO400M-14-SigLIP-384/webli"),
        text={**Phi3Config().to_diff_dict(), "model_type": "phi3"},
    )
    with torch.device("meta"):
        model = VideoLlm(config)
        assert model.vision.width == 1152
        assert model.vision.side == 27
        features = torch.empty(2, 32, 27, 27, 1152)
        assert model.encode_films(features).shape == (2, 128, 3072)
    millions = {
        name: round(sum(p.numel() for p in part.parameters()) / 1e6)
        for name, part in model.named_children()
    }
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert round(trained / 1e9, 1) == 4.0  # as published
    assert millions["llm"] == 3821
    # 6 layers of 3 · 1152 · 1536 · … weights and so on: see the docstrings of the parts.
    assert millions["resampler"] == 106
    assert millions["region_encoder"] == 13
    assert model.region_encoder.project[2].out_features == 3072
