"""One conversation from its beginning to its end, on whatever remote it is given.

It knows no vendor. It asks the grades before it does what not every remote can, allows what a remote may lose,
and goes on with the conversation that each change gives back.
"""

from omnilogue import AsyncClient, AsyncRemote, Conversation, NotFoundError
from omnilogue.model import ConversationRef, Grade


async def talk(remote: AsyncRemote, conversation: Conversation | ConversationRef) -> list[str]:
    """Ask, ask piece by piece and ask again, where the remote answers; give what it said."""
    said: list[str] = []
    if remote.features.send.grade is not Grade.UNSUPPORTED:
        said.append((await remote.send(conversation, "Where to in May?", allow_loss=True)).text)
    if remote.features.stream.grade is not Grade.UNSUPPORTED:
        async with remote.stream(conversation, "And in June?", allow_loss=True) as stream:
            pieces = [piece async for piece in stream.text()]
        said.append(stream.reply.text)
        assert "".join(pieces) == stream.reply.text
    if remote.features.regenerate.grade is not Grade.UNSUPPORTED:
        reply = await remote.regenerate(conversation, allow_loss=True)
        said[-1:] = [reply.text] if reply.effect in {"replaced", "superseded"} else [*said[-1:], reply.text]
    return said


async def texts(remote: AsyncRemote, conversation: Conversation | ConversationRef) -> list[str]:
    """Give what stands in a conversation."""
    return [message.text async for message in remote.messages(conversation)]


async def run(client: AsyncClient, name: str) -> None:
    """Do all of it on the remote of this name."""
    remote = client.remote(name)
    before = {conversation.id async for conversation in remote.conversations()}
    conversation = await remote.create(title="Trip", instructions="Be brief.", model="small", allow_loss=True)

    first = await remote.append(conversation, "I like the sea.", allow_loss=True)
    answer = await remote.append(conversation, "So do I.", role="assistant", allow_loss=True)
    assert first.id
    assert answer.id
    assert await texts(remote, conversation) == ["I like the sea.", "So do I."]

    said = await talk(remote, conversation)
    stored = [message.text async for message in remote.messages(conversation) if message.role == "assistant"]
    assert stored == ["So do I.", *said]

    change = await remote.edit(conversation, first.id, "I like the hills.", allow_loss=True)
    here = change.conversation
    assert (await texts(remote, here))[0] == "I like the hills."
    kept = change.id_map.get(answer.id, answer.id)
    assert kept
    assert (await remote.message(here, kept)).text == "So do I."

    renamed = await remote.update(here, title="Trip to the hills", allow_loss=True)
    assert (renamed.title, renamed.instructions) == ("Trip to the hills", "Be brief.")

    here = (await remote.delete_message(here, kept, allow_loss=True)).conversation
    assert "So do I." not in await texts(remote, here)
    here = (await remote.clear(here, allow_loss=True)).conversation
    assert await texts(remote, here) == []

    found = [conversation async for conversation in remote.conversations(title="Trip to*")]
    assert [(item.id, item.title, item.remote) for item in found] == [(here.id, "Trip to the hills", name)]
    await remote.delete(here, allow_loss=True)
    assert {conversation.id async for conversation in remote.conversations()} == before
    try:
        await remote.conversation(here)
    except NotFoundError:
        return
    raise AssertionError("a deleted conversation is still there")
