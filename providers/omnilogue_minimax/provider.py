"""MiniMax's operations: each builds the request, sends it and maps the answer.

The pages: https://5cetebcrn8.apifox.cn/
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar

from omnilogue.errors import NotFoundError
from omnilogue.http import Auth, KeyAuth
from omnilogue.model import Conversation, Event, Message, Page, Reply
from omnilogue.provider import Changes, Context, Draft, Features, Provider, Query, Turn, native, unsupported

from . import metadata
from .assistants import Assistants
from .calls import Calls
from .mapping import completed, conversation_of, message_of, messages_of, stored_fields
from .paging import following, in_order
from .refusals import ERRORS
from .roles import AssistantWord
from .running import Running
from .settings import MiniMaxSettings
from .streaming import Streaming
from .wire import MessageRow, Thread

FIELDS = ("title", "metadata")
KEPT = {
    "metadata_pairs": metadata.MOST_PAIRS,
    "metadata_key_chars": metadata.LONGEST_KEY,
    "metadata_value_chars": metadata.LONGEST_VALUE,
}
NOT_YET = "not made by this provider yet"

FEATURES = Features(
    list_conversations=unsupported("the vendor lists no threads"),
    get_conversation=native("known from public code"),
    create_conversation=native("the title is kept in the metadata", fields=FIELDS),
    update_conversation=native("known from public code; the title is kept in the metadata", fields=FIELDS),
    delete_conversation=unsupported("the vendor deletes no threads"),
    list_messages=native(page_size=50, order=("asc", "desc")),
    get_message=native(),
    append_user=native("path known from public code", batch=1, roles=(), parts=("text",)),
    append_assistant=native(
        "the word for the role is found out; a host that takes none refuses", batch=1, roles=(), parts=("text",)
    ),
    append_system=unsupported("instructions belong to an assistant or a run"),
    edit_message=unsupported("the vendor changes no messages"),
    delete_message=unsupported("the vendor deletes no messages"),
    clear_messages=unsupported("the vendor deletes no messages"),
    send=native(
        "a message, then a run over what is stored, looked at until it has ended",
        empty_turn=True,
        answers_late=True,
        fields=("model", "instructions", "metadata"),
        parts=("text",),
    ),
    stream=native(
        "known from public code; where a host lacks the call it is refused from then on; leaving early stops the run",
        empty_turn=True,
        answers_late=True,
        fields=("model", "instructions"),
        parts=("text",),
    ),
    stop=native("known from public code"),
    regenerate=unsupported("a run adds a reply, and none can be deleted"),
    conversation_metadata=native("values that are no text are written as JSON text", **KEPT),
    message_metadata=native("fixed at creation; values that are no text are written as JSON text", **KEPT),
    choose_model=native("the vendor's list of models is not checked here"),
    attach_files=unsupported(NOT_YET),
    send_images=unsupported("the vendor shows images and takes none"),
    send_audio=unsupported(NOT_YET),
    receive_audio=unsupported(NOT_YET),
    tool_calls=unsupported(NOT_YET),
    citations=native("in replies, their offsets checked; those of appended messages are kept in their metadata"),
)


class MiniMax(Provider[MiniMaxSettings]):
    """One MiniMax account."""

    features = FEATURES
    errors = ERRORS
    secret_patterns: ClassVar[tuple[str, ...]] = (r"(?<=\bGroupId=)[^&\s\"'\[]+",)

    def __init__(self, settings: MiniMaxSettings, context: Context) -> None:
        super().__init__(settings, context)
        self.features = narrowed(settings)
        self._calls = Calls(self.http, settings)
        self._word = AssistantWord(settings, context.state)
        assistants = Assistants(self._calls, settings, context.state)
        self._running = Running(self._calls, assistants, settings, context.clock)
        self._streaming = Streaming(self._calls, self._running, assistants)

    def auth(self) -> Auth:
        """Give the API key in `Authorization: Bearer` (api-138565496)."""
        return KeyAuth(self.settings.api_key)

    # Conversations

    async def get_conversation(self, conversation_id: str) -> Conversation:
        """Give a conversation, by a call known from public code."""
        return self._conversation(await self._calls.thread(conversation_id))

    async def create_conversation(self, draft: Draft) -> Conversation:
        """Create a conversation (api-138515846); all that it keeps is metadata."""
        stored = metadata.written_with_title(draft.metadata, draft.title)
        thread = await self._calls.create_thread(stored)
        return self._conversation(completed(thread, {"metadata": stored}))

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        """Change title or metadata, by a call known from public code.

        The whole map is sent, because nobody knows whether the vendor replaces or merges; where it turns out to
        merge, keys that should be gone are written once more, as removed.
        """
        stored = await self._changed(conversation_id, changes)
        thread = await self._modified(conversation_id, stored)
        if left := metadata.left_over(thread.metadata, stored):
            thread = await self._modified(conversation_id, {**stored, **left})
        return self._conversation(thread)

    async def _changed(self, conversation_id: str, changes: Changes) -> dict[str, str]:
        """Give the metadata to be stored; what is not to be changed is read first."""
        given = changes.model_fields_set
        kept, title = changes.metadata, changes.title
        if not given >= {"metadata", "title"}:
            before, titled = metadata.read_with_title((await self._calls.thread(conversation_id)).metadata)
            kept = changes.metadata if "metadata" in given else before
            title = changes.title if "title" in given else titled
        return metadata.written_with_title(kept, title)

    async def _modified(self, conversation_id: str, stored: dict[str, str]) -> Thread:
        thread = await self._calls.modify_thread(conversation_id, stored)
        return thread if thread is not None else await self._calls.thread(conversation_id)

    def _conversation(self, thread: Thread) -> Conversation:
        return conversation_of(thread, remote=self.context.remote)

    # Messages

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        """Give a page of messages (api-138565496); a cursor is the id of the last message of the page before."""
        order = "desc" if query.order == "desc" else "asc"
        size = self.settings.page_size
        limit = size if query.limit is None else max(1, min(size, query.limit))
        rows = (await self._calls.messages(conversation_id, order=order, limit=limit, after=cursor)).data or []
        after = following(rows, cursor, limit)
        is_all = cursor is None and after is None
        ordered = in_order(rows, descending=order == "desc", is_all=is_all)
        return Page(items=messages_of(ordered, conversation_id), next_cursor=after)

    async def get_message(self, conversation_id: str, message_id: str) -> Message:
        """Give one message (api-138564922)."""
        row = await self._calls.message(conversation_id, message_id)
        if row.thread_id and row.thread_id != conversation_id:
            raise NotFoundError(f"{conversation_id} has no message {message_id!r}")
        return message_of(row, conversation_id)

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        """Store messages of the user or the assistant, one by one; the vendor sets its own time."""
        fields = [
            stored_fields(each.parts, each.metadata) for each in messages
        ]  # what cannot be stored is found before anything is
        return [await self._store(conversation_id, message, own) for message, own in zip(messages, fields, strict=True)]

    async def _store(self, conversation_id: str, message: Message, fields: dict[str, Any]) -> Message:
        async def add(word: str) -> MessageRow:
            known = {"role": word, **fields}
            return completed(await self._calls.add_message(conversation_id, known), known)

        is_answer = message.role == "assistant"
        return message_of(await (self._word.write(add) if is_answer else add(message.role)), conversation_id)

    # Talking

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        """Store a turn and have it answered by a run (api-138565985); without parts, answer what is stored."""
        return await self._running.send(conversation_id, turn)

    def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        """Do the same piece by piece, by a call known from public code; without parts, in one piece."""
        return self._streaming.stream(conversation_id, turn)

    async def stop(self, conversation_id: str, run_id: str) -> None:
        """Cancel a run, by a call known from public code."""
        await self._calls.cancel_run(conversation_id, run_id)

    async def active_run(self, conversation_id: str) -> str | None:
        """Give the run that has not ended yet (api-138568367)."""
        return await self._running.active(conversation_id)


def narrowed(settings: MiniMaxSettings) -> Features:
    """Give the features of an account with these settings."""
    row = FEATURES.list_messages
    limits = row.limits.model_copy(update={"page_size": settings.page_size})
    return FEATURES.replace(list_messages=row.model_copy(update={"limits": limits}))
