"""Having a turn answered piece by piece. No page describes it: this is what public code sends and reads.

The last event does not hold the whole reply, so that is read from the conversation when the run has ended; what the
stream did not show of it comes then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from omnilogue.errors import ProtocolError, StreamInterruptedError
from omnilogue.model import CitationFound, Event, Reply, ReplyCompleted, TextDelta, TextPart
from omnilogue.provider import Turn, note_run

from .assistants import Assistants
from .calls import Calls
from .citations import has_citations
from .mapping import role_of, text_of, texts_in
from .refusals import says_success, stream_failure
from .running import ENDED, Running
from .wire import STREAM_EVENT, Run, StreamObject

TEXT = 1
"""What public code sends as `stream` for text alone; as `type` of a message it is inferred."""


class Streaming:
    """Sends a turn and gives the events of its reply."""

    def __init__(self, calls: Calls, running: Running, assistants: Assistants) -> None:
        self._calls = calls
        self._running = running
        self._assistants = assistants

    async def stream(self, thread_id: str, turn: Turn) -> AsyncIterator[Event]:
        """Store and run the turn in one call.

        A turn without parts is answered in one piece, because nobody knows whether the call takes it; so is one
        with citations, which are noted in metadata, and messages in this call have none.
        """
        heard = Heard()
        if not turn.parts or has_citations(turn.parts):
            for event in heard.rest(await self._running.send(thread_id, turn)):
                yield event
            return
        message = {"type": TEXT, "role": "user", "content": text_of(turn.parts)}
        fields = await self._assistants.run_fields(turn)
        body = {"stream": TEXT, "thread_id": thread_id, **fields, "messages": [message]}
        try:
            async with self._calls.stream_run(body) as events:
                async for told in events:
                    for piece in heard.take(told.data):
                        yield piece
                    if heard.is_over:
                        break
        except StreamInterruptedError:
            if heard.run is None:
                raise
            # The run goes on without its stream, and what it says is stored.
        for rest in heard.rest(await self._whole(thread_id, heard.run)):
            yield rest

    async def _whole(self, thread_id: str, run: Run | None) -> Reply:
        """Give the reply when the stream has ended, with or without the end of its run."""
        if run is None:
            raise StreamInterruptedError("the stream ended before it named its run", outcome="unknown", retryable=True)
        if run.status not in ENDED:
            run = await self._calls.run(thread_id, run.id)
        return await self._running.reply(thread_id, run)


class Heard:
    """What has come of a stream so far."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.is_over = False
        self._said: list[str] = []
        self._texts: dict[str, _Text] = {}

    def take(self, data: bytes) -> list[Event]:
        """Take one event. Raises the error it tells, or ProtocolError for what is no event."""
        try:
            event = STREAM_EVENT.validate_json(data)
        except ValueError:
            raise ProtocolError(
                "an event of the stream cannot be read", outcome="applied" if self.run else "unknown"
            ) from None
        if event.data is not None:
            self._note_run(event.data)
        if event.base_resp and (failure := stream_failure(event.base_resp, is_running=self.run is not None)):
            raise failure
        if says_success(event.base_resp) and event.data is None:
            self.is_over = True
        return self._message(event.data) if event.data is not None else []

    def _note_run(self, told: StreamObject) -> None:
        """Keep what an event tells of the run; messages name theirs too, in case no event is the run's own."""
        kind = told.object or ""
        if kind.endswith("run") and told.id:
            self.run = Run(id=told.id, status=told.status or "", created_at=told.created_at, last_error=told.last_error)
            self.is_over = self.run.status in ENDED
        elif kind.endswith("message") and told.run_id and self.run is None:
            self.run = Run(id=told.run_id, status="")
        if self.run is not None:
            note_run(self.run.id)

    def _message(self, told: StreamObject) -> list[Event]:
        if not (told.object or "").endswith("message") or role_of(told.role) != "assistant":
            return []
        text = self._texts.setdefault(told.id or "", _Text()).add(texts_in(told.content))
        if not text:
            return []
        self._said.append(text)
        return [TextDelta(text=text, run_id=self.run.id if self.run else None)]

    def rest(self, reply: Reply) -> Iterator[Event]:
        """Give what the stream did not show of a reply: text that is missing at its end, citations, the end."""
        said = "".join(self._said)
        if reply.text.startswith(said) and reply.text != said:
            yield TextDelta(text=reply.text.removeprefix(said), run_id=reply.run_id)
        for message in reply.messages:
            for part in message.parts:
                for citation in part.citations if isinstance(part, TextPart) else ():
                    yield CitationFound(citation=citation, run_id=reply.run_id)
        yield ReplyCompleted(reply=reply, run_id=reply.run_id)


class _Text:
    """The text of one message. Public code joins the pieces; a vendor that repeats all there is so far is seen here."""

    def __init__(self) -> None:
        self._all = ""
        self._is_cumulative: bool | None = None

    def add(self, value: str) -> str:
        """Take a value and give what is new in it. The second one tells which of the two ways it is."""
        if self._all and value and self._is_cumulative is None:
            self._is_cumulative = value.startswith(self._all) and len(value) > len(self._all)
        if self._is_cumulative and value.startswith(self._all):
            value = value[len(self._all) :]
        elif self._is_cumulative and self._all.startswith(value):
            value = ""
        self._all += value
        return value
