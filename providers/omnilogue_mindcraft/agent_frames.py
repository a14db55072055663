"""The agent's frames, built and understood: pure values and functions.

The page (api-281110119) shows `agent_output` at the top level with the status 1003, public code reads it below
`socket_data` with 1007: what a frame says is told by what is in it, and codes tell the end and errors only.
"""

from __future__ import annotations

import math
import mimetypes
from collections.abc import Mapping
from posixpath import basename
from typing import Any
from urllib.parse import urlsplit

from omnilogue.errors import BY_CODE, OmnilogueError, Outcome, ProtocolError, ProviderError
from omnilogue.model import AudioDelta, AudioPart, Emotion, Event, TextDelta, Transcript

from .refusals import ERRORS

CONNECTED, RECOGNISED, ENDED, EXPIRED = 1008, 1004, 1006, 2004
PROGRESS = frozenset({1003, 1004, 1006, 1007, 1008})
"""Statuses that are known and no refusal."""

CODES = {2003: "auth", EXPIRED: "auth", 3001: "bad_request", 3002: "quota", 4006: "server"}
MOST_IGNORED = 10_000
"""Frames about something else that are endured during one answer."""

FAMILIES = {2: "auth", 3: "bad_request", 4: "server"}
"""What a status that nobody documents means, by its thousand; inferred."""

HINTS = {3001: "nothing was recognised: check upload_format and upload_sample_rate", 3002: "the account has no points"}


def auth_frame(token: str) -> dict[str, Any]:
    """Give the first frame, which proves who calls."""
    return _event("agent_event", "auth_token", {"token": token})


