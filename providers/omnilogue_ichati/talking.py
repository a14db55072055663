"""Sending a turn and taking its reply: https://docs.ichati.cn/backend/chat.

The tail of a reply tells the ids of both messages. Where it is missing the topic is read: the one pair that came since
and says what was asked is the reply.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from omnilogue.errors import StreamInterruptedError
from omnilogue.model import Event, Message, Reply, ReplyCompleted, TextDelta
from omnilogue.provider import Turn

from .asking import fields_of
from .calls import Calls
from .mapping import is_same_text, message_of, number_of, role_of, spoken, text_of
from .replies import Heard
from .settings import IChatiSettings
from .tail import Tail
from .topics import Topics, number_in
from .wire import MessageRow


@dataclass(frozen=True, slots=True)
class Run:
    """One turn on its way: what is sent, and the newest message there was before."""

    topic_id: int
    body: dict[str, Any]
    newest: int

    @property
    def model(self) -> str:
        """The model that was asked; the vendor keeps none with a message."""
        return str(self.body["modelId"])


class Talking:
    """Send and stream."""

    def __init__(self, calls: Calls, topics: Topics, settings: IChatiSettings) -> None:
        self._calls = calls
        self._topics = topics
        self._settings = settings

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        """Have a turn answered in one piece."""
        run = await self._begin(conversation_id, turn)
        heard = Heard(run.topic_id)
        async with aclosing(heard.listen(self._calls.send(run.topic_id, run.body))) as pieces:
            async for _ in pieces:
                pass
        return await self._end(run, heard)

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncGenerator[Event, None]:
        """Have a turn answered piece by piece; whoever leaves early closes the connection."""
        run = await self._begin(conversation_id, turn)
        heard = Heard(run.topic_id)
        async with aclosing(heard.listen(self._calls.send(run.topic_id, run.body))) as pieces:
            async for piece in pieces:
                yield TextDelta(text=piece)
        reply = await self._end(run, heard)
        if not reply.text.startswith(heard.said):
            raise _otherwise(heard, reply)
        if rest := reply.text[len(heard.said) :]:
            yield TextDelta(text=rest)
        yield ReplyCompleted(reply=reply)

    async def _begin(self, conversation_id: str, turn: Turn) -> Run:
        """See what can be wrong with a turn, then learn what must be known of its topic."""
        text, fields = text_of(turn.parts), fields_of(turn, self._settings)
        topic_id = number_of(conversation_id, "conversation")
        newest = await self._topics.newest(topic_id)
        body = {"seriesId": await self._topics.series(topic_id), "message": text, **fields}
        self._topics.forget(topic_id)  # until the reply is there nobody knows what is newest
        return Run(topic_id, {name: value for name, value in body.items() if value is not None}, newest)

    async def _end(self, run: Run, heard: Heard) -> Reply:
        """Give the reply, as it was heard with its tail, else as it is stored."""
        tail = heard.end()
        if tail is not None and heard.broken is None:
            message = spoken(heard.text, tail, tail.topic_id, run.model)
        else:
            message = await self._stored(run, heard, tail)
        self._topics.saw_reply(run.topic_id, message.id or "")
        return Reply(messages=(message,))

    async def _stored(self, run: Run, heard: Heard, tail: Tail | None) -> Message:
        """Find the reply among what was stored since. Raises StreamInterruptedError where it is not there.

        Where the connection broke, what looks like the tail may be the model's own words: only the topic can tell.
        """
        if heard.broken is not None and tail is None:
            raise heard.interrupted()
        found = answers_to(run.body["message"], await self._calls.messages(run.topic_id), after=run.newest)
        if tail is not None:
            found = [row for row in found if (row.id, row.message) == (tail.assistant_id, heard.text)]
        if len(found) != 1:
            raise heard.interrupted()
        return message_of(found[0], str(run.topic_id), model=run.model)


def _otherwise(heard: Heard, reply: Reply) -> StreamInterruptedError:
    """Make the error for a reply that is stored otherwise than it was shown."""
    error = heard.interrupted("applied")
    error.hint = f"read what it stored, message {reply.messages[0].id}; do not send the turn again"
    return error


def answers_to(text: str, rows: Sequence[MessageRow], *, after: int) -> list[MessageRow]:
    """Give the replies to this text among messages that came later than the message `after`."""
    since = [row for row in rows if number_in(row.id) > after]
    return [
        reply
        for asked, reply in pairwise(since)
        if (role_of(asked.type), role_of(reply.type)) == ("user", "assistant") and is_same_text(asked.message, text)
    ]
