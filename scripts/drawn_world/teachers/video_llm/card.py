"""The card of the demo's video LLM: what it is, what it learned from, and how good it is."""

from collections.abc import Mapping
from pathlib import Path

from drawn_world.plan.plan import HARD_CASE_SHARES
from drawn_world.teachers.video_llm.model import CLIP_FRAMES, FILM_FRAMES, SIZE_PX

_BARS = {
    "entities.recall": 0.90,
    "entities.precision": 0.90,
    "existence.accuracy": 0.95,
    "behaviour.accuracy": 0.90,
    "replies.parsed": 0.99,
}
_TEXT = """\
---
license: apache-2.0
datasets: [drawn_world]
library_name: transformers
pipeline_tag: image-text-to-text
---
# The demo's video LLM

A tiny `Qwen2VLForConditionalGeneration`, trained from nothing on the project's own drawn films. It
stands in for a large video LLM in the demo run: it names the entities of a film, says whether one
is in a clip, and what it does there. It knows the drawn world and nothing else.

- Load: `AutoProcessor` and `AutoModelForImageTextToText` from this folder. Weights are stored in
  float16; the config asks for float32 to compute in.
- Frames: {size} x {size} px. {film} evenly spaced frames for the list of a whole film (64 new
  tokens), {clip} for a question about a clip (4 for existence, 40 for behaviour).
- Message: one user turn, the video first, then the text; no system prompt; greedy.
- Questions: those of `config/prompts/demo` (`entity_recognizer`, `existence`, `behaviour`), word
  for word. Others are answered as if they were one of these.
- Data: films of the demo world's split `train`, drawn by `drawn_world`; no other data or weights.
- Trained by `drawn_world.teachers.video_llm.train`, seed {seed}; minutes of one CPU thread by
  phase: {phases}. Make it again with `snakemake teachers`.
- Licence: Apache-2.0.

## Measured

{films} films of the split `held_out`, asked through plain `generate`. Existence counts every entity
of a film in every scene and one near miss a scene (another colour, hair or noun).

| figure | bar | all | {cases} |
|---|---|---|{dashes}|
{rows}

All figures are in `figures.json`.
"""


def write_card(
    folder: Path, figures: Mapping[str, float], minutes: Mapping[str, float], seed: int
) -> None:
    """Write README.md into the folder; `minutes` are those of each phase of the training."""
    rows = []
    for name, bar in _BARS.items():
        by_case = [figures.get(f"{name}@{case}") for case in HARD_CASE_SHARES]
        shown = ["" if value is None else f"{value:.3f}" for value in (figures[name], *by_case)]
        rows.append(f"| `{name}` | {bar:.2f} | {' | '.join(shown)} |")
    text = _TEXT.format(
        size=SIZE_PX,
        film=FILM_FRAMES,
        clip=CLIP_FRAMES,
        seed=seed,
        phases=", ".join(f"{phase} {spent:.1f}" for phase, spent in minutes.items()),
        films=figures["films"],
        cases=" | ".join(HARD_CASE_SHARES),
        dashes="|".join("---" for _ in HARD_CASE_SHARES),
        rows="\n".join(rows),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
