"""Verbs made of provider calls, for what a provider has not itself; each is made once, here, for all."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from copy import copy

from ..errors import NotFoundError, StreamInterruptedError, UnsupportedOperationError
from ..http.scope import CURRENT, note_run
from ..model import (
    Conversation,
    Event,
    Grade,
    Message,
    Reply,
    ReplyCompleted,
    Status,
    TextDelta,
    ToolCallPart,
    ToolCallRequested,
)
from ..provider import Query, Turn
from . import markers
from .account import Account
from .keeping import Keeping
from .reading import conversations_plan, messages_plan, ordered_pages


def _native(account: Account, operation: str) -> bool:
    return account.provider.features[operation].grade is not Grade.UNSUPPORTED


async def conversation(account: Account, conversation_id: str) -> Conversation:
    """Give one conversation, by walking the list where the vendor has no call for it."""
    if _native(account, "get_conversation"):
        return await account.provider.get_conversation(conversation_id)
    plan = conversations_plan(account, Query())
    async with aclosing(ordered_pages(plan)) as pages:
        async for items in pages:
            for item in items:
                if item.id == conversation_id:
                    return item
    raise _no_conversation(account, conversation_id)


async def message(account: Account, conversation_id: str, message_id: str) -> Message:
    """Give one message, by walking the messages where the vendor has no call for it."""
    if _native(account, "get_message"):
        return await account.provider.get_message(conversation_id, message_id)
    orders = account.features.list_messages.limits.order or ()
    plan = messages_plan(account, conversation_id, Query(order="desc" if "desc" in orders else "asc"))
    async with aclosing(ordered_pages(plan)) as pages:
        async for items in pages:
            for item in items:
                if item.id == message_id:
                    return item
    raise NotFoundError(
        f"{account.name}:{conversation_id} has no message {message_id!r}", hint="`omnilogue ls` shows its messages"
    )


def explain_old_id(account: Account, error: NotFoundError, conversation_id: str, message_id: str) -> None:
    """Say on an error that the message has another id since the conversation was built anew."""
    if isinstance(account.provider, Keeping):
        with suppress(KeyError):
            now = account.provider.kept.became(conversation_id, message_id)
            told = f"it is {now!r} now" if now else "it was left out"
            error.hint = f"the conversation was built anew, and {told}; Change.id_map told so"


async def require_message(account: Account, operation: str, conversation_id: str, message_id: str) -> None:
    """See that the message is in this conversation, where the vendor would change it in any. Raises NotFoundError."""
    if account.features[operation].limits.bare_ids:
        await message(account, conversation_id, message_id)


async def clear(account: Account, conversation_id: str) -> None:
    """Remove all messages, one by one where the vendor has no call for it."""
    if _native(account, "clear_messages"):
        await account.provider.clear_messages(conversation_id)
        return
    plan = messages_plan(account, conversation_id, Query(order="asc", branches=True))
    ids = [item.id async for items in ordered_pages(plan) for item in items]
    for message_id in reversed(ids):
        await delete_message(account, conversation_id, message_id or "")


async def delete_message(account: Account, conversation_id: str, message_id: str) -> None:
    """Delete one message; where an earlier attempt of the same request may have done it, gone is done."""
    try:
        await account.provider.delete_message(conversation_id, message_id)
    except NotFoundError as error:
        if error.outcome != "applied":
            raise


async def delete_conversation(account: Account, conversation_id: str) -> None:
    """Delete a conversation; where an earlier attempt of the same request may have done it, gone is done."""
    try:
        await account.provider.delete_conversation(conversation_id)
    except NotFoundError as error:
        if error.outcome != "applied":
            raise


async def send(account: Account, conversation_id: str, turn: Turn) -> Reply:
    """Have a turn answered, by reading a stream to its end where the provider only streams."""
    if _native(account, "send"):
        reply = await account.provider.send(conversation_id, turn)
        CURRENT.get().run_id = None
        return reply
    async with aclosing(events(account, conversation_id, turn)) as source:
        async for event in source:
            if isinstance(event, ReplyCompleted):
                return event.reply
    raise StreamInterruptedError("the stream ended without a reply", outcome="unknown")


async def events(account: Account, conversation_id: str, turn: Turn) -> AsyncGenerator[Event, None]:
    """Have a turn answered piece by piece, in one piece where the provider cannot stream."""
    if not _native(account, "stream"):
        for event in as_events(await send(account, conversation_id, turn)):
            yield event
        return
    source = account.provider.stream(conversation_id, turn)
    try:
        async for event in source:
            if isinstance(event, ReplyCompleted):
                CURRENT.get().run_id = None
            elif event.run_id is not None:
                note_run(event.run_id)
            yield event
    finally:
        if isinstance(source, AsyncGenerator):
            await source.aclose()


async def explain_missing_path(
    account: Account,
    operation: str,
    error: UnsupportedOperationError,
    conversation_id: str,
    message_id: str | None,
) -> None:
    """Tell a path that is missing from an object that is: both answer 404 where the vendor documents nothing.

    Raises NotFoundError for the object. For the path, the operation is refused from now on without a request.
    """
    if error.http_status not in {404, 405}:
        return
    if error.http_status == 404 and message_id is not None:
        await message(account, conversation_id, message_id)
    elif error.http_status == 404:
        await conversation(account, conversation_id)
    account.refused[operation] = copy(error)  # without its traceback, which would keep what was written


def as_events(reply: Reply, attempt: int = 1, *, after: str | None = None) -> list[Event]:
    """Give a whole reply as the events of a stream, or what is left of it `after` what was shown."""
    rest = reply.text if after is None else reply.text.removeprefix(after)
    parts = [part for message in reply.messages for part in message.parts] if after is None else []
    calls = [part for part in parts if isinstance(part, ToolCallPart)]
    events: list[Event] = [ToolCallRequested(call=call, run_id=reply.run_id, attempt=attempt) for call in calls]
    if rest or after is None:
        events.append(TextDelta(text=rest, run_id=reply.run_id, attempt=attempt))
    return [*events, ReplyCompleted(reply=reply, run_id=reply.run_id, attempt=attempt)]


def reply_of(answers: Sequence[Message]) -> Reply | None:
    """Make a reply of assistant messages read back, None where there are none."""
    messages = tuple(markers.strip(message) for message in answers)
    if not messages:
        return None
    status: Status = next((message.status for message in messages if message.status != "complete"), "complete")
    return Reply(messages=messages, run_id=messages[-1].run_id, usage=messages[-1].usage, status=status)


def _no_conversation(account: Account, conversation_id: str) -> NotFoundError:
    return NotFoundError(
        f"{account.name} has no conversation {conversation_id!r}", hint=f"`omnilogue ls {account.name}:` shows them"
    )
