"""What leaves for each operation, as the vendor's server writes it down, and what it makes of the answers."""

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from omnilogue.errors import InvalidInputError, NotFoundError
from omnilogue.model import Citation, Message, TextPart
from omnilogue.provider import Changes, Draft, Query, Turn
from omnilogue.remote.account import MemoryNotes
from omnilogue_minimax import MiniMax
from omnilogue_minimax.emulator import GROUP_ID, MiniMaxEmulator

pytestmark = pytest.mark.anyio

Connect = Callable[..., MiniMax]


def asked(text: str, **options: Any) -> Turn:
    return Turn(parts=(TextPart(text=text),), **options)


def requests(vendor: MiniMaxEmulator) -> list[tuple[str, str]]:
    return [(entry.method, entry.path) for entry in vendor.journal]


def body(vendor: MiniMaxEmulator, path: str) -> Any:
    return vendor.journal.requests(path)[-1].body


async def use_everything(provider: MiniMax, thread: str) -> None:
    await provider.create_conversation(Draft())
    await provider.get_conversation(thread)
    await provider.update_conversation(thread, Changes(title="T"))
    (stored,) = await provider.append(thread, [Message.user("hi")])
    await provider.get_message(thread, stored.id or "")
    await provider.list_messages(thread, None, Query())
    await provider.send(thread, asked("hello"))
    async with aclosing(provider.stream(thread, asked("again"))) as events:  # type: ignore[type-var]
        async for _ in events:
            pass


