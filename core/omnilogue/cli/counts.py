"""Counts and losses in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def loss_lines(losses: Iterable[Mapping[str, Any]]) -> list[str]:
    """Give a line per loss: how often, which kind, what was done, and where it was met first."""
    return [f"  {one['count']} x {one['kind']} {one['action']}, first at {one['example']}" for one in losses]


def how_many(count: int, what: str) -> str:
    """Give a number with its word, in the plural where it is not one."""
    return f"{count} {what}{'' if count == 1 else 's'}"
