"""Providers that lie about conversations and lists, each in one way, and the case that finds it out."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import pytest

from omnilogue.model import Conversation, Message, Page
from omnilogue.provider import Changes, Draft, Query, native
from omnilogue_memory.provider import Memory


class CutsTitles(Memory):
    found_by = "create_conversation_keeps_what_it_is_given"

    async def create_conversation(self, draft: Draft) -> Conversation:
        return await super().create_conversation(draft.model_copy(update={"title": (draft.title or "")[:5]}))


class InventsConversations(Memory):
    found_by = "get_conversation_of_an_unknown_conversation"

    async def get_conversation(self, conversation_id: str) -> Conversation:
        if conversation_id not in self._conversations:
            return Conversation(id=conversation_id)
        return await super().get_conversation(conversation_id)


class ListsNothingOfNothing(Memory):
    found_by = "list_messages_of_an_unknown_conversation"

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        if conversation_id not in self._conversations:
            return Page()
        return await super().list_messages(conversation_id, cursor, query)


class MakesConversationsBySending(Memory):
    found_by = "append_user_of_an_unknown_conversation"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        if conversation_id not in self._conversations:
            self._conversations[conversation_id] = Conversation(id=conversation_id)
            self._messages[conversation_id] = {}
        return await super().append(conversation_id, messages)


class RaisesWhateverComes(Memory):
    found_by = "send_of_an_unknown_conversation"

    async def get_conversation(self, conversation_id: str) -> Conversation:
        return self._conversations[conversation_id]


class ForgetsInstructions(Memory):
    found_by = "update_conversation_changes_only_what_is_given"

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        return await super().update_conversation(conversation_id, changes.model_copy(update={"instructions": None}))


class NeverPins(Memory):
    found_by = "update_conversation_pins_where_it_says_so"

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        changed = await super().update_conversation(conversation_id, changes)
        return changed.model_copy(update={"pinned": False})


class DeletesNothing(Memory):
    found_by = "delete_conversation_removes_only_that_one"

    async def delete_conversation(self, conversation_id: str) -> None:
        await self.get_conversation(conversation_id)


class HasNoZone(Memory):
    found_by = "get_conversation_has_times_in_utc"

    async def get_conversation(self, conversation_id: str) -> Conversation:
        found = await super().get_conversation(conversation_id)
        return found.model_copy(update={"updated_at": datetime(2026, 5, 1, 12, 0)})


class HasOnePageOnly(Memory):
    found_by = "list_conversations_goes_on_behind_the_first_page"

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Conversation]:
        page = await super().list_conversations(cursor, query)
        return page.model_copy(update={"next_cursor": None})


class FindsEverything(Memory):
    found_by = "list_conversations_searches_where_it_says_so"

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Conversation]:
        return await super().list_conversations(cursor, query.model_copy(update={"search": None}))


class ClaimsAnOrder(Memory):
    found_by = "list_conversations_comes_in_the_asked_order"

    features = Memory.features.replace(list_conversations=native(page_size=50, order=("title", "-title")))


class KnowsOneOrder(Memory):
    found_by = "list_messages_comes_in_both_orders"

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        return await super().list_messages(conversation_id, cursor, query.model_copy(update={"order": "asc"}))


class RepeatsAMessage(Memory):
    found_by = "list_messages_goes_on_behind_the_first_page"

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        page = await super().list_messages(conversation_id, cursor, query)
        if cursor is None or not page.items:
            return page
        again = page.items[0].model_copy(update={"raw": {"again": True}})
        return page.model_copy(update={"items": (*page.items, again)})


class ForgetsWhoseTheyAre(Memory):
    found_by = "list_messages_tells_whose_they_are"

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        page = await super().list_messages(conversation_id, cursor, query)
        items = tuple(message.model_copy(update={"conversation_id": None}) for message in page.items)
        return page.model_copy(update={"items": items})


class LooksEverywhere(Memory):
    found_by = "get_message_looks_in_its_conversation_only"

    async def get_message(self, conversation_id: str, message_id: str) -> Message:
        await self.get_conversation(conversation_id)
        for messages in self._messages.values():
            if message_id in messages:
                return messages[message_id]
        return await super().get_message(conversation_id, message_id)


LIARS = [found for found in list(globals().values()) if isinstance(found, type) and "found_by" in vars(found)]


@pytest.mark.anyio
@pytest.mark.parametrize("liar", LIARS, ids=lambda liar: liar.__name__)
async def test_a_lie_is_found_out_by_its_case(
    liar: type[Memory], complaint: Callable[[type[Memory], str], Awaitable[str]]
) -> None:
    assert await complaint(liar, vars(liar)["found_by"]) != ""
