"""The demo's video LLM: its parts compute what the library computes, and its folder loads."""

from pathlib import Path

import numpy as np
import pytest
import torch

from drawn_world.plan.plan import SPLITS, plan_film
from drawn_world.teachers.training_state import State
from drawn_world.teachers.video_llm import data as video_llm_pool
from drawn_world.teachers.video_llm import joint_training as joint
from drawn_world.teachers.video_llm import texts
from drawn_world.teachers.video_llm import tower_training as tower
from drawn_world.teachers.video_llm.data import draw_clip, draw_film, draw_pool
from drawn_world.teachers.video_llm.measures import Chat, measure
from drawn_world.teachers.video_llm.model import (
    CELLS,
    PATCHES,
    SIZE_PX,
    build_model,
    build_processor,
    save,
)
from drawn_world.teachers.video_llm.rows import RowWriter
from drawn_world.teachers.video_llm.scenes import Looks, PairLabels, draw_pairs, label_pair
from drawn_world.vocabulary import all_expressions
from strefer.prompts import load_prompt

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "resources" / "teachers" / "video_llm"


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def processor():
    return build_processor()


@pytest.fixture(scope="module")
def model(processor):
    return build_model(processor, seed=0).eval()


def test_questions_are_the_prompts_of_the_configuration():
    prompts = ROOT / "config" / "prompts" / "demo"
    dog = {"expression": "brown dog"}
    assert load_prompt(prompts / "entity_recognizer.txt").render() == texts.LIST_QUESTION
    existence = load_prompt(prompts / "existence.txt").render(**dog)
    assert existence == texts.existence_question("brown dog")
    behaviour = load_prompt(prompts / "behaviour.txt").render(**dog)
    assert behaviour == texts.behaviour_question("brown dog")


def test_lists_are_read_back():
    for names in (["red ball"], all_expressions()[:2], all_expressions()[::9]):
        assert texts.listed(texts.list_answer(names)) == names
    assert texts.listed("The active entities are brown dog.") is None
    assert texts.listed("A brown dog.") is None


def test_list_order_is_by_kind_then_name():
    named = [("ball", "red ball"), ("person", "woman with black hair in a red dress")]
    named += [("dog", "white dog"), ("dog", "black dog")]
    ordered = texts.in_list_order(named)
    assert ordered == ["woman with black hair in a red dress", "black dog", "white dog", "red ball"]


def test_near_misses_differ_little():
    misses = texts.near_misses("man with blond hair in a red shirt")
    assert "man with black hair in a red shirt" in misses
    assert "child with blond hair in a red shirt" in misses
    assert "red car" not in misses


def test_every_word_of_the_demo_is_one_token(processor):
    for expression in all_expressions():
        question = texts.behaviour_question(expression)
        tokens = processor.tokenizer.tokenize(question)
        assert len(tokens) == len(question.replace("?", " ?").replace(".", " .").split())
    odd = "Ein Zebra läuft?\n“x”"
    assert processor.tokenizer.decode(processor.tokenizer(odd).input_ids) == odd


def test_quick_tower_computes_what_the_class_computes(model, processor):
    frames, _ = draw_pairs(np.random.default_rng(0), 4)
    film = torch.from_numpy(frames.reshape(8, SIZE_PX, SIZE_PX, 3)).permute(0, 3, 1, 2)
    inputs = processor.video_processor(videos=[film], return_tensors="pt")
    with torch.no_grad():
        pixels, grid = inputs["pixel_values_videos"], inputs["video_grid_thw"]
        expected = model.model.visual(pixels, grid_thw=grid).pooler_output
        _, tokens = tower.encode(model.model.visual, tower.to_patches(torch.from_numpy(frames)))
    torch.testing.assert_close(tokens.flatten(0, 1), expected, atol=1e-4, rtol=1e-4)


def test_a_branch_is_answered_as_if_asked_alone(model, processor):
    """Several questions behind one visual prefix give the logits of one request each."""
    writer = RowWriter(processor.tokenizer)
    drawn = draw_clip(plan_film(SPLITS["train"][0]), np.random.default_rng(0))
    row = writer.row(drawn.request, np.random.default_rng(0))
    batch = writer.collate([row])
    frames = torch.from_numpy(drawn.frames)
    text = model.model.language_model
    with torch.no_grad():
        pairs = frames.view(-1, 2, *frames.shape[1:])
        tokens = tower.encode(model.model.visual, tower.to_patches(pairs))[1]
        inputs = text.embed_tokens(batch.ids)
        seen = (batch.ids == writer.video_id)[..., None]
        hidden = text(
            inputs_embeds=inputs.masked_scatter(seen, tokens),
            position_ids=batch.positions,
            attention_mask={"full_attention": batch.mask.float()},
            use_cache=False,
        ).last_hidden_state[0]
        branch = np.array(row.branch)
        for number in (1, branch.max()):
            own = np.flatnonzero((branch == 0) | (branch == number))
            ids = batch.ids[:, own]
            video = processor.video_processor(
                videos=[frames.permute(0, 3, 1, 2)], return_tensors="pt"
            )
            expected = model(
                input_ids=ids, mm_token_type_ids=(ids == writer.video_id).int() * 2, **video
            ).logits[0]
            logits = model.lm_head(hidden[own])
            torch.testing.assert_close(logits, expected, atol=2e-3, rtol=2e-3)


