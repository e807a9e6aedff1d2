"""Stage `instructions`: question-answer pairs from the joined metadata of each film, verified."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from strefer.agents.chat.interface import Chat
from strefer.agents.chat.load import load_chat
from strefer.corrections.pairs import correct_pair
from strefer.files import digest_of
from strefer.instructions.draft import Asked, Draft
from strefer.instructions.groups import GROUPS, WRITTEN
from strefer.instructions.metadata.film import Film
from strefer.instructions.metadata.join import join_film
from strefer.instructions.verification.verifier import Checks, Verifier
from strefer.instructions.wording.ask_writer import write_by_chat
from strefer.instructions.wording.phrasings import Phrasings, load_folder
from strefer.instructions.wording.proof_read import proof_read
from strefer.prompts import Prompt, load_prompt
from strefer.records import Instruction, Masklets, References, Statements, Video, to_json
from strefer.stage.batches import in_batches
from strefer.stage.fingerprint import effective_options
from strefer.stage.run import Item, ItemFailure, Shard, Worker, read_records, run_stage

# Options that only matter where a model is asked.
ASKING = (
    "proof_reader", "pairs_per_call", "max_new_tokens", "temperature", "attempts",
    "retry_temperature",
)  # fmt: skip


def write_instructions(
    videos: Path,
    references: Path,
    statements: Path,
    shard: Shard,
    options: Mapping[str, Any],
    prompts: Mapping[str, str],
    phrasings: Path,
    llm: Mapping[str, Any],
    judge: Mapping[str, Any] | None = None,
    masklets: Path | None = None,
) -> None:
    """Write the shard file of `Instruction` records, a line a pair; rejected pairs are among them.

    An item is a group of a film: what concerns one group alone leaves the others as they are.

    Args:
        videos, references, statements: shard files of these stages.
        masklets: the masklets' shard file; None leaves the mask groups unpointed and unverified.
        options: `pairs_per_minute` by group; `question_writer` ("llm" or "phrasings");
            `pairs_per_call`; `time_answers`; `verify`, `check_motion`, `check_unseen`,
            `least_score`, `proof_reader`;
            `max_new_tokens`, `temperature`, `attempts`, `retry_temperature`; `batch_films`; `seed`.
        prompts: `question_writer` and `proof_reader`.
        phrasings: the folder of phrasings files.
        llm, judge: specifications of the writer and of the proof-reader "judge"; loaded only if
            they are asked anything.
    """
    texts = load_folder(phrasings)
    making, of_group = _making(shard.making, options, texts)
    items = list(_items(videos, references, statements, masklets, of_group))
    worker = _Worker(
        texts, {role: load_prompt(path) for role, path in prompts.items()}, options,
        {"llm": llm, "judge": judge},
    )  # fmt: skip
    films = options["batch_films"]

    def start() -> Worker:
        return lambda missing: in_batches(
            _joined(missing), films and films * len(GROUPS), worker.write
        )

    shard = dataclasses.replace(shard, making=making)
    run_stage("instructions", items, start, shard, correct_pair)


def _making(
    making: Mapping[str, Any], options: Mapping[str, Any], phrasings: Mapping[str, Phrasings]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fingerprint of all groups' pairs, and by group what affects only its own."""
    by_llm = options["question_writer"] == "llm"
    asking = ("pairs_per_minute", "question_writer", *ASKING)
    effective = effective_options(options)
    common = {name: value for name, value in effective.items() if name not in asking}
    own: dict[str, Any] = {}
    for name, group in GROUPS.items():
        own[name] = {"pairs_per_minute": options["pairs_per_minute"][name]}
        if name in WRITTEN and by_llm:
            own[name] |= {option: options[option] for option in ASKING}
            own[name] |= {part: making.get(part) for part in ("prompts", "models")}
        else:
            own[name]["phrasings"] = {k: list(v) for k, v in phrasings[group.phrasings].items()}
    return {"code": making.get("code"), "options": common}, own


def _items(
    videos: Path,
    references: Path,
    statements: Path,
    masklets: Path | None,
    of_group: Mapping[str, Any],
) -> Iterator[Item]:
    entities = read_records(references, References)
    said = read_records(statements, Statements)
    masks = {} if masklets is None else read_records(masklets, Masklets)
    for video_id, (video,) in read_records(videos, Video).items():
        if video_id not in entities or video_id not in said:
            continue  # failed before; the line is there
        if masklets is not None and video_id not in masks:
            continue
        shown = masks[video_id][0] if masklets is not None else None
        records = _Records(video, entities[video_id][0], said[video_id][0], shown)
        digest = digest_of(
            [
                *(video.digest, video.duration_s, to_json(records.references)),
                *(to_json(records.statements), shown and to_json(shown)),
            ]
        )
        for group, own in of_group.items():
            yield Item(video_id, [digest, group, own], (records, group), {"group": group})


