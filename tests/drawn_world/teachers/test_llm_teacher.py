"""The text-LLM teacher: its tokenizer, its exercises, its training, and the shipped checkpoint."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from drawn_world.language.clauses import relation
from drawn_world.language.lines import read_line
from drawn_world.teachers.judge import choice_data as llm_judge_choice
from drawn_world.teachers.judge import train as judge
from drawn_world.teachers.judge.description_data import Description, compare, score_description
from drawn_world.teachers.llm import parser_data as llm_parser
from drawn_world.teachers.llm import question_data as llm_questions
from drawn_world.teachers.llm import statement_data as llm_statements
from drawn_world.teachers.llm import train as llm
from drawn_world.teachers.llm.loop import Role, Trainer, chat_ids, collate
from drawn_world.teachers.llm.measures import reply_all
from drawn_world.teachers.llm.model import build_model, shared_prefix_states
from drawn_world.teachers.llm.phrases import PHRASES, WORLD_TEXTS
from drawn_world.teachers.llm.samples import demo_prompt
from drawn_world.teachers.llm.tokenizer import build_tokenizer
from drawn_world.teachers.llm.words import generalized, head_noun, invented_word
from strefer.agents.chat.tokenizer import read_tokenizer
from strefer.agents.replies import parse_entities
from strefer.benchmarks.score_predictions import JUDGE_TOKENS
from strefer.benchmarks.videorefer_d import RESPECTS, read_marks
from strefer.statements.replies import parse_lines, parse_relations

SHIPPED = Path(__file__).resolve().parents[3] / "resources" / "teachers" / "llm"


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    random = Random(0)
    samples = [llm_parser.parser_sample(random) for _ in range(200)]
    texts = [text for s in samples for text in (s.prompt, s.reply)]
    return build_tokenizer([*texts, *WORLD_TEXTS * 2], PHRASES)


def test_any_text_survives_the_tokenizer(tokenizer: PreTrainedTokenizerFast) -> None:
    for text in (
        "a zorbing Übermensch, 3.5 s",
        '[{"expression": "naïve 狗"}]',
        "  two  spaces\n\n",
    ):
        assert tokenizer.decode(tokenizer(text).input_ids) == text


def test_words_phrases_and_json_keys_are_single_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    text = '[{"expression": "man with blond hair in a red shirt", "noun": "man"}]'
    assert len(tokenizer(text).input_ids) == 5
    # An expression is the same token in a sentence and at the beginning of a JSON value.
    sentence = "Ask what the man with blond hair in a red shirt does."
    assert tokenizer(text).input_ids[1] in tokenizer(sentence).input_ids


def test_words_that_only_begin_like_a_phrase_are_none(tokenizer: PreTrainedTokenizerFast) -> None:
    phrase = tokenizer(" red car").input_ids
    assert len(phrase) == 1
    assert phrase[0] not in tokenizer(" red carpet").input_ids


def test_tokenizer_loads_from_the_models_folder(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    """With the model's config beside it: AutoTokenizer chooses by the model type too."""
    tokenizer.save_pretrained(tmp_path)
    build_model(tokenizer, seed=0).save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    chat = [{"role": "user", "content": "Is the red car there?"}]
    text = loaded.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert text == "<|im_start|>user\nIs the red car there?<|im_end|>\n<|im_start|>assistant\n"
    assert loaded(text).input_ids == tokenizer(text).input_ids


def test_shared_prefix_pass_equals_the_classes_own(tokenizer: PreTrainedTokenizerFast) -> None:
    model = build_model(tokenizer, seed=0)
    random = Random(1)
    pairs = [chat_ids(tokenizer, llm_parser.parser_sample(random)) for _ in range(3)]
    prefix, branches, targets = collate(pairs, tokenizer.pad_token_id)
    assert len(prefix) > 20
    with torch.no_grad():
        ours = shared_prefix_states(model, prefix, branches)
        whole = torch.cat([prefix.expand(len(branches), -1), branches], 1)
        theirs = model.model(whole).last_hidden_state[:, len(prefix) :]
    counted = targets >= 0
    assert torch.allclose(ours[counted], theirs[counted], atol=1e-4)
    assert counted.sum() == sum(len(reply) for _, reply in pairs)


