"""The options of chat adapters: each knows its own and rejects all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strefer.agents.devices import DTYPES

FRAMES_AS = ("video", "images")
# Every adapter's specification comes with a value for these; an engine without a use for one
# leaves it.
_COMMON = {
    *("adapter", "model", "revision", "dtype", "device", "max_batch", "frames_as"),
    *("trust_remote_code", "environment", "record"),
    *("max_pixels", "max_prompt_pixels", "fit"),  # `frame_fit.FrameFit` reads these
}
# Passed to chat templates beside the messages. Templates ignore options that they do not know;
# those of thinking models think unless an option turns it off.
TEMPLATE_OPTIONS: dict[str, Any] = {"enable_thinking": False}


def read_options(spec: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """A specification with an adapter's defaults filled in; null means the default.

    Raises:
        ValueError: if an option is unknown or has a wrong value, or `model` is missing.
    """
    known = _COMMON | defaults.keys()
    given = {name: value for name, value in spec.items() if value is not None}
    for name in given:
        if name not in known:
            raise ValueError(
                f"chat model: unknown option {name!r}; known: {', '.join(sorted(known))}"
            )
    options = dict(defaults) | given
    if not options.get("model"):
        raise ValueError("chat model: `model` is missing: a folder or a hub id")
    for name, allowed in (("dtype", DTYPES), ("frames_as", FRAMES_AS)):
        if options.get(name) is not None and options[name] not in allowed:
            raise ValueError(
                f"chat model: `{name}` is {options[name]!r}, not one of {', '.join(allowed)}"
            )
    return options
