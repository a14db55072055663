"""Appending and creating, so that a lost answer neither doubles nor loses anything."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import OutcomeUnknownError
from ..model import Conversation, Grade, Message
from ..provider import Draft, Query
from . import markers
from .account import Account
from .lookback import WINDOW, baseline, is_same, reconciled
from .reading import newest


async def append(account: Account, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
    """Store messages, in the vendor's batches, each found again by its marker or its place."""
    features = account.features
    size = max(1, features.append_user.limits.batch or 1)
    can_mark = features.message_metadata.grade is Grade.NATIVE
    stored: list[Message] = []
    for start in range(0, len(messages), size):
        stored += await _append_batch(account, conversation_id, messages[start : start + size], can_mark=can_mark)
        account.remember(conversation_id, stored[-1].id)
    return stored


async def _append_batch(
    account: Account, conversation_id: str, batch: Sequence[Message], *, can_mark: bool
) -> list[Message]:
    base = await baseline(account, conversation_id, can_mark=can_mark)
    sent = list(batch)
    if base.marker is not None:
        sent[-1] = sent[-1].model_copy(update={"metadata": markers.put(sent[-1].metadata, base.marker)})

    async def look() -> list[Message] | None:
        """The last of a batch carries the marker; the others must stand right before it."""
        messages, is_all = await newest(account, conversation_id, max(WINDOW, 2 * len(sent)))
        places = base.written(messages, is_all=is_all, wanted=sent[-1])
        if places == []:
            return None
        found = messages[max(0, places[0] + 1 - len(sent)) : places[0] + 1] if places and len(places) == 1 else []
        if len(found) != len(sent) or not all(map(is_same, found, sent)):
            raise OutcomeUnknownError(
                f"{account.name}:{conversation_id}: what was appended cannot be told from what was there",
                outcome="unknown",
                hint="look at the conversation before you do it again",
            )
        return found

    stored = await reconciled(account, lambda: account.provider.append(conversation_id, sent), look, "the append")
    return [markers.strip(message) for message in stored]


async def create(account: Account, draft: Draft) -> Conversation:
    """Create a conversation; after a lost answer it is looked for by its marker among the newest."""
    marker = markers.new() if _can_mark_conversations(account) else None
    if marker is not None:
        draft = draft.model_copy(update={"metadata": markers.put(draft.metadata, marker)})

    async def look() -> Conversation | None:
        if marker is None:
            raise OutcomeUnknownError(
                f"{account.name}: a conversation may have been created, and nothing tells it from others",
                outcome="unknown",
                hint="look at the list before you create it again",
            )
        order = "-created_at" if "-created_at" in (account.features.list_conversations.limits.order or ()) else None
        page = await account.provider.list_conversations(None, Query(order=order, limit=WINDOW))
        return next((found for found in page.items if markers.of(found) == marker), None)

    return await reconciled(account, lambda: account.provider.create_conversation(draft), look, "the create")


def _can_mark_conversations(account: Account) -> bool:
    features = account.features
    rows = (features.conversation_metadata, features.list_conversations)
    return account.settings.markers and all(row.grade is Grade.NATIVE for row in rows)
