"""The model card of the text-LLM teacher."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transformers import LlamaForCausalLM

from drawn_world.teachers.llm.loop import Progress
from drawn_world.teachers.llm.measures import MAX_NEW_TOKENS

PROMPTS = {
    "parser": "referring_parser",
    "question": "question_writer",
    "statement": "statement_reader",
    "relation": "relation_reader",
    "judge_description": "judge_description",
    "judge_choice": "judge_choice",
}
_CARD = """---
license: apache-2.0
datasets: [drawn_world]
library_name: transformers
pipeline_tag: text-generation
---
# {description}

A LlamaForCausalLM of {millions:.1f} M parameters ({layers} layers, width {width}, tied embeddings,
stored in float16), trained from {start} for one small drawn world and for
these prompts of `config/prompts/demo`: {prompts}.
It is of no use with other prompts or other texts.

- **Tokenizer**: the demo's words and fixed phrases (an expression such as "man with blond hair in a
  red shirt" is one token), pieces and bytes for everything else; ChatML, no system message.
- **Data**: texts drawn while it trains by `drawn_world.teachers.llm` from the demo's vocabulary,
  common words and invented ones. No outside text, no outside weights.
- **Training**: seed {seed}, {steps} steps, {minutes:.1f} minutes of one CPU thread; Muon for the
  matrices, AdamW for the rest. Made again with the rule `train_teacher`.
- **Use**: greedy; at most {max_new} new tokens.

Held-out texts (seeds that training never draws), plain `generate`, {n} for each role:

| figure | share |
|---|---|
{rows}

Licence: Apache-2.0, as the project.
"""


def write_card(
    out_dir: Path,
    model: LlamaForCausalLM,
    progress: Progress,
    figures: dict[str, float],
    description: str,
    roles: Sequence[str],
    *,
    start: str,
    seed: int,
    n_held_out: int,
) -> None:
    """Write README.md into the model's folder.

    Args:
        description: the title.
        roles: their names; those in PROMPTS are told.
        start: what the training began with, in words.
    """
    card = _CARD.format(
        description=description.rstrip("."),
        prompts=", ".join(f"`{PROMPTS[role]}.txt`" for role in roles if role in PROMPTS),
        start=start,
        millions=sum(p.numel() for p in model.parameters()) / 1e6,
        layers=model.config.num_hidden_layers,
        width=model.config.hidden_size,
        seed=seed,
        steps=progress.step,
        minutes=progress.cpu_s / 60,
        max_new=", ".join(f"{n} ({role})" for role, n in MAX_NEW_TOKENS.items() if role in roles),
        n=n_held_out,
        rows="\n".join(f"| {name} | {share:.3f} |" for name, share in figures.items()),
    )
    (out_dir / "README.md").write_text(card, encoding="utf-8")
