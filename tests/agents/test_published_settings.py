"""Chat models as published: the real classes with the processors' real settings and tiny hidden
sizes, on films of 720p, 1080p and 4K. Tokens are as predicted, and fit what a prompt may have."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from helpers import tiny_chat
from strefer.agents.chat.frame_fit import FrameFit
from strefer.agents.chat.interface import ChatRequest, check_room
from strefer.agents.chat.load import load_chat

# On the hub: preprocessor_config.json of Qwen2.5-VL, video_preprocessor_config.json of Qwen3-VL.
QWEN2_5_VL = {"shortest_edge": 3136, "longest_edge": 12_845_056}
QWEN3_VL = {"shortest_edge": 4096, "longest_edge": 25_165_824}
CASES = [
    (tiny_chat.build_qwen2_5_vl, QWEN2_5_VL, 28),
    (tiny_chat.build_qwen3_vl, QWEN3_VL, 32),
    (tiny_chat.build_qwen3_5_moe, QWEN3_VL, 32),  # 3.5 and 3.6 have Qwen3-VL's processor
]
IDS = ["Qwen2.5-VL", "Qwen3-VL", "Qwen3.6"]
SIZES = [(1280, 720), (1920, 1080), (3840, 2160)]


def load(folder, build, size):
    """A tiny checkpoint with the published limits of frames."""
    build(folder)
    path = Path(folder) / "processor_config.json"
    settings = json.loads(path.read_text())
    settings["video_processor"]["size"] = size
    path.write_text(json.dumps(settings))
    return load_chat({"adapter": "transformers", "model": str(folder), "device": "cpu"})


def predicted(size, n_frames, token_px):
    """Tokens of a prompt's frames: two frames share theirs, each of `token_px` pixels squared."""
    width, height = (round(side / token_px) for side in FrameFit().size(*size, n_frames))
    return math.ceil(n_frames / 2) * width * height


@pytest.mark.parametrize(("build", "limits", "token_px"), CASES, ids=IDS)
def test_tokens_of_frames_are_as_predicted_and_bounded(tmp_path, build, limits, token_px):
    chat = load(tmp_path, build, limits)
    token = chat.prompts.processor.video_token_id
    for size in SIZES:
        for n_frames in (8, 16):
            frames = FrameFit().longest([size], n_frames)
            ids = chat.frame_sets._prepared(
                ChatRequest("Who?", frames, 2.0),
                chat.prompts.render("Who?", chat.frame_sets.content(frames)),
            )["input_ids"][0]
            count = int((ids == token).sum())
            assert count == predicted(size, n_frames, token_px)
            assert count <= 1.03 * n_frames / 2 * 768


def test_a_context_that_is_too_small_is_one_error_before_any_film(tmp_path):
    chat = load(tmp_path, *CASES[0][:2])  # its context is 2,048 tokens
    frames = np.zeros((8, 1080, 1920, 3), np.uint8)
    with pytest.raises(ValueError, match=r"lower `entities.n_frames` or the agent's `max_pixels`"):
        check_room(chat, ChatRequest("Who?", frames, 2.0), "`entities.n_frames`")
    assert chat.encoded_frame_sets == 0
    check_room(chat, ChatRequest("Who?", frames[:2], 2.0), "`entities.n_frames`")


def test_tarsier_sees_all_of_a_wide_frame(tmp_path):
    """CLIP's processor scales the shorter side and crops: squashed frames lose nothing by it."""
    folder = tiny_chat.build_llava(tmp_path)
    side = tiny_chat.FRAME_PX
    wide = np.zeros((2, 1080, 1920, 3), np.uint8)
    wide[:, :, :200, 0] = wide[:, :, -200:, 1] = 255  # red at the left, green at the right
    for fit, seen in (("squash", True), ("none", False)):
        spec = {"max_pixels": side**2, "fit": fit, "frames_as": "images", "device": "cpu"}
        chat = load_chat({"adapter": "transformers", "model": folder} | spec)
        (request,) = chat.fit.requests([ChatRequest("Who?", wide)])
        prompt = chat.prompts.render("Who?", chat.frame_sets.content(request.frames))
        pixels = chat.frame_sets._prepared(request, prompt)["pixel_values"]
        assert pixels.shape == (2, 3, side, side)
        middle = pixels[0, :, side // 2]
        assert bool(middle[0, 0] > 0) is seen
        assert bool(middle[1, -1] > 0) is seen


def test_tarsiers_prompt_is_its_authors():
    import transformers

    template = Path("config/chat_templates/tarsier.jinja").read_text().rstrip("\n")
    tokenizer = tiny_chat.byte_tokenizer()
    tokenizer.chat_template = template
    assert isinstance(tokenizer, transformers.PreTrainedTokenizerFast)
    content = [{"type": "image"}] * 2 + [{"type": "text", "text": "Who runs?"}]
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    assert prompt == "USER: <image><image>\nWho runs? ASSISTANT:"
