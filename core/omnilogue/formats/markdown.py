"""A transcript in Markdown, for people: written only.

What others wrote cannot reach beyond its place: HTML is escaped, texts stand in quotes, so that nothing in them ends
or begins a message, code stands in fences longer than itself, pictures are named and never fetched.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from pydantic import JsonValue

from ..model import (
    Citation,
    Conversation,
    DataPart,
    MediaPart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from ..provider import Entries, Entry, Format, Lost

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPECIAL = re.compile(r"[\\`*_\[\]#|~!]")
_LINE_END = re.compile(r"\r\n|[\r\u2028\u2029]")
_FENCE = re.compile(r" {0,3}(?P<marks>`{3,}|~{3,})(?P<info>.*)")


async def write(entries: Entries, file: BinaryIO) -> None:
    """Write conversations one after the other, message by message."""
    async for entry in entries:
        lines = _heading(entry) if isinstance(entry, Conversation) else _message(entry)
        file.write("".join([f"{line}\n" for line in lines]).encode("utf-8", "replace"))
    if entries.complete is False:
        file.write(b"---\n\nThis is not everything: the source could not list all that it keeps.\n")


def losses(entry: Entry) -> Iterator[Lost]:
    """Tell what of an entry is not in the transcript, or no longer in a form of its own."""
    if entry.raw:
        yield Lost("vendor_fields", "dropped")
    if isinstance(entry, Message):
        if entry.metadata:
            yield Lost("metadata", "dropped")
        if entry.usage is not None:
            yield Lost("usage", "dropped")
        for part in entry.parts:
            yield from _losses_of(part)


def _losses_of(part: Part) -> Iterator[Lost]:
    match part:
        case TextPart():
            yield from (Lost("citation", "flattened") for _ in part.citations)
        case ReasoningPart():
            yield Lost("reasoning", "flattened")
        case MediaPart():
            yield Lost("attachment", "placeholder")
        case ToolCallPart() | ToolResultPart():
            yield Lost("tool_call", "flattened")
        case DataPart():
            yield Lost("part", "flattened")


def _heading(conversation: Conversation) -> Iterator[str]:
    """Give the lines that stand above a conversation."""
    yield f"# {plain(conversation.title or '') or '(no title)'}"
    yield ""
    details = {
        "conversation": str(conversation.ref),
        "created": _time(conversation.created_at),
        "updated": _time(conversation.updated_at),
        "model": conversation.model or "",
        "pinned": "yes" if conversation.pinned else "",
        "metadata": _json(conversation.metadata) if conversation.metadata else "",
    }
    yield from (f"- {name}: {plain(value)}" for name, value in details.items() if value)
    yield ""
    if conversation.instructions:
        yield from ("## instructions", "", *quoted(conversation.instructions), "")


def _message(message: Message) -> Iterator[str]:
    """Give the lines of a message: who and when, then each of its parts."""
    about = [message.role, _time(message.created_at), message.model or ""]
    if message.status != "complete":
        about.append(f"({message.status})")
    yield f"## {', '.join(plain(word) for word in about if word)}"
    yield ""
    for part in message.parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[str]:
    match part:
        case TextPart():
            yield from (*quoted(part.text), "")
            yield from _sources(part.citations)
        case ReasoningPart():
            yield from ("Thoughts:", "", *quoted(part.text or "(not told)"), "")
        case MediaPart():
            about = [part.name or part.url or part.file_id or "", part.media_type or ""]
            about.append(f"{part.size} bytes" if part.size is not None else "")
            yield from (f"Attached {part.type}: {', '.join(plain(word) for word in about if word) or '(no name)'}", "")
        case ToolCallPart():
            yield from (f"Tool call {plain(part.name)}:", "", *fenced(_json(part.arguments), "json"), "")
        case ToolResultPart():
            word = "error" if part.is_error else "result"
            yield from (f"Tool {word}:", "", *fenced(_shown(part.content), "json"), "")
        case DataPart():
            yield from (f"Data {plain(part.kind)}:", "", *fenced(_json(part.value), "json"), "")


def _sources(citations: Iterable[Citation]) -> Iterator[str]:
    lines = []
    for citation in citations:
        about = [citation.marker, citation.title, citation.url, citation.file_id, citation.quote]
        lines.append(f"- {', '.join(plain(word) for word in about if word) or '(not named)'}")
    if lines:
        yield from ("Sources:", "", *lines, "")


def plain(text: str) -> str:
    """Give text on one line that stands for itself: neither HTML nor Markdown."""
    shown = html.escape(_CONTROL.sub("\ufffd", " ".join(text.split())), quote=False)
    return _SPECIAL.sub(r"\\\g<0>", shown)


def quoted(text: str) -> Iterator[str]:
    """Give text as a quote: Markdown goes on working in it, HTML does not, and nothing in it can end the quote."""
    for is_code, info, lines in _segments(_lines(text)):
        shown = fenced("\n".join(lines), info) if is_code else [_prose(line) for line in lines]
        yield from (f"> {line}".rstrip() for line in shown)


def fenced(text: str, info: str = "") -> list[str]:
    """Give lines of code in a fence that is longer than any in them."""
    lines = _lines(text)
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{info}", *lines, fence]


def _segments(lines: list[str]) -> Iterator[tuple[bool, str, list[str]]]:
    """Tell code in fences from what stands around it; a fence that is never closed ends with the text."""
    waiting: list[str] = []
    fence, info = "", ""
    for line in lines:
        found = _FENCE.fullmatch(line)
        marks = found["marks"] if found else ""
        if not fence and found and not (marks[0] == "`" and "`" in found["info"]):
            if waiting:
                yield False, "", waiting
            waiting, fence, info = [], marks, "".join(re.findall(r"[\w+.#-]+", found["info"])[:1])
        elif fence and found and marks.startswith(fence) and not found["info"].strip():
            yield True, info, waiting
            waiting, fence = [], ""
        else:
            waiting.append(line)
    if waiting or fence:
        yield bool(fence), info, waiting


def _prose(line: str) -> str:
    """Take from a line of Markdown what a reader would run or fetch."""
    return html.escape(line, quote=False).replace("![", "!\\[")


def _lines(text: str) -> list[str]:
    return _CONTROL.sub("\ufffd", _LINE_END.sub("\n", text)).split("\n")


def _shown(value: JsonValue) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else ""


MARKDOWN = Format("markdown", (".md", ".markdown"), write=write, losses=losses, branches=False)
"""Readable; what a transcript has no place for is left out and counted."""
