"""A provider with what its vendor cannot keep: a list, titles, metadata, deletions and redirects come from the state.

It stands around the vendor's own provider and has the same contract, so that no verb knows the difference.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..errors import NotFoundError, StateError
from ..model import Conversation, Event, MediaPart, Message, Page, Reply
from ..provider import Changes, Draft, Provider, Query, Turn
from ..state import Kept
from .completing import RUN_FIELDS, STATE_FIELDS, has, kept_at_vendor, with_state

KNOWN_PAGE = 20
"""How many known conversations make a page; each is one request."""


class Keeping(Provider[Any]):
    """One provider, and the state that completes it."""

    def __init__(self, inner: Provider[Any], kept: Kept) -> None:
        self.inner = inner
        self.kept = kept
        self.settings = inner.settings
        self.context = inner.context
        self.features = with_state(inner.features)
        self.vendor = inner.vendor
        self.lists = has(inner.features, "list_conversations")
        self.deletes = has(inner.features, "delete_conversation")
        self._created = kept_at_vendor(inner.features, "create_conversation")
        self._updated = kept_at_vendor(inner.features, "update_conversation")

    async def aclose(self) -> None:
        """Close the provider; the state is the client's."""
        await self.inner.aclose()

    async def now(self, conversation_id: str) -> str:
        """Give the id under which the conversation lives now, also of one that was deleted here."""
        return self.kept.now(await self.inner.canonical_id(conversation_id))

    async def canonical_id(self, conversation_id: str) -> str:
        """Give the id under which the conversation lives now. Raises NotFoundError for one that was deleted here."""
        conversation_id = await self.now(conversation_id)
        if self.kept.is_hidden(conversation_id):
            raise NotFoundError(
                f"{self.context.remote}:{conversation_id} was deleted here",
                outcome="not_sent",
                hint="the vendor keeps it; adopt it again",
            )
        return conversation_id

    # Conversations

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Conversation]:
        """Give the vendor's page without what is hidden, or the next known conversations where it has no list."""
        if self.lists:
            page = await self.inner.list_conversations(cursor, query)
            shown = [self._with_fields(item) for item in page.items if not self.kept.is_hidden(item.id)]
            return page.model_copy(update={"items": tuple(shown)})
        ids = self.kept.known(cursor, KNOWN_PAGE)
        found = [await self._if_there(conversation_id) for conversation_id in ids]
        return Page(
            items=tuple(item for item in found if item is not None),
            next_cursor=ids[-1] if len(ids) == KNOWN_PAGE else None,
            complete=False,
        )

    async def _if_there(self, conversation_id: str) -> Conversation | None:
        with suppress(NotFoundError):
            return self._with_fields(await self.inner.get_conversation(conversation_id))
        return None

    async def get_conversation(self, conversation_id: str) -> Conversation:
        """Give one conversation, and remember it where the vendor lists nothing: a state that is there is enough."""
        found = await self.inner.get_conversation(conversation_id)
        if not self.lists:
            with suppress(StateError):  # a read succeeds though the disk takes nothing
                self.kept.saw(found.id)
        return self._with_fields(found)

    async def create_conversation(self, draft: Draft) -> Conversation:
        """Create a conversation with what the vendor keeps of the draft; `created` keeps the rest."""
        theirs = _given(draft, self._created)
        if not self.lists or _given(draft) != theirs:
            self.kept.open_for_writing()
        return await self.inner.create_conversation(Draft(**theirs, raw=draft.raw, messages=draft.messages))

    def created(self, conversation: Conversation, draft: Draft, *, hidden: bool = False) -> Conversation:
        """Keep of a new conversation what the vendor does not; a hidden one is not shown before it is complete."""
        theirs = _given(draft, self._created)
        ours = {name: value for name, value in _given(draft).items() if name not in theirs}
        if ours or hidden or not self.lists or self.kept.has(conversation.id):
            self.kept.begin(conversation.id, ours, listed=not self.lists, hidden=hidden)
        return self._with_fields(conversation)

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        """Change at the vendor what it keeps, and the rest in the state."""
        given = {name: getattr(changes, name) for name in changes.model_fields_set}
        ours = {name: value for name, value in given.items() if name in STATE_FIELDS and name not in self._updated}
        theirs = {name: value for name, value in given.items() if name not in ours}
        outdated = theirs.keys() & self.kept.fields(conversation_id).keys()
        if ours or outdated:
            self.kept.open_for_writing()
        if theirs:
            conversation = await self.inner.update_conversation(conversation_id, Changes(**theirs))
        else:
            conversation = await self.inner.get_conversation(conversation_id)
        if ours or outdated:
            self.kept.keep(conversation_id, ours, without=outdated)
        return self._with_fields(conversation)

    async def delete_conversation(self, conversation_id: str) -> None:
        """Delete at the vendor where it can, else hide here; a conversation nobody has is NotFoundError."""
        if not self.deletes:
            self.kept.open_for_writing()
            await self.inner.get_conversation(conversation_id)
            self.kept.hide(conversation_id)
            return
        is_kept = self.kept.has(conversation_id)
        if is_kept:
            self.kept.open_for_writing()
        await self.inner.delete_conversation(conversation_id)
        if is_kept:
            self.kept.forget(conversation_id)

    def _with_fields(self, conversation: Conversation) -> Conversation:
        fields = self.kept.fields(conversation.id)
        return conversation.model_copy(update=fields) if fields else conversation

    # Messages and talking: the vendor's own

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        """Give one page of messages."""
        return await self.inner.list_messages(conversation_id, cursor, query)

    async def get_message(self, conversation_id: str, message_id: str) -> Message:
        """Give one message."""
        return await self.inner.get_message(conversation_id, message_id)

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        """Store messages."""
        return await self.inner.append(conversation_id, messages)

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        """Replace a message's text."""
        return await self.inner.edit_message(conversation_id, message_id, text)

    async def delete_message(self, conversation_id: str, message_id: str) -> None:
        """Delete one message."""
        await self.inner.delete_message(conversation_id, message_id)

    async def clear_messages(self, conversation_id: str) -> None:
        """Delete all messages."""
        await self.inner.clear_messages(conversation_id)

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        """Have a turn answered, with the instructions and the model that are kept here."""
        return await self.inner.send(conversation_id, self._with_kept(conversation_id, turn, "send"))

    def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        """Do the same piece by piece."""
        return self.inner.stream(conversation_id, self._with_kept(conversation_id, turn, "stream"))

    async def stop(self, conversation_id: str, run_id: str) -> None:
        """Stop a run."""
        await self.inner.stop(conversation_id, run_id)

    async def active_run(self, conversation_id: str) -> str | None:
        """Give the id of the run a conversation is busy with."""
        return await self.inner.active_run(conversation_id)

    async def regenerate(self, conversation_id: str, message_id: str, turn: Turn) -> Reply:
        """Have a reply made again."""
        turn = self._with_kept(conversation_id, turn, "regenerate")
        return await self.inner.regenerate(conversation_id, message_id, turn)

    async def download(self, part: MediaPart) -> bytes:
        """Give the bytes of a part."""
        return await self.inner.download(part)

    async def describe(self, part: MediaPart) -> MediaPart:
        """Give a part with what the vendor tells of it."""
        return await self.inner.describe(part)

    def _with_kept(self, conversation_id: str, turn: Turn, operation: str) -> Turn:
        """Add kept instructions and model to a run that takes them and was given none."""
        kept = self.kept.fields(conversation_id)
        takes = self.inner.features[operation].limits.fields
        more = {
            name: kept[name]
            for name in RUN_FIELDS
            if kept.get(name) and not getattr(turn, name) and (takes is None or name in takes)
        }
        return turn.model_copy(update=more) if more else turn


def _given(draft: Draft, names: Sequence[str] = STATE_FIELDS) -> Mapping[str, Any]:
    """Give those of these fields that a draft has."""
    return {name: getattr(draft, name) for name in names if getattr(draft, name)}
