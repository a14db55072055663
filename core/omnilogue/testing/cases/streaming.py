"""Replies piece by piece: the events and their order, leaving early, and who waits for whom."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ...errors import ConversationBusyError, InvalidInputError
from ...model import Event, ReplyCompleted, ReplyStarted, TextDelta
from ..case import case
from ..expecting import expect, expect_equal, expect_error
from ..scene import Scene
from .talking import expect_effect

QUESTION = "Tell me of Lisbon in May, in some words?"


@case("stream")
async def stream_tells_a_reply_from_start_to_end(scene: Scene) -> None:
    """The first event is the start, the last the whole reply; the pieces of text make the reply's text."""
    conversation = await scene.conversation()
    async with scene.remote.stream(conversation, QUESTION, allow_loss=True) as stream:
        events = [event async for event in stream]
        reply = stream.reply

    types = [event.type for event in events]
    expect_equal((types[0], types.count("reply_started")), ("reply_started", 1), "the first event")
    expect_equal((types[-1], types.count("reply_completed")), ("reply_completed", 1), "the last event")
    expect_equal(_said(events), reply.text, "pieces of text, joined")
    first, last = events[0], events[-1]
    expect(isinstance(first, ReplyStarted) and first.conversation == conversation.ref, "the start names another one")
    expect(isinstance(last, ReplyCompleted) and last.reply == reply, "the end brings another reply")
    expect(reply.text.strip(), "the reply says nothing")
    runs = {event.run_id for event in events}
    expect(len(runs - {None}) <= 1, f"one stream names several runs: {runs}")


@case("stream")
async def stream_stores_the_turn_and_its_reply_once(scene: Scene) -> None:
    """After a stream the conversation has the turn and the reply, each once, with the ids that were told."""
    conversation = await scene.conversation()
    async with scene.remote.stream(conversation, QUESTION, allow_loss=True) as stream:
        pieces = [piece async for piece in stream.text()]

    messages = await scene.messages(conversation)
    expect_equal((messages[0].role, messages[0].text), ("user", QUESTION), "the turn that is stored")
    expect_equal(
        [(message.id, message.text) for message in messages[1:]],
        [(message.id, message.text) for message in stream.reply.messages],
        "the reply that is stored",
    )
    expect_equal("".join(pieces), stream.reply.text, "pieces of text, joined")
    expect_equal(stream.reply.effect, "new", "effect of a stream")


@case("stream")
async def stream_is_read_once(scene: Scene) -> None:
    """The reply is there after the end only; a stream that was read gives nothing more, and is not entered again."""
    conversation = await scene.conversation()
    stream = scene.remote.stream(conversation, QUESTION, allow_loss=True)
    with expect_error("reading a stream that is not open", InvalidInputError):
        await anext(stream)
    with expect_error("the reply before the end", InvalidInputError):
        _ = stream.reply
    async with stream:
        expect([event async for event in stream], "the stream brought nothing")
        expect_equal([event async for event in stream], [], "events after the end")
    with expect_error("entering a stream again", InvalidInputError):
        async with stream:
            pass


@case("stream", "send")
async def stream_that_is_not_read_frees_the_conversation(scene: Scene) -> None:
    """A stream that is entered and left at once leaves a conversation that can be used."""
    conversation = await scene.conversation()
    async with scene.remote.stream(conversation, QUESTION, allow_loss=True):
        pass
    await _expect_usable(scene, conversation.id)


@case("stop", "stream", "send")
async def stop_by_leaving_early_frees_the_conversation(scene: Scene) -> None:
    """Whoever leaves after the first piece, or by an error of his own, leaves a conversation that can be used."""
    conversation = await scene.conversation()
    async with scene.remote.stream(conversation, QUESTION, allow_loss=True) as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                break
    await _expect_usable(scene, conversation.id)

    with suppress(ZeroDivisionError):
        async with scene.remote.stream(conversation, QUESTION, allow_loss=True) as stream:
            await anext(stream)
            _ = 1 / 0
    await _expect_usable(scene, conversation.id)


@case("stop", "stream", "send")
async def stop_by_cancelling_frees_the_conversation(scene: Scene) -> None:
    """A task that is cancelled while it reads a stream leaves a conversation that can be used."""
    conversation = await scene.conversation()
    begun = asyncio.Event()

    async def read() -> None:
        async with scene.remote.stream(conversation, QUESTION, allow_loss=True) as stream:
            async for _ in stream:
                begun.set()
                await asyncio.sleep(3600)

    task = asyncio.create_task(read())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    expect(task.cancelled(), "a task that was cancelled in a stream came out otherwise")
    await _expect_usable(scene, conversation.id)


