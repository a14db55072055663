"""Finding the one file that is read, and reading it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from .configuration import Origin

FILE_NAME = "omnilogue.toml"
FILE_VARIABLE = "OMNILOGUE_CONFIG"

_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def user_file() -> Path:
    """Give the place of the user's own file, which need not exist."""
    from platformdirs import user_config_path

    return user_config_path("omnilogue", appauthor=False) / FILE_NAME


def find_file(named: str | os.PathLike[str] | None) -> tuple[Path | None, bool]:
    """Give the first file there is, and whether it can be trusted to run commands: a file that just lies about cannot.

    Raises ConfigurationError for a file that was named and is missing.
    """
    if named is not None:
        return _required(Path(named), ""), True
    if chosen := os.environ.get(FILE_VARIABLE):
        return _required(Path(chosen), f" ({FILE_VARIABLE})"), True
    if nearby := _nearby_file():
        return nearby, False
    own = user_file()
    return (own if os.path.isfile(own) else None), True


def _required(path: Path, place: str) -> Path:
    try:
        path = Path(os.path.abspath(path.expanduser()))
    except (RuntimeError, OSError):
        raise ConfigurationError(f"the configuration file {path} has no place on this machine{place}") from None
    if not os.path.exists(path):
        raise ConfigurationError(f"there is no configuration file {path}{place}", hint="make it, or name another")
    return path


def _nearby_file() -> Path | None:
    try:
        here = Path.cwd()
    except OSError:
        return None  # the working directory was deleted
    return next((folder / FILE_NAME for folder in (here, *here.parents) if os.path.isfile(folder / FILE_NAME)), None)


def read_file(path: Path, *, trusted: bool) -> tuple[Mapping[str, Any], Origin]:
    """Read a file. Raises ConfigurationError with line and column where it is no TOML."""
    text = read_text(path)
    return parse(text, path), Origin(path, text, trusted)


def read_text(path: Path) -> str:
    """Read a file with the line ends it has. Raises ConfigurationError where that cannot be done."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        problem = f"{path} is not UTF-8: byte {error.start}"
    raise ConfigurationError(problem)


def parse(text: str, path: Path) -> dict[str, Any]:
    """Parse TOML. Raises ConfigurationError with line and column."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        problem = f"{path}: tables or lists are nested too deeply"
    except ValueError as error:
        problem = _located(str(error), text, path)
    raise ConfigurationError(problem)  # out here, so that the text of the file does not hang on the error


def _located(problem: str, text: str, path: Path) -> str:
    found = _WHERE.search(problem)
    if found is None:
        return f"{path}: {problem}"
    lines = text.split("\n")
    line, column = (found[1], found[2]) if found[1] else (len(lines), len(lines[-1]) + 1)
    return f"{path}, line {line}, column {column}: {problem[: found.start()]}"
