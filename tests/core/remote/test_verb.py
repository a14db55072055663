"""The time of a verb, the errors it lets out, and what is left when it is cancelled."""

import asyncio
import math
import os
import random
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from omnilogue import InvalidInputError, Message, NotFoundError, OmnilogueError, PluginError, RequestTimeoutError
from omnilogue.http import Secret
from omnilogue.http.scope import CURRENT
from omnilogue.model import Page
from omnilogue.provider import Features, HttpProviderSettings, Provider, ProviderSettings, Query, native

pytestmark = pytest.mark.anyio

CANARY = "canary-0123456789"


class Slow(Provider[Any]):
    """Never answers; a write that is `sent` has left."""

    features = Features(list_messages=native(order=("asc", "desc")), append_user=native(), edit_message=native())
    sent = False

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        await asyncio.Event().wait()
        raise AssertionError

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        if self.sent:
            CURRENT.get().outcome = "unknown"  # as the door does
        await asyncio.Event().wait()
        raise AssertionError

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        raise AssertionError


class Sent(Slow):
    sent = True


class NoNetwork(HttpProviderSettings):
    base_url: str = "http://127.0.0.1:9/"


@pytest.mark.parametrize("timeout", [0, -1, math.nan, "1"])
async def test_a_timeout_that_is_none_is_refused(remote: Any, timeout: Any) -> None:
    with pytest.raises(InvalidInputError, match="timeout="):
        await remote.create(timeout=timeout)


@pytest.mark.parametrize("timeout", [None, 1, 0.5, math.inf])
async def test_a_timeout_may_be_left_away_or_any_length(remote: Any, timeout: Any) -> None:
    assert (await remote.create(title="Trip", timeout=timeout)).title == "Trip"


@pytest.mark.parametrize(
    ("provider", "kind", "outcome"),
    [
        (Slow, NoNetwork, "not_sent"),
        (Sent, NoNetwork, "unknown"),
        (Slow, ProviderSettings, "unknown"),  # nobody keeps book of what such a provider has done
    ],
    ids=["unsent", "in flight", "no network"],
)
async def test_a_write_that_takes_too_long_tells_its_outcome(
    remote_of: Any, provider: Any, kind: Any, outcome: str
) -> None:
    remote = remote_of(provider, kind=kind)

    with pytest.raises(RequestTimeoutError, match=r"took longer than 0\.05 s") as raised:
        await remote.edit("c1", "m1", "x", timeout=0.05)

    assert (raised.value.code, raised.value.outcome) == ("deadline", outcome)
    assert (raised.value.provider, raised.value.operation) == ("fake", "edit_message")


async def test_a_read_that_takes_too_long_has_changed_nothing(remote_of: Any) -> None:
    remote = remote_of(Slow, kind=ProviderSettings)

    with pytest.raises(RequestTimeoutError) as raised:
        await remote.messages("c1", timeout=0.05).next_page()

    assert raised.value.outcome == "not_sent"


async def test_the_remotes_own_timeout_counts_where_none_is_given(remote_of: Any) -> None:
    remote = remote_of(Slow, kind=ProviderSettings, timeout=0.05)

    with pytest.raises(RequestTimeoutError):
        await remote.messages("c1").next_page()


class Row(BaseModel):
    number: int


def bad_row() -> None:
    TypeAdapter(Row).validate_python({"number": f"{CANARY} is no number"})


def endless() -> None:
    endless()


def half_a_pair() -> None:
    "\ud800".encode()


