"""A provider with what its vendor cannot keep: a list, titles, metadata, deletions and redirects come from the state.

It stands around the vendor's own provider and has the same contract, so that no verb knows the difference.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from ..errors import NotFoundError
from ..model import Conversation, Event, Grade, MediaPart, Message, Page, Reply
from ..provider import Changes, Draft, Feature, Features, Provider, Query, Turn, emulated, lossy
from ..state import Kept

STATE_FIELDS = ("title", "instructions", "model", "metadata")
"""The fields of a conversation that the state can keep in a vendor's place."""

KNOWN_PAGE = 20
"""How many known conversations make a page; each is one request."""

REBUILD_LOSSES = ("id", "time", "usage", "citation", "model", "vendor_fields")
EMPTY_REBUILD_LOSSES = ("id", "time", "vendor_fields")
IN_STATE = "kept in this state, not at the vendor"


def needs_state(declared: Features) -> bool:
    """Whether something of this provider can only be had with the state."""
    return with_state(declared) != declared


def kept_at_vendor(declared: Features, operation: str) -> tuple[str, ...]:
    """Give the fields of a conversation that the vendor itself keeps."""
    row = declared[operation]
    if row.grade is Grade.UNSUPPORTED:
        return ()
    fields = row.limits.fields
    metadata = declared.conversation_metadata.grade is not Grade.UNSUPPORTED
    return tuple(
        name for name in STATE_FIELDS if (fields is None or name in fields) and (name != "metadata" or metadata)
    )


def with_state(declared: Features) -> Features:
    """Add what the state makes possible to what a provider declares."""
    rows: dict[str, Feature] = {}

    def has(operation: str) -> bool:
        return declared[operation].grade is not Grade.UNSUPPORTED

    if has("get_conversation") and not has("list_conversations"):
        rows["list_conversations"] = lossy("only what was created, read or adopted here: the vendor lists nothing")
    if has("create_conversation"):
        rows |= _kept_rows(declared)
    if has("get_conversation") and has("create_conversation") and not has("delete_conversation"):
        rows["delete_conversation"] = emulated("hidden in this state; the vendor keeps it")
    rows |= _rebuilt_rows(declared, can_append=has("append_user") and has("append_assistant"))
    return declared.replace(**rows)


def _kept_rows(declared: Features) -> dict[str, Feature]:
    """Give the rows of fields that go into the state."""
    rows: dict[str, Feature] = {}
    missing = [name for name in STATE_FIELDS if name not in kept_at_vendor(declared, "create_conversation")]
    if missing:
        row = declared.create_conversation
        fields = (*(row.limits.fields or ()), *missing)
        note = f"{row.note}; " if row.note else ""
        limits = row.limits.model_copy(update={"fields": fields})
        rows["create_conversation"] = row.model_copy(
            update={"note": f"{note}{', '.join(missing)}: {IN_STATE}", "limits": limits}
        )
    if "metadata" in missing:
        rows["conversation_metadata"] = emulated(IN_STATE)
    changed = [name for name in STATE_FIELDS if name not in kept_at_vendor(declared, "update_conversation")]
    if changed and declared.get_conversation.grade is not Grade.UNSUPPORTED:
        row = declared.update_conversation
        fields = (*(row.limits.fields or ()), *changed)
        rows["update_conversation"] = emulated(f"{', '.join(changed)}: {IN_STATE}", fields=fields)
    return rows


def _rebuilt_rows(declared: Features, *, can_append: bool) -> dict[str, Feature]:
    """Give the rows of operations that are done by building the conversation anew."""
    if declared.create_conversation.grade is Grade.UNSUPPORTED:
        return {}
    rows: dict[str, Feature] = {}
    for operation in ("edit_message", "delete_message") if can_append else ():
        if declared[operation].grade is Grade.UNSUPPORTED:
            rows[operation] = lossy("the conversation is built anew, with a new id", *REBUILD_LOSSES)
    deletes = declared.delete_message.grade is not Grade.UNSUPPORTED
    if declared.clear_messages.grade is Grade.UNSUPPORTED and not deletes:
        rows["clear_messages"] = lossy("an empty conversation takes its place, with a new id", *EMPTY_REBUILD_LOSSES)
    return rows


