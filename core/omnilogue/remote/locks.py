"""One lock per conversation, so that two writes of this process never cross."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..errors import ConversationBusyError
from ..provider import Busy


class Locks:
    """One lock per conversation, made when asked for and gone when nobody needs it. Per process."""

    def __init__(self, remote: str) -> None:
        self._remote = remote
        self._held: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, conversation_id: str, busy: Busy = "wait") -> AsyncIterator[None]:
        """Hold the conversation; with `reject` raise ConversationBusyError where another write is under way."""
        lock, waiting = self._held.get(conversation_id, (asyncio.Lock(), 0))
        if busy == "reject" and waiting:
            raise ConversationBusyError(
                f"{self._remote}:{conversation_id} is being written to",
                outcome="not_sent",
                retryable=True,
                hint="wait, or leave busy out",
            )
        self._held[conversation_id] = lock, waiting + 1
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._held[conversation_id]
            if waiting == 1:
                del self._held[conversation_id]
            else:
                self._held[conversation_id] = lock, waiting - 1
