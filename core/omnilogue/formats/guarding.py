"""Calling a format's functions: whatever they let out is an error of the tree that names the format."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import BinaryIO

from ..errors import InvalidInputError, OmnilogueError, PluginError
from ..model import Conversation, Message
from ..provider import Entries, Entry, Format


async def write_entries(form: Format, entries: Entries, file: BinaryIO) -> None:
    """Write in a format. Raises InvalidInputError where it only reads, PluginError for its own faults."""
    if form.write is None:
        raise InvalidInputError(f"{form.name} cannot be written")
    try:
        await form.write(entries, file)
    except (OmnilogueError, OSError):
        raise
    except Exception as error:  # whatever a plugin lets out is its own fault
        fault = _fault(form, f"failed: {type(error).__name__}: {error}")
    else:
        return
    raise fault


async def read_entries(form: Format, file: BinaryIO) -> AsyncIterator[Entry]:
    """Read in a format: a conversation before its messages, and nothing else.

    Raises InvalidInputError for the file's faults and where the format only writes, PluginError for its own.
    """
    if form.read is None:
        raise InvalidInputError(f"{form.name} cannot be read")
    entries = aiter(form.read(file))
    is_begun = False
    while (entry := await _next(form, entries)) is not None:
        is_begun = is_begun or isinstance(entry, Conversation)
        if not is_begun or not isinstance(entry, (Conversation, Message)):
            raise _fault(form, f"gives {type(entry).__name__} where a conversation must come")
        yield entry


async def _next(form: Format, entries: AsyncIterator[Entry]) -> Entry | None:
    try:
        return await anext(entries, None)
    except (OmnilogueError, OSError):
        raise
    except Exception as error:  # whatever a plugin lets out is its own fault
        fault = _fault(form, f"failed: {type(error).__name__}: {error}")
    raise fault


def _fault(form: Format, what: str) -> PluginError:
    return PluginError(
        f"the format {form.name!r} {what}",
        code="plugin_contract",
        hint="this is a fault of the format; tell its author",
    )
