"""One lock per conversation, so that two writes of this process never cross."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from ..errors import ConversationBusyError
from ..provider import Busy

GiveWay: TypeAlias = Callable[[], Awaitable[None]]
"""Ends a write for another that takes its place."""


async def _stays() -> None:
    """Give way to nobody."""


class Locks:
    """One lock per conversation, made when asked for and gone when nobody needs it. Per process."""

    def __init__(self, remote: str) -> None:
        self._remote = remote
        self._held: dict[str, tuple[asyncio.Lock, list[GiveWay]]] = {}

    @asynccontextmanager
    async def hold(
        self, conversation_id: str, busy: Busy = "wait", give_way: GiveWay | None = None
    ) -> AsyncIterator[None]:
        """Hold the conversation; `give_way` is called where somebody else takes it with `cancel`.

        With `reject` raises ConversationBusyError where another write is under way; with `cancel` all writes that are
        under way or wait here are ended, so that of several the last one wins.
        """
        lock, writes = self._held.setdefault(conversation_id, (asyncio.Lock(), []))
        if busy == "reject" and writes:
            raise ConversationBusyError(
                f"{self._remote}:{conversation_id} is being written to",
                outcome="not_sent",
                retryable=True,
                hint='wait, leave busy out, or take its place with busy="cancel"',
            )
        others, mine = list(writes), give_way or _stays
        writes.append(mine)
        try:
            for other in reversed(others) if busy == "cancel" else ():  # so that none of them gets it in between
                await other()
            async with lock:
                yield
        finally:
            writes.remove(mine)
            if not writes:
                del self._held[conversation_id]
