"""Runs: looked at until they end, in every way they can end."""

from collections.abc import Callable
from typing import Any

import pytest

from omnilogue.errors import (
    AuthenticationError,
    ContentFilteredError,
    OmnilogueError,
    QuotaExceededError,
    RateLimitError,
    RunFailedError,
)
from omnilogue.model import TextPart
from omnilogue.provider import Turn
from omnilogue_minimax import MiniMax
from omnilogue_minimax.emulator import MiniMaxEmulator
from omnilogue_minimax.refusals import run_failure
from omnilogue_minimax.running import rows_of
from omnilogue_minimax.wire import MessageRow, Run

pytestmark = pytest.mark.anyio

Connect = Callable[..., MiniMax]
HELLO = Turn(parts=(TextPart(text="hello"),))


async def test_looks_grow_rarer(vendor: MiniMaxEmulator, provider: MiniMax, thread: str, clock: Any) -> None:
    vendor.configure(polls=9)

    reply = await provider.send(thread, HELLO)

    assert reply.text == "Answer 1 to: hello"
    assert clock.slept[:3] == [0.5, 0.75, 1.125]
    assert clock.slept[-2:] == [5.0, 5.0]
    assert clock.slept == sorted(clock.slept)


async def test_the_pauses_are_settings(vendor: MiniMaxEmulator, connect: Connect, thread: str, clock: Any) -> None:
    vendor.configure(polls=3)

    await connect(poll_first=1.0, poll_longest=1.5).send(thread, HELLO)

    assert clock.slept == [1.0, 1.5, 1.5, 1.5]


@pytest.mark.parametrize("state", ["started", "thinking", "cancelling", ""])
async def test_a_state_nobody_knows_is_waited_through(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, state: str
) -> None:
    vendor.configure(middle_state=state, polls=3)

    assert (await provider.send(thread, HELLO)).text == "Answer 1 to: hello"


@pytest.mark.parametrize("end", ["failed", "expired", "cancelled", "incomplete"])
async def test_a_run_that_ends_otherwise_has_failed(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, end: str
) -> None:
    vendor.configure(run_ends=end)

    with pytest.raises(RunFailedError, match=end) as caught:
        await provider.send(thread, HELLO)

    assert caught.value.outcome == "applied"
    assert [row.text for row in vendor.store.messages(thread)] == ["hello"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1027", ContentFilteredError),
        ("1026", ContentFilteredError),
        ("1002", RateLimitError),
        ("rate_limit_exceeded", RateLimitError),
        ("1008", QuotaExceededError),
        ("1004", AuthenticationError),
        ("1013", RunFailedError),
        ("2013", RunFailedError),
        ("4711", RunFailedError),
        ("server_error", RunFailedError),
        ("", RunFailedError),
        (None, RunFailedError),
        (1027, ContentFilteredError),
    ],
)
def test_the_last_error_tells_why(code: Any, kind: type[OmnilogueError]) -> None:
    error = run_failure(Run(id="run_1", status="failed", last_error={"code": code, "message": "because"}))

    assert type(error) is kind
    assert (error.outcome, error.vendor_message) == ("applied", "because")
    assert error.vendor_code == (str(code) if code else None)


@pytest.mark.parametrize("told", [None, "odd", 3, [], {"code": {}}])
def test_any_last_error_is_taken(told: Any) -> None:
    assert isinstance(run_failure(Run(id="run_1", status="failed", last_error=told)), RunFailedError)


def test_a_run_that_requires_what_nobody_knows_has_failed() -> None:
    error = run_failure(Run(id="run_1", status="requires_action"))

    assert isinstance(error, RunFailedError)
    assert "requires an action" in error.message


async def test_a_filtered_answer_leaves_the_turn(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    vendor.refuse_next(1027, path="threads/run/create")

    with pytest.raises(ContentFilteredError):
        await provider.send(thread, HELLO)

    assert [row.text for row in vendor.store.messages(thread)] == ["hello"]


async def test_a_run_may_leave_several_messages(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    vendor.configure(messages_per_run=3)
    await provider.send(thread, HELLO)

    reply = await provider.send(thread, HELLO)

    assert [message.text for message in reply.messages] == [f"Answer {number} to: hello" for number in (4, 5, 6)]
    assert {message.role for message in reply.messages} == {"assistant"}
    assert reply.text == "".join(message.text for message in reply.messages)


async def test_citations_come_with_the_reply(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    reply = await provider.send(thread, Turn(parts=(TextPart(text="hello [cite]"),)))

    (part,) = reply.messages[0].parts
    assert isinstance(part, TextPart)
    (cited,) = part.citations
    assert part.text[cited.start : cited.end] == cited.marker


def rows(*told: tuple[str, str, str, int]) -> list[MessageRow]:
    return [MessageRow(id=each, role=role, run_id=run, created_at=stamp) for each, role, run, stamp in told]


def test_only_answers_of_the_run_are_its_reply() -> None:
    newest = rows(("d", "ai", "run_1", 9), ("c", "user", "run_1", 8), ("b", "ai", "run_0", 7))

    assert [row.id for row in rows_of(Run(id="run_1", status="completed", created_at=8), newest)] == ["d"]


def test_where_rows_name_no_run_the_answers_since_it_began_are() -> None:
    newest = rows(("d", "ai", "", 9), ("c", "ai", "", 9), ("b", "user", "", 8), ("a", "ai", "", 8))

    assert [row.id for row in rows_of(Run(id="run_1", status="completed", created_at=8), newest)] == ["d", "c"]


async def test_a_run_without_a_message_has_failed(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    listed = {"object": "list", "data": None, "base_resp": {"status_code": 0, "status_msg": "success"}}
    vendor.fail_next("body", body=listed, path="threads/messages/list")

    with pytest.raises(RunFailedError, match="no message") as caught:
        await provider.send(thread, HELLO)

    assert caught.value.outcome == "applied"
