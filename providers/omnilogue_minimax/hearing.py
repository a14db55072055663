"""What a stream tells, event by event: text, voice, the run and its end. No page describes it, only public code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omnilogue.errors import ProtocolError
from omnilogue.model import (
    INLINE_BYTES,
    AudioDelta,
    AudioPart,
    CitationFound,
    Event,
    Reply,
    ReplyCompleted,
    TextDelta,
    TextPart,
    Transcript,
)
from omnilogue.provider import note_run

from .following import ENDED
from .mapping import role_of, texts_in
from .options import MEDIA_TYPES
from .refusals import NEEDS_TOOLS, says_success, stream_failure
from .wire import STREAM_EVENT, Run, StreamObject


class Heard:
    """What has come of a stream so far; `media_type` is that of its voice, `is_spoken` that of its turn."""

    def __init__(self, *, media_type: str = MEDIA_TYPES["mp3"], is_spoken: bool = False) -> None:
        self.run: Run | None = None
        self.is_over = False
        self._media_type = media_type
        self._is_spoken = is_spoken
        self._said: list[str] = []
        self._texts: dict[str, _Text] = {}
        self._voices: dict[str, _Voice] = {}

    def take(self, data: bytes) -> list[Event]:
        """Take one event. Raises the error it tells, or ProtocolError for what is no event."""
        try:
            event = STREAM_EVENT.validate_json(data)
        except ValueError:
            raise self._unreadable("an event of the stream cannot be read") from None
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
            self.run = Run(
                id=told.id,
                status=told.status or "",
                created_at=told.created_at,
                last_error=told.last_error,
                required_action=told.required_action,
            )
            self.is_over = self.run.status in ENDED or self.run.status == NEEDS_TOOLS
        elif kind.endswith("message") and told.run_id and self.run is None:
            self.run = Run(id=told.run_id, status="")
        if self.run is not None:
            note_run(self.run.id)

    def _message(self, told: StreamObject) -> list[Event]:
        if not (told.object or "").endswith("message"):
            return []
        run_id = self.run.id if self.run else None
        text = self._texts.setdefault(told.id or "", _Text()).add(texts_in(told.content))
        if role_of(told.role) != "assistant":
            return [Transcript(text=text, run_id=run_id)] if text and self._is_spoken else []
        events: list[Event] = []
        if text:
            self._said.append(text)
            events.append(TextDelta(text=text, run_id=run_id))
        for voice in self._spoken(told.id or "", told.content or ()):
            events += [AudioDelta(data=piece, run_id=run_id) for piece in in_pieces(voice)]
        return events

    def _spoken(self, message_id: str, content: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
        """Give what is new of the voice: hexadecimal, to be joined per part."""
        for part in content:
            body = part.get("audio_file")
            if isinstance(body, Mapping) and isinstance(body.get("value"), str):
                voice = self._voices.setdefault(f"{message_id}/{part.get('id') or ''}", _Voice())
                try:
                    yield voice.add(body["value"])
                except ValueError:
                    raise self._unreadable("the voice of the stream is not hexadecimal") from None

    def _unreadable(self, words: str) -> ProtocolError:
        return ProtocolError(words, outcome="applied" if self.run else "unknown")

    def rest(self, reply: Reply) -> Iterator[Event]:
        """Give what the stream did not show of a reply: text that is missing at its end, citations, the end."""
        said = "".join(self._said)
        if reply.text.startswith(said) and reply.text != said:
            yield TextDelta(text=reply.text.removeprefix(said), run_id=reply.run_id)
        for message in reply.messages:
            for part in message.parts:
                for citation in part.citations if isinstance(part, TextPart) else ():
                    yield CitationFound(citation=citation, run_id=reply.run_id)
        if self._voices:
            reply = reply.model_copy(update={"audio": self.audio()})
        yield ReplyCompleted(reply=reply, run_id=reply.run_id)

    def audio(self) -> tuple[AudioPart, ...]:
        """Give the voice; one that is longer than a part may be goes on in the next one."""
        return tuple(
            AudioPart(data=piece, media_type=self._media_type, size=len(piece))
            for voice in self._voices.values()
            for piece in in_pieces(voice.whole)
        )


def in_pieces(data: bytes) -> Iterator[bytes]:
    """Cut bytes into pieces that a part can carry."""
    return (data[start : start + INLINE_BYTES] for start in range(0, len(data), INLINE_BYTES))


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


class _Voice:
    """One voice; a piece of hexadecimal may end in the middle of a byte."""

    def __init__(self) -> None:
        self._half = ""
        self._pieces: list[bytes] = []

    @property
    def whole(self) -> bytes:
        """All bytes so far."""
        return b"".join(self._pieces)

    def add(self, value: str) -> bytes:
        """Take a piece and give the bytes that are whole. Raises ValueError."""
        value = self._half + value
        even = len(value) - len(value) % 2
        self._half = value[even:]
        self._pieces.append(bytes.fromhex(value[:even]))
        return self._pieces[-1]