async def test_every_call_carries_key_and_group(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await use_everything(provider, thread)

    assert len({path for _, path in requests(vendor)}) == 10
    assert {entry.query["GroupId"] for entry in vendor.journal} == {GROUP_ID}
    assert {entry.status for entry in vendor.journal} == {200}  # the vendor refuses what has no Bearer


@pytest.mark.parametrize("group_id", [None, ""])
async def test_the_newer_host_gets_no_group(
    vendor: MiniMaxEmulator, connect: Connect, thread: str, group_id: str | None
) -> None:
    vendor.configure(needs_group=False)

    await use_everything(connect(group_id=group_id), thread)

    assert not any("GroupId" in entry.query for entry in vendor.journal)


@pytest.mark.parametrize("get_params", ["both", "query", "body"])
async def test_parameters_of_a_get_go_where_the_settings_say(
    vendor: MiniMaxEmulator, connect: Connect, thread: str, get_params: str
) -> None:
    await use_everything(connect(get_params=get_params), thread)

    reads = [entry for entry in vendor.journal if entry.method == "GET"]
    assert {"thread_id" in entry.query for entry in reads} == {get_params != "body"}
    assert {"thread_id" in (entry.body or {}) for entry in reads} == {get_params != "query"}
    assert all("thread_id" not in entry.query for entry in vendor.journal if entry.method == "POST")


# Conversations


async def test_a_draft_becomes_metadata(vendor: MiniMaxEmulator, provider: MiniMax) -> None:
    created = await provider.create_conversation(Draft(title="Trip", metadata={"color": "blue", "size": [1, None]}))

    assert requests(vendor) == [("POST", "threads/create")]
    assert vendor.journal[0].body == {"metadata": {"title": "Trip", "color": "blue", "size": "json:[1,null]"}}
    assert (created.title, created.metadata) == ("Trip", {"color": "blue", "size": [1, None]})
    assert (created.remote, created.id) == ("old", vendor.store.threads()[0].id)


async def test_nothing_said_is_an_empty_body(vendor: MiniMaxEmulator, provider: MiniMax) -> None:
    await provider.create_conversation(Draft())

    assert vendor.journal[0].body == {}


async def test_a_new_title_sends_the_whole_map(vendor: MiniMaxEmulator, provider: MiniMax) -> None:
    thread = vendor.store.add_thread({"title": "Old", "color": "blue", "_omnilogue": '{"m":"x"}'}).id

    changed = await provider.update_conversation(thread, Changes(title="New"))

    assert requests(vendor) == [("GET", "threads/retrieve"), ("POST", "threads/modify")]
    assert vendor.journal[1].body == {
        "id": thread,
        "metadata": {"color": "blue", "_omnilogue": '{"m":"x"}', "title": "New"},
    }
    assert changed.title == "New"


async def test_new_metadata_keeps_the_title(vendor: MiniMaxEmulator, provider: MiniMax) -> None:
    thread = vendor.store.add_thread({"title": "Old", "color": "blue"}).id

    changed = await provider.update_conversation(thread, Changes(metadata={"size": 3}))

    assert (changed.title, changed.metadata) == ("Old", {"size": 3})
    assert vendor.store.thread(thread).metadata == {"title": "Old", "size": "json:3"}


async def test_all_that_is_kept_at_once_needs_no_read(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    await provider.update_conversation(thread, Changes(title="New", metadata={"a": "b"}))

    assert requests(vendor) == [("POST", "threads/modify")]


async def test_a_title_can_be_taken_away(vendor: MiniMaxEmulator, provider: MiniMax) -> None:
    thread = vendor.store.add_thread({"title": "Old"}).id

    assert (await provider.update_conversation(thread, Changes(title=None))).title is None


async def test_metadata_that_does_not_fit_is_refused_before_a_request(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    much: dict[str, Any] = {"k": "v" * 600}
    message = Message.user("hi").model_copy(update={"metadata": much})

    for refused in (
        provider.create_conversation(Draft(metadata=much)),
        provider.append(thread, [Message.user("first"), message]),
        provider.send(thread, asked("hi", metadata=much)),
    ):
        with pytest.raises(InvalidInputError):
            await refused
    assert requests(vendor) == []


# Messages


async def test_pages_go_by_the_last_id(vendor: MiniMaxEmulator, connect: Connect, thread: str) -> None:
    ids = [vendor.store.add_message(thread, "user", f"line {number}").id for number in range(3)]
    provider = connect(page_size=2)

    first = await provider.list_messages(thread, None, Query(order="asc"))
    second = await provider.list_messages(thread, first.next_cursor, Query(order="asc"))

    assert [message.id for message in (*first.items, *second.items)] == ids
    assert (first.next_cursor, second.next_cursor) == (ids[1], None)
    assert vendor.journal[0].body == {"thread_id": thread, "limit": 2, "order": "asc"}
    assert vendor.journal[1].body == {"thread_id": thread, "limit": 2, "order": "asc", "after": ids[1]}


async def test_the_newest_are_asked_for_alone(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    ids = [vendor.store.add_message(thread, "user", f"line {number}").id for number in range(3)]

    page = await provider.list_messages(thread, None, Query(order="desc", limit=2))

    assert [message.id for message in page.items] == ids[:0:-1]
    assert vendor.journal[0].body == {"thread_id": thread, "limit": 2, "order": "desc"}


async def test_one_message_is_read_by_itself(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    stored = vendor.store.add_message(thread, "user", "hi")

    assert (await provider.get_message(thread, stored.id)).text == "hi"
    assert vendor.journal[0].body == {"thread_id": thread, "message_id": stored.id}


@pytest.mark.parametrize("not_found", ["2013", "1000", "404"])
async def test_what_is_not_there_is_not_found(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, not_found: str
) -> None:
    vendor.configure(not_found=not_found)

    for missing in (
        provider.get_conversation("thread_0"),
        provider.get_message(thread, "msg_0"),
        provider.list_messages("thread_0", None, Query()),
    ):
        with pytest.raises(NotFoundError):
            await missing


async def test_a_message_is_written_as_text(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    message = Message.user("hi").model_copy(update={"metadata": {"a": 1}})

    (stored,) = await provider.append(thread, [message])

    assert vendor.journal[0].body == {"thread_id": thread, "role": "user", "content": "hi", "metadata": {"a": "json:1"}}
    assert (stored.role, stored.text, stored.metadata, stored.conversation_id) == ("user", "hi", {"a": 1}, thread)


async def test_citations_of_an_appended_message_are_kept(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    cited = TextPart(text="Lisbon.", citations=(Citation(start=0, end=6, url="https://example.com/"),))

    await provider.append(thread, [Message(role="assistant", parts=(cited,))])
    page = await provider.list_messages(thread, None, Query())

    assert page.items[0].parts == (cited,)
    assert page.items[0].metadata == {}


# Runs and their assistants


async def test_a_send_is_a_message_and_a_run(vendor: MiniMaxEmulator, connect: Connect, thread: str) -> None:
    assistant = vendor.store.add_assistant().id
    provider = connect(assistant_id=assistant)

    reply = await provider.send(thread, asked("hello", metadata={"a": "b"}))

    assert requests(vendor) == [
        ("POST", "threads/messages/add"),
        ("POST", "threads/run/create"),
        ("GET", "threads/run/retrieve"),
        ("GET", "threads/run/retrieve"),
        ("GET", "threads/messages/list"),
    ]
    assert body(vendor, "threads/messages/add") == {
        "thread_id": thread,
        "role": "user",
        "content": "hello",
        "metadata": {"a": "b"},
    }
    assert body(vendor, "threads/run/create") == {"thread_id": thread, "assistant_id": assistant}
    assert (reply.text, reply.status, reply.effect) == ("Answer 1 to: hello", "complete", "new")
    assert reply.run_id == reply.messages[0].run_id == vendor.store.runs(thread)[0].id


async def test_a_given_assistant_is_overruled_in_the_run(
    vendor: MiniMaxEmulator, connect: Connect, thread: str
) -> None:
    assistant = vendor.store.add_assistant().id

    await connect(assistant_id=assistant).send(thread, asked("hello", model="m", instructions="Rhyme."))

    assert body(vendor, "threads/run/create") == {
        "thread_id": thread,
        "assistant_id": assistant,
        "model": "m",
        "instructions": "Rhyme.",
    }


async def test_an_assistant_is_made_once_for_model_and_instructions(
    vendor: MiniMaxEmulator, connect: Connect, thread: str
) -> None:
    provider = connect()
    for instructions in ("Rhyme.", "Rhyme.", None):
        await provider.send(thread, asked("hello", instructions=instructions))
    await connect().send(thread, asked("hello", instructions="Rhyme."))

    made = vendor.journal.requests("assistants/create")
    assert [entry.body for entry in made] == [
        {"model": "abab6.5s-chat", "name": "omnilogue", "instructions": "Rhyme."},
        {"model": "abab6.5s-chat", "name": "omnilogue"},
    ]
    assert len(vendor.journal.requests("assistants/retrieve")) == 1
    assert {run.assistant_id for run in vendor.store.runs(thread)} == {each.id for each in vendor.store.assistants()}
    assert body(vendor, "threads/run/create").keys() == {"thread_id", "assistant_id"}


@pytest.mark.parametrize("not_found", ["2013", "1000", "404"])
async def test_an_assistant_that_is_gone_is_made_again(
    vendor: MiniMaxEmulator, connect: Connect, thread: str, notes: MemoryNotes, not_found: str
) -> None:
    vendor.configure(not_found=not_found)
    await connect().send(thread, asked("hello"))
    vendor.store.delete_assistant(vendor.store.assistants()[0].id)

    reply = await connect().send(thread, asked("hello"))

    assert reply.text == "Answer 2 to: hello"
    assert len(vendor.journal.requests("assistants/create")) == 2


async def test_two_turns_at_once_share_their_assistant(vendor: MiniMaxEmulator, provider: MiniMax) -> None:
    import asyncio

    threads = [vendor.store.add_thread().id for _ in range(5)]

    await asyncio.gather(*(provider.send(thread, asked("hello")) for thread in threads))

    assert len(vendor.store.assistants()) == 1


async def test_a_lost_assistant_is_made_again_and_no_turn_was_stored(
    vendor: MiniMaxEmulator, connect: Connect, thread: str
) -> None:
    vendor.fail_next("drop_after", path="assistants/create")

    await connect(max_attempts=3).send(thread, asked("hello"))

    assert [row.role for row in vendor.store.messages(thread)] == ["user", "assistant"]


async def test_what_is_stored_is_answered_without_a_new_message(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    vendor.store.add_message(thread, "user", "hello")

    reply = await provider.send(thread, Turn())

    assert reply.text == "Answer 1 to: hello"
    assert vendor.journal.requests("threads/messages/add") == []


async def test_a_stop_cancels_the_run(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    run = vendor.store.add_run(thread, vendor.store.add_assistant().id)

    await provider.stop(thread, run.id)

    assert vendor.journal[0].body == {"thread_id": thread, "run_id": run.id}
    assert vendor.store.run(thread, run.id).status == "cancelled"


async def test_a_stream_adds_and_runs_in_one_call(vendor: MiniMaxEmulator, connect: Connect, thread: str) -> None:
    assistant = vendor.store.add_assistant().id
    provider = connect(assistant_id=assistant)

    events = [event async for event in provider.stream(thread, asked("hello", instructions="Rhyme."))]

    assert vendor.journal[0].path == "threads/run/create_stream"
    assert vendor.journal[0].body == {
        "stream": 1,
        "thread_id": thread,
        "assistant_id": assistant,
        "instructions": "Rhyme.",
        "messages": [{"type": 1, "role": "user", "content": "hello"}],
    }
    assert events[-1].type == "reply_completed"
    assert [row.text for row in vendor.store.messages(thread)] == ["hello", "Answer 1 to: hello"]
