"""Changing what is stored: by the vendor's own call, by a fallback, or by building the conversation anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model import Conversation, Message
from . import fallback, rebuilding
from .account import Account
from .keeping import Keeping


@dataclass(frozen=True, slots=True)
class Changed:
    """Where the conversation lives now, the edited message, and what became of message ids."""

    conversation_id: str
    message: Message | None = None
    id_map: Mapping[str, str | None] = field(default_factory=dict)


async def edit(account: Account, conversation_id: str, message_id: str, text: str) -> Changed:
    """Replace the text of one message."""
    if rebuilding.is_rebuilt(account, "edit_message"):
        change = rebuilding.edited(message_id, text)
        rebuilt = await rebuilding.rebuild(account, conversation_id, change, message_id)
        return Changed(rebuilt.conversation_id, rebuilt.messages.get(message_id), rebuilt.id_map)
    await fallback.require_message(account, "edit_message", conversation_id, message_id)
    return Changed(conversation_id, await account.provider.edit_message(conversation_id, message_id, text))


async def delete_message(account: Account, conversation_id: str, message_id: str) -> Changed:
    """Delete one message."""
    if rebuilding.is_rebuilt(account, "delete_message"):
        change = rebuilding.without(message_id)
        rebuilt = await rebuilding.rebuild(account, conversation_id, change, message_id)
        return Changed(rebuilt.conversation_id, id_map=rebuilt.id_map)
    await fallback.require_message(account, "delete_message", conversation_id, message_id)
    account.forget(conversation_id)
    await fallback.delete_message(account, conversation_id, message_id)
    return Changed(conversation_id, id_map={message_id: None})


async def clear(account: Account, conversation_id: str) -> Changed:
    """Remove all messages."""
    if rebuilding.is_rebuilt(account, "clear_messages"):
        rebuilt = await rebuilding.rebuild(account, conversation_id, rebuilding.emptied)
        return Changed(rebuilt.conversation_id, id_map=rebuilt.id_map)
    account.forget(conversation_id)
    await fallback.clear(account, conversation_id)
    return Changed(conversation_id)


async def adopt(account: Account, conversation_id: str) -> Conversation:
    """Read a conversation and remember it where the vendor cannot list; one that was deleted here comes back."""
    provider = account.provider
    if not isinstance(provider, Keeping):
        return await fallback.conversation(account, await provider.canonical_id(conversation_id))
    conversation_id = await provider.now(conversation_id)
    is_remembered = not provider.lists or provider.kept.is_hidden(conversation_id)
    if is_remembered:
        provider.kept.open_for_writing()
    found = await fallback.conversation(account, conversation_id)
    if is_remembered:
        provider.kept.know(conversation_id)
    return found
