"""Forms with a file, `multipart/form-data`: bytes, or a file on disk that is read as it is sent."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from ..errors import InvalidInputError

CHUNK_BYTES = 256 * 1024

_UNQUOTABLE = re.compile(r'["\x00-\x1f\x7f]')


@dataclass(frozen=True, slots=True)
class Form:
    """Plain fields and one file. A file that is gone or has changed when it is sent is InvalidInputError.

    `size` is that of the content, bytes; `field_name` is what the vendor calls the file's field.
    """

    name: str
    content: bytes | Path
    size: int
    media_type: str = "application/octet-stream"
    fields: Mapping[str, str] = field(default_factory=dict)
    field_name: str = "file"

    def encoded(self) -> EncodedForm:
        """Give the form as it goes out, again and again the same."""
        boundary = secrets.token_hex(16)
        plain = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
            for name, value in self.fields.items()
        )
        head = (
            f'{plain}--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(self.field_name)}"; '
            f'filename="{_quoted(self.name)}"\r\nContent-Type: {_header(self.media_type)}\r\n\r\n'
        )
        try:
            return EncodedForm(boundary, head.encode("utf-8"), self.content, self.size)
        except UnicodeEncodeError:
            raise InvalidInputError(f"the file name {self.name!r} is no text") from None


@dataclass(frozen=True, slots=True)
class EncodedForm(httpx.AsyncByteStream):
    """The bytes of a form; a file on disk is never held whole."""

    boundary: str
    head: bytes
    content: bytes | Path
    size: int

    @property
    def content_type(self) -> bytes:
        """The header that tells the boundary."""
        return f"multipart/form-data; boundary={self.boundary}".encode("ascii")

    @property
    def length(self) -> int:
        """All bytes together."""
        return len(self.head) + self.size + len(self._tail)

    @property
    def _place(self) -> str:
        return str(self.content) if isinstance(self.content, Path) else "the file"

    @property
    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode("ascii")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.head
        left = self.size
        async with aclosing(_pieces(self.content)) as pieces:
            async for piece in pieces:
                left -= len(piece)
                if left < 0:
                    break
                yield piece
        if left != 0:
            raise InvalidInputError(f"{self._place} has changed while it was sent", outcome="not_sent")
        yield self._tail


async def _pieces(content: bytes | Path) -> AsyncGenerator[bytes, None]:
    if isinstance(content, bytes):
        yield content
        return
    import anyio

    try:
        async with await anyio.open_file(content, "rb") as file:
            while piece := await file.read(CHUNK_BYTES):
                yield piece
    except OSError as error:
        reason = error.strerror
    else:
        return
    raise InvalidInputError(f"{content} cannot be read any more: {reason}", outcome="not_sent")


def _quoted(text: str) -> str:
    """Escape what would end a quoted name, as browsers do."""
    return _UNQUOTABLE.sub(lambda found: f"%{ord(found.group()):02X}", text)


def _header(text: str) -> str:
    return text if text.isascii() and text.isprintable() else "application/octet-stream"
