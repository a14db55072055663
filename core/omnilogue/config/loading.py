"""Loading a configuration: the file, the environment over it, and what the application gives over both."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal

from ..errors import ConfigurationError
from ..state import path_of
from .configuration import Configuration, Origin, RemoteConfiguration, checked_name, nearest
from .environment import KEYS, merge, read_environment
from .finding import find_file, read_file


def load(
    config: str | os.PathLike[str] | Literal[False] | None = None,
    *,
    remotes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Configuration:
    """Give the configured remotes; settings of their providers are checked later, remote by remote.

    The first file found is the only one: `config`, the one OMNILOGUE_CONFIG names, `omnilogue.toml` in the working
    directory or above, the user's own. With `config=False` neither a file nor the environment is read.
    Remotes given in `remotes` stand for themselves: nothing of another remote of that name is used.

    Raises ConfigurationError, which names the file and the line, or the variable.
    """
    values, origin = ({}, Origin()) if config is False else _said(config)
    given = remotes or {}
    found = {name: _remote(name, table, origin) for name, table in _table(values, origin).items() if name not in given}
    found |= {name: _remote(name, settings, Origin()) for name, settings in given.items()}
    default = _default(values, found, origin)
    return Configuration(origin.path, default, found, origin.trusted, _state(values, origin))


def _said(config: str | os.PathLike[str] | None) -> tuple[Mapping[str, Any], Origin]:
    """Read file and environment."""
    path, trusted = find_file(config)
    values, origin = read_file(path, trusted=trusted) if path else ({}, Origin())
    settings = read_environment(os.environ)
    values = merge(values, settings)
    origin = Origin(origin.path, origin.text, origin.trusted, {steps: name for steps, (name, _) in settings.items()})
    for key in values:
        if key not in KEYS:
            raise ConfigurationError(f"unknown key {key!r}{origin.place((key,))}", hint=nearest(key, KEYS))
    return values, origin


def _table(values: Mapping[str, Any], origin: Origin) -> Mapping[str, Any]:
    table = values.get("remotes", {})
    if isinstance(table, Mapping):
        return table
    raise ConfigurationError(f"remotes is no table{origin.place(('remotes',))}", hint="write [remotes.NAME]")


def _remote(name: str, table: Any, origin: Origin) -> RemoteConfiguration:
    steps = ("remotes", name)
    checked_name(name, origin.place(steps))
    if not isinstance(table, Mapping):
        raise ConfigurationError(f"remotes.{name} is no table{origin.place(steps)}", hint=f"write [remotes.{name}]")
    settings = dict(table)
    provider = settings.pop("provider", None)
    if not isinstance(provider, str) or not provider:
        wrong = "is missing" if provider is None else "must be the name of a provider"
        raise ConfigurationError(
            f"remotes.{name}.provider {wrong}{origin.place((*steps, 'provider'))}",
            hint="`omnilogue providers` lists them",
        )
    return RemoteConfiguration(name, provider, settings, origin)


def _default(values: Mapping[str, Any], remotes: Mapping[str, RemoteConfiguration], origin: Origin) -> str | None:
    default = values.get("default")
    if default is None:
        return next(iter(remotes)) if len(remotes) == 1 else None
    place = origin.place(("default",))
    if not isinstance(default, str):
        raise ConfigurationError(f"default must be the name of a remote{place}")
    if default not in remotes:
        known = f"there are: {', '.join(remotes)}" if remotes else "there are no remotes"
        raise ConfigurationError(
            f"default names {default!r}, and there is no such remote{place}", hint=nearest(default, remotes) or known
        )
    return default


def _state(values: Mapping[str, Any], origin: Origin) -> str | None:
    """Give the URL of the state. Raises ConfigurationError for a table or a key that is none."""
    table = values.get("state", {})
    if not isinstance(table, Mapping):
        raise ConfigurationError(f"state is no table{origin.place(('state',))}", hint="write [state] and url = ...")
    for key in table:
        if key != "url":
            raise ConfigurationError(
                f"unknown key {key!r} in [state]{origin.place(('state', key))}",
                hint=nearest(key, ["url"]) or "it is url",
            )
    url = table.get("url")
    if url is None:
        return None
    place = origin.place(("state", "url"))
    if not isinstance(url, str):
        raise ConfigurationError(f"state.url must be text{place}")
    base = origin.path.parent if origin.path and origin.is_file(("state", "url")) else None
    try:
        path = path_of(url, base)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error.message}{place}", hint=error.hint) from None
    return url if path is None else f"sqlite:///{path.absolute()}"
