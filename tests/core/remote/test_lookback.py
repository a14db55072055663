"""Telling what was written from what was there."""

from typing import Any

import pytest

from omnilogue import Message, UnavailableError
from omnilogue.remote import markers
from omnilogue.remote.lookback import Baseline, baseline, is_same, is_uncertain

pytestmark = pytest.mark.anyio

WANTED = Message.user("hello")


def stored(identifier: str, text: str = "hello", role: str = "user", marker: str | None = None) -> Message:
    metadata = markers.put({}, marker) if marker else {}
    return Message.of(role, text).model_copy(update={"id": identifier, "metadata": metadata})


CASES: dict[str, tuple[Baseline, list[Message], bool, list[int] | None]] = {
    "marker absent": (Baseline(marker="x"), [stored("1"), stored("2", marker="y")], True, []),
    "marker there": (Baseline(marker="x"), [stored("1"), stored("2", marker="x")], False, [1]),
    "marker twice": (Baseline(marker="x"), [stored("1", marker="x"), stored("2", marker="x")], True, [0, 1]),
    "behind the newest": (Baseline(newest_id="1"), [stored("1"), stored("2")], False, [1]),
    "only before it": (Baseline(newest_id="2"), [stored("1"), stored("2")], False, []),
    "other words": (Baseline(newest_id="1"), [stored("1"), stored("2", "bye")], False, []),
    "another role": (Baseline(newest_id="1"), [stored("1"), stored("2", role="assistant")], False, []),
    "twice": (Baseline(newest_id="1"), [stored("1"), stored("2"), stored("3")], False, [1, 2]),
    "the newest is gone": (Baseline(newest_id="0"), [stored("1"), stored("2")], True, None),
    "it was empty": (Baseline(), [stored("1")], True, [0]),
    "it was empty, and there is more than is seen": (Baseline(), [stored("1")], False, None),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_write_is_told_from_what_was_there(case: str) -> None:
    base, messages, is_all, places = CASES[case]

    assert base.written(messages, is_all=is_all, wanted=[WANTED]) == places


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (stored("1"), True),
        (stored("1", " hello\n"), True),
        (stored("1", "Hello"), False),
        (stored("1", role="system"), False),
    ],
)
async def test_a_message_is_the_same_but_for_white_space(message: Message, expected: bool) -> None:
    assert is_same(message, WANTED) is expected


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("unknown", True), ("rejected", False), ("not_sent", False), ("applied", False), (None, False)],
)
async def test_only_an_unknown_outcome_is_uncertain(outcome: Any, expected: bool) -> None:
    assert is_uncertain(UnavailableError("x", outcome=outcome)) is expected


async def test_a_baseline_is_read_once_and_then_remembered(remote_of: Any) -> None:
    remote = remote_of(markers=False)
    conversation = await remote.create()
    account, vendor = remote._account, remote.vendor

    assert await baseline(account, conversation.id, can_mark=True) == Baseline(newest_id=None)
    message = await remote.append(conversation, "hello")
    reads = len(vendor.queries)
    assert await baseline(account, conversation.id, can_mark=True) == Baseline(newest_id=message.id)
    assert len(vendor.queries) == reads == 1


async def test_a_marker_needs_no_read(remote: Any) -> None:
    base = await baseline(remote._account, "c1", can_mark=True)

    assert base.marker
    assert remote.vendor.queries == []


@pytest.mark.parametrize("verb", ["delete_message", "clear"])
async def test_a_baseline_that_was_deleted_is_forgotten(remote_of: Any, texts: Any, verb: str) -> None:
    remote = remote_of(markers=False)
    conversation = await remote.create()
    message = await remote.append(conversation, "hello")
    await (remote.clear(conversation) if verb == "clear" else remote.delete_message(conversation, message.id))
    remote.vendor.fail("send")

    reply = await remote.send(conversation, "hello")

    assert await texts(remote, conversation) == ["u:hello", f"a:{reply.text}"]
