"""A case: one sentence about a provider, and how it is played."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from . import refusals
from .expecting import expect
from .scene import Scene, staged

Play: TypeAlias = Callable[[Scene], Awaitable[None]]

CASE_SECONDS = 120.0
"""The longest a case may take."""

GRACE_SECONDS = 0.5
"""How long a task may take to end after its remote was closed."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a provider is expected to do; where it declares that it cannot, the same case proves the refusal."""

    name: str
    operations: tuple[str, ...]
    sentence: str
    play: Play


def case(*operations: str) -> Callable[[Play], Case]:
    """Make a case of a coroutine function: its name and its docstring are the case's; it needs these operations."""

    def make(play: Play) -> Case:
        sentence = (play.__doc__ or "").partition("\n")[0]
        return Case(play.__name__, operations, sentence, play)

    return make


async def perform(one: Case, provider: str, settings: Mapping[str, Any], *, plugins: bool = True) -> str:
    """Play a case on a fresh remote; gives a remark, empty for a plain success. Raises UnmetError, OmnilogueError.

    Where an operation is unsupported the remark says that it was refused as declared.
    """
    before = asyncio.all_tasks()
    async with asyncio.timeout(CASE_SECONDS), staged(provider, settings, plugins=plugins) as scene:
        remark = await _played(one, scene)
    await _expect_no_task_left(before)
    return remark


async def _expect_no_task_left(before: set[asyncio.Task[Any]]) -> None:
    """A remote that was closed runs nothing any more; what is just ending may end."""
    if left := asyncio.all_tasks() - before:
        _, left = await asyncio.wait(left, timeout=GRACE_SECONDS)
    names = ", ".join(sorted(str(task.get_coro()) for task in left))
    expect(not left, f"tasks are still running after the remote was closed: {names}")


async def _played(one: Case, scene: Scene) -> str:
    for operation in one.operations:
        if not scene.can(operation):
            await refusals.prove(scene, operation)
            return f"{operation} is unsupported, and refused as declared"
    await one.play(scene)
    return ""
