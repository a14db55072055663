"""Reading a source with its branches, so that the active one ends the copy: the last message written is its head."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from ..errors import MigrationError
from ..model import Conversation, Message
from ..remote import AsyncRemote


@dataclass(frozen=True, slots=True)
class Placed:
    """A message, and whether it is on the active branch."""

    message: Message
    on_branch: bool = True


class Line:
    """Sees whether messages follow each other without a branch."""

    def __init__(self) -> None:
        self.is_straight = True
        self._last: str | None = None

    def add(self, message: Message) -> None:
        """Look at the next message."""
        if message.parent_id is not None and message.parent_id != self._last:
            self.is_straight = False
        self._last = message.id


async def placed(source: AsyncRemote, conversation: Conversation, *, is_branched: bool) -> AsyncGenerator[Placed, None]:
    """Give all messages, parents first; a branched conversation is held whole and its active branch comes last."""
    if not is_branched:
        async for message in source.messages(conversation, branches=True):
            yield Placed(message)
        return
    active = {message.id async for message in source.messages(conversation)}
    whole = [message async for message in source.messages(conversation, branches=True)]
    for message in _active_last(whole, active):
        yield Placed(message, message.id in active)


async def as_planned(
    source: AsyncRemote, conversation: Conversation, *, is_branched: bool
) -> AsyncGenerator[Placed, None]:
    """Give them to a copy, which knows from its plan whether there are branches.

    Raises MigrationError [source_changed] before a message on a branch that was not there when it was planned.
    """
    line = Line()
    async with aclosing(placed(source, conversation, is_branched=is_branched)) as messages:
        async for each in messages:
            line.add(each.message)
            if not line.is_straight and not is_branched:
                raise MigrationError(
                    f"{conversation.ref} has branches that were not there when it was planned",
                    code="source_changed",
                    hint="retry it; where a part of it was copied, undo it first",
                )
            yield each


def _active_last(messages: Sequence[Message], active: set[str | None]) -> Iterator[Message]:
    """Walk the tree: below each message its other branches first, then the active one."""
    known = {message.id for message in messages}
    below: dict[str | None, list[Message]] = {}
    for message in messages:
        parent = message.parent_id if message.parent_id in known else None
        below.setdefault(parent, []).append(message)
    open_ones = [iter(_ordered(below.get(None, []), active))]
    while open_ones:
        for message in open_ones[-1]:
            yield message
            open_ones.append(iter(_ordered(below.get(message.id, []), active)))
            break
        else:
            open_ones.pop()


def _ordered(siblings: Sequence[Message], active: set[str | None]) -> list[Message]:
    return sorted(siblings, key=lambda message: message.id in active)
