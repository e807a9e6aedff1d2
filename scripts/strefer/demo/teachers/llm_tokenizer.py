"""The tokenizer of the text-LLM teacher: whole words, and bytes for everything else.

A word keeps the space *behind* it ("red " and "red"), so that the first word of an expression is
the same token in running text and after the quote mark of a JSON reply: the model copies tokens
instead of learning pairs of them. Words that the demo does not know fall into bytes, so any text
can be encoded and decoded without loss. Keys and brackets of the JSON replies are single tokens.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
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
    texts: Iterable[str], scaffolding: Iterable[str], min_count: int = 2
) -> PreTrainedTokenizerFast:
    """A tokenizer that knows every piece seen at least `min_count` times in `texts`.

    Args:
        texts: example prompts and replies.
        scaffolding: strings that always become one token (JSON keys with their quotes).
        min_count: rarer pieces are spelled in bytes, as unknown words will be.
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
    names = list(dict.fromkeys([*alphabet, *spelled]))
    # Without merges and with ignore_merges, a known piece is one token, any other its bytes.
    tokenizer = Tokenizer(
        models.BPE(vocab={n: i for i, n in enumerate(names)}, merges=[], ignore_merges=True)
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
