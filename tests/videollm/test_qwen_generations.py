"""Every generation of Qwen-VL: its own tokens and positions, true times, LoRA, merging."""

import json
import re

import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from helpers.films import write_film
from helpers.tiny_qwen import BUILDERS
from helpers.tiny_student import sample_fields
from strefer.frames import read_frames
from strefer.videollm.data.film_shape import film_shape
from strefer.videollm.data.frame_source import view_of
from strefer.videollm.data.samples import sample_from_json
from strefer.videollm.options import TrainingOptions
from strefer.videollm.qwen_vl import student as qwen_student
from strefer.videollm.qwen_vl.processor import collate_qwen
from strefer.videollm.qwen_vl.student import (
    MERGED,
    QwenCollator,
    QwenStudent,
    build_qwen,
    qwen_loss,
)
from strefer.videollm.student import load_student
from strefer.videollm.training.train_checkpoint import train_checkpoint

QUESTION, ANSWER = "What is in the video?", "A dog runs."
OPTIONS = {
    "model": "qwen_vl",
    "sizes": {"n_frames": 8},
    "lora_rank": 4,
    "batch_size": 4,
    "learning_rate": 1e-2,
    "warmup_steps": 1,
    "bf16": False,
    "gradient_checkpointing": False,
    "workers": 0,
    "log_steps": 1,
}


@pytest.fixture(scope="module", params=BUILDERS)
def built(request, tmp_path_factory):
    """The name, folder, model with LoRA and processor of a generation."""
    folder = BUILDERS[request.param](tmp_path_factory.mktemp("qwen"))
    options = TrainingOptions.of(OPTIONS | {"start_from": folder})
    return request.param, folder, *build_qwen(options, seed=0)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """16 s of 8 frames a second."""
    folder = tmp_path_factory.mktemp("film")
    return str(write_film(folder / "film.mp4", n_frames=128, size=(128, 192)))


def sample_of(film, question=QUESTION, **more):
    return sample_from_json(sample_fields(film, question, ANSWER, [], **more))


def test_tokens_are_those_of_the_models_own_processor(built, film):
    _, folder, _, processor = built
    encoded = processor.encode(sample_of(film), None)
    own = AutoProcessor.from_pretrained(folder)
    view = view_of(film, 8)
    content = f"<|vision_start|><|video_pad|><|vision_end|>\n{QUESTION}"
    messages = [{"role": "user", "content": content}, {"role": "assistant", "content": ANSWER}]
    frames = torch.from_numpy(read_frames(film, view.times_s)).permute(0, 3, 1, 2)
    rate = 7 / (view.times_s[-1] - view.times_s[0])
    metadata = {"fps": rate, "frames_indices": list(range(8)), "total_num_frames": 8}
    whole = own(
        text=[own.tokenizer.apply_chat_template(messages, tokenize=False)],
        videos=[frames],
        videos_kwargs={"do_sample_frames": False, "video_metadata": [metadata]},
        return_tensors="pt",
    )
    batch = collate_qwen([encoded], own.tokenizer.pad_token_id)
    for name in set(whole) - {"attention_mask", "video_metadata"}:
        assert torch.equal(batch[name], torch.as_tensor(whole[name])), name
    learned = [number for number in encoded.labels if number != -100]
    assert own.tokenizer.decode(learned) == f"{ANSWER}<|im_end|>"


def test_the_films_true_times_reach_the_model(built, film):
    name, _, model, processor = built
    encoded = processor.encode(sample_of(film), None)
    times_s = view_of(film, 8).times_s
    pairs = [(times_s[i] + times_s[i + 1]) / 2 for i in range(0, 8, 2)]
    if name.startswith("qwen3"):
        text = processor.tokenizer.decode(encoded.ids)
        found = [float(time_s) for time_s in re.findall(r"<(\d+\.\d) seconds>", text)]
        assert found == [round(time_s, 1) for time_s in pairs]
    if name == "qwen2.5-vl":
        batch = collate_qwen([encoded], processor.tokenizer.pad_token_id)
        inner = model.get_base_model().model
        positions, _ = inner.get_rope_index(
            input_ids=batch["input_ids"],
            mm_token_type_ids=batch["mm_token_type_ids"],
            video_grid_thw=batch["video_grid_thw"],
            second_per_grid_ts=batch["second_per_grid_ts"],
            attention_mask=batch["attention_mask"],
        )
        of_film = positions[0, 0][batch["input_ids"][0] == processor.video_id].unique()
        seconds = (of_film - of_film[0]) / model.config.vision_config.tokens_per_second
        wanted = torch.tensor([time_s - pairs[0] for time_s in pairs])
        assert torch.allclose(seconds, wanted, atol=0.5)


