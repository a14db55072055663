"""What the verbs of a remote are made of: the checks before a request, the lock, the time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from copy import copy
from typing import Any, TypeVar

from pydantic import JsonValue

from ..errors import NotFoundError, UnsupportedOperationError
from ..http.scope import CURRENT
from ..model import Change, Conversation, ConversationRef, Event, Reply
from ..provider import Busy, Changes, Features, Provider
from . import fallback, grades, markers, options
from .account import Account
from .changing import Changed
from .lookback import baseline
from .options import READ_SECONDS, AllowLoss, Asked, Content, ConversationLike, SendOptions, Timeout, Unset
from .sending import SafeSend, marks_turns, patient_events
from .stopping import stop_left_run
from .stream import Source
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

    def _require(self, *operations: str, allow_loss: AllowLoss, unheeded: Sequence[str] = ()) -> None:
        for operation in operations:
            if refused := self._account.refused.get(operation):
                raise copy(refused)
        grades.require(self.features, self.name, operations, allow_loss, unheeded)

    def _asked(self, operation: str, content: Content | Unset, given: SendOptions) -> Asked:
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
        grades.require_files(self.features, self.name, asked.turn.parts)

    def _seen(self, conversation: Conversation) -> Conversation:
        """Give a conversation as a caller sees it: of this remote, without our marker."""
        return markers.strip(conversation).model_copy(update={"remote": self.name})

    def _change(self, operation: str, changed: Changed) -> Change:
        return Change(
            conversation=ConversationRef(remote=self.name, id=changed.conversation_id),
            message=markers.strip(changed.message) if changed.message else None,
            id_map=dict(changed.id_map),
            grade=self.features[operation].grade,
        )

    def _finished(self, conversation_id: str, reply: Reply) -> Reply:
        """Remember the newest message, and take our marker off the reply's messages."""
        messages = tuple(markers.strip(message) for message in reply.messages)
        self._account.saw(conversation_id, messages)
        return reply.model_copy(update={"messages": messages})

    async def _verb(
        self, operation: str, timeout: Timeout, action: Callable[[], Awaitable[T]], default: float = READ_SECONDS
    ) -> T:
        return await Verb(self._account, operation, timeout, default).step(action)

    @asynccontextmanager
    async def _writing(
        self, operation: str, given: str, *, busy: Busy = "wait", message_id: str | None = None
    ) -> AsyncIterator[str]:
        """Hold a conversation for a write, and give the id the vendor calls it by."""
        conversation_id = await self._canonical(given)
        async with AsyncExitStack() as held:
            give_way = CURRENT.get().give_way
            await held.enter_async_context(self._account.locks.hold(conversation_id, busy, give_way))
            while (now := await self._canonical(conversation_id)) != conversation_id:
                # While it waited the conversation was built anew: go on with the one that took its place.
                await held.enter_async_context(self._account.locks.hold(now, busy, give_way))
                conversation_id = now
            self._begin_write()
            try:
                yield conversation_id
            except BaseException as error:
                self._account.forget(conversation_id)  # nobody knows now what is newest there
                if isinstance(error, asyncio.CancelledError):
                    await stop_left_run(self._account, conversation_id)
                if isinstance(error, NotFoundError) and message_id is not None:
                    fallback.explain_old_id(self._account, error, conversation_id, message_id)
                if isinstance(error, UnsupportedOperationError):
                    await fallback.explain_missing_path(self._account, operation, error, conversation_id, message_id)
                raise

    def _begin_write(self) -> None:
        """From here on a write that is cut short may have happened; of requests the door itself keeps book."""
        if not self._account.speaks_http:
            CURRENT.get().outcome = "unknown"

    async def _merged(self, conversation_id: str, changes: Changes, more: Mapping[str, JsonValue]) -> Changes:
        """Put new metadata over what is stored, our marker included; None removes a key."""
        before = (await fallback.conversation(self._account, conversation_id)).metadata
        kept = {key: value for key, value in before.items() if key not in more}
        given = {key: value for key, value in more.items() if value is not None}
        return changes.model_copy(update={"metadata": {**kept, **given}})

    async def _safe_send(self, operation: str, conversation_id: str, asked: Asked) -> SafeSend:
        base = await baseline(self._account, conversation_id, can_mark=marks_turns(self._account, operation))
        return SafeSend(self._account, conversation_id, asked.turn, base)

    def _source(self, conversation_id: str, asked: Asked, events: Callable[[], AsyncGenerator[Event, None]]) -> Source:
        patient = patient_events(self._account, conversation_id, events, asked.busy)
        return Source(conversation_id, patient, self._finished)


def rows_for_fields(given: Mapping[str, object], metadata: Mapping[str, JsonValue] | None) -> list[str]:
    """Give the operations that fields of a conversation need besides the one they go with."""
    return [*(["choose_model"] if given.get("model") else []), *(["conversation_metadata"] if metadata else [])]
