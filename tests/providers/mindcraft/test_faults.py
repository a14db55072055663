"""What goes wrong on the way or at the vendor: a clear error in bounded time, and afterwards the same call works."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from omnilogue import AsyncClient, AsyncRemote, Conversation, OmnilogueError, OutcomeUnknownError
from omnilogue.errors import BY_CODE
from omnilogue.http import SystemClock
from omnilogue_mindcraft.emulator import API_KEY, LEAKED_KEY, MindCraftEmulator

pytestmark = pytest.mark.anyio

ECHO = f"your key {API_KEY} is \x1b[31mwrong\r\nline two"  # a vendor that shows the key and writes on the terminal


class QuickClock(SystemClock):
    """Lets the time of waiting pass at once, and remembers it."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Place(NamedTuple):
    """A remote, one conversation with one message, and the clock."""

    remote: AsyncRemote
    conversation: Conversation
    clock: QuickClock

    async def texts(self) -> list[str]:
        return [message.text async for message in self.remote.messages(self.conversation)]


class Fault(NamedTuple):
    """A fault, what a call that only meets it ends with, and how often a read is tried."""

    kind: str
    details: dict[str, Any]
    code: str
    attempts: int = 3


def told(status: int) -> dict[str, Any]:
    """Give an error the vendor tells with HTTP status 200."""
    return {"body": {"status": status, "message": ECHO, "data": None}}


RETRIED = {
    "429": Fault("status", {"status": 429}, "rate_limit"),
    "429 with seconds": Fault("status", {"status": 429, "headers": {"Retry-After": "3"}}, "rate_limit"),
    "429 with nonsense": Fault("status", {"status": 429, "headers": {"Retry-After": "soon"}}, "rate_limit"),
    "500": Fault("status", {"status": 500, "body": ECHO}, "server"),
    "503": Fault("status", {"status": 503, "body": {"message": ECHO}}, "server"),
    "504 after": Fault("status_after", {"status": 504}, "server"),
    "408": Fault("status", {"status": 408}, "timeout"),
    "dropped": Fault("drop_before", {}, "connection_lost"),
    "reset": Fault("drop_before", {"reset": True}, "connection_lost"),
    "dropped after": Fault("drop_after", {}, "connection_lost"),
    "stalled": Fault("stall", {}, "timeout"),
    "cut off": Fault("truncate", {}, "connection_lost"),
    "told 500": Fault("body", told(500), "server"),
    "told 429": Fault("body", told(429), "rate_limit"),
    "a page": Fault("html", {}, "bad_response", 2),
    "nothing": Fault("empty", {}, "bad_response", 2),
    "too deep": Fault("deep", {}, "bad_response", 2),
    "broken JSON": Fault("body", {"body": b'{"status": 200, "data": '}, "bad_response", 2),
    "no number": Fault("body", {"body": b'{"status": 200, "data": NaN}'}, "bad_response", 2),
    "many digits": Fault("body", {"body": b'{"status": 200, "results": ' + b"9" * 5000 + b"}"}, "bad_response", 2),
    "bad UTF-8": Fault("body", {"body": b'{"status": 200, "message": "\xff"}'}, "bad_response", 2),
}
FINAL = {
    "401": Fault("status", {"status": 401, "body": {"detail": ECHO}}, "auth", 1),
    "402": Fault("status", {"status": 402}, "quota", 1),
    "a page 403": Fault("html", {"status": 403, "body": f"<title>{ECHO}</title>"}, "forbidden", 1),
    "400": Fault("status", {"status": 400, "body": ECHO}, "bad_request", 1),
    "413": Fault("status", {"status": 413}, "content_too_large", 1),
    "451": Fault("status", {"status": 451}, "content_filtered", 1),
    "redirect": Fault("redirect", {"location": "https://evil.example/"}, "config", 1),
    "told 401": Fault("body", told(401), "auth", 1),
    "told 402": Fault("body", told(402), "quota", 1),
    "told points": Fault("body", {"body": {"status": 400, "message": "积分不足"}}, "quota", 1),
}
TOO_LARGE = {
    "endless": Fault("endless", {"size": 1 << 28}, "too_large", 1),
    "gzip bomb": Fault("gzip_bomb", {"size": 1 << 28}, "too_large", 1),
}
UNCERTAIN = {**RETRIED, **TOO_LARGE}
ALL = {**UNCERTAIN, **FINAL}


