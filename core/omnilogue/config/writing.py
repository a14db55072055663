"""Writing remotes into a configuration file, which keeps its comments and its order."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from ..http import Secret
from .configuration import Configuration, checked_name
from .finding import parse, read_text, user_file
from .keeping import drop_secrets
from .replacing import replace_file


def file_to_write(config: Configuration) -> Path:
    """Give the file that a new remote goes into: the one in use, else the user's own, which need not exist."""
    return config.path or user_file()


def add_remote(path: Path, name: str, provider: str, settings: Mapping[str, Any]) -> None:
    """Add a remote to a file; a new file gets mode 0600. Settings that are None are left out.

    Raises ConfigurationError where the name is taken, or the file cannot be read or written.
    """
    checked_name(name)
    text = read_text(path) if os.path.exists(path) else ""
    wanted = parse(text, path)
    remotes = _remotes(wanted, path)
    if name in remotes:
        raise ConfigurationError(f"{path} has a remote {name!r} already", hint=f"`omnilogue remotes rm {name}` first")
    table = {"provider": provider, **_plain(settings, f"remotes.{name}")}
    wanted["remotes"] = {**remotes, name: table}

    def add(document: Any) -> None:
        import tomlkit

        if "remotes" not in document:
            document["remotes"] = tomlkit.table(is_super_table=True)
        document["remotes"][name] = table

    replace_file(path, _edited(path, text, add, wanted))


def remove_remote(path: Path, name: str) -> bool:
    """Remove a remote, the secrets kept for it, and a `default` that names it; False where there is none.

    Raises ConfigurationError where the file cannot be read or written.
    """
    text = read_text(path) if os.path.exists(path) else ""
    wanted = parse(text, path)
    remotes = _remotes(wanted, path)
    if name not in remotes:
        return False
    was_default = wanted.get("default") == name
    wanted["remotes"] = {other: table for other, table in remotes.items() if other != name}
    if was_default:
        del wanted["default"]

    def remove(document: Any) -> None:
        del document["remotes"][name]
        if was_default:
            del document["default"]

    replace_file(path, _edited(path, text, remove, wanted))
    drop_secrets(path, name)
    return True


def _remotes(values: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    remotes = values.get("remotes", {})
    if isinstance(remotes, dict):
        return remotes
    raise ConfigurationError(f"{path}: remotes is no table", hint="write [remotes.NAME]")


def _edited(path: Path, text: str, change: Callable[[Any], None], wanted: dict[str, Any]) -> str:
    """Change the text and read it again: some ways to write a table cannot be edited without harm to the rest."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        change(document)
        edited = tomlkit.dumps(document)
        is_right = {"remotes": {}, **parse(edited, path)} == wanted
    except (TOMLKitError, KeyError, ConfigurationError):
        is_right = False
    if is_right:
        return edited
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
