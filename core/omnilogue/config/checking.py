"""Checking a remote's settings with its provider's own class, and placing relative paths and secrets."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ..errors import ConfigurationError
from ..http import Secret
from ..log import logger
from ..provider import Plugins, ProviderInfo, ProviderSettings
from .configuration import RemoteConfiguration, Steps, nearest
from .fields import arms, class_at
from .problems import explain

FILE = "file:"
COMMAND = "command:"


def settings_for(remote: RemoteConfiguration, info: ProviderInfo) -> ProviderSettings:
    """Give a remote's settings, checked, with absolute paths: relative ones of a file are relative to the file.

    A secret written out in a file is warned about; a command in an untrusted file is refused.
    Raises one ConfigurationError for all that is wrong with the remote.
    """
    problem: ConfigurationError
    try:
        settings = info.settings.model_validate(_with_lists(remote, info.settings))
    except ValidationError as error:
        problem = explain(error, remote, info)
    else:
        placed: ProviderSettings = _Placing(remote).value(settings, ("remotes", remote.name))
        return placed
    raise problem  # out here, so that the rejected values do not hang on the error


def provider_of(remote: RemoteConfiguration, plugins: Plugins) -> ProviderInfo:
    """Load a remote's provider. Raises ConfigurationError naming where it was said and the nearest right name."""
    known = plugins.provider_names()
    if remote.provider not in known:
        place = remote.origin.place(("remotes", remote.name, "provider"))
        raise ConfigurationError(
            f"remotes.{remote.name}.provider: there is no provider {remote.provider!r}{place}",
            hint=nearest(remote.provider, known) or f"installed: {', '.join(known)}",
        )
    return plugins.provider(remote.provider)


def _with_lists(remote: RemoteConfiguration, kind: type[BaseModel]) -> Mapping[str, Any]:
    """Read JSON in those variables whose setting takes a list or a table, and no text."""
    variables = [steps[2:] for steps in remote.origin.variables if steps[:2] == ("remotes", remote.name)]
    if not variables:
        return remote.settings
    settings = copy.deepcopy(dict(remote.settings))
    for steps in variables:
        table: Any = settings
        for step in steps[:-1]:
            table = table[step]
        holder = class_at(kind, steps[:-1])
        field = holder.model_fields.get(steps[-1]) if holder else None
        text = table.get(steps[-1])
        is_json = isinstance(text, str) and text.startswith(("[", "{"))
        if is_json and field and not {str, Secret, Path, Any}.intersection(arms(field.annotation)):
            table[steps[-1]] = _parsed(text)
    return settings


def _parsed(text: str) -> Any:
    """Read JSON; what is none stays text, which the settings class refuses by name."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


class _Placing:
    """Walks through checked settings and replaces what depends on where it was said."""

    def __init__(self, remote: RemoteConfiguration) -> None:
        self._remote = remote
        self._origin = remote.origin

    def value(self, value: Any, steps: Steps) -> Any:
        """Give the value with everything in it placed."""
        if isinstance(value, Path):
            return self._absolute(value, steps)
        if isinstance(value, Secret):
            return self._secret(value, steps)
        if isinstance(value, BaseModel):
            given = {name: getattr(value, name) for name in value.model_fields_set if name in type(value).model_fields}
            return value.model_copy(update={name: self.value(item, (*steps, name)) for name, item in given.items()})
        if isinstance(value, dict):
            return {name: self.value(item, (*steps, str(name))) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)([self.value(item, (*steps, str(index))) for index, item in enumerate(value)])
        return value

    def _secret(self, secret: Secret, steps: Steps) -> Secret:
        reference = secret.reference
        if reference.startswith(FILE):
            return Secret(FILE + str(self._absolute(Path(reference.removeprefix(FILE)), steps)))
        if not self._origin.is_file(steps):
            return secret
        if reference.startswith(COMMAND) and not self._origin.trusted:
            raise ConfigurationError(
                f"{'.'.join(steps)}: a file found in the working directory or above may not run a command"
                f"{self._origin.place(steps)}",
                code="secret",
                hint="name the file with --config or OMNILOGUE_CONFIG, or use another reference",
            )
        if secret and not secret.is_reference:
            key = ".".join(steps[2:])
            logger().warning("secret_in_file", remote=self._remote.name, key=key, path=str(self._origin.path))
        return secret

    def _absolute(self, path: Path, steps: Steps) -> Path:
        """Give a path that stays what it is when the working directory changes."""
        try:
            path = path.expanduser()
            if self._origin.path is not None and self._origin.is_file(steps):
                path = self._origin.path.parent / path
            return Path(os.path.abspath(path))
        except (RuntimeError, OSError):  # no home, or no working directory
            place = self._origin.place(steps)
        raise ConfigurationError(f"{'.'.join(steps)}: the path {path} leads nowhere on this machine{place}")
