"""How a provider proves who calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .secret import Secret


class Auth(Protocol):
    """Gives the credentials of one account."""

    def headers(self) -> Mapping[str, str]:
        """Give the headers that carry the credentials; asked for each request."""

    async def refresh(self) -> bool:
        """Renew the credentials after the vendor refused them; False where that cannot be done."""


class NoAuth:
    """For a vendor that asks for no credentials."""

    def headers(self) -> Mapping[str, str]:
        """Give none."""
        return {}

    async def refresh(self) -> bool:
        """There is nothing to renew."""
        return False


class KeyAuth:
    """A key in a header, `Authorization: Bearer KEY` unless told otherwise."""

    def __init__(self, key: Secret, *, header: str = "authorization", prefix: str = "Bearer ") -> None:
        self._key, self._header, self._prefix = key, header, prefix

    def headers(self) -> Mapping[str, str]:
        """Give the one header."""
        return {self._header: self._prefix + self._key.reveal()}

    async def refresh(self) -> bool:
        """A key cannot be renewed."""
        return False
