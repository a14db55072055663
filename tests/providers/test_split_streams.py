"""However the bytes of a recorded stream are cut, the reply is the same; through the public face, from end to end."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import httpx
import pytest

from omnilogue import AsyncClient, AsyncRemote, TextDelta
from omnilogue.model import Event

pytestmark = pytest.mark.anyio

QUESTION = "In\u91cc\u00a6{\U0001f9f3"
STREAMS = {
    "mindcraft-client": "/chat/completions",
    "minimax": "/threads/run/create_stream",
    "ichati": "/message",
}


class Pieces(httpx.AsyncByteStream):
    """A body that comes in the pieces it is given."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


class Tape(httpx.AsyncBaseTransport):
    """Records what a vendor answers, then plays it: the stream cut at these places, all else as it was."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._vendor: httpx.AsyncHTTPTransport | None = httpx.AsyncHTTPTransport(verify=False)
        self._said: dict[tuple[str, str], tuple[int, list[tuple[bytes, bytes]], bytes]] = {}
        self.cuts: Sequence[int] = ()
        self.size = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        key = (request.method, request.url.path)
        is_stream = request.method == "POST" and request.url.path.endswith(self._stream)
        if self._vendor is not None:
            answer = await self._vendor.handle_async_request(request)
            body = b"".join([piece async for piece in answer.aiter_raw()])
            headers = [one for one in answer.headers.raw if one[0].lower() != b"transfer-encoding"]
            self._said[key] = answer.status_code, headers, body
            self.size = len(body) if is_stream else self.size
        status, headers, body = self._said[key]
        places = [0, *self.cuts, len(body)] if is_stream else [0, len(body)]
        pieces = [body[start:end] for start, end in pairwise(places)]
        return httpx.Response(status, headers=headers, stream=Pieces(pieces), request=request)

    async def stop_recording(self) -> None:
        if self._vendor is not None:
            await self._vendor.aclose()
        self._vendor = None


class Recorded:
    """One stream on tape."""

    def __init__(self, remote: AsyncRemote, conversation: str, tape: Tape) -> None:
        self._remote = remote
        self._conversation = conversation
        self._tape = tape
        self.places = range(1, tape.size)

    async def heard(self, cuts: Sequence[int]) -> tuple[list[str], str, str]:
        """Give what is heard where the bytes are cut like this: kinds of events, the text, the reply as JSON."""
        self._tape.cuts = cuts
        async with self._remote.stream(self._conversation, QUESTION) as stream:
            events: list[Event] = [event async for event in stream]
        kinds: list[str] = [event.type for number, event in enumerate(events) if event.type != events[number - 1].type]
        text = "".join([event.text for event in events if isinstance(event, TextDelta)])
        return kinds, text, stream.reply.model_dump_json()


@pytest.fixture(params=STREAMS)
async def recorded(
    anyio_backend: str, request: pytest.FixtureRequest, place_of: Callable[[str], Any]
) -> AsyncIterator[Recorded]:
    place, tape = place_of(request.param), Tape(STREAMS[request.param])
    remotes = {"work": {**place.settings, "markers": False}}
    async with AsyncClient(False, remotes=remotes, transport=tape) as client:
        remote = client.remote()
        conversation = await remote.create()
        async with remote.stream(conversation, QUESTION) as stream:
            _ = [event async for event in stream]
        _ = [message async for message in remote.messages(conversation)]
        await tape.stop_recording()
        yield Recorded(remote, conversation.id, tape)


async def test_every_split_point_gives_the_same(recorded: Recorded) -> None:
    whole = await recorded.heard([])

    assert whole[1].endswith(QUESTION)
    assert [place for place in recorded.places if await recorded.heard([place]) != whole] == []
    assert await recorded.heard(recorded.places) == whole


async def test_any_number_of_cuts_gives_the_same(recorded: Recorded) -> None:
    whole, chance = await recorded.heard([]), random.Random(4)

    for _ in range(50):
        cuts = sorted(chance.sample(recorded.places, chance.randrange(2, 40)))
        assert await recorded.heard(cuts) == whole, cuts
