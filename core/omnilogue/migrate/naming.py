"""Ids of conversations as a caller names them: one by one, and by a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from ..errors import InvalidInputError

STDIN = "-"


def named(ids: Iterable[str], ids_from: str | os.PathLike[str] | None, remote: str = "") -> tuple[str, ...]:
    """Give ids and those a file names, one a line; the remote's name may stand before each, as in an address.

    Raises InvalidInputError for an empty id, and for a file that cannot be read or names none.
    """
    lines = lines_of(ids_from) if ids_from is not None else []
    if ids_from is not None and not lines:
        raise InvalidInputError(f"{os.fspath(ids_from)} names no conversation")
    found = tuple(one.removeprefix(f"{remote}:") if remote else one for one in (*ids, *lines))
    if not all(one.strip() for one in found):
        raise InvalidInputError("ID is empty")
    return found


def lines_of(source: str | os.PathLike[str]) -> list[str]:
    """Give the lines of a file, or of standard input for `-`, without empty ones. Raises InvalidInputError."""
    name = os.fspath(source)
    whole = read_stdin() if name == STDIN else _decoded(name, _bytes_of(Path(name)))
    return [line.strip() for line in whole.splitlines() if line.strip()]


def read_stdin() -> str:
    """Read standard input as UTF-8 to its end. Raises InvalidInputError where it is something else."""
    if sys.stdin is None:
        raise InvalidInputError("standard input is closed")
    return _decoded("standard input", sys.stdin.buffer.read())


def _decoded(what: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        problem = f"{what} is not UTF-8"
    raise InvalidInputError(problem)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}"
    raise InvalidInputError(problem)
