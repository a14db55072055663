"""Asking for another answer where the vendor has no call for it: the stored turn is answered again.

The new reply is stored before the old one is deleted, so that a failure never leaves the turn without a reply.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from ..errors import InvalidInputError, NotFoundError, OmnilogueError, OutcomeUnknownError, UnsupportedOperationError
from ..log import logger
from ..model import Effect, Event, Grade, Message, Reply, ReplyCompleted
from ..provider import Turn
from . import fallback
from .account import Account
from .lookback import WINDOW, is_uncertain, reconciled, unknown
from .reading import newest


@dataclass(frozen=True, slots=True)
class Last:
    """The last reply of a conversation; empty where its last turn has none yet."""

    replies: tuple[Message, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of its messages."""
        return tuple(message.id for message in self.replies if message.id)


async def regenerate(account: Account, conversation_id: str, message_id: str | None, turn: Turn) -> Reply:
    """Give another answer. `effect` tells what became of the old one."""
    if account.provider.features.regenerate.grade is not Grade.UNSUPPORTED:
        return await _native(account, conversation_id, message_id, turn)
    last = await _last(account, conversation_id, message_id)
    reply = await reconciled(
        account,
        lambda: fallback.send(account, conversation_id, turn),
        lambda: _newer(account, conversation_id, last),
        "the new reply",
    )
    return await _settled(account, conversation_id, last, reply)


async def events(
    account: Account, conversation_id: str, message_id: str | None, turn: Turn
) -> AsyncGenerator[Event, None]:
    """Give another answer piece by piece; what a vendor cannot stream comes in one piece."""
    if account.provider.features.regenerate.grade is not Grade.UNSUPPORTED:
        reply = await _native(account, conversation_id, message_id, turn)
        for event in fallback.as_events(reply):
            yield event
        return
    last = await _last(account, conversation_id, message_id)
    async with aclosing(fallback.events(account, conversation_id, turn)) as source:
        async for event in source:
            if isinstance(event, ReplyCompleted):
                settled = await _settled(account, conversation_id, last, event.reply)
                yield event.model_copy(update={"reply": settled})
            else:
                yield event


async def _native(account: Account, conversation_id: str, message_id: str | None, turn: Turn) -> Reply:
    if message_id is None:
        last = await _last(account, conversation_id, None)
        if not last.ids:
            raise InvalidInputError(f"{account.name}:{conversation_id} has no reply to make again")
        message_id = last.ids[-1]
    try:
        return await account.provider.regenerate(conversation_id, message_id, turn)
    except OmnilogueError as error:
        if not is_uncertain(error) or isinstance(error, OutcomeUnknownError):
            raise
        failure = error
    raise unknown(account, "the regenerate", failure, "another answer cannot be told from the old one")


async def _last(account: Account, conversation_id: str, message_id: str | None) -> Last:
    """Find the last reply. Raises where there is no turn to answer, or another message is meant."""
    messages, is_all = await newest(account, conversation_id, WINDOW)
    start = len(messages)
    while start and messages[start - 1].role == "assistant":
        start -= 1
    if not start or not messages:
        raise InvalidInputError(
            f"{account.name}:{conversation_id} has no message to answer", hint="send or append one first"
        )
    last = Last(tuple(messages[start:]))
    if message_id is not None and message_id not in last.ids:
        _refuse(account, conversation_id, message_id, messages, is_all=is_all)
    return last


def _refuse(
    account: Account, conversation_id: str, message_id: str, messages: Sequence[Message], *, is_all: bool
) -> None:
    if is_all and all(message.id != message_id for message in messages):
        raise NotFoundError(f"{account.name}:{conversation_id} has no message {message_id!r}")
    raise UnsupportedOperationError(
        f"{account.name}:{conversation_id}: only the last reply can be made again, and {message_id!r} is not it",
        outcome="not_sent",
        hint="leave the message out",
    )


async def _newer(account: Account, conversation_id: str, last: Last) -> Reply | None:
    """Look for a reply that was not there before."""
    messages, _ = await newest(account, conversation_id, WINDOW)
    fresh: list[Message] = []
    for message in reversed(messages):
        if message.role != "assistant" or message.id in last.ids:
            break
        fresh.append(message)
    return fallback.reply_of(fresh[::-1])


async def _settled(account: Account, conversation_id: str, last: Last, reply: Reply) -> Reply:
    """Take the old reply away, now that the new one is stored, and tell what became of it."""
    effect: Effect = "new"
    if last.ids:
        effect = "superseded" if await _removed(account, conversation_id, last) else "added"
    return reply.model_copy(update={"effect": effect})


async def _removed(account: Account, conversation_id: str, last: Last) -> bool:
    """Delete the old reply; the new one is stored, so a failure is told and not raised."""
    if account.provider.features.delete_message.grade not in {Grade.NATIVE, Grade.EMULATED}:
        return False
    try:
        for message_id in last.ids:
            await fallback.delete_message(account, conversation_id, message_id)
    except OmnilogueError as error:
        logger().warning("old_reply_stays", remote=account.name, code=error.code)
        return False
    return True
