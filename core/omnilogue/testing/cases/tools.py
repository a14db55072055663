"""Tools given as functions: the model calls them, and what was called and said stays with the reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import RunFailedError
from ...model import Message, ToolCallPart, ToolCallRequested, ToolResultPart
from ..case import case
from ..expecting import expect, expect_equal, expect_error
from ..scene import Scene

QUESTION = 'What time is it? Ask your clock: [tool clock {"zone": "UTC"}]'
"""A person would see what to do, and so does the model of an emulator."""

CALLED = [("clock", {"zone": "UTC"}, "12:00 UTC", False)]


class Clock:
    """A tool that notes how it was called."""

    def __init__(self) -> None:
        self.zones: list[str] = []

    def tool(self) -> Any:
        """Give the function."""

        async def clock(zone: str) -> str:
            """Tell the time in a zone."""
            self.zones.append(zone)
            return f"12:00 {zone}"

        return clock


def _takes_tools(scene: Scene, operation: str) -> bool:
    return scene.takes(operation, "tools")


@case("tool_calls", "send")
async def tool_calls_are_answered(scene: Scene) -> None:
    """A function given as a tool is called once; call and result are in the reply, and in what is read again."""
    if not _takes_tools(scene, "send"):
        return
    conversation, clock = await scene.conversation(), Clock()
    reply = await scene.remote.send(conversation, QUESTION, tools=[clock.tool()], allow_loss=True)

    expect_equal(clock.zones, ["UTC"], "how the tool was called")
    expect_equal(_called(reply.messages), CALLED, "calls and results in the reply")
    expect(reply.text.strip(), "the reply says nothing")
    stored = await scene.messages(conversation)
    expect_equal(_called(stored), CALLED, "calls and results in what is stored")
    expect_equal(stored[0].text, QUESTION, "the turn")


@case("tool_calls", "stream")
async def tool_calls_are_told_in_a_stream(scene: Scene) -> None:
    """A stream tells each call as it is asked for, before the text that follows from it."""
    if not _takes_tools(scene, "stream"):
        return
    conversation, clock = await scene.conversation(), Clock()
    async with scene.remote.stream(conversation, QUESTION, tools=[clock.tool()], allow_loss=True) as stream:
        events = [event async for event in stream]

    asked = [event.call for event in events if isinstance(event, ToolCallRequested)]
    expect_equal([(call.name, call.arguments) for call in asked], [CALLED[0][:2]], "calls that were told")
    expect_equal(clock.zones, ["UTC"], "how the tool was called")
    expect_equal(_called(stream.reply.messages), CALLED, "calls and results in the reply")


@case("tool_calls", "send")
async def tool_calls_that_fail_are_told_to_the_model(scene: Scene) -> None:
    """A tool that fails does not fail the turn: the model is told, and answers."""
    if not _takes_tools(scene, "send"):
        return

    def clock(zone: str) -> str:
        raise LookupError(f"no clock in {zone}")

    reply = await scene.remote.send(await scene.conversation(), QUESTION, tools=[clock], allow_loss=True)
    results = [part for message in reply.messages for part in message.parts if isinstance(part, ToolResultPart)]
    expect_equal([result.is_error for result in results], [True], "results of a tool that fails")
    expect("no clock in UTC" in str(results[0].content), "the model is not told what went wrong")


@case("tool_calls", "send")
async def tool_calls_nobody_answers_fail_the_run(scene: Scene) -> None:
    """A tool without a handler that the model calls is named, and leaves a conversation that can be used."""
    if not _takes_tools(scene, "send"):
        return
    conversation = await scene.conversation()
    schema = {"name": "clock", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}}}
    with expect_error("a call of a tool without a handler", RunFailedError) as caught:
        await scene.remote.send(conversation, QUESTION, tools=[schema], allow_loss=True)
    expect("clock" in str(caught[0]) and caught[0].hint, "the error does not name the tool, or not what to do")
    expect_equal(caught[0].outcome, "applied", "outcome of a turn whose tool nobody answers")

    reply = await scene.remote.send(conversation, "And without?", busy="reject", allow_loss=True)
    said = await scene.said(conversation)
    expect_equal(said[-2:], [("user", "And without?"), ("assistant", reply.text)], "the turn that follows")


def _called(messages: Sequence[Message]) -> list[tuple[str, Any, Any, bool]]:
    """Give name, arguments, result and whether it failed, of each call that has a result."""
    parts = [part for message in messages for part in message.parts]
    results = {part.call_id: part for part in parts if isinstance(part, ToolResultPart)}
    calls = [part for part in parts if isinstance(part, ToolCallPart)]
    found = [(call, results.get(call.id)) for call in calls]
    return [(call.name, call.arguments, result.content, result.is_error) for call, result in found if result]


CASES = (
    tool_calls_are_answered,
    tool_calls_are_told_in_a_stream,
    tool_calls_that_fail_are_told_to_the_model,
    tool_calls_nobody_answers_fail_the_run,
)
