"""Import: the conversations of a file, stored on a remote as new ones.

The file is read twice. The first time nothing is written: what does not fit, and losses nobody consented to, are
refused before a request leaves. Both times one message is held at a time, or one batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ..errors import InvalidInputError
from ..model import Conversation
from ..provider import Entry, Features, Format, Lost
from ..remote import AsyncRemote
from ..remote.grades import require
from ..remote.options import UNSET, AllowLoss, Timeout
from .fitting import fit, fit_conversation, takes
from .guarding import read_entries
from .shape import Shape, Shaping
from .storing import Storing
from .tally import Tally

NEEDED = ("create_conversation", "append_user", "append_assistant")

Watch = Callable[[int, int], object]
"""Is told how many conversations and messages are stored, and of how many."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was stored, and what of the file was not."""

    conversations: int
    messages: int
    losses: list[dict[str, Any]]


@dataclass(slots=True)
class Survey:
    """What is in a file, before anything of it is stored; `shapes` by the number of the conversation."""

    conversations: int = 0
    messages: int = 0
    shapes: dict[int, Shape] = field(default_factory=dict)
    losses: Tally = field(default_factory=Tally)


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
    require(remote.features, remote.name, NEEDED, True)
    survey = await _surveyed(file, form, remote.features)
    survey.losses.require(f"{remote.name}: the import", allow_loss)
    file.seek(0)
    storing = Storing(remote, allow_loss, timeout)
    total = survey.conversations + survey.messages
    async with storing:
        number = 0
        async for entry in read_entries(form, file):
            if isinstance(entry, Conversation):
                number += 1
                await storing.begin(entry, survey.shapes.get(number, Shape()))
            else:
                await storing.add(entry)
            if watch is not None:
                watch(storing.conversations + storing.messages, total)
        await storing.end()
    return Imported(storing.conversations, storing.messages, survey.losses.document())


async def _surveyed(file: BinaryIO, form: Format, features: Features) -> Survey:
    """Read the file without writing anything. Raises InvalidInputError naming what does not fit."""
    survey, shaping, place = Survey(), None, ""
    branches = takes(features.append_user, "parent_id")
    async for entry in read_entries(form, file):
        if isinstance(entry, Conversation):
            _note_shape(survey, shaping, place)
            shaping = Shaping(entry, branches=branches)
            survey.conversations += 1
            place = f"conversation {survey.conversations}, {entry.id}"
            survey.losses.add(_lost(entry, features, place), place)
        else:
            survey.messages += 1
            here = f"{place}, message {entry.id}" if entry.id else place
            survey.losses.add(_lost(entry, features, here), here)
            if shaping is not None:
                shaping.add(entry)
    _note_shape(survey, shaping, place)
    return survey


def _lost(entry: Entry, features: Features, place: str) -> list[Lost]:
    try:
        return fit_conversation(entry, features).losses if isinstance(entry, Conversation) else fit(entry, features)[1]
    except InvalidInputError as error:
        problem = f"{place}: {error.message}"
    raise InvalidInputError(problem)


def _note_shape(survey: Survey, shaping: Shaping | None, place: str) -> None:
    """Remember the shape of the conversation that is over, where it is more than one message after the other."""
    shape = shaping.shape() if shaping else Shape()
    if shape != Shape():
        survey.shapes[survey.conversations] = shape
        survey.losses.add([Lost("branch", "flattened")] * shape.strays, place)
