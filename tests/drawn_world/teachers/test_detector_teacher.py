"""The demo's detector: its data, losses, folder and training."""

import numpy as np
import pytest
import torch

from drawn_world.drawing.render import render
from drawn_world.plan.plan import SPLITS, plan_film
from drawn_world.teachers.detector import data
from drawn_world.teachers.detector import loss as losses
from drawn_world.teachers.detector import train as teacher
from drawn_world.teachers.detector.card import held_out_sights, measure_detector
from drawn_world.teachers.detector.model import (
    detector_processor,
    for_use,
    new_detector,
    save_detector,
)
from drawn_world.teachers.detector.warm_up import CellHeads, cell_states, warm_up_loss
from drawn_world.vocabulary import GENERALIZED_NOUNS, all_expressions
from strefer.agents.detector.interface import RawDetection
from strefer.agents.detector.load import load_detector
from strefer.agents.detector.with_transformers import TransformersDetector
from strefer.masks import box_of_mask


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def sights():
    return data.draw_sights(SPLITS["train"][:6], 2, np.random.default_rng(0))


def test_a_sight_has_the_boxes_of_the_visible_masks():
    plan = plan_film(3)
    frames, masks = render(plan, [40])
    sight = data.sight_of(frames[0], masks[:, 0], plan.entities)
    large = [i for i, m in enumerate(masks[:, 0]) if m.sum() >= data.MIN_PIXELS]
    assert [e.entity_id for e in sight.seen] == large
    assert sight.boxes.tolist() == [list(box_of_mask(masks[i, 0])) for i in large]


def test_a_mirrored_sight_mirrors_boxes_and_cells(sights):
    sight, rng = next(s for s in sights if len(s.seen) > 0), np.random.default_rng(0)
    mirrored = next(
        v for v in (data.varied(sight, rng) for _ in range(20)) if (v.boxes != sight.boxes).any()
    )
    np.testing.assert_allclose(mirrored.boxes[:, 2], data.FRAME_PX - sight.boxes[:, 0])
    np.testing.assert_array_equal(mirrored.owners, sight.owners[:, ::-1])


def test_prompts_name_the_nouns_in_sight_and_their_boxes(sights):
    rng = np.random.default_rng(1)
    for sight in sights * 10:
        asked = data.ask(sight, rng, expression_share=0.0)
        phrases = [p.strip() for p in asked.prompt.split(".")[:-1]]
        assert set(data.nouns_of(sight.cast)) <= set(phrases) <= set(GENERALIZED_NOUNS)
        answered = [phrases[i] for i in asked.phrases]
        assert sorted(answered) == sorted(e.generalized_noun for e in sight.seen)


def test_prompts_of_one_expression_match_that_entity_alone(sights):
    rng = np.random.default_rng(2)
    for sight in sights * 10:
        asked = data.ask(sight, rng, expression_share=1.0)
        expression = asked.prompt.removesuffix(".")
        assert expression in all_expressions()
        assert len(asked.boxes) == sum(e.expression == expression for e in sight.seen)


def test_the_tokenizer_knows_every_word_of_the_demo():
    tokenizer = detector_processor().tokenizer
    for phrase in (*GENERALIZED_NOUNS, *all_expressions()):
        ids = tokenizer(phrase + ".")["input_ids"]
        assert tokenizer.unk_token_id not in ids
        assert len(ids) == len(phrase.split()) + 3  # [CLS], the dot, [SEP]


def test_phrase_tokens_are_those_between_the_dots():
    ids = detector_processor().tokenizer("red ball. dog.", return_tensors="pt")["input_ids"][0]
    assert losses.phrase_tokens(ids).tolist() == [[0, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0]]


def test_generalized_ious_by_hand():
    box = torch.tensor([0.5, 0.5, 0.2, 0.2])
    beside = torch.tensor([0.7, 0.5, 0.2, 0.2])  # touches it: no overlap, nothing between
    apart = torch.tensor([0.9, 0.5, 0.2, 0.2])  # as far off as it is wide
    got = losses.generalized_ious(box, torch.stack([box, beside, apart]))
    np.testing.assert_allclose(got, [1.0, 0.0, -1 / 3], atol=1e-3)


def test_cell_centres_follow_the_feature_maps():
    centres = losses.cell_centres(16 * 16 + 8 * 8 + 4 * 4)
    assert centres[0].tolist() == [1 / 32, 1 / 32]
    assert centres[1].tolist() == [3 / 32, 1 / 32]
    assert centres[-1].tolist() == [7 / 8, 7 / 8]
    with pytest.raises(ValueError, match="three feature maps"):
        losses.cell_centres(100)


