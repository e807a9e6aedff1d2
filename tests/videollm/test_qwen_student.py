"""LoRA on a Qwen-VL: from a recipe to a score, with regions outlined on the frames."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from helpers.tiny_student import sample_fields
from strefer.benchmarks.predict_answers import predict_answers
from strefer.benchmarks.score_predictions import score_predictions
from strefer.videollm.data.samples import sample_from_json
from strefer.videollm.options import TrainingOptions
from strefer.videollm.qwen_vl.processor import collate_qwen
from strefer.videollm.qwen_vl.region_drawing import COLOURS, name_regions, outline
from strefer.videollm.qwen_vl.student import QwenStudent, build_qwen
from strefer.videollm.student import load_student
from strefer.videollm.training.train_checkpoint import train_checkpoint

OPTIONS = {
    "model": "qwen_vl",
    "start_from": "resources/teachers/video_llm",
    "sizes": {"n_frames": 4},
    "lora_rank": 4,
    "batch_size": 4,
    "learning_rate": 1e-2,
    "warmup_steps": 2,
    "sampled_regions": "all",
    "bf16": False,
    "gradient_checkpointing": False,
    "workers": 0,
    "log_steps": 1,
}


def test_outlines_have_colours_of_their_own_and_leave_the_inside():
    frames = np.full((2, 40, 40, 3), 128, np.uint8)
    masks = [np.zeros((40, 40), bool) for _ in range(2)]
    masks[0][5:15, 5:15], masks[1][20:35, 20:35] = True, True
    drawn = outline(frames, [{0: masks[0]}, {0: masks[1], 1: masks[1]}])
    first, second = list(COLOURS.values())[:2]
    assert (drawn[0, 5, 5] == first).all()
    assert (drawn[0, 20, 20] == second).all()
    assert (drawn[1, 5, 5] == 128).all()
    assert (drawn[0, 10, 10] == 128).all()
    assert (frames == 128).all()
    asked = name_regions("Is <region> left of <region>?", ["red", "lime"])
    assert asked == "Is the object outlined in red left of the object outlined in lime?"


@pytest.fixture(scope="module")
def built():
    return build_qwen(TrainingOptions.of(OPTIONS), seed=0)


def encoded(processor, film, region, question="What does the <region> do?", answer="Yes."):
    fields = sample_fields(film[0], question, answer, [region])
    return processor.encode(sample_from_json(fields), draw=None)


def test_the_loss_is_on_the_answer_and_only_lora_is_trained(built, parts):
    model, processor = built
    film = parts.films[0]
    sample = encoded(processor, film, film[1][0])
    learned = [i for i in sample.labels if i != -100]
    assert processor.tokenizer.decode(learned).startswith("Yes.")
    batch = collate_qwen([sample], processor.tokenizer.pad_token_id)
    assert (batch["input_ids"] == processor.video_id).sum() == 2 * 16
    model(**batch).loss.backward()
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert trained
    assert all("lora" in name and "language_model" in name for name in trained)


def test_long_subtitles_are_thinned_and_the_question_is_kept(built, parts):
    _, processor = built
    context = "\n".join(["It walks to the left."] * 600)
    asked = [{"from": "human", "value": f"{context}\nWhat is in the video?"}]
    fields = {"conversations": asked, "path": parts.films[0][0], "context": context}
    ids = processor.encode(sample_from_json(fields), None).ids
    words = len(ids) - ids.count(processor.video_id)
    assert 0.9 * 1792 < words <= 1792
    assert "What is in the video?" in processor.tokenizer.decode(ids[-20:])


def test_another_mask_gives_other_logits(built, parts):
    model, processor = built
    path, regions = parts.films[0]
    key = next(iter(set(regions[0]) & set(regions[1])))
    samples = [encoded(processor, (path, regions), {key: r[key]}) for r in regions[:2]]
    assert samples[0].ids == samples[1].ids
    pad = processor.tokenizer.pad_token_id
    with torch.no_grad():
        logits = [model(**collate_qwen([s], pad)).logits[0, -3:] for s in samples]
    assert (logits[0] - logits[1]).abs().max() > 1e-4


def test_from_a_recipe_to_a_score(parts, tmp_path):
    path, regions = parts.films[0]
    question = "Does <region> walk between <start_time> and <end_time>? Answer yes or no."
    lines = [json.dumps(sample_fields(path, question, "No.", [region])) for region in regions]
    (tmp_path / "recipe.jsonl").write_text("\n".join(lines * 8))
    out = tmp_path / "out"
    options = {**OPTIONS, "epochs": 2}
    train_checkpoint(tmp_path / "recipe.jsonl", out, options, 0, 1, tmp_path / "work")
    log = [json.loads(line) for line in (out / "training_log.jsonl").read_text().splitlines()]
    assert log[-1]["loss"] < 0.5 * log[0]["loss"]
    assert load_file(out / "adapter_model.safetensors")
    assert not any(file.suffix in (".bin", ".pt") for file in out.iterdir())
    assert isinstance(load_student(out), QwenStudent)

    folder, name = path.removesuffix(".mp4").rsplit("/", 1)
    query = {"qid": 1, "query": "The dog walks.", "duration": 10, "vid": name}
    (tmp_path / "q.jsonl").write_text(json.dumps(query | {"relevant_windows": [[2, 4]]}))
    files = {"annotations": str(tmp_path / "q.jsonl"), "videos": folder}
    predict_answers(out, "qvhighlights", files, tmp_path / "said.jsonl", 0)
    scores = tmp_path / "scores.json"
    metrics = score_predictions(tmp_path / "said.jsonl", "qvhighlights", files, scores, 0, None, {})
    assert metrics["accuracy"] == metrics["strict"] == 0.5
    assert (metrics["answer/no"], metrics["answer/yes"], metrics["answered"]) == (1.0, 0.0, 1.0)


def test_a_model_to_start_from_is_needed():
    with pytest.raises(ValueError, match="needs `start_from`"):
        build_qwen(TrainingOptions.of({"model": "qwen_vl"}), seed=0)
