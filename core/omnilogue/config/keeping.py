"""Keeping secrets in files of their own beside a configuration, readable by their owner only."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from ..errors import ConfigurationError
from .configuration import checked_name
from .replacing import FOLDER_MODE, replace_file

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")


def keep_secret(path_of_config: Path, remote: str, key: str, value: str) -> str:
    """Write a secret beside a configuration and give the reference to it, relative to the configuration.

    Raises ConfigurationError where it cannot be kept.
    """
    checked_name(remote)
    if not _KEY.fullmatch(key):
        raise ConfigurationError(f"{key[:80]!r} cannot be the name of a setting")
    if not value.strip():
        raise ConfigurationError(f"remotes.{remote}.{key}: the secret is empty", code="secret")
    folder = _folder(path_of_config)
    file = folder / f"{remote}.{key}"
    _make_room(folder, file)
    replace_file(file, value)
    return f"file:{folder.name}/{file.name}"


def drop_secrets(path_of_config: Path, remote: str) -> None:
    """Delete what was kept for a remote."""
    folder = _folder(path_of_config)
    if folder.is_symlink() or not folder.is_dir():
        return
    for file in folder.glob(f"{remote}.*"):
        with contextlib.suppress(OSError):
            file.unlink()
    with contextlib.suppress(OSError):  # secrets of other remotes are still there
        folder.rmdir()


def _folder(path_of_config: Path) -> Path:
    return path_of_config.parent / f"{path_of_config.stem}.secrets"


def _make_room(folder: Path, file: Path) -> None:
    """Make the folder private, and remove what stands there: neither its mode nor where it links to is kept."""
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        if folder.is_symlink():
            problem = "it is a symbolic link"
        else:
            folder.chmod(FOLDER_MODE)
            file.unlink(missing_ok=True)
            return
    except OSError as error:
        problem = str(error.strerror)
    raise ConfigurationError(f"{folder} cannot keep secrets: {problem}")
