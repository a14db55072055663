"""Editing, deleting and clearing where a vendor cannot: the conversation is built anew and takes the old one's place.

The order keeps one of the two whole at any moment: create, append, read back, redirect, and only then remove the old.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import NotFoundError, OmnilogueError, ProtocolError
from ..log import logger
from ..model import Conversation, Grade, Message, TextPart
from ..provider import Draft, Query
from . import fallback, grades, markers, storing
from .account import Account
from .keeping import Keeping
from .lookback import is_same
from .reading import messages_plan, ordered_pages

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
    return isinstance(provider, Keeping) and (
        provider.inner.features[operation].grade is Grade.UNSUPPORTED
        and provider.features[operation].grade is Grade.LOSSY
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
    provider = account.provider
    assert isinstance(provider, Keeping)  # noqa: S101  # is_rebuilt looked
    old = await provider.get_conversation(conversation_id)
    messages = await _all_messages(account, conversation_id)
    if message_id is not None and all(message.id != message_id for message in messages):
        raise NotFoundError(f"{account.name}:{conversation_id} has no message {message_id!r}", outcome="not_sent")
    wanted = change(messages)
    drafts = [_draft(message) for message in wanted if message is not None]
    for draft in drafts:
        grades.require(
            account.features, account.name, grades.rows_for_message(account.features, account.name, draft), True
        )
    new = await storing.create(account, _draft_of(old))
    try:
        stored = await storing.append(account, new.id, drafts) if drafts else []
        await _require_whole(account, new.id, drafts)
    except BaseException as error:
        await _leave(account, new.id, error)
        raise
    rebuilt = _told(new.id, messages, wanted, stored)
    provider.kept.redirect(conversation_id, new.id, rebuilt.id_map)
    account.forget(conversation_id)
    await _remove_old(account, conversation_id)
    return rebuilt


async def _all_messages(account: Account, conversation_id: str) -> list[Message]:
    plan = messages_plan(account, conversation_id, Query(order="asc"))
    return [message async for items in ordered_pages(plan) for message in items]


def _with_text(message: Message, text: str) -> Message:
    others = tuple(part for part in message.parts if not isinstance(part, TextPart))
    return message.model_copy(update={"parts": (TextPart(text=text), *others)})


def _draft(message: Message) -> Message:
    """Give a message as it is stored again: role, parts without citations, metadata."""
    parts = tuple(
        part.model_copy(update={"citations": ()}) if isinstance(part, TextPart) else part for part in message.parts
    )
    return Message(role=message.role, parts=parts, metadata=markers.strip(message).metadata)


def _draft_of(old: Conversation) -> Draft:
    return Draft(title=old.title, instructions=old.instructions, model=old.model, metadata=markers.strip(old).metadata)


async def _require_whole(account: Account, conversation_id: str, drafts: Sequence[Message]) -> None:
    """Read the new conversation back: only what is seen to be there may take the old one's place."""
    found = await _all_messages(account, conversation_id)
    if len(found) != len(drafts) or not all(map(is_same, found, drafts)):
        raise ProtocolError(
            f"{account.name}:{conversation_id} does not hold what was stored in it",
            code="bad_response",
            outcome="unknown",
        )


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


async def _leave(account: Account, new_id: str, error: BaseException) -> None:
    """Take away what was begun; what cannot be taken away is named on the error."""
    provider = account.provider
    assert isinstance(provider, Keeping)  # noqa: S101
    left_over = f"the conversation is unchanged; {account.name}:{new_id} was begun and is left over"
    try:
        await provider.delete_conversation(new_id)
        if provider.inner.features.delete_conversation.grade is not Grade.UNSUPPORTED:
            left_over = "the conversation is unchanged"
    except Exception as failure:
        logger().warning("orphan_left", remote=account.name, conversation=new_id, error=type(failure).__name__)
    if isinstance(error, OmnilogueError):
        error.hint = f"{error.hint}; {left_over}" if error.hint else left_over


async def _remove_old(account: Account, conversation_id: str) -> None:
    """Delete the old conversation where the vendor can; it is hidden already, so a failure is told and not raised."""
    provider = account.provider
    if isinstance(provider, Keeping) and provider.inner.features.delete_conversation.grade is not Grade.UNSUPPORTED:
        try:
            await fallback.delete_conversation(account, conversation_id)
        except OmnilogueError as error:
            logger().warning("old_conversation_stays", remote=account.name, code=error.code)