async def _expect_usable(scene: Scene, conversation_id: str) -> None:
    """A turn that follows is stored once, and answered, without waiting."""
    text = f"Are you there, number {scene.next_number()}?"
    reply = await scene.remote.send(conversation_id, text, busy="reject", timeout=30, allow_loss=True)
    said = await scene.said(scene.remote_ref(conversation_id))
    expect_equal(said.count(("user", text)), 1, "times that the next turn is stored")
    expect_equal(said[-1], ("assistant", reply.messages[-1].text), "the last message after the next turn")


@case("stream", "send")
async def stream_that_is_open_keeps_others_out(scene: Scene) -> None:
    """With busy="reject" a turn to a conversation that is being answered is refused, and stores nothing."""
    conversation = await scene.conversation()
    async with scene.remote.stream(conversation, QUESTION, allow_loss=True) as stream:
        await anext(stream)
        requests = scene.requests
        with expect_error("a turn to a busy conversation", ConversationBusyError) as caught:
            await scene.remote.send(conversation, "Me too?", busy="reject", allow_loss=True)
        expect(caught[0].retryable and caught[0].is_safe_to_retry, "a busy conversation may be tried again")
        expect_equal(scene.requests, requests, "requests of a turn that was refused")
        events = [event async for event in stream]

    expect_equal(events[-1].type, "reply_completed", "the last event of the stream that was open")
    expect(("user", "Me too?") not in await scene.said(conversation), "the refused turn is stored")


@case("stream", "send")
async def stream_that_is_open_makes_others_wait(scene: Scene) -> None:
    """A turn to a conversation that is being answered waits, and comes behind."""
    conversation = await scene.conversation()
    async with scene.remote.stream(conversation, QUESTION, allow_loss=True) as stream:
        await anext(stream)
        waiting = asyncio.create_task(scene.remote.send(conversation, "And then?", allow_loss=True))
        await asyncio.sleep(0.01)
        expect(not waiting.done(), "a turn did not wait for the one before it")
        async for _ in stream:
            pass
    await waiting

    asked = [text for role, text in await scene.said(conversation) if role == "user"]
    expect_equal(asked, [QUESTION, "And then?"], "turns, the second of which had to wait")


@case("stream", "send")
async def stream_that_is_open_gives_way(scene: Scene) -> None:
    """With busy="cancel" a turn takes the place of a reply that is under way, whose reader is told so."""
    conversation = await scene.conversation()
    async with scene.remote.stream(conversation, QUESTION, allow_loss=True) as stream:
        await anext(stream)
        reply = await scene.remote.send(conversation, "Or rather?", busy="cancel", timeout=30, allow_loss=True)
        with expect_error("reading a stream whose place was taken", ConversationBusyError):
            async for _ in stream:
                pass

    said = await scene.said(conversation)
    expect_equal(said.count(("user", "Or rather?")), 1, "times that the turn is stored that took the place")
    expect_equal(said[-1], ("assistant", reply.messages[-1].text), "the last message after a place was taken")


@case("regenerate", "stream", "send")
async def regenerate_comes_piece_by_piece(scene: Scene) -> None:
    """Another answer can be streamed: the same events, and the same effect."""
    conversation = await scene.conversation()
    old = await scene.remote.send(conversation, QUESTION, allow_loss=True)
    before = await scene.messages(conversation)
    async with scene.remote.stream_regenerate(conversation, allow_loss=True) as stream:
        events = [event async for event in stream]

    types = [event.type for event in events]
    expect_equal((types[0], types[-1]), ("reply_started", "reply_completed"), "the first and the last event")
    expect_equal(_said(events), stream.reply.text, "pieces of text, joined")
    await expect_effect(scene, conversation.id, before, old, stream.reply)


def _said(events: list[Event]) -> str:
    return "".join([event.text for event in events if isinstance(event, TextDelta)])


CASES = (
    stream_tells_a_reply_from_start_to_end,
    stream_stores_the_turn_and_its_reply_once,
    stream_is_read_once,
    stream_that_is_not_read_frees_the_conversation,
    stop_by_leaving_early_frees_the_conversation,
    stop_by_cancelling_frees_the_conversation,
    stream_that_is_open_keeps_others_out,
    stream_that_is_open_makes_others_wait,
    stream_that_is_open_gives_way,
    regenerate_comes_piece_by_piece,
)
