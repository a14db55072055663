"""Providers that lie about replies and about themselves, each in one way, and the case that finds it out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar

import pytest

from omnilogue.errors import UnsupportedOperationError
from omnilogue.model import Event, Message, Page, Reply, ReplyCompleted, TextDelta
from omnilogue.provider import Context, Query, Turn, lossy, native, unsupported
from omnilogue_memory.provider import Memory
from omnilogue_memory.settings import MemorySettings


class StoresNoReply(Memory):
    found_by = "send_stores_the_turn_and_its_reply_once"

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        await self.append(conversation_id, [Message(role="user", parts=turn.parts)])
        return Reply(messages=(Message.assistant("Hello").model_copy(update={"id": "x", "conversation_id": "c"}),))


class StoresTheTurnTwice(Memory):
    found_by = "send_stores_the_turn_and_its_reply_once"

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        await self.append(conversation_id, [Message(role="user", parts=turn.parts)])
        return await super().send(conversation_id, turn)


class HasTwoIdsForAReply(Memory):
    found_by = "send_stores_the_turn_and_its_reply_once"

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        reply = await super().send(conversation_id, turn)
        other = reply.messages[0].model_copy(update={"id": f"reply-{reply.messages[0].id}"})
        return reply.model_copy(update={"messages": (other,)})


class RefusesAnOptionItDeclares(Memory):
    found_by = "send_honours_or_refuses_each_option"

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        if turn.temperature is not None:
            raise UnsupportedOperationError("no temperature here")
        return await super().send(conversation_id, turn)


class TakesAnyOption(Memory):
    found_by = "send_refuses_options_nobody_knows"

    features = Memory.features.replace(send=native(empty_turn=True))


class DropsTheMetadataOfTurns(Memory):
    found_by = "send_stores_the_metadata_of_a_turn"

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        return await super().send(conversation_id, turn.model_copy(update={"metadata": {}}))


class SaysMoreThanItStores(Memory):
    found_by = "stream_tells_a_reply_from_start_to_end"

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        yield TextDelta(text="Well: ")
        async for event in super().stream(conversation_id, turn):
            yield event


class NeverCompletes(Memory):
    found_by = "stream_tells_a_reply_from_start_to_end"

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        async for event in super().stream(conversation_id, turn):
            if not isinstance(event, ReplyCompleted):
                yield event


class BreaksAfterLeaving(Memory):
    found_by = "stop_by_leaving_early_frees_the_conversation"

    left = False

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        try:
            async for event in super().stream(conversation_id, turn):
                yield event
        except GeneratorExit:
            self.left = True
            raise

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        if self.left:
            raise UnsupportedOperationError("the run before goes on")
        async for event in Memory.stream(self, conversation_id, turn):
            if isinstance(event, ReplyCompleted):
                return event.reply
        raise AssertionError


class AnswersWhoeverGaveWay(BreaksAfterLeaving):
    found_by = "stream_that_is_open_gives_way"

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        was_left, self.left = self.left, False
        reply = await super().send(conversation_id, turn)
        if was_left:
            await self.append(conversation_id, [Message.assistant("What you asked before.")])
        return reply


class _Regenerates(Memory):
    """Has a call of its own for another answer."""

    features = Memory.features.replace(regenerate=native(fields=("model",)))
    effect: ClassVar[str] = "added"

    async def regenerate(self, conversation_id: str, message_id: str, turn: Turn) -> Reply:
        reply = await self.send(conversation_id, turn)
        return reply.model_copy(update={"effect": self.effect})


class ClaimsThatTheOldIsGone(_Regenerates):
    found_by = "regenerate_gives_another_answer"

    effect = "superseded"


class ClaimsThatTheOldIsReplaced(_Regenerates):
    found_by = "regenerate_gives_another_answer"

    effect = "replaced"


class ClaimsThatNothingWasThere(_Regenerates):
    found_by = "regenerate_comes_piece_by_piece"

    effect = "new"


class GivesNoReason(Memory):
    found_by = "features_name_every_operation"

    features = Memory.features.replace(receive_audio=unsupported())


class LosesAnUnknownKind(Memory):
    found_by = "features_name_every_operation"

    features = Memory.features.replace(edit_message=lossy("it is made anew", "everything"))


class HasAnEmptyPage(Memory):
    found_by = "features_have_sensible_limits"

    features = Memory.features.replace(list_messages=native(page_size=0, order=("asc", "desc")))


class WidensWithSettings(Memory):
    found_by = "contract_is_kept"

    def __init__(self, settings: MemorySettings, context: Context) -> None:
        super().__init__(settings, context)
        self.features = Memory.features.replace(regenerate=native())


class ClaimsToSpeak(Memory):
    found_by = "receive_audio_brings_a_voice"

    features = Memory.features.replace(receive_audio=native())


class LeavesATask(Memory):
    found_by = "list_messages_comes_in_both_orders"

    tasks: ClassVar[list[Any]] = []

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        self.tasks.append(asyncio.create_task(asyncio.sleep(5)))
        return await super().list_messages(conversation_id, cursor, query)


LIARS = [found for found in list(globals().values()) if isinstance(found, type) and "found_by" in vars(found)]


@pytest.mark.anyio
@pytest.mark.parametrize("liar", LIARS, ids=lambda liar: liar.__name__)
async def test_a_lie_is_found_out_by_its_case(
    liar: type[Memory], complaint: Callable[[type[Memory], str], Awaitable[str]]
) -> None:
    assert await complaint(liar, vars(liar)["found_by"]) != ""
