"""The scene of a case: a fresh remote, and what cases need to set it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any, TypeVar

from ..client import AsyncClient
from ..config import settings_for
from ..errors import OmnilogueError
from ..http import Observer, Secret
from ..model import Conversation, ConversationRef, Grade, Message
from ..provider import Feature, Features, ProviderInfo, ProviderSettings
from ..remote import AsyncRemote, Listing
from .expecting import UnmetError, expect_equal

T = TypeVar("T", Conversation, Message)

NAME = "suite"
"""The name of the remote that cases are played on."""


class Requests(Observer):
    """Counts the requests of a remote."""

    def __init__(self) -> None:
        self.count = 0

    def on_request(self, endpoint: str, status: int | None, seconds: float) -> None:
        """Count one more."""
        self.count += 1


class ObservedClient(AsyncClient):
    """A client whose requests are counted besides what its plugins observe."""

    def __init__(self, provider: str, settings: Mapping[str, Any], *, plugins: bool) -> None:
        super().__init__(False, remotes={NAME: {**settings, "provider": provider}}, plugins=plugins)
        self.requests = Requests()

    def _all_observers(self) -> tuple[Observer, ...]:
        return (*super()._all_observers(), self.requests)


class Scene:
    """One remote, the conversations a case made on it, and what it can do."""

    def __init__(self, client: ObservedClient) -> None:
        self.client = client
        self.remote: AsyncRemote = client.remote(NAME)
        self.word = f"w{secrets.token_hex(5)}"
        self._made: list[Conversation] = []
        self._numbers = count(1)

    @property
    def features(self) -> Features:
        """What the remote can do, with what the core makes of it."""
        return self.remote.features

    @property
    def info(self) -> ProviderInfo:
        """The provider as its plugin presents it."""
        return self.client.plugins.provider(self.client.configuration.remotes[NAME].provider)

    @property
    def requests(self) -> int:
        """How many requests have left so far; always 0 for a provider that speaks to no network."""
        return self.client.requests.count

    def row(self, operation: str) -> Feature:
        """Give a row of the features."""
        return self.features[operation]

    def can(self, *operations: str) -> bool:
        """Whether all these operations can be had, natively or not."""
        return all(self.features[operation].grade is not Grade.UNSUPPORTED for operation in operations)

    def takes(self, operation: str, field: str) -> bool:
        """Whether an operation honours a field or an option."""
        needed = {"metadata": "conversation_metadata", "model": "choose_model"}.get(field)
        fields = self.features[operation].limits.fields
        return (fields is None or field in fields) and (needed is None or self.can(needed))

    @property
    def _settings(self) -> ProviderSettings:
        return settings_for(self.client.configuration.remotes[NAME], self.info)

    def vendor_model(self, name: str) -> str:
        """Give what the settings call a model at the vendor."""
        return self._settings.models.get(name, name)

    def secrets(self) -> list[str]:
        """Give the values that nobody may ever see."""
        settings = self._settings
        given = [getattr(settings, name) for name in type(settings).model_fields]
        nested = [item for value in given if isinstance(value, dict) for item in value.values()]
        return [value.reveal() for value in (*given, *nested) if isinstance(value, Secret) and value.reveal()]

    # Setting the scene

    async def conversation(self, **fields: Any) -> Conversation:
        """Create a conversation with a title nobody else has; it is deleted at the end of the case."""
        if not self.can("create_conversation"):
            raise UnmetError("this needs a conversation to try things on, and create_conversation is unsupported")
        if self.takes("create_conversation", "title"):
            fields.setdefault("title", f"Suite {self.word}")
        made = await self.remote.create(**fields, allow_loss=True)
        self._made.append(made)
        return made

    async def filled(self, many: int, **fields: Any) -> tuple[Conversation, list[Message]]:
        """Create a conversation with `many` messages, user and assistant in turn, and give it with them."""
        conversation = await self.conversation(**fields)
        await self.fill(conversation, many)
        messages = await self.messages(conversation)
        expect_equal(len(messages), many, "messages of a conversation that was filled")
        return conversation, messages

    async def fill(self, conversation: Conversation, many: int) -> None:
        """Store `many` messages by appending them, else by having turns answered."""
        if self.can("append_user", "append_assistant"):
            lines = [Message.of(("user", "assistant")[n % 2], f"Line {n} of {self.word}") for n in range(many)]
            await self.remote.append(conversation, lines, allow_loss=True)
        elif self.can("send") and many % 2 == 0:
            for number in range(many // 2):
                await self.remote.send(conversation, f"Line {number} of {self.word}", allow_loss=True)
        else:
            raise UnmetError(f"this needs a conversation of {many} messages, and there is no way to store them")

    def keep(self, conversation: Conversation) -> Conversation:
        """Take note of a conversation the case made itself."""
        self._made.append(conversation)
        return conversation

    def keep_ref(self, reference: ConversationRef) -> Conversation:
        """Give what a conversation is from now on; a rebuild has made another one."""
        return self.keep(Conversation(id=reference.id, remote=reference.remote))

    def remote_ref(self, conversation_id: str) -> ConversationRef:
        """Give the reference that names a conversation of this remote."""
        return ConversationRef(remote=NAME, id=conversation_id)

    def next_number(self) -> int:
        """Give a number that this case has not had yet."""
        return next(self._numbers)

    def forget(self) -> None:
        """Leave what was made as it is; it is deleted, or cannot be any more."""
        self._made.clear()

    async def clear_up(self) -> None:
        """Delete what was made, where that can be done."""
        for conversation in self._made if self.can("delete_conversation") else ():
            with suppress(OmnilogueError):  # the case may have deleted it itself
                await self.remote.delete(conversation, allow_loss=True)

    # Looking

    async def messages(self, conversation: Conversation | ConversationRef, **how: Any) -> list[Message]:
        """Give all messages of a conversation."""
        return await drained(self.remote.messages(conversation, **how))

    async def said(self, conversation: Conversation | ConversationRef) -> list[tuple[str, str]]:
        """Give role and text of all messages."""
        return [(message.role, message.text) for message in await self.messages(conversation)]

    async def listed(self, **how: Any) -> list[Conversation]:
        """Give the conversations of the account."""
        return await drained(self.remote.conversations(**how))

    def mine(self, conversations: Sequence[Conversation]) -> list[str]:
        """Give the ids of those that this case made, in the order of the list."""
        made = {conversation.id for conversation in self._made}
        return [conversation.id for conversation in conversations if conversation.id in made]


async def drained(listing: Listing[T]) -> list[T]:
    """Read a list to its end."""
    return [item async for item in listing]


@asynccontextmanager
async def staged(provider: str, settings: Mapping[str, Any], *, plugins: bool = True) -> AsyncIterator[Scene]:
    """Open a fresh remote for one case, and clear up behind it."""
    async with ObservedClient(provider, settings, plugins=plugins) as client:
        scene = Scene(client)
        try:
            yield scene
        finally:
            await scene.clear_up()
