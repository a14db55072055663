"""Asking for another answer where the vendor has no call for it: the stored turn is answered again.

The new reply is stored before the old one is deleted, so that a failure never leaves the turn without a reply.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from ..errors import InvalidInputError, NotFoundError, OmnilogueError, OutcomeUnknownError, UnsupportedOperationError
from ..log import logger
from ..model import Effect, Event, Grade, Message, Reply, ReplyCompleted
from ..provider import Turn
from . import fallback
from .account import Account
from .lookback import WINDOW, is_uncertain, unknown
from .reading import newest
from .recovering import Answering, late
from .renewing import NativeRegenerate


@dataclass(frozen=True, slots=True)
class Last:
    """The last reply of a conversation; empty where its last turn has none yet."""

    replies: tuple[Message, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of its messages."""
        return tuple(message.id for message in self.replies if message.id)


def way(
    account: Account, conversation_id: str, message_id: str | None, turn: Turn
) -> SafeRegenerate | NativeRegenerate:
    """Choose the vendor's own way where it has one."""
    is_native = account.provider.features.regenerate.grade is not Grade.UNSUPPORTED
    kind = NativeRegenerate if is_native else SafeRegenerate
    return kind(account, conversation_id, message_id, turn)


class SafeRegenerate(Answering):
    """Another answer to the last turn, from the first attempt to its reply; may be asked again after `busy`."""

    def __init__(self, account: Account, conversation_id: str, message_id: str | None, turn: Turn) -> None:
        super().__init__(account, conversation_id)
        self._message_id = message_id
        self._turn = turn
        self._last: Last | None = None
        self._may_be_answered = False

    async def reply(self) -> Reply:
        """Give another answer. `effect` tells what became of the old one."""
        last = await self._old()
        found = await self._look() if self._may_be_answered else None
        return await _settled(self._account, self._id, last, found or await self._asked())

    async def events(self) -> AsyncGenerator[Event, None]:
        """Give another answer piece by piece; what a vendor cannot stream comes in one piece."""
        last = await self._old()
        if self._may_be_answered and (found := await self._look()) is not None:
            for event in fallback.as_events(await _settled(self._account, self._id, last, found)):
                yield event
            return
        async with aclosing(self._asked_events()) as source:
            async for event in source:
                if isinstance(event, ReplyCompleted):
                    settled = await _settled(self._account, self._id, last, event.reply)
                    yield event.model_copy(update={"reply": settled})
                else:
                    yield event

    async def _old(self) -> Last:
        """Read the old reply, once: what comes later is the new one."""
        if self._last is None:
            self._last = await _last(self._account, self._id, self._message_id)
        return self._last

    async def _attempt(self) -> Reply:
        return await fallback.send(self._account, self._id, self._turn)

    def _attempted_events(self) -> AsyncGenerator[Event, None]:
        return fallback.events(self._account, self._id, self._turn)

    def _note(self, error: OmnilogueError) -> None:
        """What a vendor turns out to be busy with may be the answer to an attempt that was lost."""
        self._may_be_answered = self._may_be_answered or is_uncertain(error)

    async def _after_silence(self, failure: OmnilogueError) -> Reply | None:
        try:
            return await late(self._account, self._look)
        except OutcomeUnknownError:
            raise
        except OmnilogueError as error:
            why = f"and reading back failed: {error.message}"
        raise unknown(self._account, "the new reply", failure, why)

    async def _look(self) -> Reply | None:
        """Look for a reply that was not there before."""
        old = (await self._old()).ids
        messages, _ = await newest(self._account, self._id, WINDOW)
        fresh: list[Message] = []
        for message in reversed(messages):
            if message.role != "assistant" or message.id in old:
                break
            fresh.append(message)
        return fallback.reply_of(fresh[::-1])

    @property
    def _is_stored(self) -> bool:
        return False


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


async def _settled(account: Account, conversation_id: str, last: Last, reply: Reply) -> Reply:
    """Take the old reply away, now that the new one is stored, and tell what became of it."""
    effect: Effect = "new"
    if last.replies:
        effect = "superseded" if await _removed(account, conversation_id, last) else "added"
    return reply.model_copy(update={"effect": effect})


async def _removed(account: Account, conversation_id: str, last: Last) -> bool:
    """Delete the old reply; the new one is stored, so a failure is told and not raised.

    Only by the vendor's own call: to build a whole conversation anew for it would lose more than it brings.
    """
    grade = account.provider.features.delete_message.grade
    if grade not in {Grade.NATIVE, Grade.EMULATED} or "delete_message" in account.refused:
        return False
    gone: list[str] = []
    try:
        for message_id in last.ids:
            await fallback.delete_message(account, conversation_id, message_id)
            gone.append(message_id)
    except OmnilogueError as error:
        logger().warning("old_reply_stays", remote=account.name, code=error.code, missing=gone)
        if isinstance(error, UnsupportedOperationError):
            await _learn(account, conversation_id, last, error)
        return False
    return len(gone) == len(last.replies)


async def _learn(account: Account, conversation_id: str, last: Last, error: UnsupportedOperationError) -> None:
    """Remember that the vendor has no such path, where that is what it means."""
    with suppress(OmnilogueError):
        await fallback.explain_missing_path(account, "delete_message", error, conversation_id, last.ids[0])
