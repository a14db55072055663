"""Limits on everything that is read: decoded bytes, never bytes on the wire, are counted."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, AsyncIterable

BODY_BYTES = 64 * 1024 * 1024
"""The largest answer, decoded."""

STREAM_BYTES = 64 * 1024 * 1024
"""The largest streamed reply, with its framing."""

EVENT_BYTES = 8 * 1024 * 1024
"""The largest single event of a stream."""

FRAME_BYTES = 16 * 1024 * 1024
"""The largest message of a websocket."""

ERROR_BYTES = 64 * 1024
"""How much of an error's body is read to find the vendor's words."""

DOWNLOAD_BYTES = 512 * 1024 * 1024
"""The largest file fetched by a download."""


class TooLarge(Exception):  # noqa: N818  # a signal inside this package, not an error of the tree
    """More came than is allowed."""


class Undecodable(Exception):  # noqa: N818  # a signal inside this package, not an error of the tree
    """The body is not what its encoding says."""


async def bounded(pieces: AsyncIterable[bytes], encoding: str, limit: int) -> AsyncGenerator[bytes, None]:
    """Decode a body piece by piece and stop at `limit` bytes. Raises TooLarge, Undecodable.

    The HTTP library would inflate a whole piece before it could be counted; here a small bomb stays small.
    """
    inflate = _inflater(encoding)
    left = limit
    async for piece in pieces:
        decoded = piece if inflate is None else inflate(piece, left + 1)
        left -= len(decoded)
        if left < 0:
            raise TooLarge
        if decoded:
            yield decoded
    if inflate is not None and not inflate.is_whole:
        raise Undecodable("the compressed body ends too early")


def _inflater(encoding: str) -> _Inflate | None:
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return None
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return _Inflate()
    raise Undecodable(f"content encoding {encoding[:40]!r} was not asked for")


class _Inflate:
    """Inflates gzip and zlib, never more than asked for at once."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        self._began = False

    @property
    def is_whole(self) -> bool:
        """Whether the end was reached; a body without a byte has none."""
        return self._decoder.eof or not self._began

    def __call__(self, piece: bytes, most: int) -> bytes:
        self._began = self._began or bool(piece)
        try:
            return self._decoder.decompress(piece, most)
        except zlib.error as error:
            raise Undecodable(f"the body is not what its encoding says: {error}") from None
