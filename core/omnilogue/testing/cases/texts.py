"""Texts: every character comes back as it was given, or is refused before anything is stored."""

from __future__ import annotations

from typing import Any

from ...errors import BadRequestError, InvalidInputError
from ...model import Message
from ...provider.features import TEXT_BYTES
from ..case import case
from ..expecting import expect, expect_equal, expect_error
from ..scene import Scene
from ..verbs import USES

HALF = "half a pair: \ud83d"
"""Text that UTF-8 cannot hold."""

LARGEST = 8 * 1024 * 1024
"""The largest limit, in bytes, that is tried; building more costs more than it tells."""

TEXTS = {
    "Chinese": "\u4f60\u597d\uff0c\u4e16\u754c\uff01\u9f98",
    "an emoji of five characters": "\U0001f469\u200d\U0001f469\u200d\U0001f467 and \U0001f44d\U0001f3fd",
    "right to left": "\u0645\u0631\u062d\u0628\u0627 \u202babc\u202c \u05e9\u05dc\u05d5\u05dd",
    "composed characters": "caf\u00e9 \u00c5ngstr\u00f6m \u1e69",
    "decomposed characters": "cafe\u0301 A\u030angstro\u0308m s\u0323\u0307",
    "a broken bar": 'before \u00a6 after \u00a6{"topicId": 1}',
    "markup": "<b>&amp;</b> 'quoted' \"twice\" \\n %s {0} ${HOME} --; DROP TABLE",
    "lines": "one\ntwo\n\n\tthree",
    "odd spaces": "no\u00a0break zero\u200bwidth line\u2028separator",
    "characters beyond the first plane": "\U00020bb7\U0001d11e",
    "a marker of ours": '{"_omnilogue": {"m": "0011223344556677"}}',
}


@case("append_user")
async def append_user_changes_no_character(scene: Scene) -> None:
    """Text of any script comes back code point by code point; nothing is normalised."""
    conversation = await scene.conversation()
    await scene.remote.append(conversation, [Message.user(text) for text in TEXTS.values()], allow_loss=True)

    for (name, text), message in zip(TEXTS.items(), await scene.messages(conversation), strict=True):
        expect_equal(ascii(message.text), ascii(text), f"text with {name}")


@case("append_user")
async def append_user_keeps_spaces_at_the_ends(scene: Scene) -> None:
    """Spaces and line ends around a text belong to it."""
    conversation = await scene.conversation()
    await scene.remote.append(conversation, " \tin the middle \n", allow_loss=True)
    expect_equal(await scene.said(conversation), [("user", " \tin the middle \n")], "text with spaces at its ends")


@case("append_user")
async def append_user_keeps_or_refuses_control_characters(scene: Scene) -> None:
    """A text with NUL and other control characters is stored as it is, or refused; never shortened."""
    conversation = await scene.conversation()
    text = "before\x00after \x01\x1b[31m \x7f\u0085"
    try:
        await scene.remote.append(conversation, text, allow_loss=True)
    except (InvalidInputError, BadRequestError):
        expect_equal(await scene.said(conversation), [], "messages after a refused text")
    else:
        expect_equal(await scene.said(conversation), [("user", text)], "text with control characters")


@case("append_user")
async def append_user_keeps_long_text(scene: Scene) -> None:
    """A text of a hundred thousand characters is neither cut nor divided."""
    conversation = await scene.conversation()
    limit = scene.row("append_user").limits.text_bytes
    text = ("0123456789 " * 9091)[: min(limit or 100_000, 100_000)]
    await scene.remote.append(conversation, text, allow_loss=True)

    said = await scene.said(conversation)
    expect_equal([len(found) for _, found in said], [len(text)], "characters of a long text")
    expect(said == [("user", text)], "a long text came back as another one")


@case("append_user")
async def append_user_refuses_half_a_pair(scene: Scene) -> None:
    """Text that UTF-8 cannot hold is a mistake, alone and in a list, and nothing is stored."""
    await _expect_refused(scene, HALF)


@case("append_user")
async def append_user_refuses_text_that_is_too_long(scene: Scene) -> None:
    """Text beyond the declared limit is refused without a request."""
    limit = _limit(scene, "append_user")
    if limit is not None:
        await _expect_refused(scene, "x" * (limit + 1))


