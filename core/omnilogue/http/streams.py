"""Server-sent events and plain text from bytes that may be cut anywhere.

Lines of events end in LF, CR LF or CR and nothing else: a line separator inside JSON text is text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple, Protocol, TypeVar

from .limits import EVENT_BYTES, TooLarge

UTF8_MARK = b"\xef\xbb\xbf"

T_co = TypeVar("T_co", covariant=True)

_LINE_END = re.compile(rb"\r\n|\n|\r")


class Parser(Protocol[T_co]):
    """Makes something of the bytes of a stream, as soon as it is whole."""

    def feed(self, piece: bytes) -> Iterator[T_co]:
        """Take the next piece."""

    def end(self) -> Iterator[T_co]:
        """Take the end of the stream."""


class ServerEvent(NamedTuple):
    """One event: its name (`message` where none is given) and its data, still as bytes."""

    name: str
    data: bytes


class EventParser:
    """Takes pieces of a stream and gives the events that are whole. Raises TooLarge for one that never ends."""

    def __init__(self, limit: int = EVENT_BYTES) -> None:
        self._limit = limit
        self._rest = b""
        self._looked_at = 0
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._data: list[bytes] = []
        self._size = 0
        self._name = ""
        self._started = False

    def feed(self, piece: bytes) -> Iterator[ServerEvent]:
        """Take the next piece."""
        if not self._is_whole(piece):
            return
        if not self._started:
            if self._rest != UTF8_MARK and UTF8_MARK.startswith(self._rest):
                return
            self._rest = self._rest.removeprefix(UTF8_MARK)
            self._started = True
        for line in self._lines():
            if event := self._take(line):
                yield event

    def _is_whole(self, piece: bytes) -> bool:
        """Add a piece to the rest; False while a long line goes on, whose pieces are only joined at its end."""
        self._waiting.append(piece)
        self._waiting_size += len(piece)
        is_open = self._started and not self._rest.endswith(b"\r") and _LINE_END.search(piece) is None
        if is_open:
            self._check(len(self._rest) + self._waiting_size)
            return False
        self._rest = b"".join([self._rest, *self._waiting])
        self._waiting, self._waiting_size = [], 0
        return True

    def _check(self, size: int) -> None:
        if size + self._size > self._limit:
            raise TooLarge

    def end(self) -> Iterator[ServerEvent]:
        """Take the end of the stream: what is missing there, a line end or a blank line, is taken as meant."""
        last = b"".join([self._rest, *self._waiting]).removesuffix(b"\r")
        for line in (last, b""):
            if event := self._take(line):
                yield event

    def _lines(self) -> Iterator[bytes]:
        """Cut whole lines off; look only at what is new. A CR at the very end may be half of a CR LF."""
        start = 0
        for found in _LINE_END.finditer(self._rest, self._looked_at):
            if found.group() == b"\r" and found.end() == len(self._rest):
                break
            yield self._rest[start : found.start()]
            start = found.end()
        self._rest = self._rest[start:]
        self._looked_at = max(0, len(self._rest) - 1)
        self._check(len(self._rest))

    def _take(self, line: bytes) -> ServerEvent | None:
        if not line:
            return self._finish()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._size += len(value) + 1  # empty lines count too
            self._check(0)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        return None

    def _finish(self) -> ServerEvent | None:
        event = ServerEvent(self._name or "message", b"\n".join(self._data)) if self._data else None
        self._data, self._size, self._name = [], 0, ""
        return event


class TextParser:
    """Decodes UTF-8 whose characters may be cut anywhere. Raises UnicodeDecodeError."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, piece: bytes) -> Iterator[str]:
        """Take the next piece; half a character waits for its other half."""
        if text := self._decoder.decode(piece):
            yield text

    def end(self) -> Iterator[str]:
        """Take the end of the stream, where no character may be half."""
        self._decoder.decode(b"", final=True)
        yield from ()


class TextStream:
    """Pieces of text as they come, never empty; `content_type` is what the vendor calls them, empty for nothing."""

    def __init__(self, content_type: str, pieces: AsyncIterator[str]) -> None:
        self.content_type = content_type
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[str]:
        return self._pieces
