"""Turns from standard input, one a line, where nobody types."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Callable

from ..errors import InvalidInputError

AT_ONCE = 65_536
"""Bytes of one read."""

GOES_ON = "\\"
"""The end of a line that the next one belongs to."""


class Pipe:
    """Reads turns from standard input; asks nothing."""

    is_terminal = False

    def __init__(self) -> None:
        buffer = None if sys.stdin is None else sys.stdin.buffer
        self._source = getattr(buffer, "raw", buffer)  # a buffered reader has a lock, which the end of Python wants
        self._waiting = b""

    async def read(self) -> str | None:
        """Give the next turn, None at the end. Raises InvalidInputError for what cannot be read."""
        lines: list[str] = []
        while (line := await self._line()) is not None:
            lines.append(line.removesuffix(GOES_ON))
            if not line.endswith(GOES_ON):
                break
        return "\n".join(lines) if lines else None

    async def _line(self) -> str | None:
        while b"\n" not in self._waiting:
            more = await _in_thread(self._read)
            if not more and not self._waiting:
                return None
            self._waiting += more or b"\n"
        line, _, self._waiting = self._waiting.partition(b"\n")
        try:
            return line.decode("utf-8").removesuffix("\r")
        except UnicodeDecodeError:
            problem = "a line of standard input is not UTF-8"
        raise InvalidInputError(problem)

    def _read(self) -> bytes:
        try:
            return self._source.read(AT_ONCE) if self._source else b""
        except OSError:  # a folder, or a terminal that is gone: there is nothing more
            return b""

    async def confirms(self, question: str) -> bool:
        """Consent to nothing: who does so says it with an option."""
        return False

    def copy(self, text: str) -> None:
        """Raise InvalidInputError: here is no clipboard."""
        raise InvalidInputError("there is no terminal that has a clipboard", hint="/copy FILE writes a file")


async def _in_thread(read: Callable[[], bytes]) -> bytes:
    """Wait for what may never come, in a thread that does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[bytes] = loop.create_future()

    def tell(content: bytes) -> None:
        if not arrived.done():
            arrived.set_result(content)

    def wait() -> None:
        content = read()
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(tell, content)

    threading.Thread(target=wait, daemon=True).start()
    return await arrived
