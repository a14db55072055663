"""A secret setting: a value, or a reference that is looked up when its remote is first used."""

from __future__ import annotations

import asyncio
import os
import shlex
import stat
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler, SecretStr
from pydantic_core import CoreSchema, core_schema

from ..errors import ConfigurationError
from ..log import forget_secret, logger, remember_secret
from .command import output_of

LONGEST_SECRET = 64 * 1024
"""Bytes; a file or an output that goes on is no secret."""

SCHEMES = ("env", "file", "keyring", "command")


class Secret:
    """Holds `env:NAME`, `file:PATH`, `keyring:SERVICE/USER`, `command:ARGV`, an argument list, or the value itself.

    A `pydantic.SecretStr` is always the value itself, whatever it looks like.
    Neither `str()` nor `repr()` nor JSON shows a value; a reference is shown as it is.
    """

    __slots__ = ("_reference", "_turn", "_value")

    def __init__(self, given: str | list[str] | SecretStr | Secret) -> None:
        self._reference: str | list[str] | None = None
        self._value: str | None = None
        self._turn = asyncio.Lock()
        if isinstance(given, Secret):
            self._reference = given._reference
            if given._value is not None:
                self._keep(given._value)
        elif isinstance(given, SecretStr):
            self._keep(given.get_secret_value())
        elif is_reference(given):
            self._reference = given
        else:
            self._keep(str(given))

    @property
    def is_reference(self) -> bool:
        """Whether a reference was given, and not the value itself."""
        return self._reference is not None

    @property
    def reference(self) -> str:
        """The reference in words, or `[value]` where the value itself was given."""
        return "[value]" if self._reference is None else _in_words(self._reference)

    def __repr__(self) -> str:
        return f"Secret({self.reference!r})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self.reference)

    def __bool__(self) -> bool:
        return self._reference is not None or bool(self._value)

    def _identity(self) -> tuple[object, object]:
        return self._reference, self._value if self._reference is None else None

    async def load(self) -> None:
        """Look the reference up, once. Raises ConfigurationError [secret] naming the reference."""
        if self._value is not None or self._reference is None:
            return
        async with self._turn:
            if self._value is None:
                self._keep(await look_up(self._reference))

    def reveal(self) -> str:
        """Give the value; `load` must have been awaited, which a remote does before its first request."""
        return self._value or ""

    def forget(self) -> None:
        """Drop the value; a reference can be looked up again."""
        if self._value:
            forget_secret(self._value)
        self._value = None

    def _keep(self, value: str) -> None:
        self._value = value
        remember_secret(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Accept what the constructor accepts; JSON shows the reference only."""
        accepted = core_schema.union_schema(
            [
                core_schema.is_instance_schema(cls),
                core_schema.is_instance_schema(SecretStr),
                core_schema.str_schema(),
                core_schema.list_schema(core_schema.str_schema(), min_length=1),
            ],
            custom_error_type="secret",
            custom_error_message="a secret is text, or a list of words: a command",
        )
        return core_schema.no_info_after_validator_function(
            cls,
            accepted,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda secret: secret.reference),
        )


def is_reference(given: str | list[str]) -> bool:
    """Whether a setting names where its secret is kept, instead of being it."""
    return isinstance(given, list) or (":" in given and given.partition(":")[0] in SCHEMES)


def _in_words(reference: str | list[str]) -> str:
    return reference if isinstance(reference, str) else "command:" + shlex.join(reference)


async def look_up(reference: str | list[str]) -> str:
    """Give the secret behind a reference. Raises ConfigurationError [secret] naming the reference."""
    scheme, _, rest = ("command", "", "") if isinstance(reference, list) else reference.partition(":")
    try:
        if scheme == "env":
            value = os.environ[rest]
        elif scheme == "file":
            value = await asyncio.to_thread(_from_file, rest)
        elif scheme == "keyring":
            value = await asyncio.to_thread(_from_keyring, rest)
        else:
            value = await output_of(reference if isinstance(reference, list) else shlex.split(rest))
    except (KeyError, OSError, ValueError, LookupError) as error:
        reason = _reason(scheme, error)
    else:
        if value.strip():
            return value.strip()
        reason = "it is empty"
    raise ConfigurationError(  # out here, so that nothing of what was read hangs on the error
        f"no secret at {_in_words(reference)}: {reason}", code="secret", hint="set it, or change the reference"
    )


def _reason(scheme: str, error: Exception) -> str:
    if isinstance(error, KeyError):
        return "the environment has no such variable"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, FileNotFoundError):
        return "there is no such program" if scheme == "command" else "there is no such file"
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _from_file(place: str) -> str:
    path = Path(place).expanduser()
    with path.open("rb") as file:
        content = file.read(LONGEST_SECRET + 1)
        mode = os.fstat(file.fileno()).st_mode
    if len(content) > LONGEST_SECRET:
        raise ValueError("it is too large to be a secret")
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        logger().warning("secret_file_readable_by_others", path=str(path))
    return content.decode("utf-8-sig")


def _from_keyring(place: str) -> str:
    service, _, user = place.rpartition("/")
    if not service or not user:
        raise ValueError("write keyring:SERVICE/USER")
    try:
        import keyring
    except ImportError:
        raise LookupError("the keyring library is missing: pip install 'omnilogue[keyring]'") from None
    try:
        found = keyring.get_password(service, user)
    except Exception as error:
        raise LookupError(f"the keyring does not answer: {error}") from None
    if found is None:
        raise LookupError("the keyring has no such entry")
    return str(found)
