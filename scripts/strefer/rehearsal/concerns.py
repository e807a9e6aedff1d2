"""Describe in plain words what looks wrong in a rehearsal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from strefer.agents.reply_text import without_thinking
from strefer.stage.run import Line

Requests = Sequence[Mapping[str, Any]]
# The option that limits replies, where it is not the stage's max_new_tokens.
LIMITS = dict.fromkeys(("transcripts", "second_looks"), "transcripts.behaviour_tokens")
UNREADABLE = 0.1  # a share of refused replies that is too large
NEAR = 0.1  # a share of the context that a prompt leaves which is too small
ALIKE = 4  # this many equal replies to different prompts are not a coincidence
SAME_ANSWERS = 10  # likewise of yes and no


def find_concerns(
    lines: Mapping[str, Sequence[Line]], asked: Mapping[str, Requests]
) -> Iterator[str]:
    """A sentence or two for each thing that looks wrong.

    Args:
        lines: by stage, what it made of the films.
        asked: by stage, the requests of its recording.
    """
    for stage, of_stage in lines.items():
        failed = {line.video_id: line.failure["reason"] for line in of_stage if line.failure}
        for film, reason in failed.items():
            yield f"{stage}: {film} failed: {reason}"
    yield from _of_films({s: [one.record for one in of if one.record] for s, of in lines.items()})
    for stage, requests in asked.items():
        yield from _of_replies(stage, requests)
        yield from _of_context(stage, requests)
        yield from _of_sameness(stage, requests)


def _of_films(records: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    expressions = sum(len(one["entities"]) for one in records.get("references", ()))
    tracks = records.get("tracks", ())
    if records.get("references") and not expressions:
        yield (
            "references: no film has a referring expression. Read the entity recognizer's replies "
            "below."
        )
    elif tracks and not any(one["tracks"] for one in tracks):
        yield (
            "tracks: the detector found nothing in any film. Read the nouns below; lower "
            "`tracks.box_threshold` and `tracks.min_score`, or use another detector."
        )
    masklets = records.get("masklets", ())
    dropped = Counter(reason for one in masklets for reason in one["dropped"].values())
    if any(one["tracks"] for one in tracks) and not any(one["masklets"] for one in masklets):
        why = f": mostly “{dropped.most_common(1)[0][0]}”" if dropped else ""
        yield (
            f"masklets: every masklet was rejected{why}. Lower `masklets.min_score`, or use "
            f"another assigner."
        )
    pairs = records.get("instructions")
    if pairs is not None and pairs and not any(one["rejected"] is None for one in pairs):
        [(reason, _)] = Counter(one["rejected"] for one in pairs).most_common(1)
        yield f"instructions: no pair was kept; most were rejected for “{reason}”."


def _of_replies(stage: str, requests: Requests) -> Iterator[str]:
    refused = [one["refused"] for one in requests if "refused" in one]
    if len(refused) > UNREADABLE * len(requests):
        yield (
            f"{stage}: {len(refused)} of {len(requests)} replies cannot be parsed. They are "
            f"below, with the reasons; another prompt or model may help."
        )
    foreign = sum("not in the language" in reason for reason in refused)
    if foreign:
        yield f"{stage}: {foreign} replies are in a different language from the prompt."
    cut = [one for one in requests if _is_cut(one)]
    if len(cut) > UNREADABLE * len(requests):
        most = cut[0]["sampling"]["max_new_tokens"]
        yield (
            f"{stage}: {len(cut)} of {len(requests)} replies were cut off at the limit of "
            f"{most} tokens; raise `{LIMITS.get(stage, stage + '.max_new_tokens')}`."
        )


def _is_cut(request: Mapping[str, Any]) -> bool:
    written = (request.get("tokens") or [None, None])[1]
    is_short = request.get("read") in (True, False)  # yes and no may be all that there is room for
    return bool(written and written >= request["sampling"]["max_new_tokens"] and not is_short)


def _of_context(stage: str, requests: Requests) -> Iterator[str]:
    for request in requests:
        room = request.get("call", {}).get("room")
        if room is None:
            continue
        read = max((one.get("tokens") or [0])[0] or 0 for one in requests)
        context = room + read + request["sampling"]["max_new_tokens"]
        if room < NEAR * context:
            yield (
                f"{stage}: the longest prompt leaves {room} of the model's {context} tokens. A "
                "larger film would not fit: lower `n_frames` or `max_pixels`, or raise "
                "`context_tokens`."
            )
            return


def _of_sameness(stage: str, requests: Requests) -> Iterator[str]:
    first = [one for one in requests if one["sampling"]["temperature"] == 0]
    texts = {
        (one["text"], str(one["frames"])): without_thinking(one["reply"]).strip()
        for one in first
        if not isinstance(one.get("read"), bool)
    }
    for reply, count in Counter(texts.values()).most_common(1):
        if count >= ALIKE and count > len(texts) / 2:
            yield (
                f"{stage}: {count} of {len(texts)} different prompts have the same reply, "
                f"“{reply[:80]}”. The model may not see what it is asked about."
            )
    answers = Counter(one["read"] for one in first if isinstance(one.get("read"), bool))
    if len(answers) == 1 and sum(answers.values()) >= SAME_ANSWERS:
        [(answer, count)] = answers.items()
        said = "yes" if answer else "no"
        yield f"{stage}: all {count} yes/no questions are answered with {said}."