def test_labels_name_the_entity_that_covers_most():
    masks = np.zeros((2, 2, SIZE_PX, SIZE_PX), bool)
    masks[0, :, 0:32, 0:32] = True
    masks[1, 0, 96:128, 64:96] = True
    masks[1, 1, 96:128, 96:128] = True
    looks = [Looks.of("dog", "brown", None, "sit"), Looks.of("man", "red", "blond", "walk")]
    patches, cells, motion = label_pair(masks, looks)
    assert (cells[0] == [4, 7, 0, 5]).all()
    assert (cells[14] == [1, 1, 2, 2]).all()
    assert not cells[1:14].any()
    assert (patches.reshape(PATCHES, PATCHES, 4)[:2, :2, 0] == 4).all()
    np.testing.assert_allclose(motion[0], [0, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(motion[14], [1, 0, 0.5, 0], atol=1e-6)
    assert np.isnan(motion[5]).all()


def test_mirrored_pairs_keep_their_labels():
    frames, labels = draw_pairs(np.random.default_rng(1), 3)
    turned = frames.copy(), PairLabels(*(part.copy() for part in vars(labels).values()))
    tower.mirror(*turned, np.array([True, False, True]))
    assert (turned[0][0] == frames[0, :, :, ::-1]).all()
    assert (turned[0][1] == frames[1]).all()
    grid = labels.cells[0].reshape(CELLS, CELLS, 4)
    assert (turned[1].cells[0].reshape(CELLS, CELLS, 4) == grid[:, ::-1]).all()
    tower.mirror(*turned, np.array([True, False, True]))
    np.testing.assert_array_equal(turned[1].motion, labels.motion)


def test_requests_are_drawn_the_same_twice():
    plan = plan_film(SPLITS["train"][5])
    first, second = (draw_clip(plan, np.random.default_rng(3)) for _ in range(2))
    assert first.request == second.request
    assert (first.frames == second.frames).all()
    whole = draw_film(plan)
    assert {s.expression for s in whole.request.shown} | set(whole.request.absent) == {
        e.expression for e in plan.entities
    }


def test_a_stopped_phase_goes_on(tmp_path, processor, monkeypatch):
    monkeypatch.setattr(video_llm_pool, "FILMS_PER_POOL_FILE", 2)
    pool = draw_pool(tmp_path / "pool", 2, "train", seed=0)
    model = build_model(processor, seed=1)
    heads = joint.LanguageHeads(256)
    writer = RowWriter(processor.tokenizer)
    lines: list[str] = []

    def run(minutes: float, model, heads) -> State:
        state = State(tmp_path, "joint", {"model": model, "heads": heads})
        state.load()
        plan = joint.Plan(2, minutes, rows=2, lr=1e-4, tower_lr=1e-4, flat_share=0.2)
        joint.train_phase(model, heads, writer, pool, state, plan, 0, "cpu", lines.append)
        return state

    first = run(1e-6, model, heads)
    assert first.step == 1
    other, other_heads = build_model(processor, seed=2), joint.LanguageHeads(256)
    again = run(first.minutes / 2, other, other_heads)
    assert again.step == 1
    for name, weight in other.state_dict().items():
        assert torch.equal(weight, model.state_dict()[name]), name
    assert run(first.minutes + 1e-6, other, other_heads).step == 2


def test_an_untrained_folder_can_be_measured(tmp_path, model, processor):
    save(model, processor, tmp_path)
    figures = measure(tmp_path, films=1)
    assert figures["films"] == 1
    assert 0 <= figures["existence.accuracy"] <= 1


@pytest.mark.skipif(not SHIPPED.exists(), reason="the teacher has not been trained yet")
def test_the_shipped_folder_answers_in_its_forms():
    weights = SHIPPED / "model.safetensors"
    assert weights.stat().st_size <= 14e6
    assert "# The demo's video LLM" in (SHIPPED / "README.md").read_text()
    chat = Chat(SHIPPED)
    assert chat.model.dtype == torch.float32
    plan = plan_film(SPLITS["held_out"][500])
    film, clip = draw_film(plan), draw_clip(plan, np.random.default_rng(0))
    (listed,) = chat.replies([texts.LIST_QUESTION], [film.frames], 64)
    assert texts.listed(listed), listed
    expression = clip.request.shown[0].expression
    questions = [texts.existence_question(expression), texts.behaviour_question(expression)]
    exists, does = chat.replies(questions, [clip.frames] * 2, 40)
    assert exists in (texts.YES, texts.NO)
    assert does.startswith(f"The {expression} ")
