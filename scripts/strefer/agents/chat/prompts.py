"""Prompts of chat models as tokens: the model's chat template, filled safely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def set_template(processor: Any, path: str | None) -> Any:
    """The processor (or tokenizer) with the chat template of a file; None leaves its own.

    Raises:
        ValueError: if the file cannot be read.
    """
    if path is not None:
        try:
            processor.chat_template = Path(path).read_text(encoding="utf-8").rstrip("\n")
        except OSError as error:
            raise ValueError(f"chat model: `chat_template`: {error}") from None
    return processor


class PromptMaker:
    """Renders and tokenizes prompts with a model's own template and tokenizer."""

    def __init__(self, processor: Any, template_options: Mapping[str, Any] | None = None) -> None:
        """Args:
        processor: a transformers processor, or the tokenizer of a text model.
        template_options: variables of the chat template; one that it does not know has no effect.
        """
        self.processor = processor
        self.takes_parts = hasattr(processor, "tokenizer")
        self.tokenizer = processor.tokenizer if self.takes_parts else processor
        # A processor would treat variables that its template does not name as its own options.
        template = str(processor.chat_template or self.tokenizer.chat_template)
        given = (template_options or {}).items()
        self.template_options = {name: value for name, value in given if name in template}

    def render(self, text: str, frames: Sequence[dict[str, str]] = ()) -> str:
        """One user message, frames first, with the start of the reply.

        Args:
            frames: the message's parts that represent frames, such as `{"type": "video"}`.

        Raises:
            ValueError: if the model has no chat template.
        """
        text = self._defused(text)
        content = [*frames, {"type": "text", "text": text}] if self.takes_parts else text
        return self.processor.apply_chat_template(
            [{"role": "user", "content": content}],
            tokenize=False,
            add_generation_prompt=True,
            **self.template_options,
        )

    @staticmethod
    def begun(prompt: str) -> str:
        """The part of the reply that the template already wrote: it may start the thinking
        itself."""
        return "<think>\n" if prompt.rstrip().endswith("<think>") else ""

    def tokenize(self, prompt: str) -> list[int]:
        """The prompt's token ids; placeholders of frames as they are, not yet widened."""
        return self.tokenizer(prompt, **self.special_tokens(prompt))["input_ids"]

    def special_tokens(self, prompt: str) -> dict[str, bool]:
        """The tokenizer's options. Most templates write the first token themselves, and it must not
        be there twice."""
        bos = self.tokenizer.bos_token
        return {"add_special_tokens": not (bos is None or prompt.startswith(bos))}

    def _defused(self, text: str) -> str:
        """Break up special tokens in a text: a model's text about a film must not be able to end a
        turn or insert frames in the next prompt."""
        for token in sorted(self.tokenizer.all_special_tokens, key=len, reverse=True):
            if len(token) > 1:
                text = text.replace(token, f"{token[0]} {token[1:]}")
        return text
