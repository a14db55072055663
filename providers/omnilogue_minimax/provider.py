"""MiniMax's operations: each builds the request, sends it and maps the answer.

The pages: https://5cetebcrn8.apifox.cn/
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar

from omnilogue.errors import NotFoundError
from omnilogue.http import Auth, KeyAuth
from omnilogue.model import Conversation, Event, MediaPart, Message, Page, Reply
from omnilogue.provider import Changes, Context, Draft, Features, Provider, Query, Turn, native, unsupported

from . import metadata
from .assistants import Assistants
from .calls import Calls
from .files import Files
from .mapping import completed, conversation_of, message_of, messages_of, stored_fields
from .paging import following, in_order
from .refusals import ERRORS
from .roles import AssistantWord
from .running import Running
from .settings import MiniMaxSettings
from .streaming import Streaming, needs_voice
from .vendor import MiniMaxVendor
from .wire import MessageRow, Thread

FIELDS = ("title", "metadata")
KEPT_FIELDS = ("metadata",)
KEPT = {
    "metadata_pairs": metadata.MOST_PAIRS,
    "metadata_key_chars": metadata.LONGEST_KEY,
    "metadata_value_chars": metadata.LONGEST_VALUE,
}
KEPT_WITH_TITLE = {**KEPT, "metadata_pairs": metadata.MOST_PAIRS - 1, "metadata_key_chars": metadata.LONGEST_KEY - 1}
"""The title takes a pair, and a key like its own is written with one character more."""
STORED = ("text", "file")
SENT = (*STORED, "audio")

FEATURES = Features(
    list_conversations=unsupported("the vendor lists no threads"),
    get_conversation=native("known from public code"),
    create_conversation=native("the title is kept in the metadata", fields=FIELDS, title_chars=metadata.LONGEST_VALUE),
    update_conversation=native("known from public code; the title is kept in the metadata", fields=FIELDS),
    delete_conversation=unsupported("the vendor deletes no threads"),
    list_messages=native(page_size=50, order=("asc", "desc")),
    get_message=native(),
    append_user=native("path known from public code", batch=1, roles=(), fields=KEPT_FIELDS, parts=STORED),
    append_assistant=native(
        "the word for the role is found out; a host that takes none refuses",
        batch=1,
        roles=(),
        fields=KEPT_FIELDS,
        parts=STORED,
    ),
    append_system=unsupported("instructions belong to an assistant or a run"),
    edit_message=unsupported("the vendor changes no messages"),
    delete_message=unsupported("the vendor deletes no messages"),
    clear_messages=unsupported("the vendor deletes no messages"),
    send=native(
        "a message, then a run over what is stored, looked at until it has ended",
        empty_turn=True,
        answers_late=True,
        fields=("model", "instructions", "metadata", "tools", "options"),
        parts=SENT,
    ),
    stream=native(
        "known from public code; where a host lacks the call it is refused from then on; leaving early stops the run",
        empty_turn=True,
        answers_late=True,
        fields=("model", "instructions", "tools", "options"),
        parts=SENT,
    ),
    stop=native("known from public code"),
    regenerate=unsupported("a run adds a reply, and none can be deleted"),
    conversation_metadata=native("values that are no text are written as JSON text", **KEPT_WITH_TITLE),
    message_metadata=native("fixed at creation; values that are no text are written as JSON text", **KEPT),
    choose_model=native("the vendor's list of models is not checked here"),
    attach_files=native("uploaded before their message; a message read again tells only their ids", bare_files=True),
    send_images=unsupported("the vendor shows images and takes none"),
    send_audio=native("known from public code; only with a turn; what was understood is stored"),
    receive_audio=native("known from public code; of a reply as it is made, not read again", asked_by={"speak": True}),
    tool_calls=native("of runs; read again from their steps, for runs that called tools here unless `read_steps` says"),
    citations=native(
        "in replies, their offsets checked; those of appended messages are kept in their metadata",
        metadata_value_chars=metadata.LONGEST_VALUE,
    ),
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
        self._files = Files(self._calls, settings, context.clock)
        self._running = Running(self._calls, assistants, self._files, settings, context)
        self.vendor = MiniMaxVendor(self._calls, settings)
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
        messages = await self._running.with_steps(conversation_id, messages_of(ordered, conversation_id))
        return Page(items=messages, next_cursor=after)

    async def get_message(self, conversation_id: str, message_id: str) -> Message:
        """Give one message (api-138564922)."""
        row = await self._calls.message(conversation_id, message_id)
        if row.thread_id and row.thread_id != conversation_id:
            raise NotFoundError(f"{conversation_id} has no message {message_id!r}")
        (message,) = await self._running.with_steps(conversation_id, [message_of(row, conversation_id)])
        return message

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        """Store messages of the user or the assistant, one by one; the vendor sets its own time."""
        fields = [
            stored_fields(each.parts, each.metadata) for each in messages
        ]  # what cannot be stored is found before anything is
        return [await self._store(conversation_id, message, own) for message, own in zip(messages, fields, strict=True)]

    async def _store(self, conversation_id: str, message: Message, fields: dict[str, Any]) -> Message:
        async with self._files.attached(message.parts) as file_ids:
            return await self._add(conversation_id, message, {**fields, **({"file_ids": file_ids} if file_ids else {})})

    async def _add(self, conversation_id: str, message: Message, fields: dict[str, Any]) -> Message:
        async def add(word: str) -> MessageRow:
            known = {"role": word, **fields}
            return completed(await self._calls.add_message(conversation_id, known), known)

        is_answer = message.role == "assistant"
        return message_of(await (self._word.write(add) if is_answer else add(message.role)), conversation_id)

    # Talking

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        """Store a turn and have it answered by a run (api-138565985); without parts, answer what is stored.

        A turn or a reply that is spoken goes the way of a stream.
        """
        if needs_voice(turn):
            return await self._streaming.send(conversation_id, turn)
        return await self._running.send(conversation_id, turn)

    def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        """Do the same piece by piece, by a call known from public code; without parts, in one piece."""
        return self._streaming.stream(conversation_id, turn)

    async def stop(self, conversation_id: str, run_id: str) -> None:
        """Cancel a run, by a call known from public code."""
        await self._calls.cancel_run(conversation_id, run_id)

    async def download(self, part: MediaPart) -> bytes:
        """Give the bytes of a file (api-138576734); that the answer is nothing else is inferred."""
        if part.file_id is None:
            raise NotFoundError("this part names no file of the vendor")
        return await self._calls.file_content(part.file_id)

    async def describe(self, part: MediaPart) -> MediaPart:
        """Give the part with the name of its file (api-138576734)."""
        if part.file_id is None:
            return part
        file = await self._calls.file(part.file_id)
        return part.model_copy(update={"name": file.filename or part.name})

    async def active_run(self, conversation_id: str) -> str | None:
        """Give the run that has not ended yet (api-138568367)."""
        return await self._running.active(conversation_id)


def narrowed(settings: MiniMaxSettings) -> Features:
    """Give the features of an account with these settings."""
    row = FEATURES.list_messages
    limits = row.limits.model_copy(update={"page_size": settings.page_size})
    return FEATURES.replace(list_messages=row.model_copy(update={"limits": limits}))
