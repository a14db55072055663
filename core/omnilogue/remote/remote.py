"""A remote: one configured account with the verbs of Omnilogue.

Each verb checks what it was given, asks the grades, takes the conversation's lock where it writes, and lets the
provider do its part. All may raise any error of the tree; the docstrings name what is particular.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, Literal, TypeVar, Unpack, overload

from pydantic import JsonValue

from ..errors import InvalidInputError, NotFoundError, UnsupportedOperationError
from ..model import Change, Conversation, ConversationRef, MediaPart, Message, Reply
from ..provider import Changes, Draft, Query
from . import changing, fallback, grades, markers, options, regenerating, storing
from .acting import Acting, rows_for_fields
from .checking import Check, RemoteCheck
from .options import (
    TALK_SECONDS,
    UNSET,
    AllowLoss,
    Content,
    ConversationLike,
    SendOptions,
    Timeout,
    Unset,
)
from .reading import Listing, Plan, conversations_plan, messages_plan
from .sending import patiently
from .stream import ReplyStream, Source

T = TypeVar("T")
V = TypeVar("V")

CONVERSATION_ORDERS = ("created_at", "updated_at", "title")


class AsyncRemote(Acting):
    """One configured account, with every verb; made by a client, never by hand.

    A conversation is given as `Conversation`, `ConversationRef` or id. `timeout` is in seconds for the whole operation.
    """

    # Conversations

    def conversations(
        self,
        *,
        title: str | None = None,
        search: str | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        order: str | None = None,
        limit: int | None = None,
        timeout: Timeout = UNSET,
    ) -> Listing[Conversation]:
        """Give an iterator over the account's conversations, one request per page as it is used.

        `title` is a glob; `since` (from) and `until` (before) are aware times and look at `updated_at`, else
        `created_at`; `metadata` must be equal where given; `order` is `created_at`, `updated_at` or `title`, with `-`
        descending, None for the vendor's own. What the vendor cannot filter is filtered here; `search` is refused where
        nobody can do it. `timeout` is for each page.
        """
        if order is not None and order.removeprefix("-") not in CONVERSATION_ORDERS:
            raise InvalidInputError(f"order={order!r} is not known", hint="created_at, updated_at or title, or with -")
        query = options.build(
            Query, title=title, search=search, metadata=metadata, since=since, until=until, order=order, limit=limit
        )

        async def plan() -> Plan[Conversation]:
            self._require("list_conversations", allow_loss=True)
            return conversations_plan(self._account, query)

        return Listing(self._account, "list_conversations", plan, timeout)

    async def conversation(self, conversation: ConversationLike, *, timeout: Timeout = UNSET) -> Conversation:
        """Give one conversation as it is now. Raises NotFoundError."""
        given = self._id(conversation)

        async def read() -> Conversation:
            self._require("get_conversation", allow_loss=True)
            try:
                return self._seen(await fallback.conversation(self._account, await self._canonical(given)))
            except NotFoundError as error:
                if error.endpoint and not error.hint:  # which names no ids, and many may be asked for at once
                    error.hint = f"{self.name}:{given} was asked for"
                raise

        return await self._verb("get_conversation", timeout, read)

    async def resolve(self, conversation: ConversationLike, *, timeout: Timeout = UNSET) -> ConversationRef:
        """Give the reference under which a conversation lives now: after a rebuild it has another id."""
        given = self._id(conversation)

        async def read() -> ConversationRef:
            return ConversationRef(remote=self.name, id=await self._canonical(given))

        return await self._verb("get_conversation", timeout, read)

    async def adopt(self, ids: Iterable[str], *, timeout: Timeout = UNSET) -> list[Conversation]:
        """Read conversations and remember them, for a vendor that cannot list; one that was deleted here comes back.

        Raises NotFoundError for one the vendor does not have; those before it are remembered.
        """
        wanted = [self._id(one) for one in ([ids] if isinstance(ids, str) else ids)]

        async def read() -> list[Conversation]:
            self._require("get_conversation", allow_loss=True)
            return [self._seen(await changing.adopt(self._account, one)) for one in wanted]

        return await self._verb("get_conversation", timeout, read)

    async def create(
        self,
        *,
        title: str | None = None,
        instructions: str | None = None,
        model: str | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Conversation:
        """Create a conversation. After a lost answer it is looked for before it is created again."""
        given = {"title": title, "instructions": instructions, "model": self._model(model)}
        given = {name: value for name, value in given.items() if value is not None}
        draft = options.build(Draft, **given, metadata=options.checked_metadata(metadata))
        options.require_sendable(list(given.values()))

        async def write() -> Conversation:
            row, rows = self.features.create_conversation, rows_for_fields(given, metadata)
            unheeded = grades.unheeded(row, given)
            self._require("create_conversation", *rows, allow_loss=allow_loss, unheeded=unheeded)
            grades.require_fields(row, self.name, "create_conversation", [*given, *(["metadata"] if metadata else [])])
            self._begin_write()
            return self._seen(await storing.create(self._account, draft))

        return await self._verb("create_conversation", timeout, write)

    async def update(
        self,
        conversation: ConversationLike,
        *,
        title: str | Unset | None = UNSET,
        instructions: str | Unset | None = UNSET,
        model: str | Unset | None = UNSET,
        metadata: Mapping[str, JsonValue] | Unset = UNSET,
        pinned: bool | Unset = UNSET,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Conversation:
        """Change what is given; what is left out stays. `metadata` merges, and a value None removes its key."""
        given: dict[str, Any] = {"title": title, "instructions": instructions, "model": model, "pinned": pinned}
        given = {name: value for name, value in given.items() if value is not UNSET}
        if "model" in given:
            given["model"] = self._model(given["model"])
        more = None if metadata is UNSET else options.checked_metadata(metadata)
        options.require_sendable(list(given.values()))
        if not given and more is None:
            raise InvalidInputError("there is nothing to change", hint="give a title, metadata or another field")
        changes, wanted = options.build(Changes, **given), self._id(conversation)

        async def write() -> Conversation:
            fields = [*given, *(["metadata"] if more is not None else [])]
            row, rows = self.features.update_conversation, rows_for_fields(given, more)
            unheeded = grades.unheeded(row, given)
            self._require("update_conversation", *rows, allow_loss=allow_loss, unheeded=unheeded)
            grades.require_fields(row, self.name, "update_conversation", fields)
            async with self._writing("update_conversation", wanted) as conversation_id:
                whole = changes if more is None else await self._merged(conversation_id, changes, more)
                return self._seen(await self._provider.update_conversation(conversation_id, whole))

        return await self._verb("update_conversation", timeout, write)

    async def delete(
        self, conversation: ConversationLike, *, timeout: Timeout = UNSET, allow_loss: AllowLoss = False
    ) -> None:
        """Delete a conversation with its messages."""
        given = self._id(conversation)

        async def write() -> None:
            self._require("delete_conversation", allow_loss=allow_loss)
            async with self._writing("delete_conversation", given) as conversation_id:
                await fallback.delete_conversation(self._account, conversation_id)
                self._account.forget(conversation_id)

        await self._verb("delete_conversation", timeout, write)

    # Messages

    def messages(
        self,
        conversation: ConversationLike,
        *,
        order: Literal["asc", "desc"] = "asc",
        limit: int | None = None,
        branches: bool = False,
        timeout: Timeout = UNSET,
    ) -> Listing[Message]:
        """Give an iterator over the messages of the active branch, or of all branches, parents first.

        One request per page as it is used; `timeout` is for each page.
        """
        given = self._id(conversation)
        if order not in {"asc", "desc"}:
            raise InvalidInputError(f"order={order!r} is not known", hint='order is "asc" or "desc"')
        query = options.build(Query, order=order, limit=limit, branches=branches)

        async def plan() -> Plan[Message]:
            self._require("list_messages", allow_loss=True)
            return messages_plan(self._account, await self._canonical(given), query)

        return Listing(self._account, "list_messages", plan, timeout)

    async def message(self, conversation: ConversationLike, message_id: str, *, timeout: Timeout = UNSET) -> Message:
        """Give one message. Raises NotFoundError."""
        given, wanted = self._id(conversation), options.required_id(message_id, "message id")

        async def read() -> Message:
            self._require("get_message", allow_loss=True)
            conversation_id = await self._canonical(given)
            try:
                return markers.strip(await fallback.message(self._account, conversation_id, wanted))
            except NotFoundError as error:
                fallback.explain_old_id(self._account, error, conversation_id, wanted)
                raise

        return await self._verb("get_message", timeout, read)

    @overload
    async def append(
        self,
        conversation: ConversationLike,
        content: str | Message,
        role: str = "user",
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Message: ...

    @overload
    async def append(
        self,
        conversation: ConversationLike,
        content: Sequence[Message],
        role: str = "user",
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> list[Message]: ...

    async def append(
        self,
        conversation: ConversationLike,
        content: str | Message | Sequence[Message],
        role: str = "user",
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Message | list[Message]:
        """Store text with a role, a message, or a list of messages; nothing is generated.

        Gives what was stored. After a lost answer it is looked for before it is stored again.
        """
        messages, given = options.messages_of(content, role), self._id(conversation)
        operation = grades.ROLE_ROWS.get(messages[0].role, "append_user")

        async def write() -> list[Message]:
            for message in messages:
                rows = grades.rows_for_message(self.features, self.name, message)
                self._require(*rows, allow_loss=allow_loss)
                options.require_text(message.parts, grades.text_limit(self.features[rows[0]]))
                grades.require_files(self.features, self.name, message.parts)
            async with self._writing(operation, given) as conversation_id:
                return await storing.append(self._account, conversation_id, messages)

        stored = await self._verb(operation, timeout, write)
        return stored[0] if isinstance(content, (str, Message)) else stored

    async def edit(
        self,
        conversation: ConversationLike,
        message_id: str,
        text: str,
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Change:
        """Replace a message's text; its other parts and all later messages stay, nothing is generated."""
        wanted, parts = options.required_id(message_id, "message id"), options.parts_of(text)
        given = self._id(conversation)

        async def write() -> Change:
            self._require("edit_message", allow_loss=allow_loss)
            options.require_text(parts, grades.text_limit(self.features.edit_message))
            async with self._writing("edit_message", given, message_id=wanted) as conversation_id:
                return self._change("edit_message", await changing.edit(self._account, conversation_id, wanted, text))

        return await self._verb("edit_message", timeout, write)

    async def delete_message(
        self,
        conversation: ConversationLike,
        message_id: str,
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Change:
        """Delete one message; later messages stay."""
        wanted, given = options.required_id(message_id, "message id"), self._id(conversation)

        async def write() -> Change:
            self._require("delete_message", allow_loss=allow_loss)
            async with self._writing("delete_message", given, message_id=wanted) as conversation_id:
                changed = await changing.delete_message(self._account, conversation_id, wanted)
                return self._change("delete_message", changed)

        return await self._verb("delete_message", timeout, write)

    async def clear(
        self, conversation: ConversationLike, *, timeout: Timeout = UNSET, allow_loss: AllowLoss = False
    ) -> Change:
        """Remove all messages, system ones too; title, instructions, metadata and pin stay."""
        given = self._id(conversation)

        async def write() -> Change:
            self._require("clear_messages", allow_loss=allow_loss)
            async with self._writing("clear_messages", given) as conversation_id:
                return self._change("clear_messages", await changing.clear(self._account, conversation_id))

        return await self._verb("clear_messages", timeout, write)

    # Talking

    async def send(self, conversation: ConversationLike, content: Content, **given: Unpack[SendOptions]) -> Reply:
        """Send a turn and give the reply; the options are `SendOptions`.

        After a lost answer the conversation is read, and the turn is repeated only after it was seen to be absent.
        Raises RunFailedError where the turn is stored without a reply, OutcomeUnknownError where nobody can tell.
        """
        asked, wanted = self._asked("send", content, given), self._id(conversation)

        async def write() -> Reply:
            self._require_turn("send", asked)
            async with self._writing("send", wanted, busy=asked.busy) as conversation_id:
                sending = await self._safe_send("send", conversation_id, asked)
                reply = await patiently(self._account, conversation_id, sending.reply, asked.busy)
                return self._finished(conversation_id, reply)

        return await self._verb("send", asked.timeout, write, TALK_SECONDS)

    def stream(self, conversation: ConversationLike, content: Content, **given: Unpack[SendOptions]) -> ReplyStream:
        """Do as `send`, piece by piece: a context manager over events. Leaving it early stops the run."""
        asked, wanted = self._asked("stream", content, given), self._id(conversation)

        async def source(held: AsyncExitStack) -> Source:
            self._require_turn("stream", asked)
            conversation_id = await held.enter_async_context(self._writing("stream", wanted, busy=asked.busy))
            sending = await self._safe_send("stream", conversation_id, asked)
            return self._source(conversation_id, asked, sending.events)

        return ReplyStream(self._account, "stream", asked.timeout, source)

    async def regenerate(
        self, conversation: ConversationLike, message_id: str | None = None, **given: Unpack[SendOptions]
    ) -> Reply:
        """Give another answer to the last turn, or to `message_id`; `effect` tells what became of the old one."""
        asked, wanted = self._asked("regenerate", UNSET, given), self._id(conversation)

        async def write() -> Reply:
            self._require_turn("regenerate", asked)
            async with self._writing("regenerate", wanted, busy=asked.busy) as conversation_id:
                self._account.forget(conversation_id)
                asking = regenerating.way(self._account, conversation_id, message_id, asked.turn)
                reply = await patiently(self._account, conversation_id, asking.reply, asked.busy)
                return self._finished(conversation_id, reply)

        return await self._verb("regenerate", asked.timeout, write, TALK_SECONDS)

    def stream_regenerate(
        self, conversation: ConversationLike, message_id: str | None = None, **given: Unpack[SendOptions]
    ) -> ReplyStream:
        """Do as `regenerate`, piece by piece."""
        asked, wanted = self._asked("regenerate", UNSET, given), self._id(conversation)

        async def source(held: AsyncExitStack) -> Source:
            self._require_turn("regenerate", asked)
            conversation_id = await held.enter_async_context(self._writing("regenerate", wanted, busy=asked.busy))
            self._account.forget(conversation_id)
            asking = regenerating.way(self._account, conversation_id, message_id, asked.turn)
            return self._source(conversation_id, asked, asking.events)

        return ReplyStream(self._account, "regenerate", asked.timeout, source)

    # Besides

    async def download(self, part: MediaPart, *, timeout: Timeout = UNSET) -> bytes:
        """Give the bytes of an image, an audio or a file part. Raises NotFoundError, UnsupportedOperationError."""
        if part.data is not None:
            return part.data
        return await self._verb("download", timeout, lambda: self._provider.download(part))

    async def check(self, *, write: bool = False) -> RemoteCheck:
        """Prove that the remote works, by reading only; with `write` also on a scratch conversation, deleted again."""
        return await Check(self).run(write=write)

    @property
    def vendor(self) -> Any:
        """What only this vendor has, not portable. Raises UnsupportedOperationError where there is nothing."""
        if self._provider.vendor is None:
            raise UnsupportedOperationError(f"{self.name}: {self.provider} offers nothing beyond the common verbs")
        return self._provider.vendor

    def vendor_as(self, kind: type[V]) -> V:
        """Give `vendor`, typed. Raises UnsupportedOperationError where it is of another kind."""
        if not isinstance(self.vendor, kind):
            raise UnsupportedOperationError(f"{self.name}: what {self.provider} offers is no {kind.__name__}")
        return self.vendor

    async def aclose(self) -> None:
        """Close the remote and forget its secrets; harmless twice."""
        await self._account.aclose()
