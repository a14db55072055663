"""What is in a file, before anything of it is stored: how much, which branches, and what the remote loses of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from types import MappingProxyType
from typing import TypeAlias

from ..mapping.drafts import expected_draft
from ..mapping.expected import expected
from ..mapping.losses import LossItem
from ..mapping.taking import keeps
from ..model import Conversation, Message
from ..provider import Entry, Features
from .shape import STRAIGHT, Line, Shape, Shaping
from .storing import AS_IT_IS
from .tally import Tally

Shapes: TypeAlias = Mapping[int, Shape]
"""Shapes by the number of the conversation in the file, counted from 1; those that are straight may be missing."""

NO_SHAPES: Shapes = MappingProxyType({})


class Survey:
    """Counts what is stored and what is lost; `branched` are the numbers of the conversations that are not straight."""

    def __init__(self, features: Features, shapes: Shapes = NO_SHAPES) -> None:
        self.conversations = 0
        self.messages = 0
        self.branched: set[int] = set()
        self.losses = Tally()
        self._features = features
        self._shapes = shapes
        self._shape = STRAIGHT
        self._line: Line | None = None
        self._named = ""
        self._place = 0

    def add(self, entry: Entry) -> None:
        """Count the next entry."""
        if isinstance(entry, Conversation):
            self._begin(entry)
        else:
            self._count(entry)

    def end(self) -> None:
        """Take note of the conversation that is over."""
        if self._line is not None and not self._line.is_straight:
            self.branched.add(self.conversations)

    def _begin(self, conversation: Conversation) -> None:
        self.end()
        self.conversations += 1
        self._line, self._place = Line(conversation), 0
        self._shape = self._shapes.get(self.conversations, STRAIGHT)
        self._named = f"conversation {self.conversations}, {conversation.id}"
        becomes = expected_draft(conversation, self._features, AS_IT_IS)
        self.losses.add([*becomes.losses, *[LossItem("branch", "flattened")] * self._shape.strays], self._named)

    def _count(self, message: Message) -> None:
        on_branch = self._place not in self._shape.left_out
        becomes = expected(message, self._features, AS_IT_IS, on_branch=on_branch)
        self.losses.add(becomes.losses, f"{self._named}, message {message.id}" if message.id else self._named)
        self.messages += becomes.message is not None
        self._place += 1
        if self._line is not None:
            self._line.add(message)


async def shapes_of(entries: AsyncIterator[Entry], branched: Collection[int], features: Features) -> Shapes:
    """Give the shapes of the conversations with these numbers; the ids of one of them are held at a time."""
    shapes: dict[int, Shape] = {}
    branches = keeps(features.append_user, "parent_id")
    number, shaping = 0, None
    async for entry in entries:
        if isinstance(entry, Conversation):
            if shaping is not None:
                shapes[number] = shaping.shape()
            number += 1
            shaping = Shaping(entry, branches=branches) if number in branched else None
        elif shaping is not None:
            shaping.add(entry)
    if shaping is not None:
        shapes[number] = shaping.shape()
    return shapes
