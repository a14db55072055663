"""Parts beyond text: files, pictures, recordings, tool calls, citations."""

from __future__ import annotations

from typing import Any

from ...errors import NotFoundError, UnsupportedOperationError
from ...model import (
    AudioDelta,
    AudioPart,
    Citation,
    FilePart,
    MediaPart,
    Message,
    Part,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from ..case import Case, case
from ..expecting import expect, expect_equal, expect_error
from ..scene import Scene
from ..verbs import NOTE, PARTS


def _keeps(operation: str) -> Case:
    """Make the case of one kind of media."""

    async def keeps(scene: Scene) -> None:
        given = PARTS[operation]
        if scene.row(operation).limits.kept is False:
            await _expect_used(scene, operation)
            return
        if isinstance(given, AudioPart) and not _appends(scene, "user", given.type):
            return  # what is spoken may be stored as what was understood
        kept = await _stored(scene, [TextPart(text="Look at this."), given])
        media = [part for part in kept.parts if part.type == given.type]
        expect_equal(len(media), 1, f"{given.type} parts of the stored message")
        expect_equal(kept.text, "Look at this.", "text beside the part")
        part = media[0]
        expect(isinstance(part, MediaPart) and isinstance(given, MediaPart), "the part is none that has bytes")
        if isinstance(part, MediaPart) and isinstance(given, MediaPart):
            expect(part.name in {None, given.name}, f"the name became {part.name!r}")
            expect(part.media_type in {None, given.media_type}, f"the media type became {part.media_type!r}")
            expect_equal(await scene.remote.download(part), given.data, "bytes of what was stored")

    stored_as = PARTS[operation].type
    keeps.__name__ = f"{operation}_keeps_the_bytes"
    keeps.__doc__ = f"A message with a part of the type {stored_as} comes back with it, and its bytes can be had."
    return case(operation)(keeps)


async def _expect_used(scene: Scene, operation: str) -> None:
    """A part that is declared as used and not kept is answered; what is stored of it is text."""
    conversation = await scene.conversation()
    reply = await scene.remote.send(conversation, [PARTS[operation]], allow_loss=True)
    turn = (await scene.messages(conversation))[0]
    expect(reply.text.strip(), "a turn whose part is used got no answer")
    expect_equal((turn.role, {part.type for part in turn.parts}), ("user", {"text"}), "a turn whose part is not kept")


async def _stored(scene: Scene, parts: list[Part], role: str = "user") -> Message:
    """Store parts by an append, else by a turn, and give the message as it is read."""
    conversation = await scene.conversation()
    if all(_appends(scene, role, part.type) for part in parts):
        await scene.remote.append(conversation, Message(role=role, parts=tuple(parts)), allow_loss=True)
    else:
        await scene.remote.send(conversation, parts, allow_loss=True)
    return (await scene.messages(conversation))[0]


def _appends(scene: Scene, role: str, kind: str) -> bool:
    """Whether messages of a role can be appended with parts of a type."""
    taken = scene.row(f"append_{role}").limits.parts
    return scene.can(f"append_{role}") and (taken is None or kind in taken)


@case("attach_files", "send")
async def attach_files_to_a_turn(scene: Scene) -> None:
    """A turn may bring a file; it is stored with the turn."""
    conversation = await scene.conversation()
    await scene.remote.send(conversation, ["Read this.", PARTS["attach_files"]], allow_loss=True)
    turn = (await scene.messages(conversation))[0]
    expect_equal([part.type for part in turn.parts], ["text", "file"], "parts of a turn with a file")


@case("attach_files")
async def attach_files_gives_no_bytes_it_does_not_have(scene: Scene) -> None:
    """The bytes of a file nobody stored are not found, and those a part carries come without a request."""
    requests = scene.requests
    expect_equal(await scene.remote.download(FilePart(name="note.txt", data=NOTE)), NOTE, "bytes of a part")
    expect_equal(scene.requests, requests, "requests for bytes that a part carries")
    with expect_error("bytes of an unknown file", NotFoundError, UnsupportedOperationError):
        await scene.remote.download(FilePart(file_id="no-such-file"))


@case("send_audio", "send")
async def send_audio_is_answered(scene: Scene) -> None:
    """A turn that is only spoken is stored once, as the recording or as what was understood, and answered."""
    conversation = await scene.conversation()
    reply = await scene.remote.send(conversation, PARTS["send_audio"], allow_loss=True)
    expect(reply.text.strip() or reply.audio, "the reply to a recording says nothing")
    stored = await scene.messages(conversation)
    expect_equal([message.role for message in stored[:1]], ["user"], "the turn that was spoken")
    expect_equal([message.id for message in stored[1:]], [message.id for message in reply.messages], "what follows it")


@case("tool_calls")
async def tool_calls_come_back(scene: Scene) -> None:
    """A call of a tool and what the tool answered come back as they were given, where they can be appended."""
    if not _appends(scene, "assistant", "tool_call"):
        return
    kept = await _stored(scene, [TextPart(text="One moment."), PARTS["tool_calls"]], "assistant")
    calls = [part for part in kept.parts if isinstance(part, ToolCallPart)]
    expect_equal(calls, [PARTS["tool_calls"]], "the call of a tool")
    if "tool" in (scene.row("append_user").limits.roles or ()):
        result = ToolResultPart(call_id="call-1", content={"time": "12:00", "places": [1]}, is_error=False)
        answered = await _stored_as_tool(scene, result)
        expect_equal([part for part in answered.parts if part.type == "tool_result"], [result], "a tool's answer")


async def _stored_as_tool(scene: Scene, result: ToolResultPart) -> Message:
    conversation = await scene.conversation()
    await scene.remote.append(conversation, Message(role="tool", parts=(result,)), allow_loss=True)
    return (await scene.messages(conversation))[0]


@case("citations")
async def citations_come_back(scene: Scene) -> None:
    """A citation comes back with its text, its place counted in code points."""
    text = "\U0001f9f3 Lisbon is mild."
    cited = TextPart(text=text, citations=(Citation(start=2, end=8, url="https://example.com/", title="Lisbon"),))
    kept = await _stored(scene, [cited], "assistant")
    found = [part for part in kept.parts if isinstance(part, TextPart)]
    expect_equal(found, [cited], "text with a citation")


@case("receive_audio", "send")
async def receive_audio_brings_a_voice(scene: Scene) -> None:
    """A reply can be heard: it has audio with bytes or a place where they lie."""
    asking: Any = {"options": scene.row("receive_audio").limits.asked_by} if _asks_for_audio(scene) else {}
    reply = await scene.remote.send(await scene.conversation(), "Say something?", **asking, allow_loss=True)
    expect(reply.audio, "the reply has no audio")
    expect(all(part.data or part.url or part.file_id for part in reply.audio), "audio of the reply has no bytes")


@case("receive_audio", "stream")
async def receive_audio_comes_piece_by_piece(scene: Scene) -> None:
    """The pieces of a voice come as events, and the whole reply has audio too."""
    asking: Any = {"options": scene.row("receive_audio").limits.asked_by} if _asks_for_audio(scene) else {}
    conversation = await scene.conversation()
    async with scene.remote.stream(conversation, "Say something?", **asking, allow_loss=True) as stream:
        events = [event async for event in stream]
    expect([event for event in events if isinstance(event, AudioDelta)], "the stream brought no audio")
    expect(stream.reply.audio, "the reply has no audio")


def _asks_for_audio(scene: Scene) -> bool:
    return scene.row("receive_audio").limits.asked_by is not None


CASES = (
    *(_keeps(operation) for operation in ("attach_files", "send_images", "send_audio")),
    attach_files_to_a_turn,
    attach_files_gives_no_bytes_it_does_not_have,
    send_audio_is_answered,
    tool_calls_come_back,
    citations_come_back,
    receive_audio_brings_a_voice,
    receive_audio_comes_piece_by_piece,
)
