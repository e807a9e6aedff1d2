"""Tiny Qwen-VLs of random weights, a folder of every generation that transformers has."""

import torch
import transformers

from helpers import tiny_chat

_LINEAR = {
    "head_dim": 32,
    "layer_types": ["linear_attention", "full_attention"],
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
}
_EXPERTS = tiny_chat.EXPERTS | {"shared_expert_intermediate_size": 32}


def build_qwen3_5(folder, seed=0, moe=False):
    """A Qwen3.5: linear attention in one of two layers; or one with experts."""
    tokenizer, tokens = tiny_chat._tokens()
    text = tiny_chat._text(tokenizer, [6, 5, 5]) | _LINEAR | (_EXPERTS if moe else {})
    vision = {"hidden_size": 32, "intermediate_size": 48, "out_hidden_size": text["hidden_size"]}
    kind = "Qwen3_5Moe" if moe else "Qwen3_5"
    torch.manual_seed(seed)
    config = getattr(transformers, f"{kind}Config")(
        text_config=text,
        vision_config={"depth": 2, "num_heads": 2, "num_position_embeddings": 64} | vision,
        **tokens,
    )
    model = getattr(transformers, f"{kind}ForConditionalGeneration")(config)
    size = {"shortest_edge": 64**2, "longest_edge": 8 * 64**2}
    processor = transformers.Qwen3VLProcessor(
        image_processor=transformers.Qwen2VLImageProcessor(size=size, patch_size=16),
        video_processor=transformers.Qwen3VLVideoProcessor(size=size),
        tokenizer=tokenizer,
        chat_template=tiny_chat.TEMPLATE,
    )
    return tiny_chat._save(folder, model, processor, tokenizer)


def build_qwen3_5_moe(folder, seed=0):
    return build_qwen3_5(folder, seed, moe=True)


BUILDERS = {
    "qwen2-vl": tiny_chat.build_qwen2_vl,
    "qwen2.5-vl": tiny_chat.build_qwen2_5_vl,
    "qwen3-vl": tiny_chat.build_qwen3_vl,
    "qwen3-vl-moe": tiny_chat.build_qwen3_vl_moe,
    "qwen3.5": build_qwen3_5,
    "qwen3.5-moe": build_qwen3_5_moe,
}
