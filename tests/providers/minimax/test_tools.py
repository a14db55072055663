"""Tools: called once whatever gets lost, told to the run once, and read again with the messages."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from omnilogue.errors import BadRequestError, OmnilogueError, RunFailedError, StateError, UnavailableError
from omnilogue.model import (
    Event,
    Message,
    Part,
    Reply,
    ReplyCompleted,
    TextPart,
    ToolCallPart,
    ToolCallRequested,
    ToolResultPart,
)
from omnilogue.provider import Query, Turn, tools_of
from omnilogue.state import Kept
from omnilogue_minimax import MiniMax
from omnilogue_minimax.emulator import MiniMaxEmulator
from omnilogue_minimax.tools import asked_for, outputs_of, parts_of_step, with_calls
from omnilogue_minimax.wire import Run, Step

pytestmark = pytest.mark.anyio

Connect = Callable[..., MiniMax]
SUBMIT = "threads/run/submit_tool_outputs"


class Clock:
    """A tool that counts its calls."""

    def __init__(self) -> None:
        self.zones: list[str] = []

    def turn(self, text: str, **options: Any) -> Turn:
        async def clock(zone: str = "UTC") -> str:
            """Tell the time.

            Args:
                zone: The time zone.
            """
            self.zones.append(zone)
            return f"12:00 {zone}"

        return Turn(parts=(TextPart(text=text),), tools=tools_of([clock]), **options)


@pytest.fixture
def hands() -> Clock:
    return Clock()


ONE = '[tool clock {"zone": "CET"}]'
TWO = f"{ONE} and [tool clock]"


def called(reply: Reply | list[Message]) -> list[tuple[str, ...]]:
    messages = reply.messages if isinstance(reply, Reply) else reply
    parts = [part for message in messages for part in message.parts]
    return [
        (part.type, part.name, str(part.arguments))
        if isinstance(part, ToolCallPart)
        else (part.type, str(part.content))
        for part in parts
        if isinstance(part, (ToolCallPart, ToolResultPart))
    ]


async def listed(provider: MiniMax, thread: str) -> list[Message]:
    return list((await provider.list_messages(thread, None, Query(order="asc"))).items)


# The way of a call


async def test_a_run_is_told_what_its_tool_said(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock
) -> None:
    reply = await provider.send(thread, hands.turn(f"What time is it? {ONE}"))

    assert hands.zones == ["CET"]
    assert reply.text == "Answer 1 to: What time is it? 12:00 CET"
    assert called(reply) == [("tool_call", "clock", "{'zone': 'CET'}"), ("tool_result", "12:00 CET")]
    (run,) = vendor.store.runs(thread)
    (created,) = vendor.journal.requests("threads/run/create")
    assert created.body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "clock",
                "description": "Tell the time.",
                "parameters": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "zone": {"type": "string", "default": "UTC", "description": "The time zone."},
                    },
                },
            },
        }
    ]
    (submitted,) = vendor.journal.requests(SUBMIT)
    call = run.rounds[0].calls[0]
    assert submitted.body == {
        "thread_id": thread,
        "run_id": run.id,
        "tool_outputs": [{"tool_call_id": call.id, "output": "12:00 CET"}],
    }


async def test_all_outputs_go_in_one_call(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock
) -> None:
    reply = await provider.send(thread, hands.turn(TWO))

    assert hands.zones == ["CET", "UTC"]
    assert reply.text == "Answer 1 to: 12:00 CET and 12:00 UTC"
    (submitted,) = vendor.journal.requests(SUBMIT)
    assert [each["output"] for each in submitted.body["tool_outputs"]] == ["12:00 CET", "12:00 UTC"]


async def test_a_run_may_ask_again_and_again(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock
) -> None:
    vendor.configure(one_call_at_a_time=True)

    reply = await provider.send(thread, hands.turn(TWO))

    assert hands.zones == ["CET", "UTC"]
    assert reply.text == "Answer 1 to: 12:00 CET and 12:00 UTC"
    assert len(vendor.journal.requests(SUBMIT)) == 2
    assert [kind for kind, *_ in called(reply)] == ["tool_call", "tool_result"] * 2


async def test_wrong_arguments_are_told_to_the_run(provider: MiniMax, thread: str, hands: Clock) -> None:
    reply = await provider.send(thread, hands.turn("[tool clock nonsense]"))

    assert hands.zones == []
    assert "wrong arguments" in reply.text
    (result,) = [part for part in reply.messages[0].parts if isinstance(part, ToolResultPart)]
    assert result.is_error


async def test_a_tool_without_a_handler_is_named_and_its_run_cancelled(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    turn = Turn(parts=(TextPart(text=ONE),), tools=tools_of([{"name": "clock"}]))

    with pytest.raises(RunFailedError, match="'clock'") as caught:
        await provider.send(thread, turn)

    assert caught.value.outcome == "applied"
    assert vendor.store.runs(thread)[0].status == "cancelled"
    assert vendor.journal.requests(SUBMIT) == []


@pytest.mark.parametrize("action", [None, {}, {"type": "dance"}, {"submit_tool_outputs": {"tool_calls": [3]}}])
async def test_an_action_nobody_knows_fails_the_run(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, action: Any
) -> None:
    told = {"id": "run_1", "status": "requires_action", "required_action": action, "base_resp": {"status_code": 0}}
    vendor.fail_next("body", times=2, body=told, path="threads/run/retrieve")

    with pytest.raises(RunFailedError, match="requires an action"):
        await provider.send(thread, Turn(parts=(TextPart(text="hello"),)))


async def test_where_a_run_cannot_be_noted_it_does_not_wait_in_vain(  # noqa: PLR0917  # fixtures
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock, notes: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    await provider.send(thread, hands.turn("hello"))  # the assistant is made and noted

    def full(key: str, value: Any) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr(notes, "set", full)
    with pytest.raises(StateError):
        await provider.send(thread, hands.turn(ONE))

    assert hands.zones == []
    assert [run.status for run in vendor.store.runs(thread)] == ["completed", "cancelled"]


# Lost answers


@pytest.mark.parametrize("kind", ["drop_after", "status_after", "drop_before", "late"])
async def test_lost_outputs_are_looked_for_before_they_are_told_again(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock, kind: str
) -> None:
    details: dict[str, Any] = {"seconds": 0.0} if kind == "late" else {}
    vendor.fail_next(kind, path=SUBMIT, **details)

    reply = await provider.send(thread, hands.turn(TWO))

    assert hands.zones == ["CET", "UTC"]
    assert reply.text == "Answer 1 to: 12:00 CET and 12:00 UTC"
    assert len(vendor.journal.requests(SUBMIT)) == (2 if kind == "drop_before" else 1)


async def test_outputs_that_land_late_are_seen_at_the_second_look(
    vendor: MiniMaxEmulator, connect: Connect, thread: str, hands: Clock, clock: Any
) -> None:
    clock.sleep = asyncio.sleep
    vendor.fail_next("late", seconds=0.1, path=SUBMIT)

    reply = await connect(settle=0.5, poll_first=0.01).send(thread, hands.turn(ONE))

    assert "12:00 CET" in reply.text
    assert len(vendor.journal.requests(SUBMIT)) == 1


async def test_outputs_that_never_arrive_are_told_as_what_they_are(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock
) -> None:
    vendor.fail_next("drop_before", times=9, path=SUBMIT)

    with pytest.raises(UnavailableError) as caught:
        await provider.send(thread, hands.turn(ONE))

    assert caught.value.outcome == "applied"  # the turn: nothing may be sent again
    assert hands.zones == ["CET"]
    assert len(vendor.journal.requests(SUBMIT)) == 3


async def test_outputs_that_are_refused_end_the_run(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock
) -> None:
    vendor.refuse_next(2013, path=SUBMIT)

    with pytest.raises(BadRequestError):
        await provider.send(thread, hands.turn(ONE))

    assert vendor.store.runs(thread)[0].status == "cancelled"


async def test_a_run_that_still_shows_what_was_answered_is_waited_for(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock
) -> None:
    shown: list[Any] = []
    retrieve = provider._calls.run

    async def stale(thread_id: str, run_id: str) -> Run:
        run = await retrieve(thread_id, run_id)
        shown.append(run)
        waiting = [each for each in shown if each.status == "requires_action"]
        return waiting[0] if waiting and len(shown) - shown.index(waiting[0]) < 3 else run

    provider._calls.run = stale  # type: ignore[method-assign]
    reply = await provider.send(thread, hands.turn(ONE))

    assert hands.zones == ["CET"]
    assert "12:00 CET" in reply.text
    assert len(vendor.journal.requests(SUBMIT)) == 1


@pytest.mark.parametrize("kind", ["drop_after", "status_after"])
async def test_a_lost_run_that_calls_tools_is_found_by_its_mark(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock, kind: str
) -> None:
    vendor.fail_next(kind, path="threads/run/create")

    reply = await provider.send(thread, hands.turn(ONE))

    assert "12:00 CET" in reply.text
    assert len(vendor.store.runs(thread)) == 1


async def test_a_run_that_was_never_made_leaves_open_what_the_core_can_tell(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock
) -> None:
    vendor.fail_next("drop_before", path="threads/run/create")

    with pytest.raises(OmnilogueError) as caught:
        await provider.send(thread, hands.turn(ONE))

    assert caught.value.outcome == "unknown"


# Streams


async def streamed(provider: MiniMax, thread: str, turn: Turn) -> tuple[list[Event], Reply]:
    events = [event async for event in provider.stream(thread, turn)]
    last = events[-1]
    assert isinstance(last, ReplyCompleted)
    return events, last.reply


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_stream_goes_on_by_looking_after_its_tools(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock, at_once: bool
) -> None:
    vendor.configure(one_call_at_a_time=not at_once)

    events, reply = await streamed(provider, thread, hands.turn(TWO))

    assert [event.type for event in events] == [*["tool_call_requested"] * 2, "text_delta", "reply_completed"]
    asked = [event.call.arguments for event in events if isinstance(event, ToolCallRequested)]
    assert asked == [{"zone": "CET"}, {}]
    assert reply.text == "Answer 1 to: 12:00 CET and 12:00 UTC"
    assert {event.run_id for event in events} == {vendor.store.runs(thread)[0].id}
    assert [kind for kind, *_ in called(reply)] == ["tool_call", "tool_result"] * 2


@pytest.mark.parametrize("after", [0, 1, 2, 3])
async def test_a_stream_that_breaks_before_its_tools_goes_on(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock, after: int
) -> None:
    vendor.fail_next("stream_cut", after=after)

    _, reply = await streamed(provider, thread, hands.turn(ONE))

    assert hands.zones == ["CET"]
    assert "12:00 CET" in reply.text
    assert len(vendor.store.runs(thread)) == 1


async def test_what_is_stored_is_answered_with_tools_too(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock
) -> None:
    vendor.store.add_message(thread, "user", ONE)

    events, _ = await streamed(provider, thread, hands.turn("x").model_copy(update={"parts": ()}))

    assert [event.type for event in events] == ["tool_call_requested", "text_delta", "reply_completed"]


# Read again


async def test_calls_are_read_again_from_the_steps_of_runs_that_called_here(
    vendor: MiniMaxEmulator, connect: Connect, thread: str, hands: Clock
) -> None:
    reply = await connect().send(thread, hands.turn(TWO))
    await connect().send(thread, hands.turn("no tool"))
    vendor.journal.clear()

    messages = await listed(connect(), thread)

    assert called(messages) == called(reply)
    assert messages[1] == reply.messages[0]
    assert len(vendor.journal.requests("threads/run_steps/list")) == 1
    assert await connect().get_message(thread, str(reply.messages[0].id)) == reply.messages[0]


@pytest.mark.parametrize(("read", "found", "requests"), [("all", 4, 2), ("ours", 0, 0), ("none", 0, 0)])
async def test_whose_steps_are_read_is_a_setting(  # noqa: PLR0917  # fixtures
    vendor: MiniMaxEmulator,
    connect: Connect,
    thread: str,
    hands: Clock,
    notes: Kept,
    read: str,
    found: int,
    requests: int,
) -> None:
    await connect().send(thread, hands.turn(TWO))
    await connect().send(thread, hands.turn("no tool"))
    notes.set(f"tools:{vendor.store.runs(thread)[0].id}", None)  # as on another machine
    vendor.journal.clear()

    messages = await listed(connect(read_steps=read), thread)

    assert len(called(messages)) == found
    assert len(vendor.journal.requests("threads/run_steps/list")) == requests


@pytest.mark.parametrize("gone", [True, False])
async def test_messages_can_be_read_where_steps_cannot(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock, gone: bool
) -> None:
    reply = await provider.send(thread, hands.turn(ONE))
    vendor.configure(missing_paths=("threads/run_steps/list",) if gone else ())
    if not gone:
        vendor.refuse_next(2013, "run does not exist", path="threads/run_steps/list")

    assert [message.text for message in await listed(provider, thread)] == [ONE, reply.text]


async def test_a_reply_has_its_calls_where_steps_cannot_be_read(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, hands: Clock
) -> None:
    vendor.configure(missing_paths=("threads/run_steps/list",))

    reply = await provider.send(thread, hands.turn(ONE))

    assert called(reply) == [("tool_call", "clock", "{'zone': 'CET'}"), ("tool_result", "12:00 CET")]


async def test_tools_of_the_vendor_are_an_option(
    vendor: MiniMaxEmulator, connect: Connect, thread: str, hands: Clock
) -> None:
    turn = hands.turn(f'[tool web_search {{"query": "noon"}}] {ONE}', options={"vendor_tools": ["web_search"]})

    reply = await connect().send(thread, turn)

    assert reply.text == "Answer 1 to: what web_search found 12:00 CET"
    assert [kind for kind, *_ in called(reply)] == ["tool_call", "tool_result"] * 2
    assert called(reply)[1] == ("tool_result", "what web_search found")


# Both readings of a web search


@pytest.mark.parametrize("fields", ["query_outputs", "name_arguments_output"])
async def test_a_web_search_has_either_set_of_fields(
    vendor: MiniMaxEmulator, connect: Connect, thread: str, fields: str
) -> None:
    vendor.configure(search_fields=fields)
    turn = Turn(parts=(TextPart(text='[tool web_search {"query": "noon"}]'),), options={"vendor_tools": ["web_search"]})
    provider = connect(read_steps="all")
    await provider.send(thread, turn)

    messages = await listed(provider, thread)

    assert called(messages) == [
        ("tool_call", "web_search", "{'query': 'noon'}"),
        ("tool_result", "what web_search found"),
    ]


def step(*calls: dict[str, Any]) -> Step:
    return Step(id="step_1", type="tool_calls", step_details={"type": "tool_calls", "tool_calls": list(calls)})


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (
            {"id": "c", "type": "web_search", "web_search": {"query": "x", "outputs": "y"}},
            [
                ToolCallPart(id="c", name="web_search", arguments={"query": "x"}),
                ToolResultPart(call_id="c", content="y"),
            ],
        ),
        (
            {"id": "c", "type": "web_search", "web_search": {"name": "n", "arguments": '{"q": 1}', "output": "y"}},
            [ToolCallPart(id="c", name="n", arguments={"q": 1}), ToolResultPart(call_id="c", content="y")],
        ),
        (
            {"id": "c", "type": "code_interpreter", "code_interpreter": {"input": "1+1", "outputs": [{"logs": "2"}]}},
            [
                ToolCallPart(id="c", name="code_interpreter", arguments={"input": "1+1"}),
                ToolResultPart(call_id="c", content=[{"logs": "2"}]),
            ],
        ),
        (
            {"id": "c", "type": "function", "function": {"name": "clock", "arguments": "odd", "output": None}},
            [ToolCallPart(id="c", name="clock", arguments="odd")],
        ),
        ({"id": "c", "type": "dance"}, [ToolCallPart(id="c", name="dance", arguments={})]),
        ({}, [ToolCallPart(id="step_1.0", name="function", arguments={})]),
    ],
)
def test_every_kind_of_call_is_read(call: dict[str, Any], parts: list[Part]) -> None:
    assert parts_of_step(step(call), {}) == parts


@pytest.mark.parametrize("details", [None, {}, {"tool_calls": None}, {"tool_calls": [3]}, {"message_creation": 3}])
def test_a_step_that_tells_nothing_has_no_calls(details: Any) -> None:
    told = Step(id="step_1", step_details=details)

    assert (parts_of_step(told, {}), told.message_id) == ([], None)


def test_calls_stand_before_the_message_that_came_after_them() -> None:
    def made(message_id: str) -> Step:
        return Step(id=f"step_{message_id}", step_details={"message_creation": {"message_id": message_id}})

    messages = [
        Message.assistant("one").model_copy(update={"id": "a"}),
        Message.assistant("two").model_copy(update={"id": "b"}),
    ]
    call = {"id": "c", "type": "function", "function": {"name": "clock", "arguments": "{}", "output": "y"}}

    first, second = with_calls(messages, [made("a"), step(call), made("b")], {})
    assert ([part.type for part in first.parts], [part.type for part in second.parts]) == (
        ["text"],
        ["tool_call", "tool_result", "text"],
    )
    assert with_calls(messages, [step(call)], {})[1].parts[0].type == "tool_call"
    assert with_calls(messages, [step(call), made("elsewhere")], {}) == tuple(messages)


def test_an_idle_run_asks_for_nothing() -> None:
    idle = {"type": "", "submit_tool_outputs": None}

    assert asked_for(Run(id="run_1", status="queued", required_action=idle)) == ()


def test_outputs_are_text() -> None:
    results = [ToolResultPart(call_id="a", content="x"), ToolResultPart(call_id="b", content={"y": [1]})]

    assert outputs_of(results) == [
        {"tool_call_id": "a", "output": "x"},
        {"tool_call_id": "b", "output": '{"y": [1]}'},
    ]


async def test_cancelling_in_a_tool_leaves_no_task(provider: MiniMax, thread: str) -> None:
    begun = asyncio.Event()

    async def slow() -> str:
        begun.set()
        await asyncio.sleep(3600)
        return ""

    turn = Turn(parts=(TextPart(text="[tool slow]"),), tools=tools_of([slow]))
    task = asyncio.create_task(provider.send(thread, turn))
    await begun.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
