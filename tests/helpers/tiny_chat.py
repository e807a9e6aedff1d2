"""Tiny chat models with random weights, of the classes that real ones have."""

import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.content is string %}{{ m.content }}{% else %}{% for c in m.content %}"
    "{% if c.type in ('image', 'video') %}<|vision_start|><|{{ c.type }}_pad|><|vision_end|>"
    "{% else %}{{ c.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
FRAME_PX = 56
TEXT = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": False,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}


def byte_tokenizer(special=SPECIAL):
    """A tokenizer of single bytes."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(special),
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def build_text_model(folder, seed=0):
    """A Qwen2 of random weights."""
    tokenizer = byte_tokenizer()
    torch.manual_seed(seed)
    config = transformers.Qwen2Config(
        vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id, **TEXT
    )
    return _save(folder, transformers.Qwen2ForCausalLM(config), tokenizer, tokenizer)


def build_phi3(folder, seed=0):
    tokenizer = byte_tokenizer()
    torch.manual_seed(seed)
    ids = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = transformers.Phi3Config(vocab_size=len(tokenizer), bos_token_id=None, **ids, **TEXT)
    return _save(folder, transformers.Phi3ForCausalLM(config), tokenizer, tokenizer)


def build_video_model(folder, seed=0):
    """A Qwen2-VL of random weights; frames are 56 px high and wide."""
    return build_qwen2_vl(folder, seed)


def build_qwen2_vl(folder, seed=0):
    tokenizer, tokens = _tokens()
    vision = {"embed_dim": 32, "hidden_size": TEXT["hidden_size"], "patch_size": 14}
    torch.manual_seed(seed)
    config = transformers.Qwen2VLConfig(
        text_config=_text(tokenizer, [4, 6, 6]),
        vision_config={"depth": 2, "num_heads": 2} | vision,
        **tokens,
    )
    model = transformers.Qwen2VLForConditionalGeneration(config)
    processor = transformers.Qwen2VLProcessor(**_processors(tokenizer))
    return _save(folder, model, processor, tokenizer)


def build_qwen2_5_vl(folder, seed=0):
    tokenizer, tokens = _tokens()
    vision = {"hidden_size": 32, "intermediate_size": 48, "out_hidden_size": TEXT["hidden_size"]}
    torch.manual_seed(seed)
    config = transformers.Qwen2_5_VLConfig(
        text_config=_text(tokenizer, [4, 6, 6]),
        vision_config={"depth": 2, "num_heads": 2, "fullatt_block_indexes": [1]} | vision,
        **tokens,
    )
    model = transformers.Qwen2_5_VLForConditionalGeneration(config)
    processor = transformers.Qwen2_5_VLProcessor(**_processors(tokenizer))
    return _save(folder, model, processor, tokenizer)


def build_qwen3_vl(folder, seed=0, moe=False):
    """A Qwen3-VL, or one whose LLM is a mixture of experts."""
    tokenizer, tokens = _tokens()
    vision = {"hidden_size": 32, "intermediate_size": 48, "out_hidden_size": TEXT["hidden_size"]}
    layers = {"depth": 3, "num_heads": 2, "deepstack_visual_indexes": [0, 1]}
    kind = "Qwen3VLMoe" if moe else "Qwen3VL"
    torch.manual_seed(seed)
    config = getattr(transformers, f"{kind}Config")(
        text_config=_text(tokenizer, [6, 5, 5]) | {"head_dim": 32} | (EXPERTS if moe else {}),
        vision_config={"patch_size": 16, "num_position_embeddings": 64} | layers | vision,
        **tokens,
    )
    model = getattr(transformers, f"{kind}ForConditionalGeneration")(config)
    return _save(folder, model, _qwen3_processor(tokenizer), tokenizer)


def build_qwen3_vl_moe(folder, seed=0):
    return build_qwen3_vl(folder, seed, moe=True)


def build_qwen3_5(folder, seed=0, moe=False):
    """A Qwen3.5 (3.6 and later have its class): layers of linear attention between the others."""
    tokenizer, tokens = _tokens()
    vision = {"hidden_size": 32, "intermediate_size": 48, "out_hidden_size": TEXT["hidden_size"]}
    layers = {"depth": 2, "num_heads": 2, "patch_size": 16, "num_position_embeddings": 64}
    linear = {"linear_num_key_heads": 2, "linear_num_value_heads": 2}
    linear |= {"linear_key_head_dim": 16, "linear_value_head_dim": 16}
    text = _text(tokenizer, [6, 5, 5]) | {"head_dim": 32} | linear
    text["layer_types"] = ["linear_attention", "full_attention"]
    text["rope_parameters"]["partial_rotary_factor"] = 1.0
    if moe:
        text |= EXPERTS | {"shared_expert_intermediate_size": 32}
    kind = "Qwen3_5Moe" if moe else "Qwen3_5"
    torch.manual_seed(seed)
    config = getattr(transformers, f"{kind}Config")(
        text_config=text, vision_config=vision | layers, **tokens
    )
    model = getattr(transformers, f"{kind}ForConditionalGeneration")(config)
    return _save(folder, model, _qwen3_processor(tokenizer), tokenizer)


def build_qwen3_5_moe(folder, seed=0):
    return build_qwen3_5(folder, seed, moe=True)


def build_llava(folder, seed=0):
    """A LLaVA, which takes frames as single images."""
    tokenizer, tokens = _tokens()
    return _build_llava(folder, seed, tokenizer, "<|image_pad|>", tokens["image_token_id"])


def build_tarsier(folder, seed=0):
    """Tarsier: a LLaVA with tokens of its own that end a row and an image. Its config.json names a
    class that transformers does not have and vLLM has; it comes without a chat template, and with
    the names that weights had when it was published."""
    special = ("<s>", "</s>", "<image>", "<image_newline>", "<image_new>")
    tokenizer = byte_tokenizer(("<|endoftext|>", "<|im_end|>", *special))
    tokenizer.chat_template = None
    image, newline, new = tokenizer.convert_tokens_to_ids(special[2:])
    _build_llava(folder, seed, tokenizer, "<image>", image)
    transformers.AutoProcessor.from_pretrained(folder).image_processor.save_pretrained(folder)
    file = Path(folder) / "config.json"
    own = {"image_newline_idx": newline, "image_new_idx": new, "add_transformer_projector": False}
    config = json.loads(file.read_text()) | own
    file.write_text(json.dumps(config | {"architectures": ["TarsierForConditionalGeneration"]}))
    file = Path(folder) / "model.safetensors"
    now, then = "vision_tower.", "vision_tower.vision_model."
    weights = {name.replace(now, then): tensor for name, tensor in load_file(file).items()}
    save_file(weights, file, {"format": "pt"})
    return str(folder)


def _build_llava(folder, seed, tokenizer, image_token, image_token_id):
    size = {"image_size": FRAME_PX, "patch_size": 14}
    torch.manual_seed(seed)
    config = transformers.LlavaConfig(
        text_config=transformers.LlamaConfig(vocab_size=len(tokenizer), **TEXT),
        vision_config=transformers.CLIPVisionConfig(
            hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=2, **size
        ),
        image_token_id=image_token_id,
    )
    processor = transformers.LlavaProcessor(
        image_processor=transformers.CLIPImageProcessor(
            size={"shortest_edge": FRAME_PX}, crop_size=FRAME_PX
        ),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        image_token=image_token,
        num_additional_image_tokens=1,
        chat_template=tokenizer.chat_template,
    )
    return _save(folder, transformers.LlavaForConditionalGeneration(config), processor, tokenizer)


def _tokens():
    tokenizer = byte_tokenizer()
    names = {
        "image_token_id": "<|image_pad|>",
        "video_token_id": "<|video_pad|>",
        "vision_start_token_id": "<|vision_start|>",
        "vision_end_token_id": "<|vision_end|>",
    }
    return tokenizer, {n: tokenizer.convert_tokens_to_ids(t) for n, t in names.items()}


def _text(tokenizer, mrope_section):
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": mrope_section}
    return {"vocab_size": len(tokenizer), "rope_parameters": rope} | TEXT


def _qwen3_processor(tokenizer):
    size = {"shortest_edge": 64**2, "longest_edge": 8 * 64**2}
    return transformers.Qwen3VLProcessor(
        image_processor=transformers.Qwen2VLImageProcessor(size=size, patch_size=16),
        video_processor=transformers.Qwen3VLVideoProcessor(size=size),
        tokenizer=tokenizer,
        chat_template=TEMPLATE,
    )


def _processors(tokenizer):
    size = {"shortest_edge": FRAME_PX**2, "longest_edge": 8 * FRAME_PX**2}
    return {
        "image_processor": transformers.Qwen2VLImageProcessor(size=size),
        "video_processor": transformers.Qwen2VLVideoProcessor(size=size),
        "tokenizer": tokenizer,
        "chat_template": TEMPLATE,
    }


def _save(folder, model, processor, tokenizer):
    for parameter in model.parameters():
        # Wide enough for replies that differ from prompt to prompt.
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return str(folder)