@pytest.fixture
async def place(vendor: MindCraftEmulator, anyio_backend: str) -> AsyncIterator[Place]:
    settings = {"provider": "mindcraft", **vendor.settings, "read_timeout": 0.2}
    clock = QuickClock()
    async with AsyncClient(False, remotes={"work": settings}, clock=clock) as client:
        remote = client.remote()
        conversation = await remote.create(title="Trip")
        await remote.append(conversation, "hello")
        clock.slept.clear()
        yield Place(remote, conversation, clock)


def require_decent(error: OmnilogueError) -> None:
    """See that an error is one line, of its code's class, and holds nothing of a secret or a request."""
    shown = [str(error), repr(error), repr(error.to_dict()), repr(vars(error))]
    shown.append("".join(traceback.format_exception(error)))
    assert not any(key in text for key in (API_KEY, LEAKED_KEY) for text in shown)
    assert str(error).isprintable()
    assert type(error) is BY_CODE[error.code]
    assert (error.provider, bool(error.operation)) == ("mindcraft", True)
    assert all(isinstance(cause, OmnilogueError) for cause in (error.__cause__, error.__context__) if cause)


@pytest.mark.parametrize("fault", ALL.values(), ids=ALL)
async def test_a_read_that_fails_is_told_and_works_afterwards(
    vendor: MindCraftEmulator, place: Place, fault: Fault
) -> None:
    vendor.journal.clear()
    vendor.fail_next(fault.kind, every=1, method="GET", path="message/", **fault.details)

    with pytest.raises(OmnilogueError) as raised:
        await place.texts()

    vendor.clear_faults()
    error = raised.value
    require_decent(error)
    assert (error.code, error.attempts) == (fault.code, fault.attempts)
    assert len(vendor.journal) == fault.attempts
    assert error.outcome != "applied"
    assert await place.texts() == ["hello"]


@pytest.mark.parametrize("fault", RETRIED.values(), ids=RETRIED)
async def test_a_read_that_fails_once_is_repeated(vendor: MindCraftEmulator, place: Place, fault: Fault) -> None:
    vendor.fail_next(fault.kind, method="GET", path="message/", **fault.details)

    assert await place.texts() == ["hello"]


MAY_HAVE_HAPPENED = [
    pytest.param(fault, applied, id=f"{name}-{'after' if applied else 'before'}")
    for name, fault in UNCERTAIN.items()
    for applied in (False, True)
    if not (applied and fault.code == "rate_limit")  # a vendor that refuses for the rate has done nothing
]
NEVER_THROUGH = {
    name: fault for name, fault in ALL.items() if fault.kind not in {"status_after", "drop_after", "truncate"}
}


@pytest.mark.parametrize(("fault", "applied"), MAY_HAVE_HAPPENED)
async def test_a_message_is_stored_once_whatever_its_answer_was(
    vendor: MindCraftEmulator, place: Place, fault: Fault, applied: bool
) -> None:
    can_apply = {"drop_before": "drop_after", "status": "status_after"}
    kind = can_apply.get(fault.kind, fault.kind) if applied else fault.kind
    details = {**fault.details, "applied": True} if applied and kind != "truncate" else fault.details
    vendor.fail_next(kind, method="POST", path="message/", **details)

    stored = await place.remote.append(place.conversation, "once")

    assert stored.text == "once"
    assert await place.texts() == ["hello", "once"]


@pytest.mark.parametrize("fault", NEVER_THROUGH.values(), ids=NEVER_THROUGH)
async def test_a_write_that_never_gets_through_changes_nothing(
    vendor: MindCraftEmulator, place: Place, fault: Fault
) -> None:
    vendor.fail_next(fault.kind, every=1, method="POST", path="message/", **fault.details)

    with pytest.raises(OmnilogueError) as raised:
        await place.remote.append(place.conversation, "once")

    vendor.clear_faults()
    require_decent(raised.value)
    assert raised.value.code == fault.code
    assert raised.value.outcome in {"not_sent", "rejected"}
    assert raised.value.is_safe_to_retry
    await place.remote.append(place.conversation, "once")
    assert await place.texts() == ["hello", "once"]


