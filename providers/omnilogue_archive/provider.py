"""The operations of an archive."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from omnilogue.errors import InvalidInputError, NotFoundError
from omnilogue.model import Conversation, MediaPart, Message, Page
from omnilogue.provider import Changes, Context, Draft, Features, Provider, Query, native, unsupported

from . import conversations, files, mapping, tree
from .cursors import ConversationCursor, MessageCursor
from .failures import no_conversation
from .settings import ArchiveSettings
from .store import Database, Store

PAGE_SIZE = 200
BATCH = 500
TEXT_BYTES = 64 * 1024 * 1024

CREATED = ("title", "instructions", "model", "metadata", "raw")
"""What a conversation is created with."""

SILENT = unsupported("an archive keeps, it does not answer")
KEPT_WHOLE = native("kept whole")
APPENDED = native("any role", batch=BATCH, roles=("developer", "tool", "other:*"), text_bytes=TEXT_BYTES)


class Archive(Provider[ArchiveSettings]):
    """Conversations in one SQLite file: trees, parts, times and vendor fields as they were given.

    Reading never makes the file. Besides errors of the vendor kind, every operation may raise StateError [storage]
    for what the file or its disk does, StateError [ledger_version] for a file of a later version, and
    InvalidInputError for a value that has no JSON form.
    """

    features = Features(
        list_conversations=native(page_size=PAGE_SIZE, order=conversations.ORDERS, filters=conversations.FILTERS),
        get_conversation=native(),
        create_conversation=native(create_with_messages=True, fields=CREATED, batch=BATCH, text_bytes=TEXT_BYTES),
        update_conversation=native(),
        delete_conversation=native(),
        list_messages=native(page_size=PAGE_SIZE, order=("asc", "desc")),
        get_message=native(),
        append_user=APPENDED,
        append_assistant=APPENDED,
        append_system=APPENDED,
        edit_message=native(text_bytes=TEXT_BYTES),
        delete_message=native(),
        clear_messages=native(),
        send=SILENT,
        stream=SILENT,
        stop=SILENT,
        regenerate=SILENT,
        conversation_metadata=native(),
        message_metadata=native(),
        choose_model=native("kept as a field; nothing is generated"),
        attach_files=KEPT_WHOLE,
        send_images=KEPT_WHOLE,
        send_audio=KEPT_WHOLE,
        receive_audio=SILENT,
        tool_calls=KEPT_WHOLE,
        citations=KEPT_WHOLE,
    )

    def __init__(self, settings: ArchiveSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._store = Store(settings.path)

    async def aclose(self) -> None:
        """Close the file; harmless twice."""
        self._store.close()

    # Conversations

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Conversation]:
        """Give a page of conversations, in the archive's own order the oldest first; empty without a file."""
        after = ConversationCursor.read(cursor, query.order) if cursor is not None else None
        with self._store.read() as database:
            if database is None:
                return Page[Conversation]()
            rows, rest = conversations.page(database, query, after, _size(query))
            found = tuple([mapping.conversation(row, self.context.remote) for row in rows])
        return Page[Conversation](items=found, next_cursor=rest.text() if rest else None)

    async def get_conversation(self, conversation_id: str) -> Conversation:
        """Give one conversation. Raises NotFoundError."""
        with self._reading(conversation_id) as (_, row):
            return mapping.conversation(row, self.context.remote)

    async def create_conversation(self, draft: Draft) -> Conversation:
        """Store a conversation with its messages, all or nothing; the first one makes the file, with mode 0600.

        Raises ConfigurationError where the file's folder does not exist.
        """
        with self._store.write_or_make() as database:
            conversation_id = conversations.create(database, draft, self.context.clock.now())
            self._append(database, conversations.find(database, conversation_id), draft.messages)
            return self._conversation(database, conversation_id)

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        """Change what is given; metadata as a whole. Raises NotFoundError."""
        if not changes.model_fields_set:
            return await self.get_conversation(conversation_id)
        with self._writing(conversation_id) as (database, row):
            conversations.change(database, row, changes)
            return self._conversation(database, conversation_id)

    async def delete_conversation(self, conversation_id: str) -> None:
        """Delete a conversation, its messages and the files only they refer to. Raises NotFoundError."""
        with self._writing(conversation_id) as (database, row):
            tree.clear(database, row)
            conversations.remove(database, row)

    # Messages

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        """Give a page of the active branch, or of all messages with parents first, in the order of appending.

        A list goes through the branch that was active when it began. Raises NotFoundError.
        """
        order = query.order or "asc"
        if order not in {"asc", "desc"}:
            raise InvalidInputError(f"an archive has no order {order!r} of messages", hint="it has asc and desc")
        after = MessageCursor.read(cursor, order) if cursor is not None else None
        with self._reading(conversation_id) as (database, row):
            after = after or tree.beginning(database, row, order, branches=query.branches)
            rows, rest = tree.page(database, row, order, _size(query), after)
            found = mapping.messages(rows, conversation_id)
        return Page[Message](items=found, next_cursor=rest.text() if rest else None)

    async def get_message(self, conversation_id: str, message_id: str) -> Message:
        """Give one message of any branch. Raises NotFoundError."""
        with self._reading(conversation_id) as (database, row):
            return _message(database, row, message_id)

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        """Store messages, all or none of them, and give them as stored.

        A message without a parent follows the head; a parent is a message of the conversation, or the given `id` of
        one before it in the same call. Raises NotFoundError, BadRequestError for a parent that is neither, and
        InvalidInputError for a file that cannot be read.
        """
        with self._writing(conversation_id) as (database, row):
            return list(self._append(database, row, messages))

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        """Put one text part in the place of the text parts. Raises NotFoundError."""
        with self._writing(conversation_id) as (database, row):
            message = mapping.edited(_message(database, row, message_id), text)
            tree.replace(database, tree.find(database, row, message_id), message.text, mapping.body(message))
            return _message(database, row, message_id)

    async def delete_message(self, conversation_id: str, message_id: str) -> None:
        """Delete a message; what followed it follows its parent. Raises NotFoundError."""
        with self._writing(conversation_id) as (database, row):
            tree.remove(database, row, tree.find(database, row, message_id))

    async def clear_messages(self, conversation_id: str) -> None:
        """Delete all messages of all branches. Raises NotFoundError."""
        with self._writing(conversation_id) as (database, row):
            tree.clear(database, row)

    async def download(self, part: MediaPart) -> bytes:
        """Give the bytes of a part. Raises NotFoundError where the archive does not keep them."""
        if part.data is not None:
            return part.data
        with self._store.read() as database:
            found = files.content(database, part.file_id) if database is not None and part.file_id else None
        if found is None:
            raise NotFoundError(f"the archive keeps no file {part.file_id or part.name or part.url or ''!r}")
        return found

    @contextmanager
    def _reading(self, conversation_id: str) -> Iterator[tuple[Database, sqlite3.Row]]:
        with self._store.read() as database:
            if database is None:
                raise no_conversation(conversation_id)
            yield database, conversations.find(database, conversation_id)

    @contextmanager
    def _writing(self, conversation_id: str) -> Iterator[tuple[Database, sqlite3.Row]]:
        with self._store.write() as database:
            if database is None:
                raise no_conversation(conversation_id)
            row = conversations.find(database, conversation_id)
            # First, so that what is given back at the end of an operation already tells it.
            conversations.touch(database, row, self.context.clock.now())
            yield database, row

    def _conversation(self, database: Database, conversation_id: str) -> Conversation:
        return mapping.conversation(conversations.find(database, conversation_id), self.context.remote)

    def _append(self, database: Database, row: sqlite3.Row, messages: Sequence[Message]) -> tuple[Message, ...]:
        now = self.context.clock.now()
        kept = [files.take_in(database, mapping.dated(message, now)) for message in messages]
        stored = tree.append(database, row, mapping.new_messages(kept, now))
        for place, message in zip(stored, kept, strict=True):
            files.refer(database, place, message)
        return mapping.messages(stored, row["id"])


def _message(database: Database, row: sqlite3.Row, message_id: str) -> Message:
    return mapping.messages([tree.find(database, row, message_id)], row["id"])[0]


def _size(query: Query) -> int:
    return PAGE_SIZE if query.limit is None else max(1, min(PAGE_SIZE, query.limit))
