"""Settings in the environment: `OMNILOGUE_REMOTES__WORK__API_KEY` is `remotes.work.api_key`.

Read here in a few lines instead of by pydantic-settings: messages name the variable behind each value, which that
library forgets, and importing it costs 0.1 s each time a command starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError
from .configuration import Steps

PREFIX = "OMNILOGUE_"
DIVIDER = "__"
KEYS = ("default", "remotes", "state")
"""All top-level keys of a configuration."""


def read_environment(environment: Mapping[str, str]) -> dict[Steps, tuple[str, str]]:
    """Give each setting's variable and text, by the way to it; an empty variable counts as not set.

    A variable that merely begins like ours is left alone: orchestrators make `OMNILOGUE_PORT` of a service's name.
    """
    found: dict[Steps, tuple[str, str]] = {}
    for variable, text in environment.items():
        steps = tuple(variable.removeprefix(PREFIX).lower().split(DIVIDER))
        ours = variable.startswith(PREFIX) and (len(steps) > 1 or steps[0] in KEYS)
        if ours and text:
            found[steps] = (variable, text)
    return found


def merge(values: Mapping[str, Any], settings: Mapping[Steps, tuple[str, str]]) -> dict[str, Any]:
    """Put settings of the environment over a file's. Raises ConfigurationError for two that exclude each other."""
    merged = _copied(values)
    for steps, (variable, text) in sorted(settings.items()):
        table = merged
        for end, step in enumerate(steps[:-1], start=1):
            if steps[:end] in settings:
                raise ConfigurationError(f"{variable} and {settings[steps[:end]][0]} exclude each other: unset one")
            if not isinstance(table.get(step), dict):
                table[step] = {}
            table = table[step]
        table[steps[-1]] = text
    return merged


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copied(value) if isinstance(value, Mapping) else value for name, value in values.items()}
