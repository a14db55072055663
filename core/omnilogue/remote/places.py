"""Whether two remotes are one place under two names: what one of them gets the other has already."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..http import Secret
from ..http.address import in_one_form
from .account import Account


async def shared_place(one: Account, other: Account) -> tuple[str, ...]:
    """Give the settings by which two accounts are one place; none where they are two, or nobody can tell.

    Secrets are compared by what they are, and looked up only where all else is equal. Raises ConfigurationError for
    one that cannot be.
    """
    names = one.settings.place
    if one.info.name != other.info.name or _open(one, names) != _open(other, names):
        return ()
    await one.load_secrets()
    await other.load_secrets()
    return names if _secret(one, names) == _secret(other, names) else ()


def _open(account: Account, names: tuple[str, ...]) -> dict[str, object]:
    values = {name: getattr(account.settings, name) for name in names}
    return {name: _comparable(name, value) for name, value in values.items() if not isinstance(value, Secret)}


def _secret(account: Account, names: tuple[str, ...]) -> dict[str, str]:
    values = {name: getattr(account.settings, name) for name in names}
    return {name: value.reveal() for name, value in values.items() if isinstance(value, Secret)}


def _comparable(name: str, value: Any) -> object:
    if isinstance(value, Path):
        return os.path.realpath(value)
    return in_one_form(value) if name == "base_url" else value
