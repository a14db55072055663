"""A reply on its way in: text as it comes, and at the end its tail or what came in its place."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager

from omnilogue.errors import Outcome, ProtocolError, StreamInterruptedError
from omnilogue.http import TextStream
from omnilogue.model import Message, Reply

from .refusals import error_in, may_be_error
from .tail import Splitter, Tail


class Heard:
    """What was heard of one reply.

    `said` is the text that was given out; `broken` is how the connection ended where it did not end well.
    """

    def __init__(self, topic_id: int) -> None:
        self.broken: StreamInterruptedError | None = None
        self._topic_id = str(topic_id)
        self._splitter = Splitter()
        self._said: list[str] = []
        self._begun = ""
        self._is_reply = False
        self._content_type = ""
        self._rest = ""

    @property
    def said(self) -> str:
        """The text that was given out piece by piece."""
        return "".join(self._said)

    @property
    def text(self) -> str:
        """All text that came; without a tail, also what could have been one."""
        return self.said + self._rest

    async def listen(self, opening: AbstractAsyncContextManager[TextStream]) -> AsyncGenerator[str, None]:
        """Give the text as it comes. A connection that breaks ends it, and is kept in `broken`."""
        try:
            async with opening as stream:
                self._content_type = stream.content_type
                async for piece in stream:
                    if text := self._take(piece):
                        self._said.append(text)
                        yield text
        except StreamInterruptedError as error:
            self.broken = error

    def _take(self, piece: str) -> str:
        """Hold back what may be an error told as text, then what may be the tail."""
        if not self._is_reply:
            self._begun += piece
            if may_be_error(self._begun):
                return ""
            self._is_reply, piece, self._begun = True, self._begun, ""
        return self._splitter.feed(piece)

    def end(self) -> Tail | None:
        """Give the tail, None where there is none.

        Raises the error that came in place of a reply, and ProtocolError for the reply of another topic.
        """
        begun, self._begun = self._begun, ""
        rest, tail = self._splitter.end() if self._is_reply else _split(begun)
        self._rest = rest
        if self.broken is None and tail is None:
            is_json = self._content_type.lower().startswith("application/json")
            if error := error_in(self.text, is_json=is_json):
                raise error
        if self.broken is None and tail is not None and tail.topic_id != self._topic_id:
            raise ProtocolError(
                f"the reply is of topic {tail.topic_id}, and topic {self._topic_id} was asked",
                outcome="unknown",
                partial=self.partial(),
                hint="look at the conversation before you send again",
            )
        return tail

    def partial(self) -> Reply:
        """Give what came of a reply that did not come whole."""
        message = Message.assistant(self.text).model_copy(
            update={"conversation_id": self._topic_id, "status": "partial"}
        )
        return Reply(messages=(message,), status="partial")

    def interrupted(self, outcome: Outcome = "unknown") -> StreamInterruptedError:
        """Make the error for a reply without an end; `partial` holds what came."""
        error = self.broken or StreamInterruptedError(
            "the reply ended without its tail, and the conversation does not show it", retryable=True
        )
        error.outcome, error.partial = outcome, self.partial()
        return error


def _split(body: str) -> tuple[str, Tail | None]:
    splitter = Splitter()
    text = splitter.feed(body)
    rest, tail = splitter.end()
    return text + rest, tail
