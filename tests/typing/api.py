"""Typical uses, as the type checker sees them; checked, never run."""

from datetime import datetime
from typing import assert_type

from omnilogue import (
    AsyncClient,
    AsyncRemote,
    Change,
    Client,
    Conversation,
    ConversationRef,
    Event,
    FilePart,
    Grade,
    Message,
    OmnilogueError,
    Remote,
    RemoteCheck,
    Reply,
    ReplyStream,
    TextDelta,
    Tool,
    ToolResultPart,
)
from omnilogue.provider import Feature, Features
from omnilogue.remote import Listing
from omnilogue.sync import Pages, SyncReplyStream
from omnilogue.testing import Report, conform


class Vendor:
    """What one vendor offers besides."""


def clock(zone: str = "UTC") -> str:
    """Tell the time."""
    return zone


async def with_a_loop(moment: datetime) -> None:
    async with AsyncClient(False, remotes={"work": {"provider": "acme"}}) as client:
        assert_type(client, AsyncClient)
        remote = client.remote("work")
        assert_type(remote, AsyncRemote)
        assert_type(client.connect("acme", name="tenant", api_key="k"), AsyncRemote)
        assert_type(remote.features, Features)
        assert_type(remote.features.edit_message, Feature)
        assert_type(remote.features["edit_message"].grade, Grade)

        conversation = await remote.create(title="Trip", metadata={"color": ["blue", 1, None]})
        assert_type(conversation, Conversation)
        assert_type(await remote.update(conversation, title=None, pinned=True), Conversation)
        assert_type(conversation.ref, ConversationRef)
        assert_type(remote.conversations(since=moment, order="-title", limit=3), Listing[Conversation])
        assert_type([item async for item in remote.conversations()], list[Conversation])
        assert_type([item async for item in remote.messages(conversation.ref, order="desc")], list[Message])

        assert_type(await remote.adopt(["1", conversation.id]), list[Conversation])
        assert_type(await remote.resolve(conversation), ConversationRef)
        assert_type(await client.resolve("work:1", "other"), ConversationRef)
        assert_type(await remote.append(conversation, "text", "assistant"), Message)
        assert_type(await remote.append(conversation.id, Message.user("text")), Message)
        assert_type(await remote.append(conversation, [Message.user("text")]), list[Message])
        assert_type(await remote.edit(conversation, "1", "text", allow_loss=("citation",)), Change)
        assert_type(await remote.clear(conversation, timeout=None, allow_loss=True), Change)

        assert_type(await remote.send(conversation, "text", temperature=0.5, timeout=10), Reply)
        assert_type(await remote.send(conversation, ["text", FilePart.from_path("note.txt")]), Reply)
        plain = {"name": "clock", "parameters": {"type": "object"}}
        assert_type(await remote.send(conversation, "text", tools=[clock, Tool.of(plain), plain]), Reply)
        assert_type(await Tool.of(clock).call("{}"), ToolResultPart)
        assert_type(await remote.regenerate(conversation, model="fast", busy="reject"), Reply)
        async with remote.stream(conversation, "text") as stream:
            assert_type(stream, ReplyStream)
            async for event in stream:
                assert_type(event, Event)
                if event.type == "text_delta":
                    assert_type(event, TextDelta)
            async for piece in stream.text():
                assert_type(piece, str)
        assert_type(stream.reply, Reply)
        assert_type(await remote.check(write=True), RemoteCheck)
        assert_type(await remote.download(FilePart(file_id="1")), bytes)
        assert_type(remote.vendor_as(Vendor), Vendor)
    assert_type(await conform("acme", settings={"key": "k"}), Report)


def without_a_loop() -> None:
    with Client() as client:
        assert_type(client, Client)
        remote = client.remote()
        assert_type(remote, Remote)
        conversation = remote.create(title="Trip")
        assert_type(conversation, Conversation)
        assert_type(remote.conversations(), Pages[Conversation])
        assert_type(list(remote.messages(conversation)), list[Message])
        assert_type(remote.append(conversation, "text"), Message)
        assert_type(remote.append(conversation, [Message.user("text")]), list[Message])
        assert_type(remote.send(conversation, "text", max_output_tokens=5), Reply)
        with remote.stream(conversation, "text") as stream:
            assert_type(stream, SyncReplyStream)
            assert_type(list(stream), list[Event])
            assert_type("".join(stream.text()), str)
        assert_type(remote.vendor_as(Vendor), Vendor)


async def what_is_wrong(remote: AsyncRemote) -> None:
    await remote.send("1", "text", temprature=1)  # type: ignore[call-arg]  # misspelt
    await remote.send("1", "text", busy="maybe")  # type: ignore[arg-type]  # no such word
    await remote.send("1", 5)  # type: ignore[arg-type]  # no content
    await remote.create("Trip")  # type: ignore[call-arg]  # titles are named
    await remote.update("1", pinned=None)  # type: ignore[arg-type]  # pinned or not
    remote.messages("1", order="title")  # type: ignore[arg-type]  # two orders
    try:
        await remote.delete("1")
    except OmnilogueError as error:
        assert_type(error.code, str)
        assert_type(error.partial, Reply | None)