def test_fresh_model_already_copies(tokenizer: PreTrainedTokenizerFast) -> None:
    """The copying laid out in the weights: the second half of a repeated row is foreseen."""
    model = build_model(tokenizer, seed=0)
    generator = torch.Generator().manual_seed(0)
    row = torch.randint(260, len(tokenizer) - 30, (8, 24), generator=generator)
    with torch.no_grad():
        foreseen = model(torch.cat([row, row], 1)).logits[:, 27:-1].argmax(-1)
    assert (foreseen == row[:, 4:]).float().mean() > 0.9


@pytest.mark.parametrize(
    ("expression", "noun", "kind"),
    [
        ("man with blond hair in a red shirt", "man", "person"),
        ("small wooden boat near the bench", "boat", "boat"),
        ("parrot", "parrot", "bird"),
        ("old grelsh holding a cup", "grelsh", "grelsh"),
        ("with blond hair", "hair", "hair"),
    ],
)
def test_head_noun_and_category(expression: str, noun: str, kind: str) -> None:
    assert head_noun(expression) == noun
    assert generalized(noun) == kind


def test_parser_reply_is_the_contracts_example() -> None:
    text = llm_parser.recognizer_sentence(["man with blond hair in a red shirt", "brown dog"])
    assert text == "The active entities are a man with blond hair in a red shirt and a brown dog."
    assert json.loads(llm_parser.parser_reply(["brown dog"])) == [
        {"expression": "brown dog", "noun": "dog", "generalized_noun": "dog"}
    ]


@pytest.mark.parametrize(
    ("said", "scores"),
    [
        (Description("man", "red", "blond", ("waves", "jumps")), (5, 5, 5, 5)),
        (Description("woman", "red", "blond", ("waves", "jumps")), (2, 5, 5, 3)),
        (Description("dog", None, None, ("waves",)), (0, 2, 2, 3)),
        (Description("person", None, None, ("jumps",)), (3, 2, 2, 5)),
        (Description(None, None, None, ("jumps", "sits")), (2, 2, 2, 3)),
        (Description("man", "blue", "blond", ("waves", "jumps")), (5, 2, 5, 3)),
        (Description("man", "red", None, ("jumps", "waves")), (5, 3, 3, 5)),
        (Description("man", "red", "blond", ("sits",), ("near a bench",)), (5, 5, 0, 1)),
    ],
)
def test_scores_of_known_faults(said: Description, scores: tuple[int, ...]) -> None:
    truth = Description("man", "red", "blond", ("waves", "jumps"))
    assert score_description(truth, said) == scores


def test_a_rating_compares_part_by_part_before_it_scores() -> None:
    truth = Description("man", "red", "blond", ("walks to the left", "jumps"))
    said = Description("man", "blue", None, ("walks to the right", "jumps", "waves"))
    assert compare(truth, said) == (
        "The man, man: right; red, blue: wrong; blond, it: missing; walks to the left: near; "
        "jumps: right. walks to the right: wrong; jumps: right; waves: wrong."
    )
    looks_alone = Description("dog", "brown", None, ())
    assert compare(truth, looks_alone).endswith("jumps: missing. no more.")


def test_the_shipped_judge_sees_what_is_wrong_and_what_is_left_out() -> None:
    truth = "A yellow bird flies to the left, then spins around."
    descriptions = [
        truth,
        "A blue bird flies to the left, then spins around.",
        "A yellow bird.",
        "A brown dog sits.",
    ]
    prompts = [
        demo_prompt("judge_description").render(
            question="Describe <region>.", answer=truth, prediction=description
        )
        for description in descriptions
    ]
    folder = SHIPPED.parent / "judge"
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    replies = reply_all(model, read_tokenizer(str(folder)), prompts, JUDGE_TOKENS)
    right, other_colour, looks_alone, other_thing = (
        [read_marks(reply)[respect] for respect in RESPECTS] for reply in replies
    )
    assert right == [5, 5, 5, 5]
    assert other_colour[0] == 5
    assert other_colour[1] == 0
    assert looks_alone == [5, 5, 0, 5]
    assert other_thing[:3] == [0, 0, 0]


