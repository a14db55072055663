"""The hooks a plugin may implement, each a function and a sentence; the sentence is the documentation.

A plugin is a module named by an entry point; it says `OMNILOGUE_HOOKS = 1` and marks its functions with `hookimpl`.
Each hook returns objects and is called once per client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pluggy

from ..http import Observer
from .contract import Provider
from .formats import Format
from .settings import ProviderSettings
from .transforms import Transform

PROVIDERS = "omnilogue"
"""The entry-point group of providers: one entry each, named like the provider."""

EXTENSIONS = "omnilogue.extensions"
"""The entry-point group of everything else: formats, transforms, observers and commands."""

VERSION = 1
"""The version of this specification; a plugin module says it as `OMNILOGUE_HOOKS`."""

hookspec = pluggy.HookspecMarker("omnilogue")
hookimpl = pluggy.HookimplMarker("omnilogue")


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """A provider as a plugin presents it; `emulator` names a class as `package.module:Class`."""

    name: str
    title: str
    provider: type[Provider[Any]]
    settings: type[ProviderSettings]
    emulator: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A command for the command line; its parameters and help are read from the function."""

    name: str
    function: Callable[..., Any]


@hookspec
def omnilogue_providers() -> Iterable[ProviderInfo]:  # type: ignore[empty-body]
    """Present the provider this entry is named after."""


@hookspec
def omnilogue_formats() -> Iterable[Format]:  # type: ignore[empty-body]
    """Give file formats for export and import."""


@hookspec
def omnilogue_transforms() -> Iterable[Transform]:  # type: ignore[empty-body]
    """Give transforms, which a copy uses by name."""


@hookspec
def omnilogue_observers() -> Iterable[Observer]:  # type: ignore[empty-body]
    """Give observers of requests and retries."""


@hookspec
def omnilogue_commands() -> Iterable[Command]:  # type: ignore[empty-body]
    """Give commands for the command line."""
