"""Writing remotes into a configuration file, which keeps its comments and its order."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from ..http import Secret
from .configuration import Configuration, checked_name
from .finding import parse, read_text, user_file
from .keeping import drop_secrets
from .lines import without_table
from .replacing import FILE_MODE, FOLDER_MODE, replace_file

PATIENCE = 10.0
"""Seconds to wait for another process that changes the same file."""


def file_to_write(config: Configuration) -> Path:
    """Give the file that a new remote goes into: the one in use, else the user's own, which need not exist."""
    return config.path or user_file()


@contextmanager
def editing(path: Path) -> Iterator[None]:
    """Keep every other process from changing a file between reading and writing it; may be nested.

    Raises ConfigurationError where the lock cannot be had.
    """
    from filelock import FileLock, Timeout

    try:
        lock = FileLock(_lock_file(path), timeout=PATIENCE, mode=FILE_MODE, is_singleton=True)
        lock.acquire()
    except Timeout:
        problem = f"{path} is being changed by another process"
    except OSError as error:
        problem = f"{path} cannot be written: {error.strerror}"
    else:
        try:
            yield
        finally:
            lock.release()
        return
    raise ConfigurationError(problem)


def _lock_file(path: Path) -> Path:
    """Give the file that is locked in place of a configuration, which is replaced and cannot be.

    It lies in the user's state folder, where it disturbs nobody by staying; beside the configuration where there is
    no such folder.
    """
    from platformdirs import user_state_path

    path = Path(os.path.realpath(path))
    folder = user_state_path("omnilogue", appauthor=False) / "locks"
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        return path.with_name(f".{path.name}.lock")
    return folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.lock"


def require_free(path: Path, name: str) -> None:
    """Raise ConfigurationError where the file has a remote of this name."""
    if name in _remotes(_read(path)[1], path):
        raise ConfigurationError(f"{path} has a remote {name!r} already", hint=f"`omnilogue remotes rm {name}` first")


def add_remote(path: Path, name: str, provider: str, settings: Mapping[str, Any]) -> None:
    """Add a remote to a file; a new file gets mode 0600. Settings that are None are left out.

    Raises ConfigurationError where the name is taken, or the file cannot be read or written.
    """
    checked_name(name)
    table = {"provider": provider, **_plain(settings, f"remotes.{name}")}

    def add(document: Any) -> None:
        import tomlkit

        if "remotes" not in document:
            document["remotes"] = tomlkit.table(is_super_table=True)
        document["remotes"][name] = table

    with editing(path):
        require_free(path, name)
        text, wanted = _read(path)
        wanted["remotes"] = {**_remotes(wanted, path), name: table}
        replace_file(path, _edited(path, [text], add, wanted))


def remove_remote(path: Path, name: str) -> bool:
    """Remove a remote, the secrets kept for it, and a `default` that names it; False where there is none.

    Raises ConfigurationError where the file cannot be read or written.
    """
    if not os.path.exists(path):
        return False
    with editing(path):
        text, wanted = _read(path)
        remotes = _remotes(wanted, path)
        if name not in remotes:
            return False
        was_default = wanted.get("default") == name
        wanted["remotes"] = {other: table for other, table in remotes.items() if other != name}
        if was_default:
            del wanted["default"]

        def remove(document: Any) -> None:
            document.get("remotes", {}).pop(name, None)
            if was_default:
                del document["default"]

        # By lines first: the TOML library takes a comment above the next table for a part of this one.
        by_lines = without_table(text, ("remotes", name))
        replace_file(path, _edited(path, [by_lines, text], remove, wanted))
        drop_secrets(path, name)
    return True


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """Give the text of a file and what it says; a file that is not there says nothing."""
    text = read_text(path) if os.path.exists(path) else ""
    return text, parse(text, path)


def _remotes(values: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    remotes = values.get("remotes", {})
    if isinstance(remotes, dict):
        return remotes
    raise ConfigurationError(f"{path}: remotes is no table", hint="write [remotes.NAME]")


def _edited(path: Path, texts: list[str], change: Callable[[Any], None], wanted: dict[str, Any]) -> str:
    """Change the first text that comes out right: some ways to write a table cannot be edited without harm."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    for text in texts:
        try:
            document = tomlkit.parse(text)
            change(document)
            edited = tomlkit.dumps(document)
            if {"remotes": {}, **parse(edited, path)} == wanted:
                return edited
        except (TOMLKitError, KeyError, ConfigurationError):
            continue
    raise ConfigurationError(f"{path} is written in a way that cannot be changed here", hint="edit it by hand")


def _plain(value: Any, key: str) -> Any:
    """Give a value as TOML can hold it. Raises ConfigurationError for a secret that is written out."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item, f"{key}.{name}") for name, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item, key) for item in value]
    if isinstance(value, Secret):
        if not value.is_reference:
            raise ConfigurationError(
                f"{key}: a secret is never written out; keep it elsewhere and give a reference", code="secret"
            )
        return value.reference
    if isinstance(value, (str, int, float)):
        return value
    return str(value)
