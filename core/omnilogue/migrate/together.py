"""Several workers at one heap of work: the first that fails ends the others, and its error comes out as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


async def together(number: int, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run so many of the same worker at once. Raises what the first that fails raises; none is left behind."""
    workers = [asyncio.ensure_future(work()) for _ in range(number)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
