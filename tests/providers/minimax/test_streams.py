"""Streams: however they are cut and whatever they end with, the reply is the same."""

import asyncio
import json
from typing import Any

import pytest

from omnilogue import AsyncClient
from omnilogue.errors import (
    ContentFilteredError,
    OmnilogueError,
    ProtocolError,
    RateLimitError,
    RunFailedError,
    StreamInterruptedError,
    UnavailableError,
)
from omnilogue.http.streams import EventParser
from omnilogue.model import CitationFound, Event, Message, Reply, ReplyCompleted, TextDelta, TextPart
from omnilogue.provider import Turn
from omnilogue_minimax import MiniMax
from omnilogue_minimax.emulator import MiniMaxEmulator
from omnilogue_minimax.hearing import Heard

pytestmark = pytest.mark.anyio

HELLO = Turn(parts=(TextPart(text="hello [cite]"),))
PIECES = ("Li", "sbon \U0001f9f3", " \u91cc\u65af\u672c", "\u2028", " is mild.")


def piece(value: str, role: str = "ai", message: str = "msg_1") -> dict[str, Any]:
    part = {"type": "text", "text": {"value": value, "annotations": None}}
    return {"object": "message", "id": message, "role": role, "run_id": "run_1", "content": [part]}


def run(status: str, **more: Any) -> dict[str, Any]:
    return {"object": "run", "id": "run_1", "status": status, **more}


def line(data: Any, **base_resp: Any) -> bytes:
    return b"data: " + json.dumps({"data": data, "base_resp": base_resp}, ensure_ascii=False).encode() + b"\n\n"


RECORDED = b"".join(
    [
        line(run("queued")),
        line(piece("hello", role="user")),
        line(None),
        b'data: {"base_resp":{}}\n\n',
        line({"object": "run step", "id": "step_1", "status": "in_progress"}),
        *(line(piece(text)) for text in PIECES),
        line(piece("Bye.", message="msg_2")),
        line(run("completed"), status_code=0, status_msg="success"),
    ]
)


def heard(*chunks: bytes) -> tuple[str, bool, str]:
    """Give the text, whether the end was seen, and the run's state."""
    told, parser, events = Heard(), EventParser(), list[Event]()
    for chunk in chunks:
        for event in parser.feed(chunk):
            events += told.take(event.data)
    for event in parser.end():
        events += told.take(event.data)
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    return text, told.is_over, told.run.status if told.run else ""


def test_every_split_of_a_recorded_stream_is_heard_alike() -> None:
    whole = ("".join(PIECES) + "Bye.", True, "completed")

    assert heard(RECORDED) == whole
    assert all(heard(RECORDED[:place], RECORDED[place:]) == whole for place in range(len(RECORDED)))
    assert heard(*(RECORDED[place : place + 1] for place in range(len(RECORDED)))) == whole


@pytest.mark.parametrize("role", ["ai", "assistant"])
def test_texts_may_be_increments_or_all_there_is_so_far(role: str) -> None:
    so_far = ["".join(PIECES[: number + 1]) for number in range(len(PIECES))]

    increments = heard(*(line(piece(text, role)) for text in PIECES))
    cumulative = heard(*(line(piece(text, role)) for text in [*so_far, so_far[-1]]))

    assert increments[0] == cumulative[0] == "".join(PIECES)


def test_a_piece_that_repeats_is_an_increment() -> None:
    assert heard(*(line(piece(text)) for text in ("ha", "ha", "haha")))[0] == "hahahaha"


@pytest.mark.parametrize("names", [("status_code", "status_msg"), ("code", "message")])
def test_both_spellings_of_an_error_are_understood(names: tuple[str, str]) -> None:
    told = dict(zip(names, (1002, "slowly"), strict=True))

    with pytest.raises(RateLimitError, match="slowly") as caught:
        heard(line(None, **told))

    assert (caught.value.vendor_code, caught.value.outcome) == ("1002", "rejected")


@pytest.mark.parametrize(
    ("code", "kind", "outcome"),
    [
        (1000, UnavailableError, "unknown"),
        (1027, ContentFilteredError, "applied"),
        (1026, ContentFilteredError, "rejected"),
    ],
)
def test_an_error_before_the_run_tells_what_became_of_the_turn(
    code: int, kind: type[OmnilogueError], outcome: str
) -> None:
    with pytest.raises(kind) as caught:
        heard(line(None, status_code=code))

    assert caught.value.outcome == outcome


