"""A longest time for commands that only read, or that can be called again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import RequestTimeoutError

if TYPE_CHECKING:
    from .session import Session

T = TypeVar("T")


async def timed(session: Session, what: str, action: Coroutine[Any, Any, T]) -> T:
    """Run something within `--timeout`. Raises RequestTimeoutError [deadline]."""
    try:
        async with asyncio.timeout(session.timeout):
            return await action
    except TimeoutError:
        problem = RequestTimeoutError(
            f"the {what} took longer than {session.timeout:g} s",
            code="deadline",
            operation=what,
            retryable=True,
            hint="give it more time with --timeout SECONDS",
        )
    raise problem
