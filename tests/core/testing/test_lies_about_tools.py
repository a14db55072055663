"""Providers that lie about tools and voices, each in one way, and the case that finds it out."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from omnilogue.errors import RunFailedError
from omnilogue.model import Event, Reply, ReplyCompleted, ToolCallRequested, ToolResultPart
from omnilogue.provider import Turn, native, tools_of
from omnilogue_memory.provider import Memory


class CallsNothing(Memory):
    found_by = "tool_calls_are_answered"

    def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        return super().stream(conversation_id, turn.model_copy(update={"tools": ()}))


class CallsTwice(Memory):
    found_by = "tool_calls_are_answered"

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        for tool in turn.tools:
            await tool.call('{"zone": "UTC"}')
        return await super().send(conversation_id, turn)


class ForgetsWhatWasCalled(Memory):
    found_by = "tool_calls_are_answered"

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        reply = await super().send(conversation_id, turn)
        for message in reply.messages:
            plain = message.model_copy(update={"parts": message.parts[-1:]})
            self._messages[conversation_id][str(message.id)] = plain
        return reply


class TellsNoCall(Memory):
    found_by = "tool_calls_are_told_in_a_stream"

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        async for event in super().stream(conversation_id, turn):
            if not isinstance(event, ToolCallRequested):
                yield event


class HidesFailures(Memory):
    found_by = "tool_calls_that_fail_are_told_to_the_model"

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        async for event in super().stream(conversation_id, turn):
            yield _well(event) if isinstance(event, ReplyCompleted) else event


def _well(event: ReplyCompleted) -> ReplyCompleted:
    messages = []
    for message in event.reply.messages:
        parts = [
            part.model_copy(update={"is_error": False}) if isinstance(part, ToolResultPart) else part
            for part in message.parts
        ]
        messages.append(message.model_copy(update={"parts": tuple(parts)}))
    return event.model_copy(update={"reply": event.reply.model_copy(update={"messages": tuple(messages)})})


class AnswersForMissingTools(Memory):
    found_by = "tool_calls_nobody_answers_fail_the_run"

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        def clock(zone: str) -> str:
            return zone

        return await super().send(conversation_id, turn.model_copy(update={"tools": tools_of([clock])}))


class NamesNoTool(Memory):
    found_by = "tool_calls_nobody_answers_fail_the_run"

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        try:
            return await super().send(conversation_id, turn)
        except RunFailedError:
            raise RunFailedError("it failed", outcome="applied") from None


class HearsNothing(Memory):
    found_by = "send_audio_is_answered"

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        spoken = all(part.type == "audio" for part in turn.parts)
        return await super().send(conversation_id, turn.model_copy(update={"parts": ()}) if spoken else turn)


class SpeaksOnlyAtTheEnd(Memory):
    found_by = "receive_audio_comes_piece_by_piece"

    features = Memory.features.replace(receive_audio=native())


LIARS = [found for found in list(globals().values()) if isinstance(found, type) and "found_by" in vars(found)]


@pytest.mark.anyio
@pytest.mark.parametrize("liar", LIARS, ids=lambda liar: liar.__name__)
async def test_a_lie_is_found_out_by_its_case(
    liar: type[Memory], complaint: Callable[[type[Memory], str], Awaitable[str]]
) -> None:
    assert await complaint(liar, vars(liar)["found_by"]) != ""
