"""Import: the conversations of a file, stored on a remote as new ones.

The file is read twice, or more often where its conversations have branches. Until the last time nothing is written:
what does not fit, and losses nobody consented to, are refused before a request leaves. One message is held at a time,
or one batch, and of a conversation with branches the ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from ..errors import UnsupportedOperationError
from ..model import Conversation, Grade
from ..provider import Features, Format
from ..remote import AsyncRemote
from ..remote.grades import require
from ..remote.options import UNSET, AllowLoss, Timeout
from .guarding import read_entries
from .shape import STRAIGHT
from .storing import Storing
from .surveying import Shapes, Survey, shapes_of

NEEDED = ("create_conversation", "append_user")

Watch = Callable[[int, int], object]
"""Is told how many conversations and messages are stored, and of how many."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was stored, and what of the file was not."""

    conversations: int
    messages: int
    losses: list[dict[str, Any]]


async def import_from(
    file: BinaryIO,
    form: Format,
    remote: AsyncRemote,
    *,
    allow_loss: AllowLoss = False,
    timeout: Timeout = UNSET,
    watch: Watch | None = None,
) -> Imported:
    """Store all conversations of a file that can seek; the same file again makes them a second time.

    `timeout` is for each call that writes. Raises InvalidInputError naming the line, UnsupportedOperationError,
    LossRefusedError; until here nothing was written. A failure later names what is stored.
    """
    _require_appends(remote)
    survey, shapes = await _surveyed(file, form, remote.features)
    survey.losses.require(f"{remote.name}: the import", allow_loss)
    storing = Storing(remote, timeout)
    total = survey.conversations + survey.messages
    file.seek(0)
    async with storing:
        number = 0
        async for entry in read_entries(form, file):
            if isinstance(entry, Conversation):
                number += 1
                await storing.begin(entry, shapes.get(number, STRAIGHT))
            else:
                await storing.add(entry)
            if watch is not None:
                watch(storing.conversations + storing.messages, total)
        await storing.end()
    return Imported(storing.conversations, storing.messages, survey.losses.document())


def _require_appends(remote: AsyncRemote) -> None:
    """Refuse a remote that stores nothing without answering it. Raises UnsupportedOperationError."""
    try:
        require(remote.features, remote.name, NEEDED, True)
    except UnsupportedOperationError as error:
        if error.operation == "append_user" and remote.features.send.grade is not Grade.UNSUPPORTED:
            error.hint = "import the file into an archive, and copy from there: a copy works here"
        raise


async def _surveyed(file: BinaryIO, form: Format, features: Features) -> tuple[Survey, Shapes]:
    """Read the file without writing anything; again where there are branches, to know which messages are on them."""
    survey = await _once(file, form, Survey(features))
    if not survey.branched:
        return survey, {}
    file.seek(0)
    shapes = await shapes_of(read_entries(form, file), survey.branched, features)
    file.seek(0)
    return await _once(file, form, Survey(features, shapes)), shapes


async def _once(file: BinaryIO, form: Format, survey: Survey) -> Survey:
    async for entry in read_entries(form, file):
        survey.add(entry)
    survey.end()
    return survey
