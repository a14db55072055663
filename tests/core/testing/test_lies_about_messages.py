"""Providers that lie about what they store, each in one way, and the case that finds it out."""

import unicodedata
from collections.abc import Awaitable, Callable, Sequence

import pytest

from omnilogue.errors import UnsupportedOperationError
from omnilogue.model import Conversation, Message, TextPart
from omnilogue.provider import Changes, Draft, native
from omnilogue_memory.provider import Memory


def rewritten(message: Message, text: str) -> Message:
    return message.model_copy(update={"parts": (TextPart(text=text),)})


class DoublesMessages(Memory):
    found_by = "append_user_stores_one_message"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        await super().append(conversation_id, messages)
        return await super().append(conversation_id, messages)


class LosesTheOrder(Memory):
    found_by = "append_keeps_the_order_of_a_list"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        stored = await super().append(conversation_id, messages[::-1])
        return stored[::-1]


class HasASmallerBatch(Memory):
    found_by = "append_user_takes_more_than_a_batch"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        return await super().append(conversation_id, messages[:20])


class MakesSystemUser(Memory):
    found_by = "append_system_stores_one_message"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        plain = [
            message.model_copy(update={"role": "user"}) if message.role == "system" else message for message in messages
        ]
        return await super().append(conversation_id, plain)


class RefusesARoleItDeclares(Memory):
    found_by = "append_takes_the_roles_it_says"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        if any(message.role == "tool" for message in messages):
            raise UnsupportedOperationError("no tools here")
        return await super().append(conversation_id, messages)


class ForgetsTheModel(Memory):
    found_by = "append_assistant_keeps_the_fields_it_names"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        return await super().append(conversation_id, [one.model_copy(update={"model": None}) for one in messages])


class SaysItKeepsLess(Memory):
    found_by = "append_user_keeps_the_fields_it_names"
    features = Memory.features.replace(append_user=native(batch=50, roles=("tool", "other:*"), fields=("metadata",)))


class Normalises(Memory):
    found_by = "append_user_changes_no_character"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        normal = [rewritten(message, unicodedata.normalize("NFC", message.text)) for message in messages]
        return await super().append(conversation_id, normal)


class Trims(Memory):
    found_by = "append_user_keeps_spaces_at_the_ends"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        return await super().append(conversation_id, [rewritten(message, message.text.strip()) for message in messages])


class CutsText(Memory):
    found_by = "append_user_keeps_long_text"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        return await super().append(conversation_id, [rewritten(message, message.text[:9999]) for message in messages])


class EndsAtNul(Memory):
    found_by = "append_user_keeps_or_refuses_control_characters"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        cut = [rewritten(message, message.text.partition("\0")[0]) for message in messages]
        return await super().append(conversation_id, cut)


class EditsNothing(Memory):
    found_by = "edit_message_changes_exactly_one"

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        return rewritten(await self.get_message(conversation_id, message_id), text)


class DropsLaterMessages(Memory):
    found_by = "edit_message_changes_exactly_one"

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        edited = await super().edit_message(conversation_id, message_id, text)
        ids = list(self._messages[conversation_id])
        for later in ids[ids.index(message_id) + 1 :]:
            await self.delete_message(conversation_id, later)
        return edited


class DropsParts(Memory):
    found_by = "edit_message_keeps_other_parts"

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        edited = rewritten(await self.get_message(conversation_id, message_id), text)
        self._messages[conversation_id][message_id] = edited
        return edited


class DropsMetadataWithTheText(Memory):
    found_by = "edit_message_keeps_metadata"

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        edited = (await super().edit_message(conversation_id, message_id, text)).model_copy(update={"metadata": {}})
        self._messages[conversation_id][message_id] = edited
        return edited


class DeletesTheNextToo(Memory):
    found_by = "delete_message_removes_exactly_one"

    async def delete_message(self, conversation_id: str, message_id: str) -> None:
        ids = list(self._messages[conversation_id])
        await super().delete_message(conversation_id, message_id)
        for following in ids[ids.index(message_id) + 1 :][:1]:
            await super().delete_message(conversation_id, following)


class ClearsTheTitleToo(Memory):
    found_by = "clear_messages_leaves_the_conversation"

    async def clear_messages(self, conversation_id: str) -> None:
        await super().clear_messages(conversation_id)
        self._touch(conversation_id, title=None)


class KeepsSystemMessages(Memory):
    found_by = "clear_messages_leaves_the_conversation"

    async def clear_messages(self, conversation_id: str) -> None:
        kept = {key: message for key, message in self._messages[conversation_id].items() if message.role == "system"}
        await super().clear_messages(conversation_id)
        self._messages[conversation_id] = kept


class MakesMetadataText(Memory):
    found_by = "conversation_metadata_comes_back"

    async def create_conversation(self, draft: Draft) -> Conversation:
        plain = {key: str(value) for key, value in draft.metadata.items()}
        return await super().create_conversation(draft.model_copy(update={"metadata": plain}))


class MergesByItself(Memory):
    found_by = "conversation_metadata_is_merged"

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        before = await self.get_conversation(conversation_id)
        if "metadata" in changes.model_fields_set:
            changes = changes.model_copy(update={"metadata": {**before.metadata, **changes.metadata}})
        return await super().update_conversation(conversation_id, changes)


class DropsMetadata(Memory):
    found_by = "message_metadata_comes_back"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        return await super().append(conversation_id, [each.model_copy(update={"metadata": {}}) for each in messages])


class ShowsTheKeyInRaw(Memory):
    found_by = "message_metadata_never_shows_our_key"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        shown = [message.model_copy(update={"raw": {"meta_data": message.metadata}}) for message in messages]
        return await super().append(conversation_id, shown)


class ShowsTheKeyInACopy(Memory):
    found_by = "conversation_metadata_never_shows_our_key"

    async def create_conversation(self, draft: Draft) -> Conversation:
        copied = {**draft.metadata, "copy": draft.metadata}
        return await super().create_conversation(draft.model_copy(update={"metadata": copied}))


class KeepsNamesOnly(Memory):
    found_by = "attach_files_keeps_the_bytes"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        def without(message: Message) -> Message:
            parts = [part.model_copy(update={"data": None}) if part.type == "file" else part for part in message.parts]
            return message.model_copy(update={"parts": tuple(parts)})

        return await super().append(conversation_id, [without(message) for message in messages])


class FlattensToolCalls(Memory):
    found_by = "tool_calls_come_back"

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        return await super().append(conversation_id, [rewritten(message, message.text or "{}") for message in messages])


LIARS = [found for found in list(globals().values()) if isinstance(found, type) and "found_by" in vars(found)]


@pytest.mark.anyio
@pytest.mark.parametrize("liar", LIARS, ids=lambda liar: liar.__name__)
async def test_a_lie_is_found_out_by_its_case(
    liar: type[Memory], complaint: Callable[[type[Memory], str], Awaitable[str]]
) -> None:
    assert await complaint(liar, vars(liar)["found_by"]) != ""
