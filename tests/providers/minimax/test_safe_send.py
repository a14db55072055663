"""Turns sent where this vendor alone is like that: a turn is several calls, and a thread may be busy with a run."""

from typing import Any

import pytest

from omnilogue import ConversationBusyError

pytestmark = pytest.mark.anyio

# The calls of a turn besides those that store something.
READS = ("threads/run/retrieve", "threads/messages/list")
# Those that do.
WRITES = ("threads/messages/add", "threads/run/create", "threads/run/create_stream", "threads/run/submit_tool_outputs")


@pytest.fixture
def place(place_of: Any) -> Any:
    return place_of("minimax")


@pytest.mark.parametrize("kind", ["drop_after", "status_after", "drop_before"])
@pytest.mark.parametrize("path", READS)
async def test_a_look_that_gets_lost_is_repeated(
    place: Any, both: Any, kind: str, path: str, require_each_once: Any
) -> None:
    async with place.connected() as client:
        remote = client.remote()
        conversation = await remote.create()
        place.vendor.fail_next(kind, every=3, path=path)
        asked = [f"turn {number}" for number in range(10)]
        said = [await both[0](remote, conversation, text) for text in asked]
        place.vendor.clear_faults()

        await require_each_once(remote, conversation, asked, said)


@pytest.mark.parametrize("kind", ["drop_after", "status_after", "drop_before"])
@pytest.mark.parametrize("path", [*WRITES, *READS])
@pytest.mark.parametrize("is_streamed", [False, True])
async def test_no_turn_is_doubled_and_no_tool_is_called_twice(
    place: Any, kind: str, path: str, is_streamed: bool
) -> None:
    called: list[int] = []

    def count(number: int) -> str:
        called.append(number)
        return f"counted {number}"

    async with place.connected() as client:
        remote = client.remote()
        conversation = await remote.create()
        place.vendor.fail_next(kind, every=2, path=path)
        replies = []
        for number in range(4):
            text = f'turn {number} [tool count {{"number": {number}}}]'
            if is_streamed:
                async with remote.stream(conversation, text, tools=[count]) as stream:
                    assert [event async for event in stream]
                replies.append(stream.reply.text)
            else:
                replies.append((await remote.send(conversation, text, tools=[count])).text)
        place.vendor.clear_faults()

        stored = [(message.role, message.text) async for message in remote.messages(conversation)]
    assert called == [0, 1, 2, 3]
    assert [role for role, _ in stored] == ["user", "assistant"] * 4
    assert [text for role, text in stored if role == "assistant"] == replies
    assert all(f"counted {number}" in text for number, text in enumerate(replies))


@pytest.mark.parametrize("refusal", ["409", "2013"])
async def test_a_turn_waits_for_the_run_of_somebody_else_and_is_stored_once(
    place: Any, talk: Any, refusal: str
) -> None:
    place.vendor.configure(active_run=refusal, polls=4)
    store = place.vendor.store
    async with place.connected() as client:
        remote = client.remote()
        conversation = await remote.create()
        store.add_message(conversation.id, "user", "of another program")
        store.add_run(conversation.id, store.add_assistant().id)

        await talk(remote, conversation, "turn 0")

        stored = [(row.role, row.text) for row in store.messages(conversation.id)]
        assert [text for role, text in stored if role == "user"] == ["of another program", "turn 0"]
        assert [role for role, _ in stored].count("assistant") == 2


async def test_who_does_not_wait_is_told_that_the_turn_is_stored(place: Any) -> None:
    place.vendor.configure(polls=4)
    async with place.connected() as client:
        remote = client.remote()
        conversation = await remote.create()
        place.vendor.store.add_run(conversation.id, place.vendor.store.add_assistant().id)

        with pytest.raises(ConversationBusyError) as caught:
            await remote.send(conversation, "hello", busy="reject")

        assert caught.value.outcome == "applied"
        assert [row.text for row in place.vendor.store.messages(conversation.id)] == ["hello"]
