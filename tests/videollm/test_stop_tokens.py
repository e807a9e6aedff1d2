"""Stop tokens and special tokens: kept in the checkpoint, never in an answer."""

import json

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Phi3Config, Phi3ForCausalLM

from helpers.chat_forms import LLAMA3, PHI, PHI3, tokenizer_of
from helpers.tiny_student import OPTIONS, SIZES, sample_fields
from strefer.videollm.building import build_student, read_student
from strefer.videollm.data.samples import sample_from_json
from strefer.videollm.student import load_student
from strefer.videollm.training.train_checkpoint import train_checkpoint

TEXT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "initializer_range": 0.2,
    "bos_token_id": None,
}
FAMILIES = {
    # Phi-3 names its end of a turn in generation_config.json alone, and not as its eos_token.
    "phi-3": (
        Phi3Config,
        Phi3ForCausalLM,
        PHI3,
        PHI,
        "<|endoftext|>",
        ["<|endoftext|>", "<|end|>"],
    ),
    "llama-3": (LlamaConfig, LlamaForCausalLM, LLAMA3, ("<|eot_id|>",), "<|eot_id|>", None),
}


@pytest.fixture(params=FAMILIES)
def llm(request, tmp_path):
    """A folder with a tiny random LLM of a family, and the ids that it stops at."""
    config, kind, template, special, eos, stops = FAMILIES[request.param]
    tokenizer = tokenizer_of(template, special, eos)
    ids = tokenizer.convert_tokens_to_ids(stops or [eos])
    pad = {"pad_token_id": ids[0], "eos_token_id": tokenizer.eos_token_id}
    torch.manual_seed(0)
    model = kind(config(vocab_size=len(tokenizer), **TEXT, **pad))
    model.generation_config.eos_token_id = ids
    model.generation_config.repetition_penalty = 1.5
    model.save_pretrained(tmp_path / "llm")
    tokenizer.save_pretrained(tmp_path / "llm")
    return str(tmp_path / "llm"), sorted(ids)


def test_a_student_stops_where_its_llm_does_before_and_after_saving(parts, llm, tmp_path):
    folder, ids = llm
    model, tokenizer = build_student(parts.vision, folder, SIZES, seed=0)
    model.save_pretrained(tmp_path / "student")
    tokenizer.save_pretrained(tmp_path / "student")
    for student in (model, read_student(tmp_path / "student")[0]):
        settings = student.llm.generation_config
        ends = settings.eos_token_id
        assert sorted(ends if isinstance(ends, list) else [ends]) == ids
        assert settings.repetition_penalty in (None, 1.0)


def test_an_answer_holds_no_special_token(parts, llm, tmp_path):
    path, _ = parts.films[0]
    answers = {"What is in the video?": "A dog.", "Does it run?": "Yes."}
    lines = [json.dumps(sample_fields(path, *turn, [])) for turn in answers.items()]
    both = sample_fields(path, "What is in the video?", "A dog.", [])
    both["conversations"] += [
        {"from": "human", "value": "Does it run?"},
        {"from": "gpt", "value": "Yes."},
    ]
    recipe = tmp_path / "recipe.jsonl"
    recipe.write_text("\n".join([*lines, json.dumps(both)] * 8))
    options = {**OPTIONS, "vision": parts.vision, "llm": llm[0], "epochs": 14, "save_steps": 1000}
    train_checkpoint(recipe, tmp_path / "out", options, 0, 1, tmp_path / "work")
    assert json.loads((tmp_path / "out" / "training.json").read_text())["left_out"] == {}
    student = load_student(tmp_path / "out")
    asked = [sample_from_json(json.loads(line)) for line in lines]
    assert student.answer(asked, 16) == list(answers.values())
    (said,) = student.answer([sample_from_json(both)], 16)
    assert said == "Yes."
