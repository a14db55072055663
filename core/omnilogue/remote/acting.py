"""What the verbs of a remote are made of: the checks before a request, the lock, the time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from copy import copy
from typing import Any, TypeVar

from pydantic import JsonValue

from ..errors import UnsupportedOperationError
from ..model import Change, Conversation, ConversationRef, Event, Reply
from ..provider import Busy, Features, Provider
from . import fallback, grades, markers, options
from .account import Account
from .options import READ_SECONDS, AllowLoss, Asked, Content, ConversationLike, SendOptions, Timeout
from .stream import ReplyStream
from .verb import Verb

T = TypeVar("T")


class Acting:
    """One account, and how a verb acts on it."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def name(self) -> str:
        """The remote's name."""
        return self._account.name

    @property
    def provider(self) -> str:
        """The name of its provider."""
        return self._account.info.name

    @property
    def features(self) -> Features:
        """What the remote can do and how well, as data; no request is made."""
        return self._account.features

    @property
    def _provider(self) -> Provider[Any]:
        return self._account.provider

    def _id(self, conversation: ConversationLike) -> str:
        return options.conversation_id(self.name, conversation)

    async def _canonical(self, conversation_id: str) -> str:
        return await self._provider.canonical_id(conversation_id)

    def _model(self, model: str | None) -> str | None:
        return self._account.settings.models.get(model, model) if model is not None else None

    def _require(self, *operations: str, allow_loss: AllowLoss) -> None:
        for operation in operations:
            if refused := self._account.refused.get(operation):
                raise copy(refused)
        grades.require(self.features, self.name, operations, allow_loss)

    def _asked(self, operation: str, content: Content | None, given: SendOptions) -> Asked:
        if "metadata" in given:
            given["metadata"] = options.checked_metadata(given["metadata"])
        return options.asked(operation, content, given, self._account.settings)

    def _require_turn(self, operation: str, asked: Asked) -> None:
        """Ask the grades for all that a turn involves."""
        row = self.features[operation]
        self._require(*grades.rows_for_turn(operation, asked.turn.parts, asked.given), allow_loss=asked.allow_loss)
        grades.require_fields(row, self.name, operation, asked.given)
        grades.require_parts(row, self.name, operation, asked.turn.parts)
        options.require_text(asked.turn.parts, grades.text_limit(row))

    def _seen(self, conversation: Conversation) -> Conversation:
        """Give a conversation as a caller sees it: of this remote, without our marker."""
        return markers.strip(conversation).model_copy(update={"remote": self.name})

    def _change(self, operation: str, conversation_id: str, **what: Any) -> Change:
        reference = ConversationRef(remote=self.name, id=conversation_id)
        return Change(conversation=reference, grade=self.features[operation].grade, **what)

    def _finished(self, conversation_id: str, reply: Reply) -> Reply:
        """Remember the newest message, and take our marker off the reply's messages."""
        messages = tuple(markers.strip(message) for message in reply.messages)
        if messages and messages[-1].id:
            self._account.remember(conversation_id, messages[-1].id)
        else:
            self._account.forget(conversation_id)
        return reply.model_copy(update={"messages": messages})

    async def _verb(
        self, operation: str, timeout: Timeout, action: Callable[[], Awaitable[T]], default: float = READ_SECONDS
    ) -> T:
        return await Verb(self._account, operation, timeout, default).step(action)

    async def _write(
        self,
        operation: str,
        conversation: ConversationLike,
        timeout: Timeout,
        action: Callable[[str], Awaitable[T]],
        message_id: str | None = None,
        *,
        busy: Busy = "wait",
        default: float = READ_SECONDS,
    ) -> T:
        """Run a write under the conversation's lock."""
        given = self._id(conversation)

        async def write() -> T:
            conversation_id = await self._canonical(given)
            async with self._account.locks.hold(conversation_id, busy):
                try:
                    return await action(conversation_id)
                except UnsupportedOperationError as error:
                    await fallback.explain_missing_path(self._account, operation, error, conversation_id, message_id)
                    raise

        return await self._verb(operation, timeout, write, default)

    def _stream(
        self,
        operation: str,
        conversation: ConversationLike,
        asked: Asked,
        events: Callable[[str], AsyncGenerator[Event, None]],
    ) -> ReplyStream:
        given = self._id(conversation)

        async def source(conversation_id: str) -> AsyncGenerator[Event, None]:
            async for event in events(conversation_id):
                yield self._completed(conversation_id, event)

        return ReplyStream(self._account, operation, asked, lambda: self._canonical(given), source)

    def _completed(self, conversation_id: str, event: Event) -> Event:
        if event.type != "reply_completed":
            return event
        return event.model_copy(update={"reply": self._finished(conversation_id, event.reply)})


def rows_for_fields(given: Mapping[str, object], metadata: Mapping[str, JsonValue] | None) -> list[str]:
    """Give the operations that fields of a conversation need besides the one they go with."""
    return [*(["choose_model"] if given.get("model") else []), *(["conversation_metadata"] if metadata else [])]