def ask_frame(socket_id: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Give the frame that asks; `socket_id` comes back in answers of some versions of the service."""
    return {**_event("agent_event", "agent_action", params), "socket_id": socket_id}


def upload_end_frame(event_name: str) -> dict[str, Any]:
    """Give the frame behind the last piece of a recording."""
    return _event("intervent_event", event_name)


def stop_frame() -> dict[str, Any]:
    """Give the frame that stops an answer."""
    return _event("intervent_event", "stream_output")


def _event(socket_type: str, event_name: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    frame: dict[str, Any] = {"socket_type": socket_type, "event_name": event_name}
    return frame if params is None else {**frame, "event_params": dict(params)}


def status_of(frame: Any) -> int | None:
    """Give a frame's `socket_status`, None where it has none."""
    status = frame.get("socket_status") if isinstance(frame, dict) else None
    return status if type(status) is int else None


def is_connected(frame: Any) -> bool:
    """Whether a frame says that the credentials are accepted."""
    return status_of(frame) == CONNECTED or (
        isinstance(frame, dict) and frame.get("socket_message") == "connection_established"
    )


def refusal_of(frame: Any, outcome: Outcome) -> OmnilogueError | None:
    """Make the error that a frame tells, None where it tells none."""
    status = status_of(frame)
    if status is None or status < 2000:
        return None
    text = _words(frame)
    code = ERRORS.by_text(text) or CODES.get(status) or FAMILIES.get(status // 1000, "vendor_error")
    return BY_CODE.get(code, ProviderError)(
        f"the agent answered {status}{f': {text}' if text else ''}"[:500],
        code=code,
        vendor_code=str(status),
        vendor_message=text,
        outcome=outcome,
        retryable=status == 4006,
        hint=HINTS.get(status, ""),
    )


def _words(frame: Mapping[str, Any]) -> str:
    data = frame.get("socket_data")
    inside = data if isinstance(data, dict) else {"message": data}
    found = (inside.get("error"), inside.get("message"), frame.get("message"), frame.get("socket_message"))
    return next((words for words in found if isinstance(words, str) and words), "")


class Sentences:
    """Puts sentences in their order: gives each as soon as all before it are there."""

    def __init__(self) -> None:
        self._waiting: dict[int, str] = {}
        self._next = 0
        self.said: list[str] = []
        """What has been given, in order."""

    @property
    def has_gap(self) -> bool:
        """Whether sentences wait for one before them."""
        return bool(self._waiting)

    @property
    def waiting(self) -> list[str]:
        """The sentences that wait, in order."""
        return [self._waiting[place] for place in sorted(self._waiting)]

    def add(self, place: int | None, text: str) -> list[str]:
        """Take a sentence; without a place it is the next one, and one that is there already is nothing new."""
        if place is None:
            place = max(self._waiting, default=self._next - 1) + 1
        if place >= self._next:
            self._waiting.setdefault(place, text)
        ready = []
        while self._next in self._waiting:
            ready.append(self._waiting.pop(self._next))
            self._next += 1
        self.said += ready
        return ready

    def rest(self, stored: str = "") -> list[str]:
        """Give what waits behind a gap that will not be closed; a stored text that goes on from here fills it.

        Where nothing was said at all, the stored text is all of it.
        """
        said, ready = "".join(self.said), self.waiting
        if (ready or not said) and len(stored) > len(said) and stored.startswith(said):
            ready = [stored[len(said) :]]
        self._waiting.clear()
        self.said += ready
        return ready


class Hearing:
    """What has come of one answer so far."""

    def __init__(self, run_id: str, *, listens: bool) -> None:
        """`listens` says that the agent is to understand speech; of what was typed it tells nothing new."""
        self._run_id = run_id
        self._listens = listens
        self._audio: dict[int, AudioPart] = {}
        self.sentences = Sentences()
        self.emotion: str | None = None
        self.transcript: str | None = None
        self.is_over = False
        self.was_stopped = False
        self.ignored = 0
        """Frames that are not about this answer, or that nobody knows."""

    @property
    def text(self) -> str:
        """What has been told of the answer."""
        return "".join(self.sentences.said)

    @property
    def whole(self) -> str:
        """What has been told, and what waits behind a gap."""
        return self.text + "".join(self.sentences.waiting)

    @property
    def audio(self) -> tuple[AudioPart, ...]:
        """The spoken answer in its order."""
        return tuple(self._audio[place] for place in sorted(self._audio))

    @property
    def began(self) -> bool:
        """Whether anything of an answer has come, said or spoken."""
        return bool(self.sentences.said or self.sentences.has_gap or self._audio)

    def take(self, frame: Any) -> list[Event]:
        """Take a frame and give its events. Raises the error that it tells."""
        if not isinstance(frame, dict) or self._is_foreign(frame):
            self._ignore()
            return []
        refusal = refusal_of(frame, "unknown")
        if refusal is not None:
            if refusal.code in {"bad_request", "quota", "content_filtered"} and not self.began:
                refusal.outcome = "rejected"
            raise refusal
        return self._understood(frame)

    def _is_foreign(self, frame: Mapping[str, Any]) -> bool:
        """Whether a frame answers another question; most versions of the service do not say which one."""
        about = frame.get("socket_id")
        return isinstance(about, str) and bool(about) and about != self._run_id

    def _understood(self, frame: Mapping[str, Any]) -> list[Event]:
        data = frame.get("socket_data")
        inside = data if isinstance(data, dict) else {}
        output = next((one for one in (frame.get("agent_output"), inside.get("agent_output")) if _is_told(one)), None)
        events = [] if output is None else self._output(output)
        status, message = status_of(frame), _text(frame.get("socket_message"))
        if status == RECOGNISED:
            events += self._heard(inside.get("text"))
        if status == ENDED or message in {"agent_stop", "agent_stop_force"}:
            self.is_over, self.was_stopped = True, message == "agent_stop_force"
        elif output is None and status not in PROGRESS:
            self._ignore()
        return events

    def _ignore(self) -> None:
        self.ignored += 1
        if self.ignored > MOST_IGNORED:
            raise ProtocolError(
                f"the agent sent {self.ignored} frames that are no part of an answer", outcome="unknown"
            )

    def _output(self, output: Mapping[str, Any]) -> list[Event]:
        """Read an output by its members; older agents name no type, and tell several things at once."""
        place = _place(output.get("z_index"))
        events: list[Event] = []
        label = _text(output.get("emotion_output")) or _text(output.get("emotion_value"))
        if label and label != self.emotion:
            self.emotion = label
            events.append(Emotion(label=label, run_id=self._run_id))
        events += self._heard(output.get("asr_content"))
        if text := _text(output.get("llm_response")):
            events += self._deltas(self.sentences.add(place, text))
        if url := _text(output.get("tts_audio")):
            events += self._spoken(place, url, _seconds(output.get("audio_seconds")))
        return events

    def rest(self, stored: str) -> list[Event]:
        """Give what stands behind a gap: as it is stored, where that goes on from what was told, else as it came."""
        return self._deltas(self.sentences.rest(stored))

    def _deltas(self, sentences: list[str]) -> list[Event]:
        return [TextDelta(text=text, run_id=self._run_id) for text in sentences]

    def _heard(self, said: Any) -> list[Event]:
        text = _text(said)
        if text is None or not self._listens or text == self.transcript:
            return []
        self.transcript = text
        return [Transcript(text=text, run_id=self._run_id)]

    def _spoken(self, place: int | None, url: str, seconds: float | None) -> list[Event]:
        place = max(self._audio, default=-1) + 1 if place is None else place
        if place in self._audio:
            return []
        path = _path(url)
        described = {"url": url, "name": basename(path) or None, "media_type": mimetypes.guess_type(path)[0]}
        self._audio[place] = AudioPart.model_validate({**described, **({"seconds": seconds} if seconds else {})})
        return [AudioDelta(url=url, seconds=seconds, run_id=self._run_id)]


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:  # whoever downloads it is told
        return ""


def _is_told(output: Any) -> bool:
    return isinstance(output, dict) and bool(output)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _place(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _seconds(value: Any) -> float | None:
    is_length = type(value) in {int, float} and 0 <= value < 1e9 and math.isfinite(value)
    return float(value) if is_length else None
