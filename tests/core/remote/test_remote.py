"""The verbs of a remote, one by one, and in any order against a model of plain Python."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from omnilogue import (
    AsyncRemote,
    Conversation,
    InvalidInputError,
    Message,
    NotFoundError,
    Reply,
    UnsupportedOperationError,
)
from omnilogue.http import SystemClock
from omnilogue.model import Grade, ImagePart, TextPart
from omnilogue.provider import ProviderInfo
from omnilogue.remote import Account
from omnilogue_memory.provider import Memory
from omnilogue_memory.settings import MemorySettings


@pytest.mark.anyio
async def test_an_update_changes_what_is_given_and_nothing_else(remote: Any) -> None:
    conversation = await remote.create(title="Trip", instructions="Be brief.", metadata={"team": "red", "place": "sea"})

    changed = await remote.update(conversation, title=None, pinned=True, metadata={"team": None, "when": [1]})

    assert (changed.title, changed.instructions, changed.pinned) == (None, "Be brief.", True)
    assert changed.metadata == {"place": "sea", "when": [1]}
    assert changed == await remote.conversation(conversation)


@pytest.mark.anyio
async def test_an_update_reads_only_where_metadata_merges(remote: Any) -> None:
    conversation = await remote.create(title="Trip")
    remote.vendor.calls.clear()

    await remote.update(conversation, title="x")

    assert remote.vendor.calls == ["update_conversation"]


class Wordless(Memory):
    """Memory that says of what is missing only what a vendor answered."""

    async def get_conversation(self, conversation_id: str) -> Conversation:
        raise NotFoundError("GET https://here/topic/{id} answered 404", endpoint="GET https://here/topic/{id}")


@pytest.mark.anyio
async def test_a_conversation_that_is_not_there_is_named(remote_of: Any) -> None:
    with pytest.raises(NotFoundError, match=r"answered 404 \(work:c9 was asked for\)"):
        await remote_of(Wordless).conversation("c9")


@pytest.mark.anyio
async def test_a_value_that_is_null_at_the_vendor_stays(remote: Any) -> None:
    conversation = await remote.create(metadata={"empty": None, "team": "red"})

    changed = await remote.update(conversation, metadata={"team": "blue"})

    assert changed.metadata == {"empty": None, "team": "blue"}


@pytest.mark.anyio
async def test_an_update_of_nothing_is_refused(remote: Any) -> None:
    with pytest.raises(InvalidInputError, match="nothing to change"):
        await remote.update("c1")


@pytest.mark.anyio
async def test_an_edit_replaces_the_text_and_tells_where_to_go_on(remote: Any) -> None:
    conversation = await remote.create()
    image = ImagePart(url="https://example.com/a.png")
    message = await remote.append(conversation, Message(role="user", parts=(TextPart(text="see"), image)))
    later = await remote.append(conversation, "later")

    change = await remote.edit(conversation, message.id, "look")

    assert change.conversation == conversation.ref
    assert change.grade is Grade.NATIVE
    assert change.message.parts == (TextPart(text="look"), image)
    assert [message async for message in remote.messages(conversation)] == [change.message, later]


@pytest.mark.anyio
async def test_one_message_gives_one_and_a_list_gives_a_list(remote: Any) -> None:
    conversation = await remote.create()

    one = await remote.append(conversation, "a", role="system")
    two = await remote.append(conversation, Message.assistant("b"))
    many = await remote.append(conversation, [Message.user("c")])

    assert (one.role, two.role, [message.role for message in many]) == ("system", "assistant", ["user"])


@pytest.mark.anyio
async def test_bytes_of_a_part_are_given_without_a_call(remote: Any) -> None:
    assert await remote.download(ImagePart(data=b"png")) == b"png"
    with pytest.raises(UnsupportedOperationError):
        await remote.download(ImagePart(file_id="f1"))


@pytest.mark.anyio
async def test_what_only_this_vendor_has_is_given_with_its_type(remote_of: Any) -> None:
    remote, plain = remote_of(), remote_of(Memory)

    assert remote.vendor_as(Memory) is remote.vendor
    with pytest.raises(UnsupportedOperationError, match="is no int"):
        remote.vendor_as(int)
    with pytest.raises(UnsupportedOperationError, match="nothing beyond"):
        _ = plain.vendor


@pytest.mark.anyio
async def test_features_are_data(remote: Any) -> None:
    assert remote.features.regenerate.grade is Grade.EMULATED
    assert remote.features["send"] is remote.features.send
    assert set(remote.features) >= {"send", "stop", "citations"}
    assert (remote.name, remote.provider) == ("work", "fake")
    assert remote.vendor.calls == []


@pytest.mark.anyio
async def test_writes_at_the_same_time_come_one_after_the_other(remote: Any, texts: Any) -> None:
    conversation = await remote.create()

    replies = await asyncio.gather(*(remote.send(conversation, f"turn {number}") for number in range(20)))

    pairs = [[f"u:turn {number}", f"a:{reply.text}"] for number, reply in enumerate(replies)]
    assert await texts(remote, conversation) == [entry for pair in pairs for entry in pair]


class AnyOrder(RuleBasedStateMachine):
    """All verbs in any order, on memory and on lists of plain Python."""

    conversations = Bundle("conversations")
    words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(str.strip)

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        given = MemorySettings()
        info = ProviderInfo("fake", "Fake", Memory, MemorySettings)
        self.remote = AsyncRemote(
            Account("work", lambda: (info, given), lambda _: pytest.fail("no network"), SystemClock())
        )
        self.model: dict[str, list[tuple[str, str]]] = {}
        self.about: dict[str, tuple[str | None, dict[str, Any]]] = {}

    def run(self, action: Callable[[AsyncRemote], Awaitable[Any]]) -> Any:
        async def call() -> Any:
            return await action(self.remote)

        return self.runner.run(call())

    def teardown(self) -> None:
        self.runner.close()

    def stored(self, conversation: str) -> list[Message]:
        async def read(remote: AsyncRemote) -> list[Message]:
            return [message async for message in remote.messages(conversation)]

        found: list[Message] = self.run(read)
        return found

    @rule(target=conversations, title=st.none() | words, metadata=st.dictionaries(words, st.integers(), max_size=2))
    def create(self, title: str | None, metadata: dict[str, int]) -> str:
        created = self.run(lambda remote: remote.create(title=title, metadata=metadata))
        self.model[created.id] = []
        self.about[created.id] = (title, dict(metadata))
        return str(created.id)

    @rule(
        conversation=conversations,
        texts=st.lists(words, min_size=1, max_size=3),
        role=st.sampled_from(["user", "assistant", "system"]),
    )
    def append(self, conversation: str, texts: list[str], role: str) -> None:
        self.run(lambda remote: remote.append(conversation, [Message.of(role, text) for text in texts]))
        self.model[conversation] += [(role, text) for text in texts]

    @rule(conversation=conversations, text=words)
    def send(self, conversation: str, text: str) -> None:
        reply: Reply = self.run(lambda remote: remote.send(conversation, text))
        self.model[conversation] += [("user", text), ("assistant", reply.text)]

    @rule(conversation=conversations)
    def regenerate(self, conversation: str) -> None:
        messages = self.model[conversation]
        kept = len(messages)
        while kept and messages[kept - 1][0] == "assistant":
            kept -= 1
        if not kept:
            with pytest.raises(InvalidInputError):
                self.run(lambda remote: remote.regenerate(conversation))
            return
        reply: Reply = self.run(lambda remote: remote.regenerate(conversation))
        assert reply.effect == ("superseded" if kept < len(messages) else "new")
        self.model[conversation] = [*messages[:kept], ("assistant", reply.text)]

    @rule(conversation=conversations, place=st.integers(0, 5), text=words)
    def edit(self, conversation: str, place: int, text: str) -> None:
        if place < len(self.model[conversation]):
            wanted = self.stored(conversation)[place].id or ""
            self.run(lambda remote: remote.edit(conversation, wanted, text))
            self.model[conversation][place] = (self.model[conversation][place][0], text)

    @rule(conversation=conversations, place=st.integers(0, 5))
    def delete_message(self, conversation: str, place: int) -> None:
        if place < len(self.model[conversation]):
            wanted = self.stored(conversation)[place].id or ""
            self.run(lambda remote: remote.delete_message(conversation, wanted))
            del self.model[conversation][place]

    @rule(conversation=conversations)
    def clear(self, conversation: str) -> None:
        self.run(lambda remote: remote.clear(conversation))
        self.model[conversation] = []

    @rule(
        conversation=conversations,
        title=st.none() | words,
        more=st.dictionaries(words, st.none() | st.integers(), max_size=2),
    )
    def update(self, conversation: str, title: str | None, more: dict[str, int | None]) -> None:
        self.run(lambda remote: remote.update(conversation, title=title, metadata=more))
        kept = {key: value for key, value in {**self.about[conversation][1], **more}.items() if value is not None}
        self.about[conversation] = (title, kept)

    @rule(conversation=consumes(conversations))
    def delete(self, conversation: str) -> None:
        self.run(lambda remote: remote.delete(conversation))
        del self.model[conversation], self.about[conversation]
        with pytest.raises(NotFoundError):
            self.run(lambda remote: remote.conversation(conversation))

    @invariant()
    def what_is_stored_is_what_was_done(self) -> None:
        async def read(remote: AsyncRemote) -> dict[str, tuple[str | None, dict[str, Any]]]:
            return {item.id: (item.title, item.metadata) async for item in remote.conversations()}

        assert self.run(read) == self.about
        for conversation, expected in self.model.items():
            assert [(message.role, message.text) for message in self.stored(conversation)] == expected


AnyOrder.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
TestAnyOrder = AnyOrder.TestCase
