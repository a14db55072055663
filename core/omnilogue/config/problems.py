"""Saying in one line what is wrong with a remote's settings, and where each of them stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ..errors import ConfigurationError
from ..model.wording import words_of
from ..provider import ProviderInfo
from .configuration import RemoteConfiguration, Steps, nearest
from .fields import class_at

MOST_NAMED = 3
"""How many problems a message names; the others are counted."""


def explain(error: ValidationError, remote: RemoteConfiguration, info: ProviderInfo) -> ConfigurationError:
    """Make the one error for all that is wrong, without any value that was rejected."""
    problems: dict[Steps, list[str]] = {}
    hint = ""
    for found in error.errors(include_url=False, include_input=False):
        steps = _way(found["loc"], remote.settings)
        words = words_of(found)
        if found["type"] == "extra_forbidden":
            words = "unknown setting"
            hint = hint or _nearest_setting(steps, info)
        said = problems.setdefault(steps, [])
        if words not in said:
            said.append(words)
    return ConfigurationError(
        _line(problems, remote), hint=hint or f"`omnilogue providers {info.name}` lists the settings"
    )


def _way(location: Sequence[str | int], settings: Any) -> Steps:
    """Give the way to the key that is meant, without what pydantic adds to tell the arms of a union apart."""
    steps: list[str] = []
    for step in location:
        if isinstance(settings, Mapping):
            steps.append(str(step))
            settings = settings.get(step)
        elif isinstance(settings, list) and isinstance(step, int) and step < len(settings):
            steps.append(str(step))
            settings = settings[step]
    return tuple(steps)


def _nearest_setting(steps: Steps, info: ProviderInfo) -> str:
    kind = class_at(info.settings, steps[:-1])
    return nearest(steps[-1], kind.model_fields) if kind else ""


def _line(problems: Mapping[Steps, Iterable[str]], remote: RemoteConfiguration) -> str:
    named = []
    for steps, words in list(problems.items())[:MOST_NAMED]:
        whole = ("remotes", remote.name, *steps)
        named.append(f"{'.'.join(whole)}: {' or '.join(words)}{remote.origin.place(whole)}")
    more = len(problems) - len(named)
    return "; ".join([*named, *([f"and {more} more"] if more > 0 else [])])
