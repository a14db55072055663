"""Having a reply made again: https://docs.ichati.cn/backend/chat.

The page tells neither which message of the pair is meant nor what becomes of the old reply, so the other message is
tried once where one is refused, and the effect is told from what the topic shows before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from omnilogue.errors import BadRequestError, NotFoundError
from omnilogue.model import Effect, Reply
from omnilogue.provider import Turn

from .asking import fields_of
from .calls import Calls
from .mapping import message_of, number_of, role_of, spoken
from .replies import Heard
from .settings import IChatiSettings, Target
from .tail import Tail
from .topics import Topics
from .wire import MessageRow


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its reply; one of them may be missing."""

    user: MessageRow | None
    assistant: MessageRow | None

    @classmethod
    def around(cls, message_id: str, rows: Sequence[MessageRow]) -> Pair:
        """Find the pair a message belongs to. Raises NotFoundError where there is no such message."""
        place = next((place for place, row in enumerate(rows) if row.id == message_id), None)
        if place is None:
            raise NotFoundError(f"the conversation has no message {message_id}", outcome="not_sent")
        if _is(rows[place], "user"):
            follows = rows[place + 1] if place + 1 < len(rows) else None
            return cls(rows[place], follows if follows is not None and _is(follows, "assistant") else None)
        return cls(next((row for row in reversed(rows[:place]) if _is(row, "user")), None), rows[place])

    def targets(self, first: Target) -> list[int]:
        """Give the ids to try, in order."""
        rows = [self.assistant, self.user] if first == "assistant" else [self.user, self.assistant]
        return [number_of(row.id, "message") for row in rows if row is not None]


class Regenerating:
    """Regenerate, by the vendor's own call."""

    def __init__(self, calls: Calls, topics: Topics, settings: IChatiSettings) -> None:
        self._calls = calls
        self._topics = topics
        self._settings = settings

    async def regenerate(self, conversation_id: str, message_id: str, turn: Turn) -> Reply:
        """Have a reply made again; the effect is told from what is seen."""
        fields = fields_of(turn, self._settings)
        topic_id = number_of(conversation_id, "conversation")
        number_of(message_id, "message")
        before = await self._calls.messages(topic_id)
        pair = Pair.around(message_id, before)
        body = {"seriesId": await self._topics.series(topic_id), **fields}
        body = {name: value for name, value in body.items() if value is not None}
        heard, tail = await self._asked(topic_id, pair.targets(self._settings.regenerate_target), body)
        after = await self._calls.messages(topic_id)
        self._topics.saw(topic_id, after)
        return _told(heard, tail, Seen(pair.assistant, before, after), str(topic_id), str(body["modelId"]))

    async def _asked(self, topic_id: int, targets: Sequence[int], body: dict[str, Any]) -> tuple[Heard, Tail | None]:
        """Ask with the first target, once more with the other where that one is refused; the first refusal counts."""
        refused: BadRequestError | NotFoundError | None = None
        for target in targets:
            heard = Heard(topic_id)
            try:
                async with aclosing(heard.listen(self._calls.regenerate(topic_id, target, body))) as pieces:
                    async for _ in pieces:
                        pass
                tail = heard.end()
            except (BadRequestError, NotFoundError) as error:
                refused = refused or error
                continue
            if heard.broken is not None:
                raise heard.interrupted()
            return heard, tail
        assert refused is not None  # noqa: S101  # there is always a target
        raise refused


@dataclass(frozen=True, slots=True)
class Seen:
    """The old reply, and the messages before and after it was made again."""

    old: MessageRow | None
    before: Sequence[MessageRow]
    after: Sequence[MessageRow]

    def made(self, tail: Tail | None) -> MessageRow | None:
        """Find the new reply: one that was not there, else the old one with another text or named by the tail."""
        known = {row.id for row in self.before}
        named = tail.assistant_id if tail else None
        fresh = [row for row in self.after if row.id not in known and _is(row, "assistant")]
        if fresh:
            return next((row for row in fresh if row.id == named), fresh[-1])
        now = next((row for row in self.after if self.old is not None and row.id == self.old.id), None)
        if now is None or self.old is None or (now.message == self.old.message and now.id != named):
            return None
        return now

    def effect(self, new_id: str | None) -> Effect:
        """Tell what became of the old reply."""
        if self.old is None:
            return "new"
        if new_id == self.old.id:
            return "replaced"
        return "added" if any(row.id == self.old.id for row in self.after) else "superseded"


def _told(heard: Heard, tail: Tail | None, seen: Seen, topic_id: str, model: str) -> Reply:
    """Give the reply as it is stored, else as it was heard with its tail."""
    row = seen.made(tail)
    if row is not None:
        message = message_of(row, topic_id, model=model)
    elif tail is not None:
        message = spoken(heard.text, tail, topic_id, model)
    else:
        raise heard.interrupted()
    return Reply(messages=(message,), effect=seen.effect(message.id))


def _is(row: MessageRow, role: str) -> bool:
    return role_of(row.type) == role
