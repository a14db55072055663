"""Appending and creating, so that a lost answer neither doubles nor loses anything."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import aclosing

from ..errors import OmnilogueError, OutcomeUnknownError
from ..http.scope import CURRENT
from ..model import Conversation, Grade, Message, Origin
from ..provider import Draft, Query
from . import markers
from .account import Account
from .keeping import Keeping
from .lookback import WINDOW, baseline, is_same, reconciled
from .reading import conversations_plan, newest, ordered_pages


async def append(account: Account, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
    """Store messages, in the vendor's batches, each found again by its marker or its place.

    Where a later batch fails, the error's outcome is `applied` and its hint counts what is stored.
    """
    features = account.features
    size = max(1, features.append_user.limits.batch or 1)
    can_mark = features.message_metadata.grade is Grade.NATIVE
    stored: list[Message] = []
    for start in range(0, len(messages), size):
        try:
            stored += await _append_batch(account, conversation_id, messages[start : start + size], can_mark=can_mark)
        except OmnilogueError as error:
            if stored:
                error.hint = f"{len(stored)} of {len(messages)} messages were stored before this"
            raise
        CURRENT.get().applied = True
        account.saw(conversation_id, stored)
    return stored


async def _append_batch(
    account: Account, conversation_id: str, batch: Sequence[Message], *, can_mark: bool
) -> list[Message]:
    is_copy = any(message.origin is not None for message in batch)
    base = await baseline(account, conversation_id, can_mark=can_mark, is_copy=is_copy)
    sent = list(batch)
    if base.marker is not None:
        sent = [_marked(message, base.marker) for message in batch]

    async def look() -> list[Message] | None:
        """All of a batch carry the marker: a part of it is neither absent nor there."""
        messages, is_all = await newest(account, conversation_id, max(WINDOW, 2 * len(sent)))
        places = base.written(messages, is_all=is_all, wanted=sent)
        if places == []:
            return None
        found = [messages[place] for place in places or ()]
        if len(found) != len(sent) or not all(map(is_same, found, sent)):
            raise OutcomeUnknownError(
                f"{account.name}:{conversation_id}: what was appended cannot be told from what was there",
                outcome="unknown",
                hint="look at the conversation before you do it again",
            )
        return found

    stored = await reconciled(account, lambda: account.provider.append(conversation_id, sent), look, "the append")
    return [markers.strip(message) for message in stored]


def _marked(message: Message, marker: str) -> Message:
    return message.model_copy(update={"metadata": markers.put(message.metadata, marker, message.origin)})


async def create(
    account: Account,
    draft: Draft,
    *,
    hidden: bool = False,
    marker: str | None = None,
    origin: Origin | None = None,
) -> Conversation:
    """Create a conversation; after a lost answer it is looked for by its marker.

    A copy brings a marker with it, and the origin that is told there.

    What the vendor does not keep goes into the state, also where the answer was lost; `hidden` shows it to nobody yet.

    Where the vendor cannot give the newest first, the whole list is walked: one who only looks at its beginning
    would not see what was created.
    """
    if marker is None and account.settings.markers:
        marker = markers.new()
    if not can_mark_conversations(account):
        marker = None
    if marker is not None:
        messages = tuple(_marked(message, marker) for message in draft.messages)
        draft = draft.model_copy(update={"metadata": markers.put(draft.metadata, marker, origin), "messages": messages})

    async def look() -> Conversation | None:
        if marker is None:
            raise OutcomeUnknownError(
                f"{account.name}: a conversation may have been created, and nothing tells it from others",
                outcome="unknown",
                hint="look at the list before you create it again",
            )
        return await newest_that(account, lambda item: markers.of(item) == marker)

    provider = account.provider
    made = await reconciled(account, lambda: provider.create_conversation(draft), look, "the create")
    return provider.created(made, draft, hidden=hidden) if isinstance(provider, Keeping) else made


async def newest_that(account: Account, fits: Callable[[Conversation], bool]) -> Conversation | None:
    """Look for a conversation among the newest, or in the whole list where the vendor cannot turn it."""
    orders = account.features.list_conversations.limits.order or ()
    newest_first = Query(order="-created_at", limit=WINDOW)
    plan = conversations_plan(account, newest_first if newest_first.order in orders else Query())
    left = plan.limit or sys.maxsize
    async with aclosing(ordered_pages(plan)) as pages:
        async for items in pages:
            left -= len(items)
            if (found := next((item for item in items if fits(item)), None)) or left <= 0:
                return found
    return None


def can_mark_conversations(account: Account) -> bool:
    """Whether a marker on a conversation is kept and can be found again."""
    features = account.features
    return all(row.grade is Grade.NATIVE for row in (features.conversation_metadata, features.list_conversations))
