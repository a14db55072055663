"""Editing, deleting and clearing where a vendor cannot: the conversation is built anew and takes the old one's place.

The order keeps one of the two whole at any moment: create, append, read back, redirect, and only then remove the old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import ConflictError, NotFoundError, OmnilogueError, OutcomeUnknownError, ProtocolError
from ..http.scope import CURRENT
from ..log import logger
from ..model import Conversation, Grade, Message, TextPart
from ..provider import Changes, Draft, Query
from . import fallback, grades, options, storing
from .account import Account
from .completing import has
from .keeping import Keeping
from .lookback import is_same
from .reading import messages_plan, newest, ordered_pages

LEAVE_SECONDS = 0.5
"""How long taking away what was begun may take where the verb was cancelled."""

Change = Callable[[Sequence[Message]], list[Message | None]]
"""What becomes of each message, in order; None for one that goes."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The conversation that took the old one's place, and what became of each message id."""

    conversation_id: str
    id_map: dict[str, str | None]
    messages: dict[str, Message]


def is_rebuilt(account: Account, operation: str) -> bool:
    """Whether this operation is done by building the conversation anew."""
    provider = account.provider
    return (
        isinstance(provider, Keeping)
        and has(provider.features, operation)
        and not has(provider.inner.features, operation)
    )


def edited(message_id: str, text: str) -> Change:
    """Replace the text of one message."""

    def change(messages: Sequence[Message]) -> list[Message | None]:
        return [_with_text(message, text) if message.id == message_id else message for message in messages]

    return change


def without(message_id: str) -> Change:
    """Leave one message out."""
    return lambda messages: [None if message.id == message_id else message for message in messages]


def emptied(messages: Sequence[Message]) -> list[Message | None]:
    """Leave all messages out."""
    return [None for _ in messages]


async def rebuild(account: Account, conversation_id: str, change: Change, message_id: str | None = None) -> Rebuilt:
    """Build the conversation anew with a change. Raises NotFoundError for a message that is not in it.

    A failure before the redirect leaves the old conversation whole, and its error names what is left over.
    """
    keeping = _keeping(account)
    keeping.kept.open_for_writing()
    old = await fallback.conversation(account, conversation_id)
    messages = await _all_messages(account, conversation_id)
    if message_id is not None and all(message.id != message_id for message in messages):
        raise NotFoundError(f"{account.name}:{conversation_id} has no message {message_id!r}", outcome="not_sent")
    wanted = change(messages)
    drafts = [_draft(message) for message in wanted if message is not None]
    _require_storable(account, drafts)
    new: Conversation | None = None
    try:
        new = await storing.create(account, _draft_of(old), hidden=True)
        rebuilt = _told(new.id, messages, wanted, await _filled(account, new.id, drafts))
        if old.pinned and _takes_pins(account):
            await keeping.update_conversation(new.id, Changes(pinned=True))
        if drafts:
            await _require_unchanged(account, conversation_id, messages)
        keeping.kept.redirect(conversation_id, new.id, rebuilt.id_map)
    except BaseException as error:
        await _leave(account, new, error)
        raise
    account.forget(conversation_id)
    await _remove_old(account, conversation_id)
    return rebuilt


def _keeping(account: Account) -> Keeping:
    assert isinstance(account.provider, Keeping)  # noqa: S101  # is_rebuilt looked
    return account.provider


async def _all_messages(account: Account, conversation_id: str) -> list[Message]:
    plan = messages_plan(account, conversation_id, Query(order="asc"))
    return [message async for items in ordered_pages(plan) for message in items]


def _with_text(message: Message, text: str) -> Message:
    others = tuple(part for part in message.parts if not isinstance(part, TextPart))
    return message.model_copy(update={"parts": (TextPart(text=text), *others)})


def _draft(message: Message) -> Message:
    """Give a message as it is stored again: role, parts without citations, metadata, with the origin in it."""
    parts = tuple(
        part.model_copy(update={"citations": ()}) if isinstance(part, TextPart) else part for part in message.parts
    )
    return Message(role=message.role, parts=parts, metadata=message.metadata)


