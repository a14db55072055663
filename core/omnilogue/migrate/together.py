"""Several workers at one heap of work: the first that fails ends the others, and its error comes out as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


async def together(number: int, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run so many of the same worker at once. Raises what the first that fails raises; none is left behind."""
    await side_by_side(*[work] * number)


async def side_by_side(*work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run all of these at once. Raises what the first that fails raises; none is left behind."""
    workers = [asyncio.ensure_future(each()) for each in work]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
