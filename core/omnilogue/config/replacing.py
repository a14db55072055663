"""Replacing a small file as a whole: a reader sees the old text or the new one, and only its owner can."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from ..errors import ConfigurationError

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def replace_file(path: Path, text: str) -> None:
    """Write a file, with the mode it has, or 0600. Raises ConfigurationError where it cannot be written.

    A symbolic link is refused: replacing it would leave the file behind it as it was.
    """
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        _refuse_link(path)
        _replace(path, text)
    except OSError as error:
        problem = f"{path} cannot be written: {error.strerror}"
    except UnicodeEncodeError:
        problem = f"{path} cannot be written: a value holds characters that are no text"
    else:
        return
    raise ConfigurationError(problem)


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise ConfigurationError(f"{path} is a symbolic link", hint="name the file it leads to")


def _replace(path: Path, text: str) -> None:
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else FILE_MODE
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
