"""Voice: recordings in, a spoken reply out, in hexadecimal, through the call that streams."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnilogue import AsyncClient, AudioPart, TextPart
from omnilogue.errors import (
    InvalidInputError,
    OmnilogueError,
    OutcomeUnknownError,
    ProtocolError,
    UnsupportedOperationError,
)
from omnilogue.model import (
    INLINE_BYTES,
    AudioDelta,
    Citation,
    Event,
    FilePart,
    Part,
    Reply,
    ReplyCompleted,
    TextDelta,
    Transcript,
)
from omnilogue.provider import Turn
from omnilogue_minimax import MiniMax
from omnilogue_minimax.emulator import MiniMaxEmulator
from omnilogue_minimax.emulator_stream import voice_of
from omnilogue_minimax.hearing import Heard

pytestmark = pytest.mark.anyio

Connect = Callable[..., MiniMax]
STREAM = "threads/run/create_stream"
RECORDING = AudioPart(name="hush.wav", media_type="audio/wav", size=4, data=b"RIFF")
SPEAK = {"speak": True}


def spoken(*parts: Part, **options: Any) -> Turn:
    return Turn(parts=parts or (RECORDING,), **options)


async def streamed(provider: MiniMax, thread: str, turn: Turn) -> tuple[list[Event], Reply]:
    events = [event async for event in provider.stream(thread, turn)]
    last = events[-1]
    assert isinstance(last, ReplyCompleted)
    return events, last.reply


def heard_in(events: list[Event]) -> bytes:
    return b"".join(event.data or b"" for event in events if isinstance(event, AudioDelta))


def voice(reply: Reply) -> bytes:
    return b"".join(part.data or b"" for part in reply.audio)


@pytest.mark.parametrize("odd", [False, True])
async def test_a_recording_goes_in_and_a_voice_comes_out(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, odd: bool
) -> None:
    vendor.configure(odd_voice=odd)

    events, reply = await streamed(provider, thread, spoken())

    (asked,) = vendor.journal.requests(STREAM)
    assert asked.body["stream"] == 2
    assert asked.body["messages"] == [{"type": 2, "role": "user", "content": b"RIFF".hex()}]
    assert [event.text for event in events if isinstance(event, Transcript)] == ["a recording of 4 bytes"]
    pieces = [event.text for event in events if isinstance(event, TextDelta)]
    assert heard_in(events) == voice(reply) == b"".join(voice_of(piece, "mp3") for piece in pieces)
    assert {part.media_type for part in reply.audio} == {"audio/mpeg"}
    assert reply.text == "".join(pieces) == "Answer 1 to: a recording of 4 bytes"
    assert reply.status == "complete"


@pytest.mark.parametrize(
    ("options", "told", "made", "kind"),
    [
        (SPEAK, None, {}, "audio/mpeg"),
        (
            {"t2a_option": {"voice_id": "v", "model": "speech-01"}},
            {"voice_id": "v", "model": "speech-01"},
            None,
            "audio/mpeg",
        ),
        ({"t2a_option": {"format": "flac"}}, None, None, "audio/flac"),
        ({"t2a_option": {"format": "pcm", "voice_id": "v"}}, {"voice_id": "v"}, None, "audio/L16"),
    ],
)
async def test_a_written_turn_may_be_answered_aloud(  # noqa: PLR0917  # fixtures
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, options: dict[str, Any], told: Any, made: Any, kind: str
) -> None:
    reply = await provider.send(thread, spoken(TextPart(text="hello"), options=options))

    (asked,) = vendor.journal.requests(STREAM)
    assert (asked.body["stream"], asked.body.get("t2a_option")) == (2, told)
    assert asked.body["messages"] == [{"type": 1, "role": "user", "content": "hello"}]
    assistant = vendor.store.assistant(asked.body["assistant_id"])
    expected = options.get("t2a_option", {}) if made is None else made
    assert assistant.fields.get("t2a_option", {}) == expected
    assert {part.media_type for part in reply.audio} == {kind}
    speaks = expected.get("format", "mp3")
    assert voice(reply).startswith(f"<{speaks}>".encode())


async def test_text_and_recordings_keep_their_order(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    await provider.send(thread, spoken(TextPart(text="Listen: "), RECORDING, TextPart(text="and?")))

    (asked,) = vendor.journal.requests(STREAM)
    assert [(each["type"], each["content"]) for each in asked.body["messages"]] == [
        (1, "Listen: and?"),
        (2, b"RIFF".hex()),
    ]


async def test_without_a_voice_nothing_is_spoken(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    _, reply = await streamed(provider, thread, Turn(parts=(TextPart(text="hello"),)))

    assert reply.audio == ()
    assert vendor.journal.requests(STREAM)[0].body["stream"] == 1


@pytest.mark.parametrize(
    "options",
    [
        {"speak": "yes"},
        {"speek": True},
        {"t2a_option": {"format": "ogg"}},
        {"t2a_option": {"voice": "v"}},
        {"t2a_option": {"voice_id": ""}},
        {"t2a_option": 3},
        {"vendor_tools": ["dance"]},
    ],
)
async def test_options_that_cannot_be_meant_are_refused(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError, match="options"):
        await provider.send(thread, Turn(parts=(TextPart(text="hello"),), options=options))

    assert list(vendor.journal) == []


CITED = TextPart(text="hello", citations=(Citation(start=0, end=5),))


@pytest.mark.parametrize(
    "turn",
    [
        spoken(RECORDING, FilePart(file_id="1")),
        spoken(RECORDING, CITED),
        spoken(RECORDING, metadata={"color": "blue"}),
        Turn(options=SPEAK),
        spoken(AudioPart(url="https://example.com/a.wav")),
    ],
)
async def test_what_cannot_be_spoken_is_refused_before_anything_is_sent(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, turn: Turn
) -> None:
    for ask in (provider.send, lambda *given: streamed(provider, *given)):
        with pytest.raises(UnsupportedOperationError):
            await ask(thread, turn)

    assert vendor.store.messages(thread) == []
    assert vendor.journal.requests(STREAM) == []


async def test_a_long_recording_is_read_from_the_disk(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, tmp_path: Path
) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(b"x" * (INLINE_BYTES + 1))

    reply = await provider.send(thread, spoken(AudioPart.from_path(path)))

    assert reply.text.endswith(f"a recording of {INLINE_BYTES + 1} bytes")
    gone = AudioPart.from_path(path)
    path.unlink()
    with pytest.raises(InvalidInputError, match="cannot be read") as caught:
        await provider.send(thread, spoken(gone))
    assert caught.value.outcome == "not_sent"


# What gets lost


@pytest.mark.parametrize("after", [0, 2, 4])
async def test_a_stream_that_breaks_gives_all_of_the_text_and_tells_that_the_voice_is_not_whole(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, after: int
) -> None:
    vendor.fail_next("stream_cut", after=after)

    _, reply = await streamed(provider, thread, spoken())

    assert (reply.text, reply.status) == ("Answer 1 to: a recording of 4 bytes", "partial")
    assert len(vendor.store.runs(thread)) == 1


@pytest.mark.parametrize("talk", ["send", "stream"])
@pytest.mark.parametrize(("kind", "is_found"), [("drop_after", True), ("status_after", True), ("drop_before", False)])
async def test_a_recording_whose_answer_is_lost_is_found_by_its_run_or_told_unknown(
    vendor: MiniMaxEmulator, clock: Any, talk: str, kind: str, is_found: bool
) -> None:
    settings = {"provider": "minimax", **vendor.settings}
    async with AsyncClient(False, remotes={"old": settings}, clock=clock) as client:
        remote = client.remote()
        conversation = await remote.create()
        vendor.fail_next(kind, path=STREAM)

        async def ask() -> Reply:
            if talk == "send":
                return await remote.send(conversation, RECORDING)
            async with remote.stream(conversation, RECORDING) as stream:
                assert [event async for event in stream]
            return stream.reply

        if is_found:
            assert (await ask()).text == "Answer 1 to: a recording of 4 bytes"
        else:
            with pytest.raises(OutcomeUnknownError):
                await ask()

    asked = [row for row in vendor.store.messages(conversation.id) if row.role == "user"]
    assert len(asked) == int(is_found)


def event(value: Any, part: str = "audio_1") -> bytes:
    content = [{"type": "audio_file", "id": part, "audio_file": {"value": value}}]
    data = {"object": "message", "id": "msg_1", "role": "ai", "run_id": "run_1", "content": content}
    return json.dumps({"data": data}).encode()


def test_every_cut_of_a_voice_is_heard_alike() -> None:
    whole = bytes(range(16)).hex()

    for place in range(len(whole) + 1):
        heard = Heard()
        events = heard.take(event(whole[:place])) + heard.take(event(whole[place:]))
        assert heard_in(events) == bytes(range(16))
        assert [part.data for part in heard.audio()] == [bytes(range(16))]


def test_voices_are_joined_for_each_part() -> None:
    heard = Heard(media_type="audio/flac")
    for value, part in (("00", "a"), ("01", "b"), ("02", "a")):
        heard.take(event(value, part))

    assert [(part.data, part.media_type) for part in heard.audio()] == [
        (b"\x00\x02", "audio/flac"),
        (b"\x01", "audio/flac"),
    ]


def test_a_voice_larger_than_a_part_comes_in_pieces() -> None:
    heard = Heard()
    events = heard.take(event("00" * (INLINE_BYTES + 1)))

    assert [len(one.data or b"") for one in events if isinstance(one, AudioDelta)] == [INLINE_BYTES, 1]
    assert [part.size for part in heard.audio()] == [INLINE_BYTES, 1]


def test_a_voice_that_is_not_hexadecimal_is_told() -> None:
    with pytest.raises(ProtocolError, match="hexadecimal") as caught:
        Heard().take(event("zz"))

    assert caught.value.outcome == "applied"


@pytest.mark.parametrize("value", [None, 3, ["00"]])
def test_a_voice_of_no_text_is_nothing(value: Any) -> None:
    assert Heard().take(event(value)) == []


async def test_an_error_inside_a_spoken_run_is_its_failure(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    vendor.configure(stream_error_at=2)

    with pytest.raises(OmnilogueError) as caught:
        await provider.send(thread, spoken())

    assert (caught.value.code, caught.value.outcome) == ("run_failed", "applied")
