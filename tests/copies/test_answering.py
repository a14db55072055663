"""Copies to a target that answers whatever is stored: they lose what was planned, wherever they were interrupted."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnilogue import AsyncClient, AuthenticationError, Message, Stop
from omnilogue.provider import CopyContext, Transform

pytestmark = pytest.mark.anyio

ROLES = ("user", "assistant", "system", "tool")
ASKED: dict[str, Any] = {
    "max_loss": "any",
    "allow_generation": True,
    "role": ("user", "assistant", "tool"),
    "transform": ("quiet",),
    "concurrency": 1,
}
SHAPED = {"role": ASKED["role"], "transform": ASKED["transform"]}
PRIVATE = "private"
"""How a message begins that the transform leaves out; below it is a role with a minus."""
CASES = {
    "the first is left out": "-user user assistant",
    "the question is left out": "-user assistant user assistant",
    "one in the middle is left out": "user -assistant assistant user assistant",
    "one between two turns is left out": "user assistant -tool user assistant",
    "the answer is left out": "user -assistant user assistant",
    "the last is left out": "user assistant user -assistant",
    "two behind the last turn are left out": "user assistant -user system",
    "all are left out": "-user -assistant system",
    "roles that are not asked for": "system user system assistant system user assistant system",
    "a question without an answer": "user assistant user",
    "two questions in a row": "user user assistant -user user",
    "the answer comes first": "assistant -user user assistant",
    "tools between": "user tool -tool assistant tool user",
}


def quiet(message: Message, context: CopyContext) -> Message | None:
    return None if message.text.startswith(PRIVATE) else message


@dataclass
class Stopping:
    """Asks a copy to stop once it has looked at so many messages, as the transform `quiet`."""

    stop: Stop = field(default_factory=Stop)
    left: int = -1
    is_copying: bool = False

    def __call__(self, message: Message, context: CopyContext) -> Message | None:
        self.left -= self.is_copying
        if self.left == 0:
            self.stop.ask()
        return quiet(message, context)

    def watch(self, event: Any) -> None:
        self.is_copying = event.phase == "copy"


def of(roles: Sequence[str], first: int = 0) -> list[Message]:
    return [
        Message.of(role.removeprefix("-"), f"{PRIVATE if role[0] == '-' else 'text'} {first + place}")
        for place, role in enumerate(roles)
    ]


def told(losses: Any) -> Counter[tuple[str, str]]:
    return Counter({(loss.kind, loss.action): loss.count for loss in losses})


async def measured(client: AsyncClient) -> Counter[tuple[str, str]]:
    """Give the losses of the newest migration by the ledger."""
    [newest, *_] = await client.migrations()
    items = (await client.migration(newest.migration or "")).items or ()
    return sum([told(item.losses) for item in items], Counter[tuple[str, str]]())


@pytest.fixture
def stopping(transforms: Callable[..., None]) -> Stopping:
    made = Stopping()
    transforms(Transform("quiet", made))
    return made


@pytest.fixture
def answering(ends: Any, stopping: Stopping) -> Any:
    ends.add("here", "archive")
    ends.add("there", "ichati")
    return ends


async def begin(client: AsyncClient, roles: Sequence[str]) -> None:
    here = client.remote("here")
    made = await here.create(title="Trip", instructions="Be brief.", model="m", metadata={"a": 1})
    await here.append(made, of(roles))


@pytest.mark.parametrize("roles", CASES.values(), ids=CASES)
async def test_a_copy_loses_what_its_plan_said(roles: str, answering: Any) -> None:
    async with answering.client() as client:
        await begin(client, roles.split())

        planned = await client.plan("here:", "there:", **ASKED)
        copied = await client.copy("here:", "there:", **ASKED)

        assert copied.dead == ()
        assert copied.losses == planned.losses
        assert await measured(client) == told(planned.losses)
        assert (await client.check("here:", "there:", **SHAPED)).is_clean
        assert not (await client.plan("here:", "there:", **ASKED)).has_work


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("fault", ["status", "status_after"])
async def test_a_copy_in_pieces_loses_what_its_plan_said(fault: str, method: str, answering: Any, texts: Any) -> None:
    async with answering.client() as client:
        await begin(client, " ".join(CASES.values()).split())
        planned = await client.plan("here:", "there:", **ASKED)
        vendor = answering.vendors["there"]

        ended = 0
        while True:
            vendor.clear_faults()
            vendor.fail_next(fault, every=3, method=method, status=401)
            try:
                copied = await client.copy("here:", "there:", **ASKED)
            except AuthenticationError:
                ended += 1
                continue
            break

        assert ended > 2
        assert copied.dead == ()
        assert await measured(client) == told(planned.losses)
        [stored] = (await texts(client.remote("there"))).values()
        assert len(stored) == 2 * planned.generations


@pytest.fixture
def half(answering: Any) -> Callable[..., Any]:
    """Copy until a question is stored and its answer is not yet rewritten."""

    async def copy(client: AsyncClient, roles: str) -> str:
        await begin(client, roles.split())
        answering.vendors["there"].fail_next("status", method="PATCH", status=401)
        with pytest.raises(AuthenticationError):
            await client.copy("here:", "there:", **ASKED)
        [made] = [one async for one in client.remote("here").conversations()]
        return str(made.id)

    return copy


async def test_an_answer_that_is_edited_in_between_arrives_as_it_is_by_then(
    half: Any, answering: Any, texts: Any
) -> None:
    async with answering.client() as client:
        here, made = client.remote("here"), await half(client, "user assistant")
        answer = [message async for message in here.messages(made)][-1]
        await here.edit(made, answer.id, "changed")

        await client.copy("here:", "there:", **ASKED)

        assert await texts(client.remote("there")) == {"Trip": ["text 0", "changed"]}
        assert (await client.check("here:", "there:")).is_clean
        assert not (await client.plan("here:", "there:", **ASKED)).has_work


async def test_a_message_that_comes_in_between_asks_no_question_again(half: Any, answering: Any, texts: Any) -> None:
    async with answering.client() as client:
        made = await half(client, "user")
        await client.remote("here").append(made, Message.assistant("late"))

        planned = await client.plan("here:", "there:", **ASKED)
        copied = await client.copy("here:", "there:", **ASKED)

        stored = await texts(client.remote("there"))
        assert stored == {"Trip": ["text 0", "[no reply]", "[no question]", "late"]}
        assert told(copied.losses) == told(planned.losses)


async def test_a_reply_that_comes_later_is_as_expected_behind_what_stands_in_for_it(answering: Any, texts: Any) -> None:
    async with answering.client() as client:
        await begin(client, ["user"])
        await client.copy("here:", "there:", **ASKED)
        here = client.remote("here")
        [made] = [one async for one in here.conversations()]
        await here.append(made, [Message.assistant("late"), Message.user("next")])

        planned = await client.plan("here:", "there:", **ASKED)
        copied = await client.copy("here:", "there:", **ASKED)
        stored = await texts(client.remote("there"))
        assert stored == {"Trip": ["text 0", "[no reply]", "[no question]", "late", "next", "[no reply]"]}
        assert copied.losses == planned.losses

        [found] = (await client.check("here:", "there:")).items
        assert (found.symbol, "order" in found.reason, "generation" in found.reason) == ("~", True, True)

        there = client.remote("there")
        [copy] = [one async for one in there.conversations()]
        reply = [message async for message in there.messages(copy)][3]
        await there.edit(copy, reply.id, "other")
        [found] = (await client.check("here:", "there:")).items
        assert (found.symbol, found.reason) == ("*", "message 4 differs")


async def test_edits_are_carried_over_where_they_are_asked_for(answering: Any, texts: Any) -> None:
    async with answering.client() as client:
        await begin(client, ["system", "user", "user", "assistant", "-user", "assistant", "user"])
        await client.copy("here:", "there:", **ASKED)
        here, there = client.remote("here"), client.remote("there")
        [made] = [one async for one in here.conversations()]
        stored = [message async for message in here.messages(made)]
        for place in (2, 3, 6):
            await here.edit(made, stored[place].id, f"changed {place}")

        assert not (await client.plan("here:", "there:", **ASKED)).has_work
        planned = await client.plan("here:", "there:", update=True, **ASKED)
        copied = await client.copy("here:", "there:", update=True, **ASKED)
        assert (copied.messages.copied, copied.losses) == (3, planned.losses)
        assert (await texts(there))["Trip"] == [
            "text 1\n\nchanged 2",
            "changed 3\n\ntext 5",
            "changed 6",
            "[no reply]",
        ]
        assert await measured(client) == told(planned.losses)
        assert (await client.check("here:", "there:", **SHAPED)).is_clean
        assert not (await client.plan("here:", "there:", update=True, **ASKED)).has_work


@pytest.mark.parametrize(
    ("target", "method", "path"), [("ichati", "PATCH", "chat/topic"), ("mindcraft", "POST", "message/update")]
)
async def test_an_edit_whose_answer_was_lost_is_carried_over_again(
    target: str, method: str, path: str, ends: Any, texts: Any
) -> None:
    ends.add("here", "archive")
    ends.add("there", target)
    asked = {"max_loss": "any", "allow_generation": True, "update": True}
    async with ends.client() as client:
        here = client.remote("here")
        made = await here.create(title="Trip")
        _, answer = await here.append(made, of(["user", "assistant"]))
        await client.copy("here:", "there:", **asked)
        await here.edit(made, answer.id, "changed")
        ends.vendors["there"].fail_next("status_after", method=method, path=path, status=401)
        with pytest.raises(AuthenticationError):
            await client.copy("here:", "there:", **asked)

        copied = await client.copy("here:", "there:", **asked)

        assert (copied.messages.copied, copied.conversations.diverged) == (1, 0)
        assert (await texts(client.remote("there")))["Trip"] == ["text 0", "changed"]
        assert not (await client.plan("here:", "there:", **asked)).has_work


async def test_a_message_that_is_edited_while_it_is_copied_arrives_as_it_is_by_then(
    answering: Any, texts: Any, stopping: Any
) -> None:
    async with answering.client() as client:
        await begin(client, ["user", "assistant", "user", "assistant"])
        stopping.stop, stopping.left = Stop(), 3
        await client.copy("here:", "there:", stop=stopping.stop, progress=stopping.watch, **ASKED)
        here = client.remote("here")
        [made] = [one async for one in here.conversations()]
        first, *_ = [message async for message in here.messages(made)]
        await here.edit(made, first.id, "changed")

        copied = await client.copy("here:", "there:", **ASKED)

        assert copied.dead == ()
        assert (await texts(client.remote("there")))["Trip"] == ["changed", "text 1", "text 2", "text 3"]
        assert (await client.check("here:", "there:", **SHAPED)).is_clean


async def copied_in_pieces(ends: Any, roles: Sequence[str], pieces: Sequence[int], stopping: Stopping) -> None:
    async with ends.client(state="memory:") as client:
        await begin(client, roles)
        planned = await client.plan("here:", "there:", **ASKED)
        for piece in [*pieces, -1]:
            stopping.stop, stopping.left, stopping.is_copying = Stop(), piece, False
            await client.copy("here:", "there:", stop=stopping.stop, progress=stopping.watch, **ASKED)

        assert await measured(client) == told(planned.losses)
        assert (await client.check("here:", "there:", **SHAPED)).is_clean


ANY_ROLES = st.lists(st.sampled_from([*ROLES, *(f"-{role}" for role in ROLES)]), min_size=1, max_size=9)


@pytest.mark.parametrize("like", ["ichati", "archive", "minimax"])
def test_any_messages_stopped_anywhere_lose_what_the_plan_said(like: str, ends: Any, stopping: Stopping) -> None:
    ends.add("here", "memory")
    ends.add("there", "memory", like=like)

    @given(ANY_ROLES, st.lists(st.integers(1, 5), max_size=3))
    @settings(max_examples=40, deadline=None)
    def any_messages(roles: list[str], pieces: list[int]) -> None:
        asyncio.run(copied_in_pieces(ends, roles, pieces, stopping))

    any_messages()