def raising(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def hidden() -> None:
    try:
        raising(KeyError(CANARY))()
    except KeyError:
        raise NotFoundError("not there") from OSError(CANARY)


FOREIGN: dict[str, Callable[[], None]] = {
    "ValueError": raising(ValueError("wrong\nin two lines")),
    "KeyError": raising(KeyError(CANARY)),
    "TimeoutError": raising(TimeoutError("my own")),
    "StopAsyncIteration": raising(StopAsyncIteration()),
    "ExceptionGroup": raising(ExceptionGroup("many", [ValueError("x")])),
    "ValidationError": bad_row,
    "RecursionError": endless,
    "UnicodeEncodeError": half_a_pair,
    "AssertionError": raising(AssertionError()),
}


def breaking(action: Callable[[], None]) -> type[Provider[Any]]:
    class Broken(Provider[Any]):
        features = Features(list_messages=native(), edit_message=native())

        async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
            action()
            raise AssertionError

        async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
            action()
            raise AssertionError

    return Broken


@pytest.mark.parametrize("timeout", [None, 5])
@pytest.mark.parametrize("name", FOREIGN)
async def test_what_else_a_provider_lets_out_is_its_own_fault(remote_of: Any, name: str, timeout: Any) -> None:
    remote = remote_of(breaking(FOREIGN[name]), kind=ProviderSettings)
    secret = Secret(CANARY)
    actions: list[Callable[[], Any]] = [
        lambda: remote.edit("c1", "m1", "x", timeout=timeout),
        lambda: remote.messages("c1", timeout=timeout).next_page(),
    ]
    for action in actions:
        with pytest.raises(PluginError) as raised:
            await action()

        error = raised.value
        assert (error.code, error.provider) == ("plugin_contract", "fake")
        assert str(error).isprintable()
        assert len(str(error)) < 2000
        assert "fault of the provider 'fake'" in error.hint
        assert (error.__cause__, error.__context__) == (None, None)
        assert CANARY not in "".join(traceback.format_exception(error)) + repr(error.to_dict())
    secret.forget()


async def test_no_foreign_cause_stays_on_an_error_of_the_tree(remote_of: Any) -> None:
    remote = remote_of(breaking(hidden), kind=ProviderSettings)

    with pytest.raises(NotFoundError) as raised:
        await remote.edit("c1", "m1", "x")

    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


async def cancelled(action: Any, turns: int) -> None:
    """Cancel after so many turns of the loop, and see that it comes out as it is, and soon."""
    task = asyncio.create_task(action)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(1):
        await asyncio.wait([task])
    assert task.cancelled() or isinstance(task.exception(), (OmnilogueError, type(None)))


async def test_a_cancellation_is_never_wrapped_and_frees_the_conversation(remote_of: Any) -> None:
    remote = remote_of(Slow, kind=ProviderSettings)
    task = asyncio.create_task(remote.edit("c1", "m1", "x"))
    await asyncio.sleep(0.01)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert remote._account.locks._held == {}


async def streamed(remote: Any, conversation: Any) -> None:
    async with remote.stream(conversation, "one two three") as stream:
        async for _ in stream:
            await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(5))
async def test_cancellations_at_any_moment_leave_nothing_behind(remote: Any, seed: int) -> None:
    chance = random.Random(seed)
    conversation = await remote.create()
    before = asyncio.all_tasks()
    actions: list[Callable[[], Any]] = [
        lambda: remote.send(conversation, "hello"),
        lambda: streamed(remote, conversation),
        lambda: remote.append(conversation, [Message.user("a"), Message.user("b")]),
        lambda: remote.update(conversation, title="x", metadata={"a": 1}),
        lambda: remote.regenerate(conversation),
    ]
    await remote.append(conversation, "hello")
    for _ in range(20):
        remote.vendor.fail(chance.choice(["send", "stream", "append"]))
        await cancelled(chance.choice(actions)(), chance.randrange(12))

    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert remote._account.locks._held == {}
    async with asyncio.timeout(1):
        await remote.update(conversation, title="still here")


async def test_a_remote_is_not_used_in_another_loop(remote_of: Any) -> None:
    remote = remote_of()
    await remote.create()

    def elsewhere() -> str:
        with pytest.raises(InvalidInputError) as raised:
            asyncio.run(remote.create())
        return str(raised.value)

    assert "another event loop" in await asyncio.to_thread(elsewhere)


async def test_a_remote_is_not_used_after_a_fork(remote: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)

    with pytest.raises(InvalidInputError, match="before a fork"):
        await remote.create()


async def test_a_closed_remote_is_not_used(remote: Any) -> None:
    conversation = await remote.create()
    await remote.aclose()
    await remote.aclose()

    with pytest.raises(InvalidInputError, match="is closed"):
        await remote.send(conversation, "hello")
    with pytest.raises(InvalidInputError, match="is closed"):
        await remote.messages(conversation).next_page()
