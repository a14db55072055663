"""Having a turn answered piece by piece. No page describes it: this is what public code sends and reads.

The last event does not hold the whole reply, so that is read from the conversation when the run has ended; what the
stream did not show of it comes then.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from omnilogue.errors import (
    OmnilogueError,
    OutcomeUnknownError,
    StreamInterruptedError,
    UnsupportedOperationError,
)
from omnilogue.model import AudioPart, Event, FilePart, Reply, ReplyCompleted, ToolCallRequested
from omnilogue.provider import Turn

from .assistants import Assistants
from .calls import Calls
from .citations import has_citations
from .following import ENDED
from .hearing import Heard
from .mapping import stream_messages
from .options import options_of
from .refusals import NEEDS_TOOLS
from .running import Running, new_mark

TEXT, WITH_VOICE = 1, 2
"""What public code sends as `stream`: for text alone, and for text with a voice."""


class Streaming:
    """Sends a turn and gives the events of its reply."""

    def __init__(self, calls: Calls, running: Running, assistants: Assistants) -> None:
        self._calls = calls
        self._running = running
        self._assistants = assistants

    async def stream(self, thread_id: str, turn: Turn) -> AsyncGenerator[Event, None]:
        """Store and run the turn in one call.

        A turn without parts is answered in one piece, because nobody knows whether the call takes it; so is one
        with files or citations, because messages in this call have neither `file_ids` nor metadata.
        """
        heard = Heard(media_type=options_of(turn).media_type, is_spoken=is_spoken(turn))
        is_whole = True
        if is_streamed(turn):
            async with aclosing(self._told(thread_id, turn, heard)) as events:
                async for event in events:
                    yield event
            assert heard.run is not None  # noqa: S101  # it would have raised
            is_whole = heard.is_over
            followed = self._running.follow(thread_id, heard.run)
            if heard.run.status not in ENDED and heard.run.status != NEEDS_TOOLS:
                await followed.look()
        else:
            followed = await self._running.begin(thread_id, turn)
            heard.run = followed.run
        async with aclosing(followed.to_the_end(turn.tools)) as calls:
            async for call in calls:
                yield ToolCallRequested(call=call, run_id=followed.run.id)
        reply = await self._running.reply(followed)
        if needs_voice(turn) and not is_whole:
            reply = reply.model_copy(update={"status": "partial"})  # all of the text, and not all of the voice
        for rest in heard.rest(reply):
            yield rest

    async def send(self, thread_id: str, turn: Turn) -> Reply:
        """Do the same and give the reply, for a turn or a reply that is spoken.

        Messages of this call have no metadata: where the vendor cannot tell what became of the turn, nobody can.
        """
        try:
            async with aclosing(self.stream(thread_id, turn)) as events:
                async for event in events:
                    if isinstance(event, ReplyCompleted):
                        return event.reply
        except OmnilogueError as error:
            if error.outcome != "unknown" or isinstance(error, OutcomeUnknownError):
                raise
            failure = error
        raise _unknown(failure)

    async def _told(self, thread_id: str, turn: Turn, heard: Heard) -> AsyncGenerator[Event, None]:
        """Give what the stream tells until its end, or until it breaks: the run goes on, and what it says is stored.

        A stream that broke before it named its run is told by the run's mark, where it has one.
        """
        body, mark = await self._body(turn), new_mark() if is_marked(turn) else None
        failure: OmnilogueError | None = None
        try:
            async with self._calls.stream_run({**body, "thread_id": thread_id, **_marked(mark)}) as events:
                async for told in events:
                    for piece in heard.take(told.data):
                        yield piece
                    if heard.is_over:
                        return
        except OmnilogueError as error:
            is_broken = isinstance(error, StreamInterruptedError)
            if not is_broken and (error.outcome != "unknown" or heard.run is not None):
                raise
            failure = error
        if heard.run is None:
            failure = failure or StreamInterruptedError(
                "the stream ended before it named its run", outcome="unknown", retryable=True
            )
            heard.run = await self._running.find(thread_id, mark) if mark else None
            if heard.run is None:
                raise _unknown(failure) if is_spoken(turn) else failure

    async def _body(self, turn: Turn) -> dict[str, Any]:
        options = options_of(turn)
        fields = await self._assistants.run_fields(turn, options)
        return {
            "stream": WITH_VOICE if needs_voice(turn) else TEXT,
            **fields,
            **options.stream_fields(),
            "messages": stream_messages(turn.parts),
        }


def is_spoken(turn: Turn) -> bool:
    """Whether the turn is a recording, at least in part."""
    return any(isinstance(part, AudioPart) for part in turn.parts)


def needs_voice(turn: Turn) -> bool:
    """Whether turn or reply are spoken, which only a stream can do."""
    return is_spoken(turn) or options_of(turn).wants_voice


def is_marked(turn: Turn) -> bool:
    """Whether the run gets a mark: where its turn cannot be told by its text, or where it may wait for tools."""
    return bool(turn.tools) or needs_voice(turn)


def is_streamed(turn: Turn) -> bool:
    """Whether the call that streams can have this turn. Raises UnsupportedOperationError for a voice it cannot have."""
    is_plain = bool(turn.parts) and not has_citations(turn.parts)
    is_plain = is_plain and not any(isinstance(part, FilePart) for part in turn.parts)
    metadata = [key for key in turn.metadata if not key.startswith("_omnilogue")]
    if needs_voice(turn) and (not is_plain or metadata):
        raise UnsupportedOperationError(
            "MiniMax streams voice only for turns without files, citations and metadata, and not for what is stored",
            outcome="not_sent",
        )
    return is_plain


def _marked(mark: Mapping[str, str] | None) -> dict[str, Any]:
    return {"metadata": mark} if mark else {}


def _unknown(failure: OmnilogueError) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"the turn may or may not have been stored: {failure.message}; a recording cannot be told from another",
        outcome="unknown",
        endpoint=failure.endpoint,
        http_status=failure.http_status,
        attempts=failure.attempts,
        hint="look at the conversation before you send it again",
    )
