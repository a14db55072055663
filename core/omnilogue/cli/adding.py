"""Adding an account: what was said, what is asked for, checked as a whole, then written."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, InvalidInputError
from .terminal import clean

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ..config import Configuration
    from ..http import Secret
    from ..provider import ProviderInfo
    from .session import Session

Steps = tuple[str, ...]


def add_account(session: Session, name: str, provider: str, words: tuple[str, ...]) -> Path:
    """Add a remote and give the file it went into. Nothing is written before everything is checked."""
    from ..config import add_remote, checked_name, keep_secret
    from ..config.keeping import drop_secrets
    from ..config.writing import editing, require_free

    checked_name(name)
    path, configuration = _place(session)
    if name in configuration.remotes:
        raise ConfigurationError(f"there is a remote {name!r} already", hint=f"`omnilogue remotes rm {name}` first")
    info = session.plugins.provider(provider)
    said = _said(words)
    typed = _asked(session, info, said)
    settings = _checked(name, info, said, typed)
    _require_references(settings, typed, trusted=configuration.trusted)
    table = settings.model_dump(exclude_unset=True)
    with editing(path):
        require_free(path, name)  # somebody may have added it meanwhile: its secrets are not ours to drop
        try:
            for key, value in typed.items():
                if is_secret(info, key) and not _is_reference(value):
                    table[key] = keep_secret(path, name, key, value)
            add_remote(path, name, provider, table)
        except BaseException:
            drop_secrets(path, name)
            raise
    return path


def _place(session: Session) -> tuple[Path, Configuration]:
    """Give the file to write, and what is configured so far; a file that was named need not exist."""
    from ..config import file_to_write, load
    from ..config.finding import FILE_VARIABLE

    named = session.config or (Path(os.environ[FILE_VARIABLE]) if os.environ.get(FILE_VARIABLE) else None)
    if named is not None and not named.expanduser().exists():
        return Path(os.path.abspath(named.expanduser())), load(False)
    configuration = load(session.config)
    return file_to_write(configuration), configuration


def _said(words: tuple[str, ...]) -> dict[Steps, str]:
    """Read `KEY=VALUE` words; a dot in a key leads into a table. What is wrong is not repeated: it may be a secret."""
    said: dict[Steps, str] = {}
    for place, word in enumerate(words, start=1):
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise InvalidInputError(f"setting {place} is no KEY=VALUE")
        steps = tuple(key.split("."))
        if any(steps[: len(other)] == other or other[: len(steps)] == steps for other in said):
            raise InvalidInputError(f"{key} is given twice")
        said[steps] = value
    return said


def _asked(session: Session, info: ProviderInfo, said: Mapping[Steps, str]) -> dict[str, str]:
    """Ask on a terminal for what is required and was not said; elsewhere the settings class tells what is missing."""
    if session.yes or sys.stdin is None or not sys.stdin.isatty():
        return {}
    given = {steps[0] for steps in said}
    typed: dict[str, str] = {}
    for key, field in info.settings.model_fields.items():
        if field.is_required() and key not in given:
            question = clean(f"{key} - {field.description or ''} ")
            try:
                answer = getpass.getpass(question) if is_secret(info, key) else _line(question)
            except EOFError:
                answer = ""
            if not answer.strip():
                raise InvalidInputError(f"{key} is empty; nothing was written")
            typed[key] = answer.strip()
    return typed


def _line(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()


def is_secret(info: ProviderInfo, key: str) -> bool:
    """Tell whether a setting is a secret, which the command line is no place for."""
    from ..config.fields import arms
    from ..http import Secret

    return Secret in arms(info.settings.model_fields[key].annotation)


def _is_reference(value: str) -> bool:
    from ..http.secret import is_reference

    return is_reference(value)


def _checked(name: str, info: ProviderInfo, said: Mapping[Steps, str], typed: Mapping[str, str]) -> BaseModel:
    """Have the provider's own class check the settings. Raises ConfigurationError naming what is wrong."""
    from pydantic import SecretStr

    from ..config import Origin, RemoteConfiguration, settings_for

    settings: dict[str, Any] = {}
    for steps, value in said.items():
        table = settings
        for step in steps[:-1]:
            table = table.setdefault(step, {})
        table[steps[-1]] = value
    for key, value in typed.items():
        is_value = is_secret(info, key) and not _is_reference(value)
        settings[key] = SecretStr(value) if is_value else value
    variables = {("remotes", name, *steps): f"{'.'.join(steps)}=..." for steps in (*said, *((key,) for key in typed))}
    return settings_for(RemoteConfiguration(name, info.name, settings, Origin(variables=variables)), info)


def _require_references(settings: BaseModel, typed: Mapping[str, str], *, trusted: bool) -> None:
    """Refuse a secret that was written out, and a command in a file that may not run any."""
    for steps, secret in _secrets(settings, ()):
        key = ".".join(steps)
        if not secret.is_reference and steps[0] not in typed:
            raise ConfigurationError(
                f"{key} is a secret, and the command line is no place for one",
                code="secret",
                hint=f"write {key}=env:NAME or {key}=file:PATH, or leave it out and be asked on a terminal",
            )
        if not trusted and secret.reference.startswith("command:"):
            raise ConfigurationError(
                f"{key}: a file found in the working directory or above may not run a command",
                code="secret",
                hint="name the file with --config",
            )


def _secrets(value: Any, steps: Steps) -> Iterator[tuple[Steps, Secret]]:
    from pydantic import BaseModel

    from ..http import Secret

    if isinstance(value, Secret):
        yield steps, value
    elif isinstance(value, BaseModel):
        for name in value.model_fields_set:
            yield from _secrets(getattr(value, name), (*steps, name))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _secrets(item, (*steps, str(name)))
