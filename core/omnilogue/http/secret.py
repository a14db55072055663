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

COMMAND_SECONDS = 10.0
SCHEMES = ("env", "file", "keyring", "command")


class Secret:
    """Holds `env:NAME`, `file:PATH`, `keyring:SERVICE/USER`, `command:ARGV`, an argument list, or the value itself.

    A `pydantic.SecretStr` is always the value itself, whatever it looks like.
    Neither `str()` nor `repr()` nor JSON shows a value; a reference is shown as it is.
    """

    __slots__ = ("_reference", "_value")

    def __init__(self, given: str | list[str] | SecretStr | Secret) -> None:
        self._reference: str | list[str] | None = None
        self._value: str | None = None
        if isinstance(given, Secret):
            self._reference, given = given._reference, SecretStr(given._value or "")
        if isinstance(given, SecretStr):
            self._keep(given.get_secret_value())
        elif is_reference(given):
            self._reference = given
        else:
            self._keep(str(given))

    @property
    def reference(self) -> str:
        """The reference in words, or `[value]` where the value itself was given."""
        if self._reference is None:
            return "[value]"
        return self._reference if isinstance(self._reference, str) else "command:" + shlex.join(self._reference)

    def __repr__(self) -> str:
        return f"Secret({self.reference!r})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._reference, self._value) == (other._reference, other._value)

    def __hash__(self) -> int:
        return hash(self.reference)

    def __bool__(self) -> bool:
        return self._reference is not None or bool(self._value)

    async def load(self) -> None:
        """Look the reference up, once. Raises ConfigurationError [secret] naming the reference."""
        if self._value is None and self._reference is not None:
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
            ]
        )
        return core_schema.no_info_after_validator_function(
            cls,
            accepted,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda secret: secret.reference),
        )


def is_reference(given: str | list[str]) -> bool:
    """Whether a setting names where its secret is kept, instead of being it."""
    return isinstance(given, list) or (":" in given and given.partition(":")[0] in SCHEMES)


async def look_up(reference: str | list[str]) -> str:
    """Give the secret behind a reference. Raises ConfigurationError [secret] naming the reference."""
    scheme, _, rest = ("command", "", "") if isinstance(reference, list) else reference.partition(":")
    name = reference if isinstance(reference, str) else "command:" + shlex.join(reference)
    try:
        if scheme == "env":
            value = os.environ[rest]
        elif scheme == "file":
            value = await asyncio.to_thread(_from_file, rest)
        elif scheme == "keyring":
            value = await asyncio.to_thread(_from_keyring, rest)
        else:
            value = await _from_command(reference if isinstance(reference, list) else shlex.split(rest))
    except (KeyError, OSError, ValueError, LookupError, TimeoutError) as error:
        reason = _REASONS.get(type(error), "") or str(error)
    else:
        if value.strip():
            return value.strip()
        reason = "it is empty"
    raise ConfigurationError(f"no secret at {name}: {reason}", code="secret", hint="set it, or change the reference")


_REASONS: dict[type[BaseException], str] = {
    KeyError: "the environment has no such variable",
    FileNotFoundError: "there is no such file",
    TimeoutError: f"the command took longer than {COMMAND_SECONDS:.0f} s",
}


def _from_file(place: str) -> str:
    path = Path(place).expanduser()
    text = path.read_text(encoding="utf-8")
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        logger().warning("secret_file_readable_by_others", path=str(path))
    return text


def _from_keyring(place: str) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise LookupError("the keyring library is missing: pip install 'omnilogue[keyring]'") from None
    service, _, user = place.rpartition("/")
    try:
        found = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise LookupError(f"the keyring does not answer: {error}") from None
    if found is None:
        raise LookupError("the keyring has no such entry")
    return str(found)


async def _from_command(argv: list[str]) -> str:
    """Run without a shell; what it prints on standard error goes nowhere, because it may show the secret."""
    if not argv:
        raise LookupError("there is no command")
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise LookupError(f"the command ended with {process.returncode}")
    return output.decode("utf-8")
