"""One conversation from its beginning to its end, on whatever remote it is given.

It knows no vendor. It asks the grades before it does what not every remote can, allows what a remote may lose,
and goes on with the conversation that each change gives back.
"""

from omnilogue import AsyncClient, AsyncRemote, NotFoundError
from omnilogue.model import ConversationRef, Grade, Message


def can(remote: AsyncRemote, operation: str) -> bool:
    return remote.features[operation].grade is not Grade.UNSUPPORTED


async def stored(remote: AsyncRemote, conversation: ConversationRef) -> list[Message]:
    return [message async for message in remote.messages(conversation)]


async def talk(remote: AsyncRemote, conversation: ConversationRef) -> list[str]:
    """Store, ask, ask piece by piece and ask again, as far as the remote can; give what it should hold now."""
    lines: list[str] = []
    if can(remote, "append_user") and can(remote, "append_assistant"):
        for role, text in (("user", "I like the sea."), ("assistant", "So do I.")):
            lines.append((await remote.append(conversation, text, role=role, allow_loss=True)).text)
    if can(remote, "send"):
        reply = await remote.send(conversation, "Where to in May?", allow_loss=True)
        lines += ["Where to in May?", reply.text]
    if can(remote, "stream"):
        async with remote.stream(conversation, "And in June?", allow_loss=True) as stream:
            pieces = [piece async for piece in stream.text()]
        lines += ["And in June?", "".join(pieces)]
        assert lines[-1] == stream.reply.text
    if can(remote, "regenerate"):
        reply = await remote.regenerate(conversation, allow_loss=True)
        lines[-1:] = [reply.text] if reply.effect in {"replaced", "superseded"} else [lines[-1], reply.text]
    return lines


async def run(client: AsyncClient, name: str) -> None:
    """Do all of it on the remote of this name."""
    remote = client.remote(name)
    before = {conversation.id async for conversation in remote.conversations()}
    here = (await remote.create(title="Trip", instructions="Be brief.", model="small", allow_loss=True)).ref
    lines = await talk(remote, here)
    messages = await stored(remote, here)
    assert [message.text for message in messages] == lines

    change = await remote.edit(here, messages[0].id or "", "I like the hills.", allow_loss=True)
    here, ids = change.conversation, [change.id_map.get(message.id or "", message.id) for message in messages]
    assert (await remote.message(here, ids[1] or "")).text == lines[1]
    if can(remote, "delete_message"):
        here = (await remote.delete_message(here, ids[1] or "", allow_loss=True)).conversation
        del lines[1]
    assert [message.text for message in await stored(remote, here)] == ["I like the hills.", *lines[1:]]

    renamed = await remote.update(here, title="Trip to the hills", allow_loss=True)
    assert (renamed.title, renamed.instructions) == ("Trip to the hills", "Be brief.")
    here = (await remote.clear(here, allow_loss=True)).conversation
    assert await stored(remote, here) == []
    found = [conversation async for conversation in remote.conversations(title="Trip to*")]
    assert [(item.ref, item.title) for item in found] == [(here, "Trip to the hills")]
    await remote.delete(here, allow_loss=True)
    assert {conversation.id async for conversation in remote.conversations()} == before
    try:
        await remote.conversation(here)
    except NotFoundError:
        return
    raise AssertionError("a deleted conversation is still there")