def test_training_begins_with_rare_tokens_and_reaches_every_weight(sights):
    model, rng = new_detector(0).train(), np.random.default_rng(0)
    asked = [data.ask(sight, rng, 0.3) for sight in sights]
    tokens = detector_processor().tokenizer
    inputs = tokens([a.prompt for a in asked], padding=True, return_tensors="pt")
    outputs = model(pixel_values=teacher._pixels(sights), **inputs)
    seen = outputs.logits[outputs.logits > -1e4]
    assert 0.005 < seen.sigmoid().median() < 0.08
    losses.detection_loss(model, outputs, inputs, asked).backward()
    first = next(p for n, p in model.named_parameters() if "backbone" in n and p.ndim == 4)
    assert first.grad.abs().sum() > 0
    for name in ("encoder_output_bbox_embed", "bbox_embed.0", "query_position", "text_backbone"):
        grads = [p.grad for n, p in model.named_parameters() if name in n and p.grad is not None]
        assert sum(g.abs().sum() for g in grads) > 0, name


def test_a_batch_with_nothing_to_find_still_has_a_loss(sights):
    absent = [data.asked_for(s, ["purple bus"], []) for s in sights]
    model = new_detector(0)
    tokens = detector_processor().tokenizer
    inputs = tokens([a.prompt for a in absent], padding=True, return_tensors="pt")
    outputs = model(pixel_values=teacher._pixels(sights), **inputs)
    assert torch.isfinite(losses.detection_loss(model, outputs, inputs, absent))


def test_the_warm_up_learns_a_batch_by_heart(sights):
    model = new_detector(0).train()
    heads = CellHeads(model.config.d_model)
    optimizer = torch.optim.AdamW([*model.model.parameters(), *heads.parameters()], lr=2e-3)
    shares = []
    for _ in range(20):
        loss, right = warm_up_loss(heads, cell_states(model, teacher._pixels(sights)), sights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        shares.append(right)
    assert shares[-1] > 0.8 > shares[0]


def test_the_folder_loads_through_the_adapter_and_sees_the_same(tmp_path, sights):
    model = new_detector(0)
    save_detector(tmp_path, model)
    loaded = load_detector({"adapter": "transformers", "model": str(tmp_path)})
    frames = [s.frame for s in sights[:2]]
    # The folder holds half precision: compare with weights rounded alike.
    used = TransformersDetector(for_use(model).half().float(), detector_processor())
    for a, b in zip(
        used.detect(frames, ["person", "dog"], 0.0, 0.5),
        loaded.detect(frames, ["person", "dog"], 0.0, 0.5),
        strict=True,
    ):
        assert len(a) == len(b) > 0
        np.testing.assert_allclose([d.score for d in a], [d.score for d in b], rtol=1e-4)


def test_measures_of_a_perfect_detector_are_one_and_of_a_blind_one_zero():
    seeds = SPLITS["held_out"][:3]

    class Perfect:
        def detect(self, frames, phrases, box_threshold, text_threshold):
            found = []
            for frame in frames:
                sight = next(s for s in known if np.array_equal(s.frame, frame))
                names = [(e.generalized_noun, e.expression) for e in sight.seen]
                boxes = [tuple(box) for box in sight.boxes.tolist()]
                hits = [(b, n) for b, pair in zip(boxes, names, strict=True) for n in pair]
                found.append([RawDetection(b, 0.9, n) for b, n in hits if n in phrases])
            return found

    class Blind:
        def detect(self, frames, phrases, box_threshold, text_threshold):
            return [[] for _ in frames]

    known = [sight for seed in seeds for sight in held_out_sights(seed)]
    perfect = measure_detector(Perfect(), seeds)
    assert perfect["recall"] > 0.97  # objects of one kind that nearly coincide are one
    assert perfect["precision"] == 1.0
    assert perfect["mean_iou"] == pytest.approx(1.0)
    assert measure_detector(Blind(), seeds)["recall"] == 0.0


def test_training_resumes_and_writes_the_folder_with_its_card(tmp_path, monkeypatch):
    monkeypatch.setattr(teacher, "_FILMS", 8)
    monkeypatch.setattr(teacher, "_CARD_FILMS", 2)
    teacher.train(tmp_path / "out", tmp_path / "work", 0.03, seed=0, threads=1, device="cpu")
    first = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    teacher.train(tmp_path / "out", tmp_path / "work", 0.03, seed=0, threads=1, device="cpu")
    assert (tmp_path / "out" / "README.md").read_text(encoding="utf-8") == first  # budget was spent
    assert (tmp_path / "out" / "model.safetensors").stat().st_size < 5e6
    with pytest.raises(ValueError, match="cpu"):
        teacher.train(tmp_path / "out", tmp_path / "work", 0.03, seed=0, threads=1, device="cuda")