async def _expect_refused(scene: Scene, text: str) -> None:
    conversation = await scene.conversation()
    requests = scene.requests
    for content in (text, [text]):
        with expect_error("an append of text that cannot be stored", InvalidInputError):
            await _append(scene, conversation.id, content)
    expect_equal(scene.requests, requests, "requests after refused texts")
    expect_equal(await scene.said(conversation), [], "messages after refused texts")


async def _append(scene: Scene, conversation_id: str, content: str | list[str]) -> None:
    if isinstance(content, str):
        await scene.remote.append(conversation_id, content, allow_loss=True)
        return
    lines = [Message.user("Fine"), *(Message.user(text) for text in content)]
    await scene.remote.append(conversation_id, lines, allow_loss=True)


@case("edit_message")
async def edit_message_changes_no_character(scene: Scene) -> None:
    """The new text of an edit comes back code point by code point."""
    conversation, messages = await scene.filled(2)
    for name, text in TEXTS.items():
        change = await scene.remote.edit(conversation, messages[0].id or "", text, allow_loss=True)
        said = await scene.said(change.conversation)
        expect_equal(ascii(said[0][1]), ascii(text), f"an edit to {name}")
        if change.id_map:
            return  # a rebuild per text would cost a conversation each


@case("edit_message")
async def edit_message_refuses_what_is_no_text(scene: Scene) -> None:
    """An edit to nothing, to half a pair or beyond the limit is refused, and the message stays as it is."""
    conversation, messages = await scene.filled(2)
    limit = _limit(scene, "edit_message")
    requests = scene.requests
    for text in ("", "  ", HALF, *(["x" * (limit + 1)] if limit else [])):
        with expect_error(f"an edit to {text[:20]!r}", InvalidInputError):
            await scene.remote.edit(conversation, messages[0].id or "", text, allow_loss=True)
    expect_equal(scene.requests, requests, "requests after refused edits")
    expect_equal((await scene.said(conversation))[0][1], messages[0].text, "text after refused edits")


@case("send")
async def send_changes_no_character(scene: Scene) -> None:
    """The turn that is stored is the text that was sent."""
    conversation = await scene.conversation()
    text = " / ".join(TEXTS.values())
    reply = await scene.remote.send(conversation, text, allow_loss=True)

    said = await scene.said(conversation)
    expect_equal(ascii(said[0][1]), ascii(text), "the turn that is stored")
    expect_equal(ascii(said[-1][1]), ascii(reply.messages[-1].text), "the reply that is stored")


@case("send")
async def send_refuses_what_is_no_text(scene: Scene) -> None:
    """A turn of nothing, of half a pair or beyond the limit is refused, and nothing is stored."""
    conversation = await scene.conversation()
    limit = _limit(scene, "send")
    requests = scene.requests
    for text in ("", "\n", HALF, *(["x" * (limit + 1)] if limit else [])):
        with expect_error(f"a turn of {text[:20]!r}", InvalidInputError):
            await scene.remote.send(conversation, text, allow_loss=True)
    expect_equal(scene.requests, requests, "requests after refused turns")
    expect_equal(await scene.said(conversation), [], "messages after refused turns")


@case("create_conversation")
async def create_conversation_refuses_half_a_pair(scene: Scene) -> None:
    """A title that UTF-8 cannot hold is a mistake, and no request leaves for it."""
    requests = scene.requests
    for field in ("title", "instructions"):
        if scene.takes("create_conversation", field):
            with expect_error(f"a create with {field} that is no text", InvalidInputError):
                given: dict[str, Any] = {field: HALF}
                scene.keep(await scene.remote.create(**given, allow_loss=True))
    expect_equal(scene.requests, requests, "requests after refused creates")


def _limit(scene: Scene, operation: str) -> int | None:
    """Give the limit where trying it is cheap."""
    limit = scene.row(operation).limits.text_bytes or TEXT_BYTES
    return limit if limit <= LARGEST and operation in USES else None


CASES = (
    append_user_changes_no_character,
    append_user_keeps_spaces_at_the_ends,
    append_user_keeps_or_refuses_control_characters,
    append_user_keeps_long_text,
    append_user_refuses_half_a_pair,
    append_user_refuses_text_that_is_too_long,
    edit_message_changes_no_character,
    edit_message_refuses_what_is_no_text,
    send_changes_no_character,
    send_refuses_what_is_no_text,
    create_conversation_refuses_half_a_pair,
)
