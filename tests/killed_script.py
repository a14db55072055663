"""Changes a conversation, and is killed at one of its requests: `killed_script.py CONFIG VERB CONVERSATION N WHEN`."""

import asyncio
import os
import signal
import sys
from typing import Any

import httpx

from omnilogue import AsyncClient


class Killing(httpx.AsyncHTTPTransport):
    """Kills the process at its request number N, before it is sent or after the vendor has done it."""

    def __init__(self, number: int, when: str, **options: Any) -> None:
        super().__init__(**options)
        self._left = number
        self._when = when

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._left -= 1
        is_the_one = self._left == 0
        if is_the_one and self._when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await super().handle_async_request(request)
        content = b"".join([chunk async for chunk in answer.aiter_raw()])
        await answer.aclose()
        if is_the_one:
            os.kill(os.getpid(), signal.SIGKILL)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(content))


async def main(config: str, verb: str, conversation: str, number: str, when: str) -> None:
    async with AsyncClient(config, transport=Killing(int(number), when)) as client:
        remote = client.remote()
        if verb == "clear":
            await remote.clear(conversation, allow_loss=True)
        else:
            async for first in remote.messages(conversation, limit=1):
                await remote.edit(conversation, first.id or "", "changed", allow_loss=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
