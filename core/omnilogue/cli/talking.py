"""Commands that have a model answer: `send` and `regenerate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter

from ..errors import InvalidInputError
from . import speech, values
from .session import DEFAULTS, Session
from .words import Attach, ConversationAddress, Text

if TYPE_CHECKING:
    from ..model import Reply
    from ..remote import ReplyStream


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Asking:
    """How an answer is asked for."""

    model: Annotated[str | None, Parameter(help="The model that answers.")] = None
    instructions: Annotated[str | None, Parameter(help="Instructions for this answer.", allow_leading_hyphen=True)] = (
        None
    )
    max_output_tokens: Annotated[int | None, Parameter(help="Longest answer, tokens.", metavar="N")] = None
    temperature: Annotated[float | None, Parameter(help="How freely it answers.", metavar="X")] = None
    busy: Annotated[
        Literal["wait", "reject", "cancel"] | None,
        Parameter(help="What to do while another write is under way.", metavar="HOW"),
    ] = None
    option: Annotated[
        tuple[str, ...],
        Parameter(help="What only this vendor has, as JSON or text; repeatable.", metavar="KEY=VALUE"),
    ] = ()

    def options(self) -> Any:
        """Give what was said, as `send`, `stream` and `regenerate` take it."""
        given = {
            "model": self.model,
            "instructions": self.instructions,
            "max_output_tokens": self.max_output_tokens,
            "temperature": self.temperature,
            "busy": self.busy,
            "options": values.json_pairs("--option", self.option) or None,
        }
        return {name: value for name, value in given.items() if value is not None}


PLAINLY = Asking()
"""Asks for nothing in particular."""

NoStream: TypeAlias = Annotated[bool, Parameter(name="--no-stream", help="Print the answer when it is whole.")]
JsonLines: TypeAlias = Annotated[bool, Parameter(help="Print the events of the answer, one JSON object a line.")]


async def send(
    address: ConversationAddress,
    text: Text = None,
    /,
    *,
    asking: Asking = PLAINLY,
    attach: Attach = (),
    audio: Annotated[
        Path | None, Parameter(help="A recording to ask with; its suffix tells its format.", metavar="FILE")
    ] = None,
    save_audio: Annotated[
        Path | None, Parameter(help="Folder that the spoken answer is saved in.", metavar="DIR")
    ] = None,
    no_stream: NoStream = False,
    jsonl: JsonLines = False,
    session: Session = DEFAULTS,
) -> None:
    """Ask, and print the answer as it comes.

    A turn is sent again only after it was seen to be absent, so nothing is asked twice.

    Examples:
      omnilogue send work:ID "Where to in May?"
      omnilogue send work:ID - --model fast < question.txt
      omnilogue send work:ID "What is this?" --attach photo.jpg
      omnilogue send work:ID --audio question.wav --save-audio answers
      omnilogue send work:ID "Hello" --json
    """
    content, given = values.content(text, attach, audio), {**asking.options(), **session.writing}
    remote, conversation_id = session.conversation(address)
    saving = None if save_audio is None else speech.Folder(save_audio, remote)
    if _wants_stream(session, remote.features.stream.grade, no_stream=no_stream, jsonl=jsonl):
        reply = await _stream(session, remote.stream(conversation_id, content, **given), jsonl=jsonl)
        await _save(session, saving, reply)
    else:
        reply = await remote.send(conversation_id, content, **given)
        await _save(session, saving, reply)
        _print(session, reply)


async def regenerate(
    address: ConversationAddress,
    message: Annotated[str | None, Parameter(help="The id of the answer; without it the last one.")] = None,
    /,
    *,
    asking: Asking = PLAINLY,
    no_stream: NoStream = False,
    jsonl: JsonLines = False,
    session: Session = DEFAULTS,
) -> None:
    """Ask for another answer.

    What becomes of the old answer depends on the vendor, and is told where it stays.

    Examples:
      omnilogue regenerate work:ID
      omnilogue regenerate work:ID MESSAGE --temperature 1
    """
    wanted = None if message is None else values.required("MESSAGE", message)
    given = {**asking.options(), **session.writing}
    remote, conversation_id = session.conversation(address)
    if _wants_stream(session, remote.features.stream.grade, no_stream=no_stream, jsonl=jsonl):
        reply = await _stream(session, remote.stream_regenerate(conversation_id, wanted, **given), jsonl=jsonl)
    else:
        reply = await remote.regenerate(conversation_id, wanted, **given)
        _print(session, reply)
    if reply.effect == "added":
        session.note("The old answer is still there.")


async def _save(session: Session, saving: speech.Folder | None, reply: Reply) -> None:
    """Save a spoken answer where that is wished, and tell where it is."""
    if saving is None:
        return
    if not reply.audio:
        session.note("The answer was not spoken: there is nothing to save.")
    async for path in saving.save(reply.audio, **session.reading):
        session.note(f"Saved {path}")


def _wants_stream(session: Session, grade: str, *, no_stream: bool, jsonl: bool) -> bool:
    if jsonl and (session.json or no_stream):
        raise InvalidInputError(f"--jsonl and {'--json' if session.json else '--no-stream'} exclude each other")
    return jsonl or not (no_stream or session.json or session.output.is_file or grade == "unsupported")


async def _stream(session: Session, stream: ReplyStream, *, jsonl: bool) -> Reply:
    """Print an answer, or its events, as they come."""
    output, wrote = session.output, False
    try:
        async with stream:
            async for event in stream:
                if jsonl:
                    output.record(event.model_dump(mode="json"))
                elif event.type == "text_delta":
                    output.text(event.text)
                    wrote = True
                elif event.type == "tool_call_requested":
                    session.note(f"The model asks for the tool {event.call.name}.")
    finally:
        if wrote:
            output.text("\n")  # what went wrong, too, is told on a line of its own
    _note_status(session, stream.reply)
    return stream.reply


def _print(session: Session, reply: Reply) -> None:
    if session.json:
        session.output.document(reply.model_dump(mode="json"))
    else:
        session.output.line(reply.text)
        _note_status(session, reply)


def _note_status(session: Session, reply: Reply) -> None:
    if reply.status != "complete":
        session.note(f"The answer is not whole: its status is {reply.status}.")
