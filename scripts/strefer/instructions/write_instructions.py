"""Stage `instructions`: question-answer pairs from the joined metadata of each film, verified."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from strefer.agents.chat.interface import Chat
from strefer.agents.chat.load import load_chat
from strefer.instructions.groups import GROUPS, WRITTEN
from strefer.instructions.metadata.film import Film
from strefer.instructions.metadata.join import join_film
from strefer.instructions.proposals.tasks import Task
from strefer.instructions.verification.verifier import Checks, Verifier
from strefer.instructions.wording.ask_writer import Written, read_again, write_by_chat
from strefer.instructions.wording.assemble_pairs import assemble, reply_fault
from strefer.instructions.wording.phrasings import Phrasings, folder_digest, load_folder
from strefer.instructions.wording.word_tasks import Reply, write_reply
from strefer.prompts import Prompt, load_prompt
from strefer.records import Instruction, Masklets, References, Transcript, Video, to_json
from strefer.stage.batches import in_batches
from strefer.stage.run import Item, ItemFailure, Shard, Worker, read_records, run_stage

UNBALANCED = "balance: the same question with the other answer was rejected"


def write_instructions(
    videos: Path,
    references: Path,
    transcripts: Path,
    shard: Shard,
    options: Mapping[str, Any],
    prompts: Mapping[str, str],
    phrasings: Path,
    llm: Mapping[str, Any],
    masklets: Path | None = None,
    second_looks: Path | None = None,
) -> None:
    """Write the shard file of `Instruction` records, a line a pair; rejected pairs are among them.

    Args:
        videos, references, transcripts: shard files of these stages.
        masklets: the masklets' shard file; None leaves the mask groups unpointed and unverified.
        second_looks: the shard file of transcripts of the segments' parts; None does without.
        options: `pairs_per_minute` by group; `question_writer` ("llm" or "phrasings");
            `replace_failed`; `time_answers`; `verify`, `check_motion`, `check_unseen`,
            `least_score`, `same_words`, `second_reader`;
            `reply_tokens`, `temperature`, `attempts`, `retry_temperature`; `batch_films`; `seed`.
        prompts: `question_writer` and `second_reader`.
        phrasings: the folder of phrasings files, whose digest counts as part of `making`.
        llm: the LLM's specification; loaded only if it is asked anything.
    """
    items = list(_items(videos, references, transcripts, masklets, second_looks))
    worker = _Worker(
        load_folder(phrasings), {role: load_prompt(path) for role, path in prompts.items()}, options
    )

    def start() -> Worker:
        if options["question_writer"] == "llm" or _second_reader(options):
            worker.chat = load_chat(llm)
        return lambda missing: in_batches(_joined(missing), options["batch_films"], worker.write)

    making = {**shard.making, "phrasings": folder_digest(phrasings)}
    run_stage("instructions", items, start, dataclasses.replace(shard, making=making))


def _second_reader(options: Mapping[str, Any]) -> bool:
    return bool(options["verify"] and options["second_reader"])


def _items(
    videos: Path,
    references: Path,
    transcripts: Path,
    masklets: Path | None,
    second_looks: Path | None,
) -> Iterator[Item]:
    entities = read_records(references, References)
    lines = read_records(transcripts, Transcript)
    masks = {} if masklets is None else read_records(masklets, Masklets)
    looks = {} if second_looks is None else read_records(second_looks, Transcript)
    for video_id, (video,) in read_records(videos, Video).items():
        if video_id not in entities or video_id not in lines:
            continue  # failed before; the line is there
        if masklets is not None and video_id not in masks:
            continue
        known, said = entities[video_id][0], lines[video_id]
        shown = masks[video_id][0] if masklets is not None else None
        again = looks.get(video_id, [])
        content = [video.digest, video.duration_s, to_json(known), [to_json(line) for line in said]]
        content += [None if shown is None else to_json(shown), [to_json(line) for line in again]]
        yield Item(video_id, content=content, context=_Records(video, known, said, shown, again))


@dataclass(frozen=True)
class _Records:
    """The records of one film."""

    video: Video
    references: References
    transcripts: list[Transcript]
    masklets: Masklets | None
    second_looks: list[Transcript]


def _joined(items: Iterable[Item]) -> Iterator[tuple[Item, Film | ItemFailure]]:
    for item in items:
        records: _Records = item.context
        entities = records.references.entities
        try:
            yield (
                item,
                join_film(
                    records.video.digest,
                    records.video.duration_s,
                    entities,
                    records.transcripts,
                    records.masklets,
                    records.second_looks,
                ),
            )
        except ValueError as error:
            yield item, ItemFailure(str(error))


@dataclass
class _Draft:
    """A film with what is proposed for it."""

    film: Film
    pairs: list[Instruction] = field(default_factory=list)
    tasks: list[tuple[str, Task]] = field(default_factory=list)  # group, task
    randoms: list[Random] = field(default_factory=list)  # one a task, for all that is drawn for it
    written: list[Written] = field(default_factory=list)
    worded: dict[int, Reply] = field(default_factory=dict)  # by phrasings, by place in `tasks`

    def replace_failed(self, phrasings: Phrasings) -> None:
        """Word by phrasings what the LLM failed to write. A yes/no question's counterpart is then
        worded so too: who wrote a question must not tell its answer."""
        failed = [place for place in range(len(self.tasks)) if self._fault(place)]
        couples = {(self.tasks[p][0], self.tasks[p][1].couple) for p in failed}
        for place, (group, task) in enumerate(self.tasks):
            coupled = task.couple is not None and (group, task.couple) in couples
            if place in failed or coupled:
                self.worded[place] = write_reply(task, phrasings, self.randoms[place])

    def _fault(self, place: int) -> str | None:
        return reply_fault(self.tasks[place][1], self.written[place])

    def assemble(self) -> None:
        """Turn the written tasks into pairs, behind those that are there."""
        counts: Counter[str] = Counter()
        for place, ((group, task), written) in enumerate(
            zip(self.tasks, self.written, strict=True)
        ):
            reply = self.worded.get(place, written)
            number = counts[group]
            counts[group] += 1
            random = self.randoms[place]
            self.pairs.append(assemble(self.film, group, number, task, reply, random))

    def balance(self) -> None:
        """Where verification left more of one answer than of the other to a kind of yes/no
        question, set questions apart whose counterpart was rejected."""
        first = len(self.pairs) - len(self.tasks)
        kinds: dict[tuple[str, str], dict[bool, list[int]]] = {}
        for place, (group, task) in enumerate(self.tasks, first):
            if task.couple is not None and self.pairs[place].rejected is None:
                answers = kinds.setdefault((group, task.focus), {True: [], False: []})
                answers[bool(task.truth)].append(place)
        for answers in kinds.values():
            more, less = sorted(answers.values(), key=len, reverse=True)
            coupled = {self.tasks[place - first][1].couple for place in less}
            single = [p for p in more if self.tasks[p - first][1].couple not in coupled]
            for place in single[: len(more) - len(less)]:
                self.pairs[place] = dataclasses.replace(self.pairs[place], rejected=UNBALANCED)


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
            self.options["same_words"],
        )
        for draft in drafts:
            draft.assemble()
            if self.options["verify"]:
                draft.pairs = Verifier(draft.film, checks).verify(draft.pairs)
        if _second_reader(self.options):
            self._read_again(drafts)
        if self.options["verify"]:
            for draft in drafts:
                draft.balance()
        return [[_line(pair) for pair in draft.pairs] for draft in drafts]

    def _propose(self, film: Film) -> _Draft:
        draft = _Draft(film)
        for name, group in GROUPS.items():
            # A seed a group and a seed a task: more pairs of one group, or other films beside this
            # one, leave the others as they are.
            seed = f"{self.options['seed']}.{film.digest}.{name}"
            n = pairs_wanted(self.options["pairs_per_minute"][name], film.duration_s)
            proposed = group.propose(film, self.phrasings[group.phrasings], n, Random(seed))
            if name in WRITTEN:
                draft.tasks += [(name, task) for task in proposed]
                draft.randoms += [Random(f"{seed}.{number}") for number in range(len(proposed))]
            else:
                draft.pairs += [p for p in proposed if self._allowed(p)]
        return draft

    def _allowed(self, pair: Instruction) -> bool:
        return self.options["time_answers"] or "<start_time>" not in pair.answer.split(".")[0]

    def _write_tasks(self, drafts: Sequence[_Draft]) -> None:
        if self.options["question_writer"] == "phrasings":
            questions = self.phrasings["questions"]
            for draft in drafts:
                draft.written = [
                    write_reply(task, questions, random)
                    for (_, task), random in zip(draft.tasks, draft.randoms, strict=True)
                ]
            return
        assert self.chat is not None
        tasks = [task for draft in drafts for _, task in draft.tasks]
        seeds = [random.getrandbits(31) for draft in drafts for random in draft.randoms]
        prompt = self.prompts["question_writer"]
        written = iter(write_by_chat(tasks, seeds, self.chat, prompt, self.options))
        for draft in drafts:
            draft.written = [next(written) for _ in draft.tasks]

    def _read_again(self, drafts: Sequence[_Draft]) -> None:
        """Reject what the second reader doubts among the written pairs. The others repeat the
        transcript as it stands: reading them against it again would tell nothing."""
        assert self.chat is not None
        asked: list[tuple[_Draft, int, Task, Reply]] = []
        for draft in drafts:
            first = len(draft.pairs) - len(draft.tasks)
            for place, ((_, task), reply) in enumerate(
                zip(draft.tasks, draft.written, strict=True), first
            ):
                by_llm = isinstance(reply, Reply) and place - first not in draft.worded
                if draft.pairs[place].rejected is None and by_llm:
                    asked.append((draft, place, task, reply))
        doubts = read_again(
            [task for _, _, task, _ in asked], [reply for *_, reply in asked],
            self.chat, self.prompts["second_reader"], self.options["seed"],
        )  # fmt: skip
        for (draft, place, _, _), doubt in zip(asked, doubts, strict=True):
            if doubt:
                draft.pairs[place] = dataclasses.replace(draft.pairs[place], rejected=doubt)


def _line(pair: Instruction) -> dict[str, Any]:
    # `to_json` copies every claim, which takes longer than making the pair.
    return vars(pair) | {"evidence": vars(pair.evidence)}


def pairs_wanted(per_minute: float, duration_s: float) -> int:
    """How many pairs of a group a film gets at most."""
    return round(per_minute * duration_s / 60) if per_minute else 0
