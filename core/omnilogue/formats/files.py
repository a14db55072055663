"""Files of transcripts: written beside their place and put there as a whole, for their owner only."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import InvalidInputError


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """Give a file that takes the place of `path`, with mode 0600, when the block ends well; else all stays as it was.

    A symbolic link is refused, a device or a pipe is written as it is. Raises InvalidInputError.
    """
    try:
        if _is_special(path):
            with path.open("wb") as file:
                yield file
        else:
            with _beside(path) as file:
                yield file
    except OSError as error:
        problem = f"{path} cannot be written: {error.strerror or error}"
    else:
        return
    raise InvalidInputError(problem)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _is_special(path: Path) -> bool:
    """Whether something stands there that can only be written to. Raises InvalidInputError for a link or a folder."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISLNK(mode):
        raise InvalidInputError(f"{path} is a symbolic link", hint="name the file it leads to")
    if stat.S_ISDIR(mode):
        raise InvalidInputError(f"{path} is a folder", hint="name a file in it")
    return not stat.S_ISREG(mode)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Give a file to read. Raises InvalidInputError where it cannot be opened."""
    try:
        file = path.open("rb")
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror or error}"
    else:
        with file:
            yield file
        return
    raise InvalidInputError(problem)
