"""What a configuration is: remotes by name, and where each of their settings was said."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import ConfigurationError
from .lines import line_of

Steps: TypeAlias = tuple[str, ...]
"""The way to a key from the top: `("remotes", "work", "rate")`."""

_NAME = re.compile(r"[a-z][a-z0-9_]+")


@dataclass(frozen=True)
class Origin:
    """Where settings were said: a file, environment variables, or, with neither, by the application.

    `variables` names the variable behind each key that came from the environment; the rest is the file's.
    """

    path: Path | None = None
    text: str = field(default="", repr=False)
    trusted: bool = True
    variables: Mapping[Steps, str] = field(default_factory=dict)

    def variable(self, steps: Steps) -> str | None:
        """Give the environment variable that said this key, or a table around it."""
        return next(
            (self.variables[steps[:end]] for end in range(len(steps), 0, -1) if steps[:end] in self.variables), None
        )

    def is_file(self, steps: Steps) -> bool:
        """Whether the file said this key."""
        return self.path is not None and self.variable(steps) is None

    def place(self, steps: Steps) -> str:
        """Say where a key stands, or where it should: ` (FILE, line 3)`, ` (VARIABLE)`, or nothing."""
        variable = self.variable(steps)
        if variable is None and self.path and (line := line_of(self.text, steps)):
            return f" ({self.path}, line {line})"
        if variable := variable or self._variable_near(steps):
            return f" ({variable})"
        return f" ({self.path})" if self.path else ""

    def _variable_near(self, steps: Steps) -> str | None:
        """Give a variable that said something in the table of this key."""
        for end in range(len(steps), min(2, len(steps)) - 1, -1):
            for found, name in sorted(self.variables.items()):
                if found[:end] == steps[:end]:
                    return name
        return None


@dataclass(frozen=True)
class RemoteConfiguration:
    """One remote as it was configured; `settings` are raw, and checked by `settings_for`."""

    name: str
    provider: str
    settings: Mapping[str, Any] = field(repr=False)
    origin: Origin = Origin()


@dataclass(frozen=True)
class Configuration:
    """All remotes by name, and the name of the default one.

    `path` is the file that was read, None where there was none; `trusted` is False for a file that merely lay in
    the working directory or above it: it may not run commands. `state` is the URL of the state, None for the user's
    own; a relative path in it is relative to the file.
    """

    path: Path | None
    default: str | None
    remotes: Mapping[str, RemoteConfiguration]
    trusted: bool = True
    state: str | None = None


def checked_name(name: str, place: str = "") -> str:
    """Give a remote's name back. Raises ConfigurationError for one that is none."""
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise ConfigurationError(
        f"{str(name)[:80]!r} cannot be the name of a remote{place}",
        hint="two or more of a-z, 0-9 and _, beginning with a letter",
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Ask whether the nearest right name was meant; empty where none is near."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {found[0]!r}?" if found else ""
