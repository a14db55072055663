"""Export: a remote's conversations, or one of them, into a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from ..errors import NotFoundError
from ..log import logger
from ..model import Conversation, Message
from ..provider import Entry, Format
from ..remote import AsyncRemote
from ..remote.options import UNSET, Timeout
from .guarding import write_entries
from .tally import Tally

Watch = Callable[[Entry], object]
"""Is told of each conversation and message that was dealt with."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written; `complete` is False where the source could not list everything."""

    conversations: int
    messages: int
    losses: list[dict[str, Any]]
    complete: bool


async def export_to(
    file: BinaryIO,
    form: Format,
    remote: AsyncRemote,
    conversation_id: str | None = None,
    *,
    timeout: Timeout = UNSET,
    watch: Watch | None = None,
) -> Exported:
    """Write one conversation, or all that the remote lists, in constant memory; `timeout` is for each request.

    Raises InvalidInputError for a format that only reads, PluginError for one that fails, and all that reading a
    remote may raise.
    """
    source = Source(remote, conversation_id, form, timeout, watch)
    await write_entries(form, source, file)
    return source.report()


class Source:
    """The entries of an export, read page by page as they are written, and counted."""

    def __init__(
        self, remote: AsyncRemote, conversation_id: str | None, form: Format, timeout: Timeout, watch: Watch | None
    ) -> None:
        self.complete: bool | None = None
        self._remote = remote
        self._conversation_id = conversation_id
        self._form = form
        self._timeout = timeout
        self._watch = watch
        self._losses = Tally()
        self._conversations = 0
        self._messages = 0
        self._is_whole = True

    async def __aiter__(self) -> AsyncIterator[Entry]:
        async for conversation in self._chosen():
            async for entry in self._with_messages(conversation):
                self._count(entry)
                yield entry
        self.complete = self._is_whole

    def report(self) -> Exported:
        """Tell what was given."""
        return Exported(self._conversations, self._messages, self._losses.document(), self.complete is not False)

    async def _chosen(self) -> AsyncIterator[Conversation]:
        if self._conversation_id is not None:
            yield await self._remote.conversation(self._conversation_id, timeout=self._timeout)
            return
        listing = self._remote.conversations(timeout=self._timeout)
        async for conversation in listing:
            yield conversation
        self._is_whole = self._is_whole and listing.complete is not False

    async def _with_messages(self, conversation: Conversation) -> AsyncIterator[Entry]:
        """Give a conversation and its messages; one that is gone since it was listed is left out as a whole."""
        listing = self._remote.messages(conversation, branches=self._form.branches, timeout=self._timeout)
        try:
            page = await listing.next_page()
        except NotFoundError:
            if self._conversation_id is not None:
                raise
            logger().warning("conversation_gone", remote=self._remote.name, conversation=conversation.id)
            self._is_whole = False
            return
        yield conversation
        while page is not None:
            for message in page:
                yield message
            page = await listing.next_page()
        self._is_whole = self._is_whole and listing.complete is not False

    def _count(self, entry: Entry) -> None:
        if isinstance(entry, Message):
            self._messages += 1
            place = f"{self._remote.name}:{entry.conversation_id or ''} {entry.id or ''}".strip()
        else:
            self._conversations += 1
            place = str(entry.ref)
        if self._form.losses is not None:
            self._losses.add(self._form.losses(entry), place)
        if self._watch is not None:
            self._watch(entry)
