"""A conversation that is streamed, on whatever remote it is given; it tells what kinds of events came.

It knows no vendor and asks for nothing that not every remote which streams has.
"""

from omnilogue import AsyncClient, AsyncRemote, Conversation, ReplyCompleted, ReplyStarted, ReplyStream, TextDelta


async def read(stream: ReplyStream) -> str:
    """Read a reply to its end; give the kinds of its events, each once where it comes in a row."""
    kinds: list[str] = []
    said = ""
    async with stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                said += event.text
            if [event.type] != kinds[-1:]:
                kinds.append(event.type)
    assert said == stream.reply.text
    assert stream.reply.status == "complete"
    return " ".join(kinds)


async def leave(remote: AsyncRemote, conversation: Conversation) -> str:
    """Leave a reply after its first piece; give what came."""
    async with remote.stream(conversation, "And in July?") as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                return event.type
    raise AssertionError("nothing was said")


async def give_way(remote: AsyncRemote, conversation: Conversation) -> str:
    """Ask while a reply is under way, which ends it; give what the second one brought."""
    async with remote.stream(conversation, "And in August?") as first:
        event = await anext(aiter(first))
        assert isinstance(event, ReplyStarted)
        return await read(remote.stream(conversation, "Or rather in September?", busy="cancel"))


async def run(client: AsyncClient, name: str) -> None:
    """Do all of it on the remote of this name, and print the kinds of events."""
    remote = client.remote(name)
    conversation = await remote.create(title="Trip", allow_loss=True)
    whole = await read(remote.stream(conversation, "Where to in May?"))
    again = await read(remote.stream_regenerate(conversation))
    left = await leave(remote, conversation)
    taken = await give_way(remote, conversation)
    print(f"whole: {whole}", f"again: {again}", f"left: {left}", f"taken over: {taken}", sep="\n")  # noqa: T201  # its work
    async with remote.stream(conversation, "Is that all?") as stream:
        last = [event async for event in stream][-1]
    assert isinstance(last, ReplyCompleted)
    stored = [message.text async for message in remote.messages(conversation)]
    assert stored[-1] == last.reply.text
    assert stored.count("Is that all?") == 1
    await remote.delete(conversation, allow_loss=True)
