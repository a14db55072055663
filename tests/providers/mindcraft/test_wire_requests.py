"""What leaves for each operation, as the vendor's server writes it down, and what it makes of the answers."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from omnilogue.errors import (
    AuthenticationError,
    ConfigurationError,
    ContentFilteredError,
    InvalidInputError,
    NotFoundError,
    OmnilogueError,
    ProtocolError,
    QuotaExceededError,
    UnsupportedOperationError,
)
from omnilogue.model import Message, ReplyCompleted, TextDelta, TextPart
from omnilogue.provider import Changes, Draft, Query, Turn
from omnilogue_mindcraft import MindCraft
from omnilogue_mindcraft.emulator import LEAKED_KEY, MindCraftEmulator

pytestmark = pytest.mark.anyio

Connect = Callable[..., MindCraft]
UNKNOWN_TOKEN = "5f0c0e0a-0000-4000-8000-000000000001"


def asked(text: str, **options: Any) -> Turn:
    return Turn(parts=(TextPart(text=text),), **options)


def token_of(vendor: MindCraftEmulator, session: str) -> str:
    return vendor.store.session(int(session)).session_token


def contents(vendor: MindCraftEmulator, session: str) -> list[tuple[str, str]]:
    return [(row.category, row.content) for row in vendor.store.messages(int(session))]


def requests(vendor: MindCraftEmulator) -> list[tuple[str, str]]:
    return [(entry.method, entry.path) for entry in vendor.journal]


# Conversations.


async def test_a_list_asks_for_a_stable_order_and_goes_by_pages(vendor: MindCraftEmulator, connect: Connect) -> None:
    numbers = [str(vendor.store.add_session(f"Trip {position}").session_id) for position in range(3)]
    provider = connect(page_size=2)

    first = await provider.list_conversations(None, Query())
    second = await provider.list_conversations(first.next_cursor, Query())

    assert [item.id for item in (*first.items, *second.items)] == numbers
    assert (first.next_cursor, second.next_cursor) == ("2", None)
    assert {item.remote for item in first.items} == {"work"}
    assert requests(vendor) == [("GET", "session/")] * 2
    assert vendor.journal[1].query == {"ordering": "session_id", "page": "2", "size": "2"}


@pytest.mark.parametrize("order", ["created_at", "-created_at", "updated_at", "-updated_at"])
async def test_an_order_the_vendor_has_is_asked_for(vendor: MindCraftEmulator, provider: MindCraft, order: str) -> None:
    await provider.list_conversations(None, Query(order=order))

    assert vendor.journal[0].query["ordering"] == order


async def test_an_order_the_vendor_has_not_is_left_to_the_core(vendor: MindCraftEmulator, provider: MindCraft) -> None:
    await provider.list_conversations(None, Query(order="title"))

    assert vendor.journal[0].query["ordering"] == "session_id"


async def test_only_a_plain_title_is_asked_for(vendor: MindCraftEmulator, provider: MindCraft) -> None:
    await provider.list_conversations(None, Query(title="Trip & more"))
    await provider.list_conversations(None, Query(title="Trip*"))

    assert vendor.journal[0].query["session_name"] == "Trip & more"
    assert "session_name" not in vendor.journal[1].query


async def test_a_page_past_the_end_is_empty(vendor: MindCraftEmulator, provider: MindCraft, session: str) -> None:
    conversations = await provider.list_conversations("9", Query())
    messages = await provider.list_messages(session, "9", Query())

    assert (conversations.items, conversations.next_cursor) == ((), None)
    assert (messages.items, messages.next_cursor) == ((), None)


async def test_a_draft_is_sent_flat_and_comes_back_whole(vendor: MindCraftEmulator, provider: MindCraft) -> None:
    draft = Draft(title="Trip", instructions="Be brief.", model="m", metadata={"旅": [1, None]})

    created = await provider.create_conversation(draft)

    assert requests(vendor) == [("POST", "session/")]
    assert vendor.journal[0].body == {
        "session_name": "Trip",
        "prompt": "Be brief.",
        "model": "m",
        "session_remark": '{"旅":[1,null]}',
    }
    assert (created.title, created.instructions, created.model) == ("Trip", "Be brief.", "m")
    assert created.metadata == {"旅": [1, None]}
    assert created.id == str(vendor.store.sessions()[0].session_id)


async def test_new_conversations_are_told_what_the_settings_say(vendor: MindCraftEmulator, connect: Connect) -> None:
    provider = connect(new_sessions={"max_tokens": 800, "history_length": 8, "temperature": 0.5})

    await provider.create_conversation(Draft())

    assert vendor.journal[0].body == {"max_tokens": 800, "history_length": 8, "temperature": 0.5}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        (Changes(title="New"), {"session_name": "New"}),
        (Changes(instructions="Rhyme."), {"prompt": "Rhyme."}),
        (Changes(model="m2"), {"model": "m2"}),
        (Changes(metadata={"a": 1}), {"session_remark": '{"a":1}'}),
    ],
)
async def test_a_change_sends_only_what_changes(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, changes: Changes, fields: dict[str, Any]
) -> None:
    changed = await provider.update_conversation(session, changes)

    assert requests(vendor) == [("POST", "session/update/")]
    assert vendor.journal[0].body == {"session_id": int(session), **fields}
    for name in changes.model_fields_set:
        assert getattr(changed, name) == getattr(changes, name)


async def test_a_change_whose_answer_shows_nothing_is_read_again(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    vendor.fail_next("body", body={"message": "", "status": 200, "data": {}}, applied=True, path="session/update/")

    changed = await provider.update_conversation(session, Changes(title="New"))

    assert (changed.id, changed.title) == (session, "New")


async def test_a_pin_is_refused_before_anything_leaves(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    with pytest.raises(UnsupportedOperationError, match="pin"):
        await provider.update_conversation(session, Changes(pinned=True))

    assert len(vendor.journal) == 0


async def test_a_delete_names_the_conversation_by_its_number(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    await provider.delete_conversation(session)

    assert requests(vendor) == [("POST", "session/delete/")]
    assert vendor.journal[0].body == {"session_id": int(session)}
    assert vendor.store.sessions() == []


@pytest.mark.parametrize("count", [1, 3, 7, 40])
async def test_one_conversation_is_found_in_few_requests(
    vendor: MindCraftEmulator, connect: Connect, count: int
) -> None:
    numbers = [vendor.store.add_session(f"Trip {position}").session_id for position in range(count)]
    vendor.store.delete_session(numbers[count // 2])
    provider = connect(page_size=2)

    for number in set(numbers) - {numbers[count // 2]}:
        vendor.journal.clear()
        assert (await provider.get_conversation(str(number))).id == str(number)
        assert len(vendor.journal) <= 1 + (count // 2).bit_length()
    for number in (numbers[count // 2], numbers[0] - 1, numbers[-1] + 1):
        with pytest.raises(NotFoundError):
            await provider.get_conversation(str(number))


# The two names of a conversation.


@pytest.mark.parametrize("text", ["", "x", "007", "-1", "7/../8", "\uff11"])
async def test_what_is_no_id_is_not_found_without_a_request(
    vendor: MindCraftEmulator, provider: MindCraft, text: str
) -> None:
    with pytest.raises(NotFoundError):
        await provider.list_messages(text, None, Query())
    with pytest.raises(NotFoundError):
        await provider.delete_message("1", text)

    assert len(vendor.journal) == 0


async def test_a_token_is_turned_into_a_number_by_a_message_and_remembered(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    vendor.store.add_message(int(session), "user", "hi")
    token = token_of(vendor, session)

    page = await provider.list_messages(token, None, Query())
    canonical = await provider.canonical_id(token.upper())

    assert canonical == session
    assert [message.conversation_id for message in page.items] == [session]
    assert [entry.query for entry in vendor.journal] == [
        {"session_token": token, "page": "1", "size": "1"},
        {"session_id": session, "ordering": "message_id", "page": "1", "size": "50"},
    ]


async def test_a_token_nobody_shows_is_not_found_with_a_hint(vendor: MindCraftEmulator, provider: MindCraft) -> None:
    with pytest.raises(NotFoundError) as caught:
        await provider.canonical_id(UNKNOWN_TOKEN)

    assert "session_id" in caught.value.hint


async def test_only_as_many_names_are_remembered_as_fit(
    vendor: MindCraftEmulator, provider: MindCraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnilogue_mindcraft.sessions.REMEMBERED", 2)
    vendor.configure(list_shows_token=True)
    tokens = [vendor.store.add_session("Trip").session_token for _ in range(3)]

    await provider.list_conversations(None, Query())
    vendor.journal.clear()
    await provider.canonical_id(tokens[2])
    known = len(vendor.journal)
    await provider.canonical_id(tokens[0])

    assert (known, len(vendor.journal) > 0) == (0, True)


# Messages.


async def test_messages_are_asked_for_by_number_in_the_order_wanted(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    for text in ("one", "two"):
        vendor.store.add_message(int(session), "user", text)

    oldest = await provider.list_messages(session, None, Query(order="asc"))
    newest = await provider.list_messages(session, None, Query(order="desc"))

    assert [message.text for message in oldest.items] == ["one", "two"]
    assert [message.text for message in newest.items] == ["two", "one"]
    assert vendor.journal[0].query == {"session_id": session, "ordering": "message_id", "page": "1", "size": "50"}
    assert vendor.journal[1].query["ordering"] == "-message_id"
    assert {entry.path for entry in vendor.journal} == {"message/"}


async def test_messages_of_any_role_are_stored_one_by_one(
    vendor: MindCraftEmulator, connect: Connect, session: str
) -> None:
    provider = connect(role_names={"assistant": "ai"})
    messages = [Message.user("hi"), Message.assistant("hello"), Message.system("Be brief.")]
    messages[0] = messages[0].model_copy(update={"metadata": {"a": 1}})

    stored = await provider.append(session, messages)

    assert requests(vendor) == [("POST", "message/")] * 3
    assert vendor.journal[0].body == {
        "session_id": int(session),
        "message_category": "user",
        "message_content": "hi",
        "meta_data": {"a": 1},
    }
    assert contents(vendor, session) == [("user", "hi"), ("ai", "hello"), ("system", "Be brief.")]
    assert [(message.role, message.text) for message in stored] == [
        ("user", "hi"),
        ("assistant", "hello"),
        ("system", "Be brief."),
    ]
    assert stored[0].metadata == {"a": 1}
    assert [message.id for message in stored] == [str(row.message_id) for row in vendor.store.messages(int(session))]


async def test_nothing_is_stored_where_one_message_cannot_be(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    with pytest.raises(UnsupportedOperationError):
        await provider.append(session, [Message.user("hi"), Message.of("tool", "42")])

    assert len(vendor.journal) == 0


async def test_an_edit_sends_the_text_only_and_keeps_the_metadata(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    row = vendor.store.add_message(int(session), "assistant", "Rome", data={"a": 1})

    edited = await provider.edit_message(session, str(row.message_id), "Lisbon")

    assert requests(vendor) == [("POST", "message/update/")]
    assert vendor.journal[0].body == {"message_id": row.message_id, "message_content": "Lisbon"}
    assert (edited.text, edited.role, edited.metadata) == ("Lisbon", "assistant", {"a": 1})


async def test_an_edit_whose_answer_shows_nothing_is_read_again(
    vendor: MindCraftEmulator, connect: Connect, session: str
) -> None:
    rows = [vendor.store.add_message(int(session), "user", f"{number}", data={"n": number}) for number in range(5)]
    vendor.fail_next("body", body={"message": "", "status": 200}, applied=True, path="message/update/")

    edited = await connect(page_size=2).edit_message(session, str(rows[0].message_id), "Lisbon")

    assert (edited.id, edited.text, edited.metadata) == (str(rows[0].message_id), "Lisbon", {"n": 0})


async def test_an_edit_of_another_conversations_message_is_not_given_as_its_own(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    row = vendor.store.add_message(vendor.store.add_session("Other").session_id, "user", "hi")
    vendor.fail_next("body", body={"status": 200}, applied=True, path="message/update/")

    with pytest.raises(NotFoundError) as caught:
        await provider.edit_message(session, str(row.message_id), "Lisbon")

    assert caught.value.outcome == "applied"


async def test_a_delete_names_the_message(vendor: MindCraftEmulator, provider: MindCraft, session: str) -> None:
    row = vendor.store.add_message(int(session), "user", "hi")

    await provider.delete_message(session, str(row.message_id))

    assert requests(vendor) == [("POST", "message/delete/")]
    assert vendor.journal[0].body == {"message_id": row.message_id}
    assert contents(vendor, session) == []


# Talking, with everything stored here.


async def test_a_turn_is_stored_then_asked_with_the_whole_history_and_its_answer_stored(
    vendor: MindCraftEmulator, connect: Connect
) -> None:
    number = vendor.store.add_session(
        "Trip", config={"prompt": "Be brief.", "model": "m", "temperature": 0.5}
    ).session_id
    for position in range(5):
        vendor.store.add_message(number, "user" if position % 2 == 0 else "assistant", f"old {position}")
    provider = connect(page_size=2)

    reply = await provider.send(str(number), asked("new", metadata={"mark": 1}))

    (call,) = vendor.journal.requests("chat/completions")
    assert call.body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            *[{"role": "user" if n % 2 == 0 else "assistant", "content": f"old {n}"} for n in range(5)],
            {"role": "user", "content": "new"},
        ],
        "max_tokens": 4000,
        "temperature": 0.5,
    }
    assert contents(vendor, str(number))[5:] == [("user", "new"), ("assistant", "Answer 1 to: new")]
    user, answer = vendor.store.messages(number)[5:]
    assert user.data == {"mark": 1}
    assert (reply.text, reply.status, reply.run_id, reply.effect) == (
        "Answer 1 to: new",
        "complete",
        "chatcmpl-1",
        "new",
    )
    assert [message.id for message in reply.messages] == [str(answer.message_id)]
    assert reply.usage is not None
    assert reply.usage.output_tokens == 4


async def test_an_answer_keeps_its_model_and_tokens_when_it_is_read_again(provider: MindCraft, session: str) -> None:
    reply = await provider.send(session, asked("hi", model="abab6.5s-chat"))

    page = await provider.list_messages(session, None, Query())

    (answer,) = reply.messages
    assert page.items[1] == answer
    assert (answer.model, answer.usage, answer.run_id) == ("abab6.5s-chat", reply.usage, "chatcmpl-1")
    assert answer.metadata == {}


async def test_what_the_turn_says_wins_over_what_the_conversation_is_told(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    turn = asked(
        "hi",
        model="m",
        instructions="Rhyme.",
        max_output_tokens=2,
        temperature=0.0,
        options={"top_p": 0.5, "history_length": 0},
    )
    vendor.store.add_message(int(session), "user", "old")

    reply = await provider.send(session, turn)

    (call,) = vendor.journal.requests("chat/completions")
    assert call.body == {
        "model": "m",
        "messages": [{"role": "system", "content": "Rhyme."}, {"role": "user", "content": "hi"}],
        "max_tokens": 2,
        "temperature": 0.0,
        "top_p": 0.5,
    }
    assert reply.status == reply.messages[0].status == "partial"


@pytest.mark.parametrize("options", [{"top_k": 3}, {"top_p": 7}, {"history_length": -1}])
async def test_a_wrong_option_is_named_before_anything_leaves(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(options))) as caught:
        await provider.send(session, asked("hi", options=options))

    assert caught.value.outcome == "not_sent"
    assert len(vendor.journal) == 0


async def test_tools_are_refused_before_anything_leaves(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    with pytest.raises(UnsupportedOperationError, match="tools"):
        await provider.send(session, asked("hi", tools=({"name": "clock"},)))

    assert len(vendor.journal) == 0


async def test_without_any_model_nothing_is_stored(vendor: MindCraftEmulator, provider: MindCraft) -> None:
    number = vendor.store.add_session("Trip", config={"model": ""}).session_id

    with pytest.raises(InvalidInputError, match="model"):
        await provider.send(str(number), asked("hi"))

    assert vendor.store.messages(number) == []


async def test_only_the_newest_messages_are_shown_where_a_limit_is_set(
    vendor: MindCraftEmulator, connect: Connect, session: str
) -> None:
    for position in range(9):
        vendor.store.add_message(int(session), "user", f"{position}")
    provider = connect(page_size=2, history_messages=3)

    await provider.send(session, asked("new"))

    (call,) = vendor.journal.requests("chat/completions")
    assert [message["content"] for message in call.body["messages"]] == ["7", "8", "new"]
    assert len(vendor.journal.requests("message/", "GET")) == 2


async def test_roles_a_model_cannot_be_shown_are_left_out(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    for word in ("narrator", "tool", "ai"):
        vendor.store.add_message(int(session), word, word)

    await provider.send(session, asked("hi"))

    (call,) = vendor.journal.requests("chat/completions")
    assert [message["role"] for message in call.body["messages"]] == ["assistant", "user"]


@pytest.mark.parametrize("persist", ["client", "server", "auto"])
async def test_an_empty_turn_answers_the_last_question_again(
    vendor: MindCraftEmulator, connect: Connect, session: str, persist: str
) -> None:
    provider = connect(persist=persist)
    vendor.store.add_message(int(session), "user", "hi")
    vendor.store.add_message(int(session), "assistant", "old answer")

    reply = await provider.send(session, Turn())

    (call,) = vendor.journal.requests("chat/completions")
    assert call.body["messages"] == [{"role": "user", "content": "hi"}]
    assert "session_token" not in call.body
    assert contents(vendor, session)[2:] == [("assistant", "Answer 1 to: hi")]
    assert reply.messages[0].id is not None


async def test_an_empty_turn_needs_a_question(vendor: MindCraftEmulator, provider: MindCraft, session: str) -> None:
    vendor.store.add_message(int(session), "assistant", "hello")

    with pytest.raises(InvalidInputError):
        await provider.send(session, Turn())

    assert vendor.journal.requests("chat/completions") == []


async def test_a_change_of_instructions_reaches_the_next_turn(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    await provider.send(session, asked("hi"))
    await provider.update_conversation(session, Changes(instructions="Rhyme."))
    await provider.send(session, asked("hi"))

    calls = vendor.journal.requests("chat/completions")
    assert [call.body["messages"][0]["role"] for call in calls] == ["user", "system"]


async def test_instructions_are_read_again_after_a_while(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await provider.send(session, asked("hi"))
    await provider.send(session, asked("hi"))
    reads = len(vendor.journal.requests("session/"))
    monkeypatch.setattr("omnilogue_mindcraft.sessions.FRESH_SECONDS", -1.0)
    await provider.send(session, asked("hi"))

    assert (reads, len(vendor.journal.requests("session/"))) == (1, 2)


async def test_a_filtered_answer_is_an_error_and_the_turn_stays(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    with pytest.raises(ContentFilteredError) as caught:
        await provider.send(session, asked("[filtered]"))

    assert caught.value.outcome == "applied"
    assert contents(vendor, session) == [("user", "[filtered]")]


async def test_a_conversation_that_is_not_there_gets_no_turn(vendor: MindCraftEmulator, provider: MindCraft) -> None:
    with pytest.raises(NotFoundError):
        await provider.send("7", asked("hi"))

    assert vendor.journal.requests(method="POST") == []


# Streams.


async def test_a_stream_gives_pieces_and_ends_with_the_stored_reply(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    events = [event async for event in provider.stream(session, asked("hi there"))]

    pieces = [event for event in events if isinstance(event, TextDelta)]
    last = events[-1]
    assert isinstance(last, ReplyCompleted)
    assert "".join(piece.text for piece in pieces) == last.reply.text == "Answer 1 to: hi there"
    assert len(pieces) > 2
    assert {event.run_id for event in events} == {"chatcmpl-1"}
    assert last.reply.usage is not None
    assert contents(vendor, session) == [("user", "hi there"), ("assistant", "Answer 1 to: hi there")]
    (call,) = vendor.journal.requests("chat/completions")
    assert (call.body["stream"], call.body["stream_options"]) == (True, {"include_usage": True})


async def test_a_stream_need_not_tell_its_tokens(vendor: MindCraftEmulator, connect: Connect, session: str) -> None:
    events = [event async for event in connect(stream_usage=False).stream(session, asked("hi"))]

    assert isinstance(events[-1], ReplyCompleted)
    assert events[-1].reply.usage is None
    assert "stream_options" not in vendor.journal.requests("chat/completions")[0].body


async def test_who_leaves_early_stores_no_answer(vendor: MindCraftEmulator, provider: MindCraft, session: str) -> None:
    vendor.configure(piece_delay=0.01)
    stream = provider.stream(session, asked("hi there"))
    async with aclosing(stream):  # type: ignore[type-var]  # it is a generator, whose type only promises an iterator
        async for _ in stream:
            break

    assert contents(vendor, session) == [("user", "hi there")]


async def test_a_stream_filtered_at_its_end_is_an_error(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    with pytest.raises(ContentFilteredError):
        _ = [event async for event in provider.stream(session, asked("[filtered]"))]

    assert contents(vendor, session) == [("user", "[filtered]")]


# What goes wrong.


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"message": "who?", "status": 401}, AuthenticationError),
        (400, {"message": "积分不足", "status": 400}, QuotaExceededError),
        (200, {"message": "gone", "status": 404}, NotFoundError),
        (200, {"message": "no results"}, ProtocolError),
        (200, "<html></html>", ProtocolError),
        (302, None, ConfigurationError),
    ],
)
async def test_a_refusal_becomes_an_error_of_the_tree(
    vendor: MindCraftEmulator, provider: MindCraft, status: int, body: Any, expected: type[OmnilogueError]
) -> None:
    vendor.fail_next("status", status=status, body=body)

    with pytest.raises(expected):
        await provider.list_conversations(None, Query())


@pytest.mark.parametrize(
    "call",
    [
        lambda provider: provider.update_conversation("1", Changes(title="x")),
        lambda provider: provider.delete_conversation("1"),
        lambda provider: provider.edit_message("1", "2", "x"),
        lambda provider: provider.delete_message("1", "2"),
        lambda provider: provider.clear_messages("1"),
    ],
)
async def test_a_path_without_its_slash_is_a_wrong_setting_not_a_redirect_to_follow(
    vendor: MindCraftEmulator, connect: Connect, call: Callable[[MindCraft], Awaitable[object]]
) -> None:
    names = ("session_update", "session_delete", "message_update", "message_delete", "message_clear")
    provider = connect(paths={name: name.replace("_", "/") for name in names})

    with pytest.raises(ConfigurationError):
        await call(provider)

    assert [entry.status for entry in vendor.journal] == [301]


async def test_every_call_names_a_conversation_by_exactly_one_of_its_names(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    (stored,) = await provider.append(session, [Message.user("hi")])
    await provider.edit_message(session, stored.id or "", "hello")
    await provider.list_messages(session, None, Query())
    await provider.update_conversation(session, Changes(title="T"))
    await provider.clear_messages(session)
    await provider.delete_conversation(session)

    for entry in vendor.journal:
        named = {**entry.query, **(entry.body or {})}
        assert len({"session_id", "session_token"} & named.keys()) == (0 if entry.path == "message/update/" else 1)
        assert entry.status == 200
    assert LEAKED_KEY not in repr(list(vendor.journal))