async def test_a_write_nobody_can_look_for_is_of_unknown_outcome(vendor: MindCraftEmulator, place: Place) -> None:
    vendor.fail_next("drop_after", every=1)

    with pytest.raises(OutcomeUnknownError) as raised:
        await place.remote.append(place.conversation, "once")

    vendor.clear_faults()
    require_decent(raised.value)
    assert raised.value.outcome == "unknown"
    assert await place.texts() == ["hello", "once"]


async def test_the_vendors_wish_to_wait_is_obeyed(vendor: MindCraftEmulator, place: Place) -> None:
    vendor.fail_next("status", status=429, headers={"Retry-After": "3"}, times=2)

    assert await place.texts() == ["hello"]

    assert place.clock.slept == [3.0, 3.0]


async def test_a_wish_to_wait_beyond_the_time_that_is_left_is_told_at_once(
    vendor: MindCraftEmulator, place: Place
) -> None:
    vendor.fail_next("status", status=429, headers={"Retry-After": "86400"})

    with pytest.raises(OmnilogueError) as raised:
        await place.texts()

    require_decent(raised.value)
    assert (raised.value.code, raised.value.retry_after, raised.value.retryable) == ("rate_limit", 86400.0, True)
    assert place.clock.slept == []


@pytest.mark.parametrize("kind", ["drip", "stall"])
async def test_a_body_that_comes_too_slowly_ends_with_the_time_of_the_verb(
    vendor: MindCraftEmulator, place: Place, kind: str
) -> None:
    vendor.fail_next(kind, every=1, method="GET")

    with pytest.raises(OmnilogueError) as raised:
        async with asyncio.timeout(2):
            await place.remote.conversation(place.conversation, timeout=0.1)

    vendor.clear_faults()
    require_decent(raised.value)
    assert raised.value.code == "deadline"
    assert (await place.remote.conversation(place.conversation)).title == "Trip"


@pytest.mark.parametrize(
    ("fault", "code", "outcome"),
    [
        (Fault("stream_cut", {"after": 2}, ""), "stream_broken", "applied"),
        (Fault("stream_cut", {"after": 2, "reset": True}, ""), "stream_broken", "applied"),
        (Fault("html", {}, ""), "bad_response", "applied"),
        (Fault("status", {"status": 402, "body": ECHO}, ""), "quota", "applied"),
        (Fault("body", told(429), ""), "rate_limit", "applied"),
    ],
)
async def test_a_stream_that_breaks_is_told_and_can_be_asked_for_again(
    vendor: MindCraftEmulator, place: Place, fault: Fault, code: str, outcome: str
) -> None:
    vendor.fail_next(fault.kind, every=1, path="chat/completions", **fault.details)
    said: list[str] = []

    with pytest.raises(OmnilogueError) as raised:
        async with place.remote.stream(place.conversation, "Where to?") as stream:
            said = [piece async for piece in stream.text()]

    vendor.clear_faults()
    require_decent(raised.value)
    assert said == []
    assert (raised.value.code, raised.value.outcome) == (code, outcome)
    assert (raised.value.partial is not None) is (code == "stream_broken")
    reply = await place.remote.regenerate(place.conversation)
    assert await place.texts() == ["hello", "Where to?", reply.text]


async def test_an_error_in_the_middle_of_a_stream_is_told(vendor: MindCraftEmulator, place: Place) -> None:
    vendor.configure(sse_error_at=1)

    with pytest.raises(OmnilogueError) as raised:
        async with place.remote.stream(place.conversation, "Where to?") as stream:
            _ = [event async for event in stream]

    require_decent(raised.value)
    assert raised.value.outcome == "applied"
    assert raised.value.partial is not None


async def test_a_turn_that_is_stored_and_not_answered_says_so(vendor: MindCraftEmulator, place: Place) -> None:
    vendor.fail_next("status", status=401, times=9, method="POST", path="chat/completions")

    with pytest.raises(OmnilogueError) as raised:
        await place.remote.send(place.conversation, "once")

    assert (raised.value.outcome, raised.value.is_safe_to_retry) == ("applied", False)
    assert "regenerate" in str(raised.value)


async def test_a_write_whose_preparation_fails_was_not_sent(vendor: MindCraftEmulator, place: Place) -> None:
    vendor.fail_next("status", status=403, times=9, method="GET")

    with pytest.raises(OmnilogueError) as raised:
        await place.remote.send(place.conversation, "once")

    assert (raised.value.outcome, raised.value.is_safe_to_retry) == ("not_sent", True)
