"""Storing what an import reads: one conversation after the other, its messages in order and in batches."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from ..errors import OmnilogueError
from ..log import logger
from ..model import Conversation, Message
from ..remote import AsyncRemote
from ..remote.options import AllowLoss, Timeout
from .fitting import fit, fit_conversation, takes
from .shape import Shape, branches_off

BATCH_CHARACTERS = 4 * 1024 * 1024
"""A batch ends early when its texts are longer than this together; one message always fits."""


class Storing:
    """Writes conversations on a remote; leaving it by an error tells on the error what is stored.

    A message that follows the one before it is stored without a parent: it goes to the end of the conversation.
    """

    def __init__(self, remote: AsyncRemote, allow_loss: AllowLoss, timeout: Timeout) -> None:
        self.conversations = 0
        self.messages = 0
        self._remote = remote
        self._allow_loss = allow_loss
        self._timeout = timeout
        row = remote.features.append_user
        self._size = max(1, row.limits.batch or 1)
        self._keeps_branches = takes(row, "parent_id")
        self._conversation: Conversation | None = None
        self._reset(Shape())

    def _reset(self, shape: Shape) -> None:
        self._shape = shape
        self._is_pinned = False
        self._waiting: list[Message] = []
        self._old_ids: list[str | None] = []
        self._characters = 0
        self._stored_ids: dict[str, str | None] = {}
        self._newest: str | None = None
        self._before: str | None = None
        self._below: str | None = None
        self._held: Message | None = None
        self._begun_with = self.messages

    async def begin(self, conversation: Conversation, shape: Shape) -> None:
        """End the conversation before, and create the next one."""
        await self.end()
        fitted = fit_conversation(conversation, self._remote.features)
        self._conversation = await self._remote.create(
            **fitted.fields, timeout=self._timeout, allow_loss=self._allow_loss
        )
        self._reset(shape)
        self._is_pinned = fitted.pinned

    async def add(self, message: Message) -> None:
        """Store a message at its place, soon; the one that the active branch ends with is kept for the end."""
        if self._shape.last is None or message.id != self._shape.last:
            await self._place(message)
            return
        follows = self._before if message.parent_id is None else message.parent_id
        self._held = message.model_copy(update={"parent_id": follows})
        self._before = message.id

    async def end(self) -> None:
        """Store what still waits, and count the conversation."""
        if self._conversation is None:
            return
        if self._held is not None:
            await self._place(self._held)
        await self._flush()
        if self._is_pinned:
            await self._remote.update(
                self._conversation, pinned=True, timeout=self._timeout, allow_loss=self._allow_loss
            )
        self._conversation = None
        self.conversations += 1

    async def _place(self, message: Message) -> None:
        """Put a message below its parent; what is left out passes its place on to those that follow it."""
        below = self._below
        if self._keeps_branches and branches_off(message, self._before):
            await self._flush()
            below = self._stored_ids.get(message.parent_id or "", below)
        self._before = message.id
        fitted, _ = fit(message, self._remote.features)
        if fitted is None:
            await self._pass_on(message, below)
            return
        self._below = None
        self._waiting.append(fitted if below is None else fitted.model_copy(update={"parent_id": below}))
        self._old_ids.append(message.id)
        self._characters += len(fitted.text)
        if len(self._waiting) >= self._size or self._characters > BATCH_CHARACTERS:
            await self._flush()

    async def _pass_on(self, message: Message, below: str | None) -> None:
        await self._flush()
        self._below = below
        if message.id in self._shape.forks:
            self._stored_ids[message.id or ""] = below or self._newest

    async def _flush(self) -> None:
        if not self._waiting or self._conversation is None:
            return
        waiting, old_ids = self._waiting, self._old_ids
        self._waiting, self._old_ids, self._characters = [], [], 0
        stored = await self._remote.append(
            self._conversation, waiting, timeout=self._timeout, allow_loss=self._allow_loss
        )
        self.messages += len(stored)
        self._newest = stored[-1].id
        for old_id, message in zip(old_ids, stored, strict=True):
            if old_id is not None and old_id in self._shape.forks:
                self._stored_ids[old_id] = message.id

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            return
        told = f"{self.conversations} conversations were imported before this"
        if self._conversation is not None:
            count = self.messages - self._begun_with
            told += f"; {self._conversation.ref} was begun and has {count} of its messages"
            logger().warning("import_broken_off", remote=self._remote.name, conversation=self._conversation.id)
        if isinstance(error, OmnilogueError):
            error.hint = f"{told}; {error.hint}" if error.hint else told
