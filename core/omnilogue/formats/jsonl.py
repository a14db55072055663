"""`omnilogue/1`, one JSON object a line: all that the model has, exactly, and read back with care.

A header, then each conversation followed by its messages, then a last line with the counts. A file without its last
line was cut off, and is not taken for a whole one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO, TypeVar

from pydantic import Field, ValidationError
from pydantic_core import PydanticSerializationError, from_json

from ..errors import InvalidInputError
from ..model import FORMAT, Conversation, Message
from ..model.values import Kept, Value
from ..provider import Entries, Entry, Format

LONGEST_LINE = 512 * 1024 * 1024
"""Bytes; the longest text that a remote takes fits, also where each of its characters is escaped."""

FAMILY, _, VERSION = FORMAT.partition("/")

T = TypeVar("T", bound=Value)


class Header(Kept):
    """The first line: which format this is."""

    format: str


class End(Kept):
    """How much there is, and whether the source could list everything."""

    conversations: int = Field(ge=0)
    messages: int = Field(ge=0)
    complete: bool = True


class Line(Value):
    """Any line but the first: one of these."""

    conversation: Conversation | None = None
    message: Message | None = None
    end: End | None = None


async def write(entries: Entries, file: BinaryIO) -> None:
    """Write entries as they come. Raises InvalidInputError for what JSON cannot hold."""
    conversations = messages = 0
    file.write(Header(format=FORMAT).model_dump_json().encode("utf-8") + b"\n")
    async for entry in entries:
        if isinstance(entry, Conversation):
            conversations += 1
            file.write(_line("conversation", entry))
        else:
            messages += 1
            file.write(_line("message", entry))
    complete = entries.complete is not False
    file.write(_line("end", End(conversations=conversations, messages=messages, complete=complete)))


def _line(kind: str, value: Value) -> bytes:
    try:
        return f'{{"{kind}":{value.model_dump_json()}}}\n'.encode()
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        problem = f"a {kind} cannot be written as JSON: {error}"
    raise InvalidInputError(problem)


async def read(file: BinaryIO) -> AsyncIterator[Entry]:
    """Give conversations, each followed by its messages. Raises InvalidInputError naming the line that does not fit."""
    lines = _lines(file)
    number, first = next(lines, (1, b""))
    _require_version(number, first)
    found = End(conversations=0, messages=0)
    for number, content in lines:
        line = _parsed(Line, number, content)
        if len(line.model_fields_set) != 1:
            raise _bad(number, "it must hold one of conversation, message, end")
        if line.conversation is not None:
            found = found.model_copy(update={"conversations": found.conversations + 1})
            yield line.conversation
        elif line.message is not None:
            if not found.conversations:
                raise _bad(number, "a message stands before any conversation")
            found = found.model_copy(update={"messages": found.messages + 1})
            yield line.message
        else:
            _require_end(number, line.end, found, lines)
            return
    raise InvalidInputError(f"after line {number} the last line is missing: the file was cut off", hint=CUT_OFF)


CUT_OFF = 'export it again; a file that was written by hand ends with {"end": {"conversations": N, "messages": M}}'


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Give lines that are not blank, with their numbers. Raises InvalidInputError for one that does not end."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise _bad(number, f"it is longer than {LONGEST_LINE} bytes")
        if line.strip():
            yield number, line


def _require_version(number: int, first: bytes) -> None:
    header = _parsed(Header, number, first, f"this is no {FORMAT} file: ")
    family, _, version = header.format.partition("/")
    if header.format == FORMAT:
        return
    if family == FAMILY and re.fullmatch(r"[0-9]{1,9}", version) and int(version) > int(VERSION):
        raise InvalidInputError(
            f"this file is {header.format}, and this version reads {FORMAT}", hint="use a newer Omnilogue"
        )
    raise _bad(number, f"the format {header.format!r} is not known; this version reads {FORMAT}")


def _require_end(number: int, end: End | None, found: End, lines: Iterator[tuple[int, bytes]]) -> None:
    """See that the file is whole: what the last line counts is what there was, and nothing follows."""
    if end is None:
        raise _bad(number, "it holds nothing")
    if (end.conversations, end.messages) != (found.conversations, found.messages):
        raise _bad(
            number,
            f"it counts {end.conversations} conversations and {end.messages} messages,"
            f" and there are {found.conversations} and {found.messages}",
        )
    if after := next(lines, None):
        raise _bad(after[0], "it stands behind the last line")


def _parsed(kind: type[T], number: int, content: bytes, what: str = "") -> T:
    try:
        if b"NaN" in content or b"Infinity" in content:  # the model's own parser takes them, and JSON has none
            from_json(content, allow_inf_nan=False)
        return kind.model_validate_json(content)
    except ValidationError as error:
        problem = what + _described(error)
    except ValueError as error:
        problem = f"{what}{error}"
    raise _bad(number, problem)


def _described(error: ValidationError) -> str:
    """Tell what does not fit, without the value itself: transcripts are private."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]


def _bad(number: int, problem: str) -> InvalidInputError:
    return InvalidInputError(f"line {number}: {problem}")


JSONL = Format(FORMAT, (".jsonl", ".ndjson"), write=write, read=read)
"""Our own form: nothing is lost."""