def test_samples_repeat_with_the_seed_and_are_balanced() -> None:
    for role in (*llm.roles(), *judge.roles()):
        first, again = (list(role.draw(Random(5), 1.0, 20)) for _ in range(2))
        assert first == again
    letters = [llm_judge_choice.judge_choice_sample(Random(i)).reply for i in range(300)]
    assert set(letters) == {"A", "B", "C", "D", "None"}


def test_exercises_in_reading_are_read_by_the_stage() -> None:
    random, nothing = Random(6), 0
    for _ in range(200):
        sample = llm_statements.statement_sample(random)
        line = sample.prompt.rsplit("Line: ", 1)[1]
        meant, found = read_line(line), parse_lines(sample.reply).lines[1]
        nothing += meant is None
        assert found.shown is True
        assert found.statement == (None if meant is None else llm_statements.statement_of(meant))
    assert 0 < nothing < 20


def test_exercises_in_comparing_are_read_by_the_stage() -> None:
    random, seen = Random(7), Counter()
    for _ in range(300):
        sample = llm_statements.relation_sample(random)
        one, other = (text.split(". ", 1)[1] for text in sample.prompt.splitlines()[-2:])
        same = relation(one, other)
        related = parse_relations(sample.reply)
        assert related.same == (((1, 2),) if same else ())
        assert related.contrary == (((1, 2),) if same is False else ())
        seen[same] += 1
    assert min(seen[True], seen[False], seen[None]) > 10


def test_the_exercise_for_letters_repeats_the_right_line() -> None:
    for seed in range(50):
        sample = llm_judge_choice.letters_sample(Random(seed))
        *lines, text = sample.prompt.splitlines()
        (right,) = [line for line in lines if line.strip("(").startswith(sample.reply)]
        said = text.removeprefix("Text: ").rstrip(".")
        assert right.split(maxsplit=1)[1] == said


def test_question_exercises_are_what_the_writer_is_asked() -> None:
    samples = llm.roles()[1].draw(Random(0), 1.0, 60)
    for sample in samples:
        assert set(json.loads(sample.reply)) == {"question", "answer"}
        assert "\nFacts:\n1. " in sample.prompt
    film = llm_questions.draw_film(Random(3), with_masks=True)
    assert film.masks is not None
    assert film.maskable == frozenset(range(len(film.entities)))


def test_invented_words_differ() -> None:
    random = Random(0)
    assert len({invented_word(random) for _ in range(200)}) > 180


def test_training_goes_on_where_it_was_stopped(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    role = Role(
        "parser", lambda random, part, n: [llm_parser.parser_sample(random) for _ in range(n)], 2
    )

    def trainer() -> Trainer:
        model = build_model(tokenizer, seed=0)
        return Trainer(model, tokenizer, [role], tmp_path, seed=0, threads=1, device="cpu")

    first = trainer()
    progress = first.run(minutes=0.01)
    assert progress.step >= 1
    second = trainer()
    assert second.progress == progress
    for mine, theirs in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    moved = [
        not torch.equal(a, b)
        for a, b in zip(
            second.model.parameters(), build_model(tokenizer, seed=0).parameters(), strict=True
        )
    ]
    assert any(moved)
    assert not list(tmp_path.rglob("*.pt"))


@pytest.mark.skipif(not SHIPPED.exists(), reason="no checkpoint in resources/teachers/llm")
def test_shipped_checkpoint_parses_the_recognizers_sentences() -> None:
    model = AutoModelForCausalLM.from_pretrained(SHIPPED, dtype=torch.float32)
    tokenizer = read_tokenizer(str(SHIPPED))
    random = Random(4_000_001)
    samples = [llm_parser.parser_sample(random, world_share=1.0) for _ in range(16)]
    replies = reply_all(model, tokenizer, [sample.prompt for sample in samples], 256)
    right = sum(
        parse_entities(reply) == parse_entities(sample.reply)
        for reply, sample in zip(replies, samples, strict=True)
    )
    assert right >= 0.85 * len(samples)  # its card says 0.96
    assert sum(f.stat().st_size for f in SHIPPED.iterdir()) <= 8_000_000
    assert all(f.suffix in (".safetensors", ".json", ".jinja", ".md") for f in SHIPPED.iterdir())