def test_a_films_tokens_are_bounded(built, film):
    from dataclasses import replace

    _, _, _, processor = built
    whole = processor.encode(sample_of(film), None).ids.count(processor.video_id)
    processor = type(processor)(
        processor.processor, replace(processor.settings, most_video_tokens=whole // 2)
    )
    fewer = processor.encode(sample_of(film), None).ids.count(processor.video_id)
    assert 0 < fewer <= whole // 2


def test_lora_is_on_every_layer_of_the_language_model_and_nowhere_else(built, film):
    name, _, model, processor = built
    samples = [
        sample_of(film),
        sample_of(film, "A dog?", clip_timestamps=["00:00:02.000", "00:00:09.000"]),
    ]
    encoded = [processor.encode(sample, None) for sample in samples]
    model(**collate_qwen(encoded, processor.tokenizer.pad_token_id)).loss.backward()
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert all("lora" in n and "language_model" in n for n in trained)
    assert not [n for n, p in model.named_parameters() if n in trained and p.grad is None]
    wanted = {"q_proj", "k_proj", "v_proj", "o_proj"}
    wanted |= {"in_proj_qkv", "in_proj_z", "out_proj"} if "3.5" in name else set()
    wanted |= {"experts"} if "moe" in name else {"gate_proj", "up_proj", "down_proj"}
    assert all(any(f".{layer}." in n for n in trained) for layer in wanted)
    assert not any("shared_expert_gate" in n or ".gate." in n for n in trained)


@pytest.mark.parametrize("name", BUILDERS)
def test_a_base_in_bfloat16_is_trained_by_lora_in_float32(name, film, tmp_path, monkeypatch):
    monkeypatch.setattr(qwen_student, "weights_type", lambda *_: torch.bfloat16)
    folder = BUILDERS[name](tmp_path)
    options = OPTIONS | {"start_from": folder, "gradient_checkpointing": True}
    model, processor = build_qwen(TrainingOptions.of(options), seed=0)
    kinds = {p.requires_grad: p.dtype for p in model.parameters()}
    assert kinds == {True: torch.float32, False: torch.bfloat16}
    model.gradient_checkpointing_enable({"use_reentrant": False})
    batch = QwenCollator(processor)([processor.encode(sample_of(film), None)])
    labels = batch.pop("labels")
    with torch.autocast("cpu", torch.bfloat16):
        loss = qwen_loss(model(**batch), labels)
    loss.backward()
    grads = [p.grad for p in model.parameters() if p.requires_grad]
    assert all(grad is not None and grad.isfinite().all() for grad in grads)
    assert any(grad.abs().max() > 0 for grad in grads)


def test_the_merged_folder_answers_as_the_student_does(built, film, tmp_path):
    _, folder, _, _ = built
    lines = [json.dumps(sample_fields(film, QUESTION, ANSWER, []))] * 8
    (tmp_path / "recipe.jsonl").write_text("\n".join(lines))
    out = tmp_path / "out"
    options = {**OPTIONS, "start_from": folder, "merge": True, "epochs": 3}
    train_checkpoint(tmp_path / "recipe.jsonl", out, options, 0, 1, tmp_path / "work")
    student = load_student(out, device="cpu")
    merged = AutoModelForImageTextToText.from_pretrained(out / MERGED)
    assert not any("lora" in name for name in merged.state_dict())
    other = QwenStudent(merged, student.processor, 4)
    asked = [sample_of(film), sample_of(film, "Does it run?"), sample_of(film, "Who?")]
    answers = student.answer(asked, 8)
    assert other.answer(asked, 8) == answers
    base = QwenStudent(AutoModelForImageTextToText.from_pretrained(folder), student.processor, 4)
    assert base.answer(asked, 8) != answers
    assert film_shape(film).duration_s == 16.0
    AutoProcessor.from_pretrained(out / MERGED)
