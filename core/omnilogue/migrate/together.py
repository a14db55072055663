"""Several workers over one queue: the first that fails ends the others, and its error is the one that is raised."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def together(work: Callable[[], Awaitable[object]], count: int) -> None:
    """Run `work` so many times at once. Raises what the first of them raised, after all have ended."""
    await side_by_side(*[work] * count)


async def side_by_side(*work: Callable[[], Awaitable[object]]) -> None:
    """Run all of these at once. Raises what the first of them raised, after all have ended."""
    workers = [asyncio.ensure_future(each()) for each in work]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
