"""A recording as a question: what it is, and how it goes up, unchanged, in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from omnilogue.errors import InvalidInputError
from omnilogue.http import Clock, Socket
from omnilogue.model import AudioPart, Part

from .agent_frames import upload_end_frame
from .agent_options import AgentOptions, SampleRate, UploadFormat
from .settings import Upload

LARGEST_RECORDING = 64 * 1024 * 1024
"""Bytes; half an hour of the largest documented form."""

SUFFIXES: Mapping[str, UploadFormat] = {
    "pcm": "pcm",
    "raw": "pcm",
    "wav": "wav",
    "wave": "wav",
    "opus": "opus",
    "ogg": "opus",
    "spx": "speex",
    "speex": "speex",
    "aac": "aac",
    "amr": "amr",
}
MEDIA_TYPES: Mapping[str, UploadFormat] = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/pcm": "pcm",
    "audio/l16": "pcm",
    "audio/opus": "opus",
    "audio/ogg": "opus",
    "audio/speex": "speex",
    "audio/aac": "aac",
    "audio/amr": "amr",
}


@dataclass(frozen=True, slots=True)
class Recording:
    """The bytes of a question, and what the vendor must know of them."""

    data: bytes
    format: UploadFormat
    rate: SampleRate

    @property
    def params(self) -> dict[str, str | int]:
        """What is told of them before they come."""
        return {"upload_format": self.format, "upload_sample_rate": self.rate}


async def recording_of(parts: Sequence[Part], options: AgentOptions) -> Recording | None:
    """Give the recording among the parts of a turn, None where there is none.

    Raises InvalidInputError for more than one, for one beside text, and for one that cannot be sent.
    """
    found = [part for part in parts if isinstance(part, AudioPart)]
    if not found:
        return None
    if len(parts) > 1:
        raise _wrong("the agent is asked by text or by one recording, not by both", "send them in two turns")
    data = await _bytes_of(found[0])
    kind = options.upload_format or _format_of(found[0])
    return Recording(data, kind, options.upload_sample_rate or _rate_of(kind, data))


async def _bytes_of(part: AudioPart) -> bytes:
    if part.data is None and part.path is None:
        raise _wrong("a recording that lies elsewhere is not fetched", "give its bytes, or AudioPart.from_path")
    if (part.size or 0) > LARGEST_RECORDING:
        raise _wrong(f"the recording has {part.size} bytes; the most is {LARGEST_RECORDING}")
    try:
        data = part.data if part.path is None else await asyncio.to_thread(part.path.read_bytes)
    except OSError as error:
        raise _wrong(f"the recording cannot be read: {error.strerror}") from None
    if not data:
        raise _wrong("the recording is empty")
    return data


def _format_of(part: AudioPart) -> UploadFormat:
    suffix = (part.name or "").lower().rpartition(".")[2]
    kind = SUFFIXES.get(suffix) or MEDIA_TYPES.get((part.media_type or "").lower().partition(";")[0])
    if kind is None:
        raise _wrong("the format of the recording cannot be told", "give the option upload_format")
    return kind


def _rate_of(kind: UploadFormat, data: bytes) -> SampleRate:
    """Give the rate that a WAV tells in its head; of the others it cannot be told."""
    if kind != "wav" or data[:4] != b"RIFF" or data[8:12] != b"WAVE" or len(data) < 28:
        return 16000
    rate = int.from_bytes(data[24:28], "little")
    if rate not in {8000, 16000}:
        raise _wrong(f"the recording has {rate} samples a second; the agent takes 8000 or 16000")
    return cast(SampleRate, rate)


@asynccontextmanager
async def uploading(socket: Socket, recording: Recording | None, how: Upload, clock: Clock) -> AsyncIterator[None]:
    """Send a recording while the answers to it are read; nothing is left of it afterwards."""
    if recording is None:
        yield
        return
    task = asyncio.create_task(_upload(socket, recording, how, clock))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # whoever reads has met the same


async def _upload(socket: Socket, recording: Recording, how: Upload, clock: Clock) -> None:
    for start in range(0, len(recording.data), how.piece_bytes):
        await socket.send_bytes(recording.data[start : start + how.piece_bytes])
        await clock.sleep(how.interval)
    await socket.send_json(upload_end_frame(how.end_event))


def _wrong(words: str, hint: str = "") -> InvalidInputError:
    return InvalidInputError(words, outcome="not_sent", hint=hint)
