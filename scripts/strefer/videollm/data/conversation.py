"""A conversation as token ids, and which of them are the answers.

The chat template of the LLM is applied turn by turn, so that the answers' tokens are known for
any template that only ever appends.
"""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase


def encode_conversation(
    tokenizer: PreTrainedTokenizerBase, turns: Sequence[tuple[str, str]], system: str | None = None
) -> tuple[list[int], list[bool]]:
    """Token ids of a conversation, and whether each belongs to an answer (its end included).

    Args:
        turns: questions and answers; a last answer of "" leaves the answering to the model.

    Raises:
        ValueError: if the template rewrites earlier turns, so that answers cannot be told apart.
    """
    messages = [{"role": "system", "content": system}] if system else []
    done, ids, learned = "", [], []

    def add(text: str, learn: bool) -> None:
        nonlocal done
        if not text.startswith(done):
            raise ValueError("the LLM's chat template rewrites earlier turns of a conversation")
        new = tokenizer(text[len(done) :], add_special_tokens=False)["input_ids"]
        ids.extend(new)
        learned.extend([learn] * len(new))
        done = text

    for question, answer in turns:
        messages.append({"role": "user", "content": question})
        add(_text(tokenizer, messages, prompt=True), learn=False)
        if not answer:
            break
        messages.append({"role": "assistant", "content": answer})
        before = len(ids)
        add(_text(tokenizer, messages, prompt=False), learn=True)
        # What a template puts behind the end of a turn (a line break) is not the model's to say.
        end = tokenizer.eos_token_id
        stops = [i for i in range(before, len(ids)) if ids[i] == end]
        for i in range(stops[0] + 1 if stops else len(ids), len(ids)):
            learned[i] = False
    return ids, learned


def _text(tokenizer: PreTrainedTokenizerBase, messages: list[dict], prompt: bool) -> str:
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt)
