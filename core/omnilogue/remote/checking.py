"""Proving that a remote works: by reading only, or on a scratch conversation that is deleted again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ..errors import BadRequestError, InvalidInputError, NotFoundError, OmnilogueError
from ..model import Conversation, Grade, Message
from ..model.values import Value

if TYPE_CHECKING:
    from .remote import AsyncRemote


NOBODY = "0"
"""The id of a conversation that is surely not there."""


class RemoteCheck(Value):
    """What a check found: for each operation `ok`, `failed`, `unsupported` or `not tried`; the first error."""

    ok: bool
    operations: dict[str, str] = Field(default_factory=dict)
    error: dict[str, Any] | None = None


class Check:
    """One check of one remote."""

    def __init__(self, remote: AsyncRemote) -> None:
        self._remote = remote
        self._results = dict.fromkeys(remote.features, "not tried")
        for name, row in remote.features.items():
            if row.grade is Grade.UNSUPPORTED:
                self._results[name] = "unsupported"
        self._error: OmnilogueError | None = None

    async def run(self, *, write: bool) -> RemoteCheck:
        """Check by reading, and with `write` also on a scratch conversation."""
        found = await self._read()
        if write and self._error is None:
            await self._write()
        elif found is not None:
            await self._read_one(found)
        elif self._error is None and self._remote.features.list_conversations.grade is Grade.LOSSY:
            await self._knock()
        error = self._error.to_dict() if self._error else None
        return RemoteCheck(ok=error is None, operations=self._results, error=error)

    async def _read(self) -> Conversation | None:
        remote = self._remote
        found: list[Conversation] = []

        async def first() -> None:
            found.extend([item async for item in remote.conversations(limit=1)])

        await self._try("list_conversations", first)
        return found[0] if found else None

    async def _read_one(self, conversation: Conversation) -> None:
        remote = self._remote
        await self._try("get_conversation", lambda: remote.conversation(conversation.id))

        ids = await self._ids(conversation, limit=1)
        if ids:
            await self._try("get_message", lambda: remote.message(conversation, ids[0]))

    async def _knock(self) -> None:
        """Ask the vendor for a conversation that is not there: an empty list from the state has asked it nothing."""
        try:
            await self._remote.conversation(NOBODY)
        except (NotFoundError, BadRequestError, InvalidInputError):
            return
        except OmnilogueError as error:
            self._results["get_conversation"] = "failed"
            self._error = error

    async def _ids(self, conversation: Conversation, limit: int | None = None) -> list[str]:
        ids: list[str] = []

        async def messages() -> None:
            ids.extend([message.id or "" async for message in self._remote.messages(conversation, limit=limit)])

        await self._try("list_messages", messages)
        return ids

    async def _write(self) -> None:
        remote = self._remote
        made: list[Conversation] = []

        async def create() -> None:
            made.append(await remote.create(title="Omnilogue check"))

        await self._try("create_conversation", create)
        if not made:
            return
        try:
            await self._use(made[0])
        finally:
            await self._try("delete_conversation", lambda: remote.delete(made[0]))

    async def _use(self, scratch: Conversation) -> None:
        remote = self._remote
        await self._try("update_conversation", lambda: remote.update(scratch, title="Omnilogue check, renamed"))
        for role in ("system", "user", "assistant"):
            line = Message.of(role, "A line of the check.")
            await self._try(f"append_{role}", partial(remote.append, scratch, line))
        await self._read_one(scratch)
        await self._try("send", lambda: remote.send(scratch, "Say one word."))
        await self._try("regenerate", lambda: remote.regenerate(scratch))
        ids = await self._ids(scratch)
        if ids:
            await self._try("edit_message", lambda: remote.edit(scratch, ids[0], "Edited.", allow_loss=True))
            ids = await self._ids(scratch)  # an edit may have built the conversation anew
            await self._try("delete_message", lambda: remote.delete_message(scratch, ids[-1], allow_loss=True))
        await self._try("clear_messages", lambda: remote.clear(scratch, allow_loss=True))

    async def _try(self, operation: str, action: Callable[[], Awaitable[object]]) -> None:
        if self._results[operation] == "unsupported":
            return
        try:
            await action()
        except OmnilogueError as error:
            self._results[operation] = "failed"
            self._error = self._error or error
        else:
            self._results[operation] = "ok"
