"""Storing what an import reads: one conversation after the other, its messages in order and in batches."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from ..errors import OmnilogueError
from ..log import logger
from ..mapping.drafts import expected_draft
from ..mapping.expected import CopyOptions, expected
from ..mapping.taking import keeps
from ..model import Conversation, Message
from ..remote import AsyncRemote
from ..remote.landing import Landing
from ..remote.options import Timeout
from .shape import STRAIGHT, Shape, branches_off

AS_IT_IS = CopyOptions(keeps_origin=False, is_compared=False)
"""A file does not tell which vendor it is from: names of models and ids of files are taken for the remote's own."""

BATCH_CHARACTERS = 4 * 1024 * 1024
"""A batch ends early when its texts are longer than this together; one message always fits."""


class Storing:
    """Writes conversations on a remote; leaving it by an error tells on the error what is stored.

    A message that follows the one before it is stored without a parent: it goes to the end of the conversation.
    What is lost was consented to before.
    """

    def __init__(self, remote: AsyncRemote, timeout: Timeout) -> None:
        self.conversations = 0
        self.messages = 0
        self._remote = remote
        self._timeout = timeout
        row = remote.features.append_user
        self._size = max(1, row.limits.batch or 1)
        self._keeps_branches = keeps(row, "parent_id")
        self._conversation: Conversation | None = None
        self._reset(STRAIGHT)

    def _reset(self, shape: Shape) -> None:
        self._shape = shape
        self._is_pinned = False
        self._waiting: list[Message] = []
        self._old_ids: list[str | None] = []
        self._characters = 0
        self._stored_ids: dict[str, str | None] = {}
        self._before: str | None = None
        self._place = 0
        self._held: Message | None = None
        self._begun_with = self.messages

    async def begin(self, conversation: Conversation, shape: Shape) -> None:
        """End the conversation before, and create the next one."""
        await self.end()
        becomes = expected_draft(conversation, self._remote.features, AS_IT_IS)
        self._conversation = await Landing.on(self._remote, self._timeout).create(becomes.draft)
        self._reset(shape)
        self._is_pinned = becomes.pinned is True

    async def add(self, message: Message) -> None:
        """Store a message at its place, soon; the one that the active branch ends with is kept for the end."""
        place, self._place = self._place, self._place + 1
        if place != self._shape.last:
            await self._put(message, on_branch=place not in self._shape.left_out)
            return
        follows = self._before if message.parent_id is None else message.parent_id
        self._held = message.model_copy(update={"parent_id": follows})
        self._before = message.id

    async def end(self) -> None:
        """Store what still waits, and count the conversation."""
        if self._conversation is None:
            return
        if self._held is not None:
            await self._put(self._held)
        await self._flush()
        if self._is_pinned:
            await self._remote.update(self._conversation, pinned=True, timeout=self._timeout, allow_loss=True)
        self._conversation = None
        self.conversations += 1

    async def _put(self, message: Message, *, on_branch: bool = True) -> None:
        """Put a message below its parent, unless it is left out."""
        below = None
        if self._keeps_branches and branches_off(message, self._before):
            await self._flush()
            below = self._stored_ids.get(message.parent_id or "")
        self._before = message.id
        becomes = expected(message, self._remote.features, AS_IT_IS, on_branch=on_branch).message
        if becomes is None:
            return
        self._waiting.append(becomes.model_copy(update={"parent_id": below}))
        self._old_ids.append(message.id)
        self._characters += len(becomes.text)
        if len(self._waiting) >= self._size or self._characters > BATCH_CHARACTERS:
            await self._flush()

    async def _flush(self) -> None:
        if not self._waiting or self._conversation is None:
            return
        waiting, old_ids = self._waiting, self._old_ids
        self._waiting, self._old_ids, self._characters = [], [], 0
        stored = await self._remote.append(self._conversation, waiting, timeout=self._timeout, allow_loss=True)
        self.messages += len(stored)
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
