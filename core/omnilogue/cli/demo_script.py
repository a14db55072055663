"""What `omnilogue demo` runs on every provider, unchanged: a conversation from its creation to its end.

No line of it knows which vendor it talks to. Where vendors differ it asks the remote's features.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from omnilogue import AsyncRemote


async def script(remote: AsyncRemote, step: Callable[[str], AbstractContextManager[None]]) -> None:
    """Do all of it; `step` measures the operation whose calls stand in its block."""
    features = remote.features

    with step("create_conversation"):
        trip = (await remote.create(title="A trip", instructions="Be brief.", allow_loss=True)).ref

    if features.append_user.grade != "unsupported":
        with step("append_user"):
            await remote.append(trip, "We are two, and we like old trams.")

    if features.send.grade != "unsupported":
        with step("send"):
            await remote.send(trip, "Where to in May?")

    if features.stream.grade != "unsupported":
        with step("stream"):
            async with remote.stream(trip, "And what do we pack?") as stream:
                async for _piece in stream.text():
                    pass  # a person would see each piece here

    if features.regenerate.grade != "unsupported":
        with step("regenerate"):
            await remote.regenerate(trip, allow_loss=True)

    with step("list_messages"):
        messages = [message async for message in remote.messages(trip)]

    if messages and features.edit_message.grade != "unsupported":
        with step("edit_message"):
            trip = (await remote.edit(trip, messages[0].id or "", "We are three.", allow_loss=True)).conversation

    if features.update_conversation.grade != "unsupported":
        with step("update_conversation"):
            await remote.update(trip, title="A trip in May", allow_loss=True)

    if features.list_conversations.grade != "unsupported":
        with step("list_conversations"):
            found = [one async for one in remote.conversations(title="A trip*")]
        assert trip.id in [one.id for one in found]  # noqa: S101  # what was made is seen

    if features.clear_messages.grade != "unsupported":
        with step("clear_messages"):
            trip = (await remote.clear(trip, allow_loss=True)).conversation

    if features.delete_conversation.grade != "unsupported":
        with step("delete_conversation"):
            await remote.delete(trip, allow_loss=True)