class Keeping(Provider[Any]):
    """One provider, and the state that completes it."""

    def __init__(self, inner: Provider[Any], kept: Kept) -> None:
        self.inner = inner
        self.kept = kept
        self.settings = inner.settings
        self.context = inner.context
        self.features = with_state(inner.features)
        self.vendor = inner.vendor
        self._lists = inner.features.list_conversations.grade is not Grade.UNSUPPORTED
        self._created = kept_at_vendor(inner.features, "create_conversation")
        self._updated = kept_at_vendor(inner.features, "update_conversation")

    async def aclose(self) -> None:
        """Close the provider; the state is the client's."""
        await self.inner.aclose()

    async def canonical_id(self, conversation_id: str) -> str:
        """Give the id under which the conversation lives now. Raises NotFoundError for one that was deleted here."""
        conversation_id = self.kept.now(await self.inner.canonical_id(conversation_id))
        if self.kept.is_hidden(conversation_id):
            raise NotFoundError(
                f"{self.context.remote}:{conversation_id} was deleted here", hint="the vendor keeps it; adopt it again"
            )
        return conversation_id

    async def adopt(self, conversation_id: str) -> Conversation:
        """Give a conversation and remember it; one that was deleted here comes back."""
        conversation_id = self.kept.now(await self.inner.canonical_id(conversation_id))
        conversation = await self.inner.get_conversation(conversation_id)
        self.kept.know(conversation_id)
        return self._with_fields(conversation)

    # Conversations

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Conversation]:
        """Give the vendor's page without what is hidden, or the next known conversations where it has no list."""
        if self._lists:
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
        try:
            return self._with_fields(await self.inner.get_conversation(conversation_id))
        except NotFoundError:
            return None  # somebody deleted it at the vendor

    async def get_conversation(self, conversation_id: str) -> Conversation:
        """Give one conversation with what the state keeps of it, and know it from now on."""
        conversation = await self.inner.get_conversation(conversation_id)
        self._know(conversation_id)
        return self._with_fields(conversation)

    async def create_conversation(self, draft: Draft) -> Conversation:
        """Create a conversation; what the vendor does not keep goes into the state."""
        self.kept.state.open_for_writing()
        given = {name: getattr(draft, name) for name in STATE_FIELDS if getattr(draft, name)}
        theirs = {name: value for name, value in given.items() if name in self._created}
        created = await self.inner.create_conversation(Draft(**theirs, messages=draft.messages))
        self._know(created.id)
        self.kept.keep(created.id, {name: value for name, value in given.items() if name not in self._created})
        return self._with_fields(created)

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        """Change at the vendor what it keeps, and the rest in the state."""
        given = {name: getattr(changes, name) for name in changes.model_fields_set}
        ours = {name: value for name, value in given.items() if name in STATE_FIELDS and name not in self._updated}
        theirs = {name: value for name, value in given.items() if name not in ours}
        if ours:
            self.kept.state.open_for_writing()
        if theirs:
            conversation = await self.inner.update_conversation(conversation_id, Changes(**theirs))
        else:
            conversation = await self.inner.get_conversation(conversation_id)
        self.kept.keep(conversation_id, ours)
        return self._with_fields(conversation)

    async def delete_conversation(self, conversation_id: str) -> None:
        """Delete at the vendor where it can, else hide here; a conversation nobody has is NotFoundError."""
        if self.inner.features.delete_conversation.grade is not Grade.UNSUPPORTED:
            await self.inner.delete_conversation(conversation_id)
        else:
            await self.inner.get_conversation(conversation_id)
        self.kept.hide(conversation_id)

    def _know(self, conversation_id: str) -> None:
        if not self._lists:
            self.kept.know(conversation_id)

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

    async def regenerate(self, conversation_id: str, message_id: str, turn: Turn) -> Reply:
        """Have a reply made again."""
        turn = self._with_kept(conversation_id, turn, "regenerate")
        return await self.inner.regenerate(conversation_id, message_id, turn)

    async def download(self, part: MediaPart) -> bytes:
        """Give the bytes of a part."""
        return await self.inner.download(part)

    def _with_kept(self, conversation_id: str, turn: Turn, operation: str) -> Turn:
        """Add kept instructions and model to a run that takes them and was given none."""
        kept = self.kept.fields(conversation_id)
        takes = self.inner.features[operation].limits.fields
        more = {
            name: kept[name]
            for name in ("instructions", "model")
            if kept.get(name) and not getattr(turn, name) and (takes is None or name in takes)
        }
        return turn.model_copy(update=more) if more else turn
