"""Prompts are files: Jinja2 templates, rendered strictly."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import jinja2
from jinja2.sandbox import SandboxedEnvironment

# Sandboxed, because a prompt file is text that users pass around.
_ENVIRONMENT = SandboxedEnvironment(
    undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=False
)


# A comment at a file's beginning says which models it was written for.
_COMMENT = re.compile(r"\A\s*\{#.*?#\}\s*", re.DOTALL)


@dataclass(frozen=True)
class Prompt:
    """A prompt template. `digest` is the SHA-256 of its text, without the file's comment: part of
    what made a result."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def render(self, **values: object) -> str:
        """Fill the placeholders.

        Raises:
            ValueError: if a placeholder has no value; names the prompt.
        """
        try:
            return _ENVIRONMENT.from_string(self.text).render(**values)
        except jinja2.TemplateError as error:
            raise ValueError(f"prompt {self.name}: {error}") from None


def load_prompt(path: str | Path) -> Prompt:
    """Read a prompt file.

    Raises:
        ValueError: if the file is missing or is not a template.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8").strip()
        _ENVIRONMENT.parse(text)  # with its comment, so that an error names the file's line
    except OSError:
        raise ValueError(
            f"prompt {path}: no such file; see `prompts` in the configuration"
        ) from None
    except jinja2.TemplateSyntaxError as error:
        raise ValueError(f"prompt {path}, line {error.lineno}: {error.message}") from None
    return Prompt(path.name, _COMMENT.sub("", text))
