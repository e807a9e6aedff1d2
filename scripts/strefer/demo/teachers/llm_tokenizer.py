"""The tokenizer of the text-LLM teacher: whole words, and bytes for everything else.

A word keeps the space *behind* it ("red " and "red"), so that the first word of an expression is
the same token in running text and after the quote mark of a JSON reply: the model copies tokens
instead of learning pairs of them. Words that the demo does not know fall into pieces of a few
letters, and these into bytes, so any text can be encoded and decoded without loss. Keys and
brackets of the JSON replies are single tokens.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
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

_PIECE = r"\p{L}+ ?|\p{N} ?|[^\s\p{L}\p{N}]+ ?|\s+"
_WORD = re.compile(r"[^\W\d_]+ ?|\d ?|(?:[^\w\s]|_)+ ?|\s+")


def build_tokenizer(
    texts: Iterable[str],
    scaffolding: Iterable[str],
    spelling: Iterable[str] = (),
    *,
    min_count: int = 2,
    n_pieces: int = 200,
) -> PreTrainedTokenizerFast:
    """A tokenizer that knows every piece seen at least `min_count` times in `texts`.

    Args:
        texts: example prompts and replies.
        scaffolding: strings that always become one token (JSON keys with their quotes).
        spelling: words from which the pieces of unknown words are learned.
        min_count: rarer words are spelled in pieces, as unknown words will be.
        n_pieces: how many pieces of more than one byte to learn.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    scaffolding = sorted(set(scaffolding))
    split = re.compile("|".join(map(re.escape, sorted(scaffolding, key=len, reverse=True))) or "$^")
    counts: Counter[str] = Counter()
    for text in texts:
        for part in split.split(text):
            counts.update(_WORD.findall(part))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    known = sorted(piece for piece, count in counts.items() if count >= min_count)
    spelled = [byte_level.pre_tokenize_str(piece)[0][0] for piece in known]
    pieces, merges = _learn_pieces(alphabet, spelling, n_pieces)
    names = list(dict.fromkeys([*alphabet, *pieces, *spelled]))
    # With ignore_merges, a word of the vocabulary is one token whatever the merges say.
    tokenizer = Tokenizer(
        models.BPE(vocab={n: i for i, n in enumerate(names)}, merges=merges, ignore_merges=True)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(_PIECE), "isolated"), byte_level]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in SPECIAL_TOKENS])
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in scaffolding])
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
