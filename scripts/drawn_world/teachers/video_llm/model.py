"""The demo's video LLM: a tiny Qwen2-VL with its own vocabulary, built from nothing."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from random import Random

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    Qwen2Tokenizer,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
)
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

from drawn_world.language.clauses import FORMS, clauses_of, words
from drawn_world.language.lines import draw_line
from drawn_world.teachers.video_llm import texts
from drawn_world.vocabulary import (
    ACTIONS_OF,
    NOUNS,
    PLACES,
    action_phrase,
    all_expressions,
)

SIZE_PX = 128
PATCH_PX = 16
MERGE = 2
PATCHES = SIZE_PX // PATCH_PX  # along a side
CELLS = PATCHES // MERGE  # along a side; a cell is one visual token
CLIP_FRAMES = 8  # frames of a request about a clip
FILM_FRAMES = 16  # frames of a request about a whole film
MEAN, STD = 0.5, 0.25

_LEAST_COUNT = 3  # of each word of the language in the tokenizer's corpus
_SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
# Frames where the message has them, then text; no system prompt.
_CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def _corpus() -> Iterator[str]:
    """Every word the model hears or says, about as often as it does."""
    random = Random(0)
    yield "user\nassistant\n"
    for expression in all_expressions():
        noun = next(word for word in expression.split() if word in NOUNS)
        yield texts.LIST_QUESTION
        yield texts.existence_question(expression)
        yield texts.behaviour_question(expression)
        yield texts.list_answer([expression])
        yield texts.list_answer([expression, expression])
        yield f"{texts.YES} {texts.NO}"
        for action in ACTIONS_OF[NOUNS[noun]]:
            for place in PLACES:
                yield draw_line(random, expression, action, expression, place).text
    yield from (f"It {word}." for word in chain(*words()) for _ in range(_LEAST_COUNT))


def build_tokenizer() -> Qwen2Tokenizer:
    """A byte-level BPE in which each word of the demo is one token and any other text is bytes."""
    split = pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), "isolated")
    as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, as_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=2000,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(), trainer)
    trained = json.loads(tokenizer.to_str())["model"]
    return Qwen2Tokenizer(
        vocab=trained["vocab"],
        merges=[tuple(pair) for pair in trained["merges"]],
        unk_token=None,
        bos_token=None,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(_SPECIAL),
    )


def build_processor() -> Qwen2VLProcessor:
    """Tokenizer, frame preparation (to about 128 x 128 px) and chat template."""
    seen = {
        "patch_size": PATCH_PX,
        "merge_size": MERGE,
        "temporal_patch_size": 2,
        "image_mean": [MEAN] * 3,
        "image_std": [STD] * 3,
        "size": {"shortest_edge": SIZE_PX**2, "longest_edge": SIZE_PX**2},
    }
    return Qwen2VLProcessor(
        image_processor=Qwen2VLImageProcessor(**seen),
        tokenizer=build_tokenizer(),
        video_processor=Qwen2VLVideoProcessor(**seen, cap_pixels_per_frame=False),
        chat_template=_CHAT_TEMPLATE,
    )


def _config(tokenizer: Qwen2Tokenizer) -> Qwen2VLConfig:
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in _SPECIAL}
    text = {
        "vocab_size": -(-len(tokenizer) // 64) * 64,
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000.0,
            "mrope_section": [8, 12, 12],
        },
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
        "tie_word_embeddings": True,
    }
    vision = {
        "depth": 6,
        "embed_dim": 192,
        "hidden_size": 256,
        "num_heads": 6,
        "mlp_ratio": 4,
        "patch_size": PATCH_PX,
        "spatial_merge_size": MERGE,
        "temporal_patch_size": 2,
    }
    return Qwen2VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )


def build_model(processor: Qwen2VLProcessor, seed: int) -> Qwen2VLForConditionalGeneration:
    """A model with random weights, float32, drawn so that every block does something.

    The class's own start (0.02 for every matrix) leaves blocks of this width near to idle, so
    matrices start at 1 / sqrt(inputs), and half of that where a block writes its result.
    """
    torch.manual_seed(seed)
    model = Qwen2VLForConditionalGeneration(_config(processor.tokenizer))
    model.generation_config.eos_token_id = processor.tokenizer.eos_token_id
    model.generation_config.pad_token_id = processor.tokenizer.pad_token_id
    writes = ("o_proj", "down_proj", "attn.proj", "fc2")
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim >= 2 and "embed_tokens" not in name:
                spread = 0.5 if any(part in name for part in writes) else 1.0
                weight.normal_(0, spread / weight[0].numel() ** 0.5)
    return model


@torch.no_grad()
def load_words_of(
    folder: Path, model: Qwen2VLForConditionalGeneration, tokenizer: Qwen2Tokenizer
) -> None:
    """Load the weights of a folder whose tokenizer knows fewer words.

    A word that it lacks is embedded near one that it knows, of the same action; else at random.
    """
    known = Qwen2VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    old = Qwen2Tokenizer.from_pretrained(folder)
    weights = known.state_dict()
    for name in ("model.language_model.embed_tokens.weight", "lm_head.weight"):
        weights.pop(name, None)
    model.load_state_dict(weights, strict=False)
    table = known.model.language_model.embed_tokens.weight
    spread = table[: len(old)].std(0)
    ids, like = old.get_vocab(), _old_words()
    rows = model.model.language_model.embed_tokens.weight
    for token, number in tokenizer.get_vocab().items():
        source = ids.get(token, ids.get(like.get(token, "")))
        if token in ids:
            rows[number] = table[source]
        else:
            noise = torch.randn(table.shape[1]) * spread
            rows[number] = noise if source is None else table[source] + noise / 4


def _old_words() -> dict[str, str]:
    """For the tokens of verbs and sides, the token of the plain phrase's verb or side."""
    like = {}
    for kind, actions in ACTIONS_OF.items():
        for action in actions:
            plain = action_phrase(kind, action, "").split()[0]
            for clause in clauses_of(kind, action, ""):
                forms = [getattr(clause.verb, form) for form in FORMS]
                for word in " ".join(filter(None, forms)).split():
                    like.setdefault(f"Ġ{word}", f"Ġ{plain}")
    return like | {"Ġleftwards": "Ġleft", "Ġrightwards": "Ġright"}


def save(
    model: Qwen2VLForConditionalGeneration, processor: Qwen2VLProcessor, out_dir: Path
) -> None:
    """Write a folder that AutoProcessor and AutoModelForImageTextToText load: weights in fp16.

    The config says float32, so that a CPU computes in a precision it is good at.
    """
    half = {name: weight.detach().cpu().half() for name, weight in model.state_dict().items()}
    model.save_pretrained(out_dir, state_dict=half)
    config_path = out_dir / "config.json"
    config = json.loads(config_path.read_text())
    config["dtype"] = config["text_config"]["dtype"] = "float32"
    config_path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    processor.save_pretrained(out_dir)
