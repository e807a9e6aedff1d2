"""Conversations in the chat templates of the model families that students are made from."""

import pytest

from helpers.chat_forms import ENDS, FORMS, QWEN3, tokenizer_of
from strefer.videollm.data.conversation import ConversationEncoder, spoken
from strefer.videollm.data.unusable import Unusable

TURNS = [("Does the dog run?", "Yes, the dog runs."), ("Answer: Yes?", "No."), ("A?", "(A) Yes")]
families = pytest.mark.parametrize("family", FORMS)


def learned_of(family, turns, system=None):
    """The tokens that are learned, stretch by stretch, and all of them."""
    ids, learned = ConversationEncoder(FORMS[family]).encode(turns, system)
    stretches, before = [], False
    for number, learn in zip(ids, learned, strict=True):
        if learn and not before:
            stretches.append([])
        if learn:
            stretches[-1].append(number)
        before = learn
    return stretches, ids


@families
def test_every_answer_and_its_end_is_learned_and_nothing_else(family):
    stretches, _ = learned_of(family, TURNS)
    tokenizer = FORMS[family]
    texts = [tokenizer.decode(stretch).strip() for stretch in stretches]
    wanted = [answer + ENDS[family] for _, answer in TURNS]
    if family == "qwen3 thinking":  # its prompts open the thinking, which the model has to close
        wanted[-1] = f"</think>\n\n{wanted[-1]}"
    assert texts == wanted
    assert ConversationEncoder(tokenizer).end_ids == {tokenizer.convert_tokens_to_ids(ENDS[family])}


@families
def test_the_tokens_are_those_of_the_conversation_as_the_template_writes_it(family):
    tokenizer = FORMS[family]
    messages = [
        {"role": role, "content": text}
        for turn in TURNS
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]
    whole = tokenizer.apply_chat_template(messages, tokenize=False, enable_thinking=False)
    _, ids = learned_of(family, TURNS)
    assert ids == tokenizer(whole, add_special_tokens=False)["input_ids"]


@families
def test_an_answer_is_learned_right_behind_what_the_student_is_asked_with(family):
    (stretch,), ids = learned_of(family, TURNS[:1])
    prompt, learned = ConversationEncoder(FORMS[family]).encode([(TURNS[0][0], "")])
    assert not any(learned)
    assert ids[: len(prompt) + len(stretch)] == prompt + stretch


@families
def test_a_system_sentence_is_written_or_refused(family):
    # Mistral's of version 0.3 writes it only while the answer is still to come.
    refused = {"mistral": "refuses", "gemma": "refuses", "mistral 0.3": "every turn"}
    if family in refused:
        with pytest.raises(Unusable, match=refused[family]):
            learned_of(family, TURNS, "Be kind.")
        return
    stretches, ids = learned_of(family, TURNS, "Be kind.")
    assert "Be kind." in FORMS[family].decode(ids)
    assert len(stretches) == len(TURNS)


def test_a_text_that_the_template_changes_is_refused_with_the_reason():
    with pytest.raises(Unusable, match="changes the text") as error:
        learned_of("qwen3", [("Why?", "<think>\nSo?\n</think>\n\nSo."), ("A?", "Yes.")])
    assert error.value.reason == "the chat template changes the text of a conversation"
    with pytest.raises(Unusable, match="a turn is empty"):
        learned_of("qwen3", [("Why?", ""), ("A?", "Yes.")])


def test_a_template_that_leaves_out_turns_is_refused():
    last_alone = "{{ messages[-1].content }}<|im_end|>"
    tokenizer = tokenizer_of(last_alone, ("<|im_end|>",), "<|im_end|>")
    with pytest.raises(Unusable, match="every turn"):
        ConversationEncoder(tokenizer).encode([("Why?", "So.")])


def test_an_answer_is_read_without_its_end_and_without_thoughts():
    tokenizer = tokenizer_of(QWEN3, ("<|im_end|>", "<|end|>"), "<|im_end|>")
    ids = tokenizer("<think>\nNo dog.\n</think>\n\nIt runs.<|end|><|im_end|>")["input_ids"]
    silent = ConversationEncoder(tokenizer).special_ids
    assert spoken(tokenizer, ids, set(), silent) == "It runs."
    again = [*ids, *tokenizer("No.")["input_ids"]]
    assert spoken(tokenizer, again, {tokenizer.eos_token_id}, silent) == "It runs."
