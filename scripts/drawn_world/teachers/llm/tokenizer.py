"""The tokenizer of the text-LLM teacher: words and fixed phrases of the demo, bytes for the rest.

What the demo always says together ("man with blond hair in a red shirt", "walks to the left", the
keys and brackets of the JSON replies) is one token, so that a tiny model compares and copies one
token where it would have to keep five together. A word carries the space before it, at the
beginning of a JSON text too: there the tokenizer adds one and takes it away again. Words that the
demo does not know fall into pieces of a few letters, and these into bytes, so any other text can
be encoded and decoded without loss.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)
from transformers import PreTrainedTokenizerFast

END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
VISION_TOKENS = (
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
SPECIAL_TOKENS = (END_OF_TEXT, START, END, *VISION_TOKENS)

# ChatML without a system message.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{{ part['text'] }}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_TEXT_BEGINS = '": "'  # of a JSON value
_PIECE = r"\d+\.(?= )| ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]|\s+"


def build_tokenizer(
    texts: Iterable[str],
    phrases: Sequence[str],
    spelling: Iterable[str] = (),
    *,
    min_count: int = 2,
    n_pieces: int = 200,
) -> PreTrainedTokenizerFast:
    """A tokenizer that knows every piece seen at least `min_count` times in `texts`.

    Args:
        texts: example prompts and replies.
        phrases: regular expressions, the first that fits wins: what they match is one piece.
        spelling: words from which the pieces of unknown words are learned.
        min_count: rarer pieces are spelled, as unknown words will be.
        n_pieces: how many pieces of more than one byte to learn.
    """
    normalizer = normalizers.Replace(_TEXT_BEGINS, f"{_TEXT_BEGINS} ")
    split = pre_tokenizers.Split(Regex("|".join((*phrases, _PIECE))), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    splitter = pre_tokenizers.Sequence([split, byte_level])
    counts: Counter[str] = Counter()
    for text in texts:
        pieces = splitter.pre_tokenize_str(normalizer.normalize_str(text))
        counts.update(piece for piece, _ in pieces)
    known = sorted(piece for piece, count in counts.items() if count >= min_count)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    spelled = [byte_level.pre_tokenize_str(f" {word}")[0][0] for word in spelling]
    pieces, merges = _learn_pieces(alphabet, spelled, n_pieces)
    names = list(dict.fromkeys([*alphabet, *pieces, *known]))
    # With ignore_merges, a piece of the vocabulary is one token whatever the merges say.
    tokenizer = Tokenizer(
        models.BPE(vocab={n: i for i, n in enumerate(names)}, merges=merges, ignore_merges=True)
    )
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = splitter
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteLevel(), decoders.Replace(f"{_TEXT_BEGINS} ", _TEXT_BEGINS)]
    )
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in SPECIAL_TOKENS])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=END_OF_TEXT,
        additional_special_tokens=[START, *VISION_TOKENS],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=2048,
    )


def _learn_pieces(
    alphabet: list[str], spelling: Iterable[str], n_pieces: int
) -> tuple[list[str], list[tuple[str, str]]]:
    """Byte-pair pieces of the words and the merges that make them, in the order of learning."""
    learner = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=len(alphabet) + n_pieces, initial_alphabet=alphabet, show_progress=False
    )
    learner.train_from_iterator(spelling, trainer)
    merges = [tuple(pair) for pair in json.loads(learner.to_str())["model"]["merges"]]
    return ["".join(pair) for pair in merges], merges
