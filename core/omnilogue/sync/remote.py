"""`AsyncRemote` for code without an event loop: one line per verb."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar, Unpack, overload

from pydantic import JsonValue

from ..model import Change, Conversation, ConversationRef, MediaPart, Message, Reply
from ..provider import Features
from ..remote import UNSET, AsyncRemote, RemoteCheck, SendOptions, Timeout, Unset
from ..remote.options import AllowLoss, Content, ConversationLike
from .bridge import Bridge
from .reading import Pages, SyncReplyStream

V = TypeVar("V")


class Remote:
    """`AsyncRemote` for code without an event loop: the same verbs, the same options."""

    def __init__(self, remote: AsyncRemote, bridge: Bridge) -> None:
        self._remote = remote
        self._bridge = bridge

    def __repr__(self) -> str:
        return f"Remote({self.name!r})"

    @property
    def name(self) -> str:
        """The remote's name."""
        return self._remote.name

    @property
    def provider(self) -> str:
        """The name of its provider."""
        return self._remote.provider

    @property
    def features(self) -> Features:
        """What the remote can do and how well."""
        return self._remote.features

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
    ) -> Pages[Conversation]:
        """Give an iterator over the account's conversations, one request per page as it is used."""
        return Pages(
            self._remote.conversations(
                title=title,
                search=search,
                metadata=metadata,
                since=since,
                until=until,
                order=order,
                limit=limit,
                timeout=timeout,
            ),
            self._bridge,
        )

    def conversation(self, conversation: ConversationLike, *, timeout: Timeout = UNSET) -> Conversation:
        """Give one conversation as it is now. Raises NotFoundError."""
        return self._bridge.call(lambda: self._remote.conversation(conversation, timeout=timeout))

    def resolve(self, conversation: ConversationLike, *, timeout: Timeout = UNSET) -> ConversationRef:
        """Give the reference under which a conversation lives now: after a rebuild it has another id."""
        return self._bridge.call(lambda: self._remote.resolve(conversation, timeout=timeout))

    def adopt(self, ids: Iterable[str], *, timeout: Timeout = UNSET) -> list[Conversation]:
        """Read conversations and remember them, for a vendor that cannot list; one that was deleted here comes back."""
        return self._bridge.call(lambda: self._remote.adopt(ids, timeout=timeout))

    def create(
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
        return self._bridge.call(
            lambda: self._remote.create(
                title=title,
                instructions=instructions,
                model=model,
                metadata=metadata,
                timeout=timeout,
                allow_loss=allow_loss,
            )
        )

    def update(
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
        return self._bridge.call(
            lambda: self._remote.update(
                conversation,
                title=title,
                instructions=instructions,
                model=model,
                metadata=metadata,
                pinned=pinned,
                timeout=timeout,
                allow_loss=allow_loss,
            )
        )

    def delete(
        self, conversation: ConversationLike, *, timeout: Timeout = UNSET, allow_loss: AllowLoss = False
    ) -> None:
        """Delete a conversation with its messages."""
        self._bridge.call(lambda: self._remote.delete(conversation, timeout=timeout, allow_loss=allow_loss))

    def messages(
        self,
        conversation: ConversationLike,
        *,
        order: Literal["asc", "desc"] = "asc",
        limit: int | None = None,
        branches: bool = False,
        timeout: Timeout = UNSET,
    ) -> Pages[Message]:
        """Give an iterator over the messages of the active branch, or of all branches, parents first."""
        return Pages(
            self._remote.messages(conversation, order=order, limit=limit, branches=branches, timeout=timeout),
            self._bridge,
        )

    def message(self, conversation: ConversationLike, message_id: str, *, timeout: Timeout = UNSET) -> Message:
        """Give one message. Raises NotFoundError."""
        return self._bridge.call(lambda: self._remote.message(conversation, message_id, timeout=timeout))

    @overload
    def append(
        self,
        conversation: ConversationLike,
        content: str | Message,
        role: str = "user",
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Message: ...

    @overload
    def append(
        self,
        conversation: ConversationLike,
        content: Sequence[Message],
        role: str = "user",
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> list[Message]: ...

    def append(
        self,
        conversation: ConversationLike,
        content: str | Message | Sequence[Message],
        role: str = "user",
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Message | list[Message]:
        """Store text with a role, a message, or a list of messages; nothing is generated."""
        if isinstance(content, (str, Message)):
            one = content  # each of the overloads is asked for by its own type
            return self._bridge.call(
                lambda: self._remote.append(conversation, one, role, timeout=timeout, allow_loss=allow_loss)
            )
        many = content
        return self._bridge.call(
            lambda: self._remote.append(conversation, many, role, timeout=timeout, allow_loss=allow_loss)
        )

    def edit(
        self,
        conversation: ConversationLike,
        message_id: str,
        text: str,
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Change:
        """Replace a message's text; its other parts and all later messages stay, nothing is generated."""
        return self._bridge.call(
            lambda: self._remote.edit(conversation, message_id, text, timeout=timeout, allow_loss=allow_loss)
        )

    def delete_message(
        self,
        conversation: ConversationLike,
        message_id: str,
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Change:
        """Delete one message; later messages stay."""
        return self._bridge.call(
            lambda: self._remote.delete_message(conversation, message_id, timeout=timeout, allow_loss=allow_loss)
        )

    def clear(
        self, conversation: ConversationLike, *, timeout: Timeout = UNSET, allow_loss: AllowLoss = False
    ) -> Change:
        """Remove all messages, system ones too; title, instructions, metadata and pin stay."""
        return self._bridge.call(lambda: self._remote.clear(conversation, timeout=timeout, allow_loss=allow_loss))

    def send(self, conversation: ConversationLike, content: Content, **given: Unpack[SendOptions]) -> Reply:
        """Send a turn and give the reply; the options are `SendOptions`."""
        return self._bridge.call(lambda: self._remote.send(conversation, content, **given))

    def stream(self, conversation: ConversationLike, content: Content, **given: Unpack[SendOptions]) -> SyncReplyStream:
        """Do as `send`, piece by piece: a context manager over events. Leaving it early stops the run."""
        return SyncReplyStream(self._remote.stream(conversation, content, **given), self._bridge)

    def regenerate(
        self, conversation: ConversationLike, message_id: str | None = None, **given: Unpack[SendOptions]
    ) -> Reply:
        """Give another answer to the last turn, or to `message_id`; `effect` tells what became of the old one."""
        return self._bridge.call(lambda: self._remote.regenerate(conversation, message_id, **given))

    def stream_regenerate(
        self, conversation: ConversationLike, message_id: str | None = None, **given: Unpack[SendOptions]
    ) -> SyncReplyStream:
        """Do as `regenerate`, piece by piece."""
        return SyncReplyStream(self._remote.stream_regenerate(conversation, message_id, **given), self._bridge)

    def download(self, part: MediaPart, *, timeout: Timeout = UNSET) -> bytes:
        """Give the bytes of an image, an audio or a file part. Raises NotFoundError, UnsupportedOperationError."""
        return self._bridge.call(lambda: self._remote.download(part, timeout=timeout))

    def check(self, *, write: bool = False) -> RemoteCheck:
        """Prove that the remote works, by reading only; with `write` also on a scratch conversation, deleted again."""
        return self._bridge.call(lambda: self._remote.check(write=write))

    @property
    def vendor(self) -> Any:
        """What only this vendor has, not portable. Raises UnsupportedOperationError where there is nothing."""
        return self._remote.vendor

    def vendor_as(self, kind: type[V]) -> V:
        """Give `vendor`, typed. Raises UnsupportedOperationError where it is of another kind."""
        return self._remote.vendor_as(kind)

    def close(self) -> None:
        """Close the remote and forget its secrets; harmless twice."""
        self._bridge.call(self._remote.aclose)