@pytest.mark.parametrize(("code", "kind"), [(1033, RunFailedError), (1027, ContentFilteredError)])
def test_an_error_inside_a_run_is_its_failure(code: int, kind: type[OmnilogueError]) -> None:
    with pytest.raises(kind) as caught:
        heard(line(run("in_progress")), line(piece("Li")), line(None, status_code=code))

    assert caught.value.outcome == "applied"


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"data": 3}', b"nothing"])
def test_what_is_no_event_is_told(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        heard(b"data: " + data + b"\n\n")


def test_a_success_in_the_middle_is_not_the_end() -> None:
    assert heard(line(piece("Li"), status_code=0), line(piece("sbon"), status_code=0))[:2] == ("Lisbon", False)


def test_what_was_not_streamed_comes_at_the_end() -> None:
    told = Heard()
    told.take(line(piece("Li")).removeprefix(b"data: "))
    reply = Reply(messages=(Message.assistant("Lisbon"),), run_id="run_1")

    assert [event.type for event in told.rest(reply)] == ["text_delta", "reply_completed"]


# Against the vendor's server


async def streamed(provider: MiniMax, thread: str, turn: Turn = HELLO) -> tuple[str, Reply, list[Event]]:
    events = [event async for event in provider.stream(thread, turn)]
    last = events[-1]
    assert isinstance(last, ReplyCompleted)
    return "".join(event.text for event in events if isinstance(event, TextDelta)), last.reply, events


@pytest.mark.parametrize("pieces", [("increment", False), ("cumulative", True)])
@pytest.mark.parametrize("end", ["both", "status_code", "run_final", "closed"])
async def test_a_stream_may_end_in_four_ways(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, end: str, pieces: tuple[str, bool]
) -> None:
    deltas, noise = pieces
    vendor.configure(stream_end=end, stream_deltas=deltas, stream_noise=noise)

    text, reply, events = await streamed(provider, thread)

    stored = vendor.store.messages(thread)[-1]
    assert text == reply.text == stored.text
    assert [message.id for message in reply.messages] == [stored.id]
    assert len([event for event in events if isinstance(event, CitationFound)]) == 1
    assert len([event for event in events if isinstance(event, TextDelta)]) > 1
    assert {event.run_id for event in events} == {vendor.store.runs(thread)[0].id}


async def test_a_stream_may_hold_several_messages(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    vendor.configure(messages_per_run=2)

    text, reply, _ = await streamed(provider, thread)

    assert len(reply.messages) == 2
    assert text == reply.text


@pytest.mark.parametrize("after", [2, 3, 5])
async def test_a_stream_that_breaks_is_read_to_its_end(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, after: int
) -> None:
    vendor.fail_next("stream_cut", after=after)

    text, reply, _ = await streamed(provider, thread)

    assert text == reply.text == vendor.store.messages(thread)[-1].text
    assert len(vendor.store.runs(thread)) == 1


async def test_a_stream_that_names_no_run_leaves_open_what_happened(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    vendor.fail_next("body", body=b"\n\n", content_type="text/event-stream", path="threads/run/create_stream")

    with pytest.raises(StreamInterruptedError) as caught:
        await streamed(provider, thread)

    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("spelling", ["status_code", "code"])
async def test_an_error_in_the_middle_fails_the_run(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, spelling: str
) -> None:
    vendor.configure(stream_error_at=2, stream_base_resp=spelling)

    with pytest.raises(RunFailedError) as caught:
        await streamed(provider, thread)

    assert (caught.value.vendor_code, caught.value.outcome) == ("1033", "applied")


async def test_an_error_body_instead_of_a_stream_is_an_error(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    vendor.refuse_next(1002, path="threads/run/create_stream")

    with pytest.raises(RateLimitError) as caught:
        await streamed(provider, thread)

    assert caught.value.outcome == "rejected"


@pytest.mark.parametrize("accepted", ["accepted", "2013"])
async def test_what_is_stored_is_answered_in_one_piece(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, accepted: str
) -> None:
    vendor.configure(stream_without_messages=accepted)
    vendor.store.add_message(thread, "user", "hello")

    text, reply, events = await streamed(provider, thread, Turn())

    assert text == reply.text == "Answer 1 to: hello"
    assert len(events) == 2


async def left_early(vendor: MiniMaxEmulator) -> str:
    """Leave a stream after its first word, then send another turn at once; give what that was answered."""
    vendor.configure(piece_delay=0.02)
    async with AsyncClient(False, remotes={"old": {"provider": "minimax", **vendor.settings}}) as client:
        remote = client.remote()
        conversation = await remote.create()
        async with remote.stream(conversation, "hello") as stream:
            _ = [await anext(stream), await anext(stream)]
        vendor.configure(piece_delay=0)
        return (await remote.send(conversation, "next", timeout=10)).text


async def asked(vendor: MiniMaxEmulator, path: str) -> None:
    """Wait until the vendor was asked this."""
    while not vendor.journal.requests(path):  # noqa: ASYNC110  # it is asked in another thread
        await asyncio.sleep(0.01)


async def test_leaving_early_stops_the_run(vendor: MiniMaxEmulator) -> None:
    said = await left_early(vendor)

    (stopped,) = vendor.journal.requests("threads/run/cancel")
    thread, run_id = stopped.body["thread_id"], stopped.body["run_id"]
    assert vendor.store.run(thread, run_id).status == "cancelled"
    assert said == "Answer 2 to: next"


async def test_leaving_early_is_quiet_where_the_vendor_cannot_stop(vendor: MiniMaxEmulator, caplog: Any) -> None:
    vendor.configure(missing_paths=("threads/run/cancel",))

    await left_early(vendor)

    assert len(vendor.journal.requests("threads/run/cancel")) == 1
    assert [record.getMessage().split()[0] for record in caplog.records] == ["run_not_stopped"]


async def test_cancelling_a_send_stops_its_run(vendor: MiniMaxEmulator) -> None:
    vendor.configure(polls=1000)
    async with AsyncClient(False, remotes={"old": {"provider": "minimax", **vendor.settings}}) as client:
        remote = client.remote()
        conversation = await remote.create()
        sending = asyncio.create_task(remote.send(conversation, "hello"))
        await asked(vendor, "threads/run/retrieve")
        sending.cancel()
        await asyncio.wait([sending])

    assert [run.status for run in vendor.store.runs(conversation.id)] == ["cancelled"]


async def test_the_run_of_somebody_else_is_stopped_where_that_is_wished(vendor: MiniMaxEmulator) -> None:
    vendor.configure(active_run="409", polls=1000)
    async with AsyncClient(False, remotes={"old": {"provider": "minimax", **vendor.settings}}) as client:
        remote = client.remote()
        conversation = await remote.create()
        run = vendor.store.add_run(conversation.id, vendor.store.add_assistant().id)
        sending = asyncio.create_task(remote.send(conversation, "hello", busy="cancel"))
        await asked(vendor, "threads/run/cancel")
        vendor.configure(polls=1)

        assert (await sending).text
    assert vendor.store.run(conversation.id, run.id).status == "cancelled"
