"""Asking for another answer by the vendor's own call, and seeing what it left where it failed.

A vendor may take the old reply away before the new one is there. What is lost on the way is stored again where that can
be done at its place, and named where it cannot.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from ..errors import InvalidInputError, OmnilogueError, OutcomeUnknownError
from ..http.scope import CURRENT
from ..model import Effect, Event, Grade, Message, Reply
from ..provider import Turn
from . import fallback, storing
from .account import Account
from .lookback import WINDOW, unknown
from .reading import newest
from .recovering import late


class NativeRegenerate:
    """One regenerate by the vendor's own call; may be asked again after `busy`."""

    def __init__(self, account: Account, conversation_id: str, message_id: str | None, turn: Turn) -> None:
        self._account = account
        self._id = conversation_id
        self._message_id = message_id
        self._turn = turn
        self._before: list[Message] = []
        self._now: list[Message] = []

    async def reply(self) -> Reply:
        """Give another answer; the provider tells what became of the old one.

        After a lost answer the conversation is read: what can be told to be the new reply is it.
        """
        self._before, _ = await newest(self._account, self._id, WINDOW)
        message_id = self._message_id or self._last_reply()
        try:
            reply = await self._account.provider.regenerate(self._id, message_id, self._turn)
        except OmnilogueError as error:
            if error.outcome not in {"unknown", "applied"} or isinstance(error, OutcomeUnknownError):
                raise
            failure = error
        else:
            CURRENT.get().run_id = None
            return reply
        return await self._mended(message_id, failure)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Give another answer, in one piece."""
        for event in fallback.as_events(await self.reply()):
            yield event

    def _last_reply(self) -> str:
        """Give the id of the last reply. Raises InvalidInputError where there is none."""
        last = self._before[-1] if self._before else None
        if last is None or last.role != "assistant" or last.id is None:
            raise InvalidInputError(f"{self._account.name}:{self._id} has no reply to make again")
        return last.id

    async def _mended(self, message_id: str, failure: OmnilogueError) -> Reply:
        """Find the new reply, else see that the old one is there. Raises what went wrong, with what is missing."""
        old = _reply_at(message_id, self._before)
        try:
            found = await late(self._account, lambda: self._look(old))
        except OmnilogueError as error:
            raise unknown(
                self._account, "the regenerate", failure, f"and reading back failed: {error.message}"
            ) from None
        if found is not None and failure.outcome == "unknown":
            return found
        if found is None and (missing := self._missing(old)):
            CURRENT.get().left_over = await self._restored(old, missing)
        if failure.outcome == "applied":
            raise failure
        raise unknown(self._account, "the regenerate", failure, "another answer cannot be told from the old one")

    async def _look(self, old: Sequence[Message]) -> Reply | None:
        """Look for a reply that was not there, or for another text in the old one's place."""
        self._now, _ = await newest(self._account, self._id, 2 * WINDOW)
        texts = {message.id: message.text for message in self._before}
        fresh = [one for one in self._now if one.role == "assistant" and one.id not in texts]
        changed = [one for one in self._now if one.id in {each.id for each in old} and texts[one.id] != one.text]
        reply = fallback.reply_of(fresh[-1:] or changed)
        effect: Effect = "superseded" if self._missing(old) else "added" if old else "new"
        return reply.model_copy(update={"effect": effect if fresh else "replaced"}) if reply else None

    def _missing(self, old: Sequence[Message]) -> list[Message]:
        """Give those messages of the old reply that are gone."""
        there = {message.id for message in self._now}
        return [message for message in old if message.id not in there]

    async def _restored(self, old: Sequence[Message], missing: Sequence[Message]) -> str:
        """Store again what is gone, where it stood last; tell what became of it, in words for a hint."""
        ids = ", ".join(message.id or "" for message in missing)
        is_last = list(missing) == list(old) == self._before[-len(old) :]
        is_place = is_last and [one.id for one in self._now[-1:]] == [one.id for one in self._before[: -len(old)][-1:]]
        grade = self._account.provider.features.append_assistant.grade
        if is_place and grade in {Grade.NATIVE, Grade.EMULATED}:
            again = [Message(role="assistant", parts=one.parts, metadata=one.metadata) for one in missing]
            try:
                stored = await storing.append(self._account, self._id, again)
            except OmnilogueError as error:
                return f"the old reply {ids} is gone and could not be stored again: {error.message}"
            return f"the old reply {ids} was lost and is stored again as {', '.join(one.id or '' for one in stored)}"
        return f"the old reply {ids} is gone, and no new one has come"


def _reply_at(message_id: str, messages: Sequence[Message]) -> list[Message]:
    """Give the reply a message belongs to: itself, or what answers it; nothing where it is not among these."""
    place = next((place for place, message in enumerate(messages) if message.id == message_id), None)
    if place is None:
        return []
    if messages[place].role == "assistant":
        return [messages[place]]
    follows = messages[place + 1 : place + 2]
    return [message for message in follows if message.role == "assistant"]
