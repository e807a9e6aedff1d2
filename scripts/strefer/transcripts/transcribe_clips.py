"""Stage `transcripts`: the video transcriber, a video LLM that is asked about each segment and
entity whether it is there and, after a yes only, what it does.

Of a batch of segments, all questions of existence go to the engine in one call, those about one
segment side by side and with the same frames; then all questions of behaviour in another.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from strefer import frames
from strefer.agents import replies
from strefer.agents.chat.frame_fit import FrameFit
from strefer.agents.chat.interface import (
    YES_NO,
    Asked,
    Chat,
    ChatRequest,
    ask,
    calls_at_a_time,
    check_room,
    log_unread,
)
from strefer.agents.chat.load import load_chat
from strefer.corrections.lines import correct_line
from strefer.prompts import Prompt, load_prompt
from strefer.records import Clips, References, Segment, Transcript, Video
from strefer.stage.ahead import flat_ahead
from strefer.stage.batches import in_batches
from strefer.stage.run import Item, ItemFailure, Shard, Worker, read_records, run_stage
from strefer.transcripts.disagreements import add_disagreements

QUESTIONS = ("existence", "behaviour")


@dataclass(frozen=True)
class _Scene:
    """The context of an item's worker: a segment of a film, and the expressions to ask about."""

    video: Video
    segment: Segment
    expressions: tuple[str, ...]


def transcribe_clips(
    videos: Path,
    clips: Path,
    references: Path,
    shard: Shard,
    options: Mapping[str, Any],
    prompts: Mapping[str, str],
    chat: Mapping[str, Any],
    masklets: Path | None = None,
) -> None:
    """Write the shard file of `Transcript` records, a line a segment.

    Args:
        videos, clips, references: shard files of these stages.
        masklets: the masklets' shard file, for the cross-check; None leaves it out.
        options: `n_frames` evenly spaced frames of a segment; `existence_tokens` and
            `behaviour_tokens`, the replies' longest; `attempts` and `retry_temperature` for
            replies that do not parse; `batch_segments` a call, or fewer if their frames
            are large (`strefer.stage.batches`); `seed`.
        prompts: `existence` and `behaviour`.
        chat: the video LLM's specification.
    """
    items = list(_items(videos, clips, references))
    templates = {question: load_prompt(prompts[question]) for question in QUESTIONS}
    fit = FrameFit.of(chat)

    def start() -> Worker:
        transcriber = _Transcriber(load_chat(chat), templates, options)
        transcriber.check_room([item.context for item in items], fit)

        def load(film: Sequence[Item]) -> Iterator[tuple[Item, np.ndarray | ItemFailure]]:
            return _load_frames(film, options["n_frames"], fit)

        return lambda missing: in_batches(
            flat_ahead(_by_film(missing), load),
            options["batch_segments"],
            transcriber.transcribe,
            calls_at_a_time(transcriber.model),
        )

    run_stage("transcripts", items, start, shard, correct_line)
    _log_unread(shard.output)
    if masklets is not None:
        # Afterwards, and not kept in the store: other masklets must not ask every question again.
        add_disagreements(shard.output, masklets)


def _items(videos: Path, clips: Path, references: Path) -> Iterator[Item]:
    segments = read_records(clips, Clips)
    entities = read_records(references, References)
    for video_id, (video,) in read_records(videos, Video).items():
        if video_id not in segments or video_id not in entities:
            continue  # failed before; the line is there
        expressions = tuple(e.expression for e in entities[video_id][0].entities)
        for segment in segments[video_id][0].segments:
            yield Item(
                video_id,
                content=[video.digest, segment.start_s, segment.end_s, expressions],
                context=_Scene(video, segment, expressions),
                part={"segment": segment.index},
                film_s=segment.end_s - segment.start_s,
            )


def _log_unread(transcripts: Path) -> None:
    """Count the replies that could not be parsed, by question."""
    records = [one for found in read_records(transcripts, Transcript).values() for one in found]
    unread = Counter(
        reason.partition(":")[0] for record in records for reason in record.unknown.values()
    )
    cells = [line for record in records for line in record.lines]
    told = sum(line is not None for line in cells)
    asked = {"existence": len(cells), "behaviour": told + unread["behaviour"]}
    for question in QUESTIONS:
        log_unread("transcripts", question, unread[question], asked[question])


def _by_film(items: Iterable[Item]) -> Iterator[list[Item]]:
    for _, group in itertools.groupby(items, key=lambda item: item.video_id):
        yield list(group)


