"""Stage `instructions`: question-answer pairs from the joined metadata of each film, verified."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from strefer.agents.chat.interface import Chat
from strefer.agents.chat.load import load_chat
from strefer.instructions.draft import Asked, Draft
from strefer.instructions.groups import GROUPS, WRITTEN
from strefer.instructions.metadata.film import Film
from strefer.instructions.metadata.join import join_film
from strefer.instructions.verification.verifier import Checks
from strefer.instructions.wording.ask_writer import read_again, write_by_chat
from strefer.instructions.wording.phrasings import Phrasings, folder_digest, load_folder
from strefer.instructions.wording.word_tasks import Reply
from strefer.prompts import Prompt, load_prompt
from strefer.records import Instruction, Masklets, References, Statements, Video, to_json
from strefer.stage.batches import in_batches
from strefer.stage.run import Item, ItemFailure, Shard, Worker, read_records, run_stage


def write_instructions(
    videos: Path,
    references: Path,
    statements: Path,
    shard: Shard,
    options: Mapping[str, Any],
    prompts: Mapping[str, str],
    phrasings: Path,
    llm: Mapping[str, Any],
    masklets: Path | None = None,
) -> None:
    """Write the shard file of `Instruction` records, a line a pair; rejected pairs are among them.

    Args:
        videos, references, statements: shard files of these stages.
        masklets: the masklets' shard file; None leaves the mask groups unpointed and unverified.
        options: `pairs_per_minute` by group; `question_writer` ("llm" or "phrasings");
            `replace_failed`; `time_answers`; `verify`, `check_motion`, `check_unseen`,
            `least_score`, `same_words`, `second_reader`;
            `max_new_tokens`, `temperature`, `attempts`, `retry_temperature`; `batch_films`; `seed`.
        prompts: `question_writer` and `second_reader`.
        phrasings: the folder of phrasings files, whose digest counts as part of `making`.
        llm: the LLM's specification; loaded only if it is asked anything.
    """
    items = list(_items(videos, references, statements, masklets))
    worker = _Worker(
        load_folder(phrasings), {role: load_prompt(path) for role, path in prompts.items()}, options
    )

    def start() -> Worker:
        if options["question_writer"] == "llm" or _second_reader(options):
            worker.chat = load_chat(llm)
        return lambda missing: in_batches(
            _joined(missing, options["same_words"]), options["batch_films"], worker.write
        )

    making = {**shard.making, "phrasings": folder_digest(phrasings)}
    run_stage("instructions", items, start, dataclasses.replace(shard, making=making))


def _second_reader(options: Mapping[str, Any]) -> bool:
    return bool(options["verify"] and options["second_reader"])


def _items(
    videos: Path, references: Path, statements: Path, masklets: Path | None
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
        content = [video.digest, video.duration_s, to_json(records.references)]
        content += [to_json(records.statements), shown and to_json(shown)]
        yield Item(video_id, content=content, context=records)


@dataclass(frozen=True)
class _Records:
    """The records of one film."""

    video: Video
    references: References
    statements: Statements
    masklets: Masklets | None


def _joined(items: Iterable[Item], same_words: float) -> Iterator[tuple[Item, Film | ItemFailure]]:
    for item in items:
        records: _Records = item.context
        video, entities = records.video, records.references.entities
        try:
            film = join_film(
                video.digest, video.duration_s, entities, records.statements, records.masklets,
                same_words,
            )  # fmt: skip
        except ValueError as error:
            yield item, ItemFailure(str(error))
        else:
            yield item, film


class _Worker:
    """Writes the pairs of a batch of films."""

    def __init__(
        self,
        phrasings: Mapping[str, Phrasings],
        prompts: Mapping[str, Prompt],
        options: Mapping[str, Any],
    ) -> None:
        self.phrasings, self.prompts, self.options = phrasings, prompts, options
        self.chat: Chat | None = None

    def write(self, batch: Sequence[tuple[Item, Film]]) -> list[list[dict[str, Any]]]:
        """The lines of each film of the batch; the LLM gets all of the batch's prompts at once."""
        drafts = [self._propose(film) for _, film in batch]
        self._write_tasks(drafts)
        if self.options["replace_failed"]:
            for draft in drafts:
                draft.replace_failed(self.phrasings["questions"])
        checks = Checks(
            self.options["check_motion"],
            self.options["check_unseen"],
            self.options["least_score"],
        )
        for draft in drafts:
            draft.assemble()
            if self.options["verify"]:
                draft.verify(checks)
        if _second_reader(self.options):
            self._read_again(drafts)
        if self.options["verify"]:
            for draft in drafts:
                draft.balance()
        return [[_line(pair) for pair in draft.pairs] for draft in drafts]

    def _propose(self, film: Film) -> Draft:
        draft = Draft(film)
        for name, group in GROUPS.items():
            # A seed a group and a seed a task: more pairs of one group, or other films beside this
            # one, leave the others as they are.
            seed = f"{self.options['seed']}.{film.digest}.{name}"
            n = pairs_wanted(self.options["pairs_per_minute"][name], film.duration_s)
            proposed = group.propose(film, self.phrasings[group.phrasings], n, Random(seed))
            if name in WRITTEN:
                draft.asked += [
                    Asked(name, number, task, Random(f"{seed}.{number}"))
                    for number, task in enumerate(proposed)
                ]
            else:
                draft.described += [p for p in proposed if self._allowed(p)]
        return draft

    def _allowed(self, pair: Instruction) -> bool:
        return self.options["time_answers"] or "<start_time>" not in pair.answer.split(".")[0]

    def _write_tasks(self, drafts: Sequence[Draft]) -> None:
        asked = [one for draft in drafts for one in draft.asked]
        if self.options["question_writer"] == "phrasings":
            for one in asked:
                one.word(self.phrasings["questions"])
            return
        assert self.chat is not None
        tasks = [one.task for one in asked]
        seeds = [one.random.getrandbits(31) for one in asked]
        prompt = self.prompts["question_writer"]
        written = write_by_chat(tasks, seeds, self.chat, prompt, self.options)
        for one, reply in zip(asked, written, strict=True):
            one.written = reply

    def _read_again(self, drafts: Sequence[Draft]) -> None:
        """Reject what the second reader doubts among the written pairs. The others repeat the
        transcript: reading them against it again would say nothing new."""
        assert self.chat is not None
        written = [
            one
            for draft in drafts
            for one in draft.asked
            if isinstance(one.written, Reply) and not one.replaced and one.pair.rejected is None
        ]
        doubts = read_again(
            [one.task for one in written], [one.written for one in written],
            self.chat, self.prompts["second_reader"], self.options["seed"],
        )  # fmt: skip
        for one, doubt in zip(written, doubts, strict=True):
            if doubt:
                one.reject(doubt)


def _line(pair: Instruction) -> dict[str, Any]:
    # `to_json` copies every claim, which takes longer than making the pair.
    return vars(pair) | {"evidence": vars(pair.evidence)}


def pairs_wanted(per_minute: float, duration_s: float) -> int:
    """How many pairs of a group a film gets at most."""
    return round(per_minute * duration_s / 60) if per_minute else 0