def _draft_of(old: Conversation) -> Draft:
    return Draft(title=old.title, instructions=old.instructions, model=old.model, metadata=old.metadata)


def _require_storable(account: Account, drafts: Sequence[Message]) -> None:
    """See that each message can be stored again, before anything is created. Raises UnsupportedOperationError."""
    for draft in drafts:
        rows = grades.rows_for_message(account.features, account.name, draft)
        grades.require(account.features, account.name, rows, True)
        options.require_text(draft.parts, grades.text_limit(account.features[rows[0]]))


async def _filled(account: Account, conversation_id: str, drafts: Sequence[Message]) -> list[Message]:
    """Store the messages and read them back: only what is seen to be there may take the old one's place."""
    stored = await storing.append(account, conversation_id, drafts) if drafts else []
    found = await _all_messages(account, conversation_id)
    if len(found) != len(drafts) or not all(map(_is_stored, found, drafts)):
        raise ProtocolError(
            f"{account.name}:{conversation_id} does not hold what was stored in it",
            code="bad_response",
            outcome="unknown",
        )
    return stored


def _is_stored(found: Message, draft: Message) -> bool:
    return is_same(found, draft) and [part.type for part in found.parts] == [part.type for part in draft.parts]


async def _require_unchanged(account: Account, conversation_id: str, messages: Sequence[Message]) -> None:
    """See that nobody wrote to the old conversation meanwhile: that would be lost. Raises ConflictError."""
    last, _ = await newest(account, conversation_id, 1)
    if [message.id for message in last] != [message.id for message in messages[-1:]]:
        raise ConflictError(
            f"{account.name}:{conversation_id} was written to while it was built anew", hint="do it once more"
        )


def _takes_pins(account: Account) -> bool:
    row = account.features.update_conversation
    return row.grade is not Grade.UNSUPPORTED and (row.limits.fields is None or "pinned" in row.limits.fields)


def _told(
    new_id: str, messages: Sequence[Message], wanted: Sequence[Message | None], stored: Sequence[Message]
) -> Rebuilt:
    left = iter(stored)
    id_map: dict[str, str | None] = {}
    by_old_id: dict[str, Message] = {}
    for before, after in zip(messages, wanted, strict=True):
        now = next(left) if after is not None else None
        if before.id is not None:
            id_map[before.id] = now.id if now else None
            if now is not None:
                by_old_id[before.id] = now
    return Rebuilt(new_id, id_map, by_old_id)


async def _leave(account: Account, new: Conversation | None, error: BaseException) -> None:
    """Take away what was begun; the verb's error tells what cannot be taken away."""
    scope = CURRENT.get()
    scope.left_over = "the conversation is unchanged"
    if new is not None and not await _is_removed(account, new.id, error):
        scope.left_over += f"; {account.name}:{new.id} was begun and is left over"
        logger().warning("orphan_left", remote=account.name, conversation=new.id)
    if new is not None:  # of what was written nothing is in the conversation the caller knows
        scope.applied, scope.outcome = False, "not_sent"
        if isinstance(error, OmnilogueError) and not isinstance(error, OutcomeUnknownError):
            error.outcome = "not_sent"


async def _is_removed(account: Account, conversation_id: str, error: BaseException) -> bool:
    """Delete what was begun where the vendor can; whoever cancelled does not wait for long."""
    keeping = _keeping(account)
    if not keeping.deletes:
        return False
    try:
        async with asyncio.timeout(None if isinstance(error, Exception) else LEAVE_SECONDS):
            await keeping.delete_conversation(conversation_id)
    except Exception:  # whatever it is, the first error is the one to be told
        return False
    return True


async def _remove_old(account: Account, conversation_id: str) -> None:
    """Delete the old conversation where the vendor can; it is hidden already, so a failure is told and not raised."""
    if _keeping(account).deletes:
        try:
            await fallback.delete_conversation(account, conversation_id)
        except Exception as error:  # a plugin's own fault does not undo what is done
            logger().warning("old_conversation_stays", remote=account.name, error=type(error).__name__)