@dataclass(frozen=True)
class _Records:
    """The records of one film."""

    video: Video
    references: References
    statements: Statements
    masklets: Masklets | None


def _joined(items: Iterable[Item]) -> Iterator[tuple[Item, tuple[Film, str] | ItemFailure]]:
    """Items with their films; those of one film, which follow each other, share it."""
    joined: dict[str, Film | ItemFailure] = {}
    for item in items:
        records, group = item.context
        if item.video_id not in joined:
            joined = {item.video_id: _join(records)}
        film = joined[item.video_id]
        yield item, film if isinstance(film, ItemFailure) else (film, group)


def _join(records: _Records) -> Film | ItemFailure:
    video = records.video
    try:
        return join_film(
            video.digest, video.duration_s, records.references.entities, records.statements,
            records.masklets,
        )  # fmt: skip
    except ValueError as error:
        return ItemFailure(str(error))


class _Worker:
    """Writes the pairs of a batch of films."""

    def __init__(
        self,
        phrasings: Mapping[str, Phrasings],
        prompts: Mapping[str, Prompt],
        options: Mapping[str, Any],
        agents: Mapping[str, Mapping[str, Any] | None],
    ) -> None:
        self.phrasings, self.prompts, self.options = phrasings, prompts, options
        # An agent is loaded when it is first asked.
        self.chat: Callable[[str], Chat] = cache(lambda role: load_chat(agents[role]))

    def write(self, batch: Sequence[tuple[Item, tuple[Film, str]]]) -> list[list[dict[str, Any]]]:
        """The lines of each film's group in the batch; the LLM gets all of the batch's prompts at
        once."""
        options = self.options
        drafts = [self._propose(film, group) for _, (film, group) in batch]
        self._write_tasks(drafts)
        checks = Checks(options["check_motion"], options["check_unseen"], options["least_score"])
        verifier = cache(lambda film: Verifier(film, checks))  # what a film's groups share
        for draft in drafts:
            draft.assemble(by_words=options["proof_reader"] == "none")
            if options["verify"]:
                draft.verify(verifier(draft.film))
        if options["verify"] and options["proof_reader"] != "none":
            self._proof_read(drafts)
        if options["verify"]:
            for draft in drafts:
                draft.balance()
        return [[_line(pair) for pair in draft.pairs] for draft in drafts]

    def _propose(self, film: Film, name: str) -> Draft:
        group, draft = GROUPS[name], Draft(film, name)
        # A seed a group and a seed a task: more pairs of one group, or other films beside this
        # one, leave the others as they are.
        seed = f"{self.options['seed']}.{film.digest}.{name}"
        n = pairs_wanted(self.options["pairs_per_minute"][name], film.duration_s)
        proposed = group.propose(film, self.phrasings[group.phrasings], n, Random(seed))
        if name in WRITTEN:
            draft.asked = [
                Asked(number, task, Random(f"{seed}.{number}"))
                for number, task in enumerate(proposed)
            ]
        else:
            draft.described = [pair for pair in proposed if self._allowed(pair)]
        return draft

    def _allowed(self, pair: Instruction) -> bool:
        return self.options["time_answers"] or "<start_time>" not in pair.answer.split(".")[0]

    def _write_tasks(self, drafts: Sequence[Draft]) -> None:
        if self.options["question_writer"] == "phrasings":
            for draft in drafts:
                for one in draft.asked:
                    one.word(self.phrasings["questions"])
            return
        for draft in drafts:
            draft.gather(self.options["pairs_per_call"])
        scenes = [scene for draft in drafts for scene in draft.scenes]
        if not scenes:
            return
        written = write_by_chat(
            [one.scene for one in scenes], [one.seed for one in scenes], self.chat("llm"),
            self.prompts["question_writer"], self.options,
        )  # fmt: skip
        for one, replies in zip(scenes, written, strict=True):
            one.take(replies)

    def _proof_read(self, drafts: Sequence[Draft]) -> None:
        """Reject what the proof-reader doubts among the pairs that the LLM worded. The others
        repeat the statements: reading them against those again would say nothing new."""
        scenes = [scene for draft in drafts for scene in draft.scenes if scene.to_read]
        if not scenes:
            return
        read = proof_read(
            [(one.scene, one.shown()) for one in scenes],
            self.chat(self.options["proof_reader"]), self.prompts["proof_reader"], self.options,
        )  # fmt: skip
        for scene, faults in zip(scenes, read, strict=True):
            for one, fault in zip(scene.to_read, faults, strict=True):
                if fault:
                    one.reject(f"proof-reader: {fault}")


def _line(pair: Instruction) -> dict[str, Any]:
    # `to_json` copies every claim, which takes longer than making the pair.
    return vars(pair) | {"evidence": vars(pair.evidence)}


def pairs_wanted(per_minute: float, duration_s: float) -> int:
    """Maximum number of pairs of a group in a film."""
    return round(per_minute * duration_s / 60) if per_minute else 0
