"""Recordings as questions: their form is told by option, name, media type or head."""

from pathlib import Path
from typing import Any

import pytest

from omnilogue.errors import InvalidInputError
from omnilogue.model import AudioPart, Part, TextPart
from omnilogue_mindcraft.agent_audio import Recording, recording_of
from omnilogue_mindcraft.agent_options import AgentOptions

pytestmark = pytest.mark.anyio

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00" + bytes(20)


async def found(*parts: Part, **options: Any) -> Recording | None:
    return await recording_of(parts, AgentOptions(**options))


@pytest.mark.parametrize(
    ("described", "kind"),
    [
        ({"name": "a.pcm"}, "pcm"),
        ({"name": "a.RAW"}, "pcm"),
        ({"name": "a.wav"}, "wav"),
        ({"name": "a.opus"}, "opus"),
        ({"name": "a.ogg"}, "opus"),
        ({"name": "a.spx"}, "speex"),
        ({"name": "a.aac"}, "aac"),
        ({"name": "a.amr"}, "amr"),
        ({"media_type": "audio/x-wav"}, "wav"),
        ({"media_type": "audio/ogg; codecs=opus"}, "opus"),
    ],
)
async def test_the_form_is_told_by_what_it_is_called(described: dict[str, Any], kind: str) -> None:
    recording = await found(AudioPart(data=b"12", **described))

    assert recording
    assert recording.params == {"upload_format": kind, "upload_sample_rate": 16000}


async def test_an_option_wins_over_the_name() -> None:
    recording = await found(AudioPart(name="a.wav", data=WAV), upload_format="pcm", upload_sample_rate=16000)

    assert recording == Recording(WAV, "pcm", 16000)


async def test_the_rate_of_a_wav_is_read_from_its_head() -> None:
    assert await found(AudioPart(name="a.wav", data=WAV)) == Recording(WAV, "wav", 8000)


async def test_a_large_file_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "long.pcm"
    path.write_bytes(b"12" * 700_000)

    recording = await found(AudioPart.from_path(path))

    assert recording
    assert recording.data == path.read_bytes()


@pytest.mark.parametrize(
    "parts",
    [
        [AudioPart(name="a.mp3", data=b"12")],
        [AudioPart(data=b"12")],
        [AudioPart(name="a.pcm", data=b"")],
        [AudioPart(name="a.pcm", url="https://elsewhere.example/a.pcm")],
        [AudioPart(name="a.wav", data=WAV.replace(b"\x40\x1f", b"\x44\xac"))],
        [AudioPart(name="a.pcm", data=b"12"), AudioPart(name="b.pcm", data=b"12")],
        [TextPart(text="Hear this"), AudioPart(name="a.pcm", data=b"12")],
    ],
)
async def test_what_cannot_be_asked_is_refused(parts: list[Part]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await found(*parts)

    assert caught.value.outcome == "not_sent"


async def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    path = tmp_path / "long.pcm"
    path.write_bytes(bytes(2 << 20))
    part = AudioPart.from_path(path)
    path.unlink()

    with pytest.raises(InvalidInputError, match="cannot be read"):
        await found(part)


async def test_text_alone_is_no_recording() -> None:
    assert await found(TextPart(text="hello")) is None
