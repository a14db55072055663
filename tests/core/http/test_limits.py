"""Decoding piece by piece, within a limit."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnilogue.http.limits import TooLarge, Undecodable, bounded

pytestmark = pytest.mark.anyio


async def pieces_of(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def decoded(body: bytes, encoding: str, limit: int, size: int = 7) -> bytes:
    return b"".join([piece async for piece in bounded(pieces_of(body, size), encoding, limit)])


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2000), st.integers(1, 500), st.sampled_from(["", "identity", "gzip", "x-gzip", "Deflate"]))
async def test_every_cut_decodes_to_the_same(body: bytes, size: int, encoding: str) -> None:
    packed = zlib.compress(body) if encoding == "Deflate" else gzip.compress(body) if "gzip" in encoding else body

    assert await decoded(packed, encoding, len(body), size) == body


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=2000), st.integers(1, 500), st.sampled_from(["", "gzip"]))
async def test_one_byte_too_many_is_too_large(body: bytes, size: int, encoding: str) -> None:
    packed = gzip.compress(body) if encoding else body

    with pytest.raises(TooLarge):
        await decoded(packed, encoding, len(body) - 1, size)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "nonsense"])
async def test_an_encoding_nobody_asked_for_is_undecodable(encoding: str) -> None:
    with pytest.raises(Undecodable):
        await decoded(b"x", encoding, 100)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=300))
async def test_rubbish_is_undecodable(body: bytes) -> None:
    with pytest.raises(Undecodable):
        await decoded(b"x" + body, "gzip", 10_000)


async def test_a_body_that_ends_too_early_is_undecodable() -> None:
    with pytest.raises(Undecodable, match="too early"):
        await decoded(gzip.compress(b"x" * 1000)[:-1], "gzip", 10_000)


async def test_an_empty_body_is_empty_in_every_encoding() -> None:
    assert await decoded(b"", "gzip", 0) == b""