def _load_frames(
    scenes: Sequence[Item], n_frames: int, fit: FrameFit
) -> Iterator[tuple[Item, np.ndarray | ItemFailure]]:
    """Frames of segments of one film, which are in order of time and may overlap; one decoding
    pass."""
    video: Video = scenes[0].context.video
    times_s = [_times(item.context, n_frames) for item in scenes]
    wanted = sorted({t for times in times_s for t in times})
    size = (video.width_px, video.height_px)
    stream = zip(wanted, fit.read(video.path, wanted, size, n_frames), strict=True)
    shown: dict[float, np.ndarray] = {}
    for place, (item, times) in enumerate(zip(scenes, times_s, strict=True)):
        shown = {t: frame for t, frame in shown.items() if t >= times[0]}
        try:
            while times[-1] not in shown:
                time_s, frame = next(stream)
                shown[time_s] = frame
            yield item, np.stack([shown[t] for t in times])
        except (frames.DecodingError, OSError) as error:
            for failed in scenes[place:]:
                yield failed, ItemFailure(f"{video.path}: {error}")
            break


def _times(scene: _Scene, n_frames: int) -> list[float]:
    segment = scene.segment
    length_s = segment.end_s - segment.start_s
    return frames.sample_times(length_s, n_frames, scene.video.fps, segment.start_s)


class _Transcriber:
    """Asks a model about a batch of segments."""

    def __init__(
        self, model: Chat, templates: Mapping[str, Prompt], options: Mapping[str, Any]
    ) -> None:
        self.model, self.templates, self.options = model, templates, options

    def check_room(self, scenes: Sequence[_Scene], fit: FrameFit) -> None:
        """Check the longest prompts, as `chat.check_room`."""
        sizes = {(scene.video.width_px, scene.video.height_px) for scene in scenes}
        shown = fit.longest(sizes, self.options["n_frames"])
        expression = max((e for s in scenes for e in s.expressions), key=len, default="")
        for question in QUESTIONS:
            longest = self._request(question, expression, shown, 1.0)
            options = f"`transcripts.n_frames`, `transcripts.{question}_tokens`"
            check_room(self.model, longest, options)

    def transcribe(
        self, batch: Sequence[tuple[Item, np.ndarray]]
    ) -> list[dict[str, Any] | ItemFailure]:
        """Yield the results of a batch of segments with their frames, in order."""
        pairs = [
            (row, entity)
            for row, (item, _) in enumerate(batch)
            for entity in range(len(item.context.expressions))
        ]
        there = self._ask("existence", batch, pairs, replies.parse_yes_no)
        like = self.templates["behaviour"].text
        behaviour = self._ask(
            "behaviour",
            batch,
            [pair for pair in pairs if there[pair].answer],
            lambda reply: replies.parse_sentences(reply, like=like),
        )
        return [
            self._record(row, item.context, there, behaviour) for row, (item, _) in enumerate(batch)
        ]

    @staticmethod
    def _record(
        row: int,
        scene: _Scene,
        there: Mapping[tuple[int, int], Asked[bool]],
        behaviour: Mapping[tuple[int, int], Asked[str]],
    ) -> dict[str, Any]:
        """A segment's record; what could not be parsed is unknown and does not affect the rest."""
        cells = [(row, entity) for entity in range(len(scene.expressions))]
        unknown = {
            str(cell[1]): f"{question}: {answers[cell].failure}"
            for cell in cells
            for question, answers in (("existence", there), ("behaviour", behaviour))
            if cell in answers and answers[cell].failure is not None
        }
        return {
            "start_s": scene.segment.start_s,
            "end_s": scene.segment.end_s,
            "lines": [behaviour[cell].answer if cell in behaviour else None for cell in cells],
            "disagreements": None,
            "unknown": unknown,
        }

    def _ask(
        self,
        question: str,
        batch: Sequence[tuple[Item, np.ndarray]],
        pairs: Sequence[tuple[int, int]],
        parse: Callable[[str], Any],
    ) -> dict[tuple[int, int], Asked]:
        requests = []
        for row, entity in pairs:
            item, shown = batch[row]
            scene: _Scene = item.context
            length_s = scene.segment.end_s - scene.segment.start_s
            fps = frames.sampled_rate(length_s, len(shown), scene.video.fps)
            requests.append(self._request(question, scene.expressions[entity], shown, fps))
        attempts, temperature = self.options["attempts"], self.options["retry_temperature"]
        asked = ask(self.model, requests, parse, attempts, temperature)
        return dict(zip(pairs, asked, strict=True))

    def _request(
        self, question: str, expression: str, shown: np.ndarray, fps: float
    ) -> ChatRequest:
        return ChatRequest(
            self.templates[question].render(expression=expression),
            shown,
            fps=fps,
            choices=YES_NO if question == "existence" else None,
            seed=self.options["seed"],
            max_new_tokens=self.options[f"{question}_tokens"],
        )
