"""Where the vendor's pages contradict each other or are silent: the provider works with every reading."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from omnilogue.errors import (
    BadRequestError,
    ContentFilteredError,
    NotFoundError,
    OmnilogueError,
    ProtocolError,
    RunFailedError,
    StreamInterruptedError,
    UnsupportedOperationError,
)
from omnilogue.model import Event, Message, ReasoningDelta, ReasoningPart, Reply, ReplyCompleted, TextDelta, TextPart
from omnilogue.provider import Changes, Draft, Query, Turn
from omnilogue_mindcraft import MindCraft
from omnilogue_mindcraft.emulator import LEAKED_KEY, MindCraftEmulator

pytestmark = pytest.mark.anyio

Connect = Callable[..., MindCraft]


def asked(text: str, **options: Any) -> Turn:
    return Turn(parts=(TextPart(text=text),), **options)


def contents(vendor: MindCraftEmulator, session: str) -> list[tuple[str, str]]:
    return [(row.category, row.content) for row in vendor.store.messages(int(session))]


# Clearing: the answer shown is an API key record; two fields are required of which one is to be sent.


@pytest.mark.parametrize("answer", ["key_record", "envelope"])
async def test_a_clear_ignores_its_answer(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    vendor.configure(clear_answer=answer)
    vendor.store.add_message(int(session), "user", "hi")

    await provider.clear_messages(session)

    assert contents(vendor, session) == []
    assert vendor.journal[0].body == {"session_id": int(session)}
    assert LEAKED_KEY not in caplog.text


async def test_a_clear_without_any_answer_is_done(vendor: MindCraftEmulator, provider: MindCraft, session: str) -> None:
    vendor.fail_next("empty")

    await provider.clear_messages(session)


async def test_a_clear_refused_in_its_body_is_refused(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    vendor.fail_next("body", body={"status": 403, "message": "no", "api_key": LEAKED_KEY})

    with pytest.raises(OmnilogueError) as caught:
        await provider.clear_messages(session)

    assert caught.value.code == "forbidden"
    assert LEAKED_KEY not in str(caught.value.to_dict()) + repr(vars(caught.value))


# Lists without tokens, which the vendor's demo reads there.


@pytest.mark.parametrize("shown", [False, True])
async def test_a_list_may_show_tokens(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, shown: bool
) -> None:
    vendor.configure(list_shows_token=shown)
    token = vendor.store.session(int(session)).session_token

    page = await provider.list_conversations(None, Query())

    assert [item.id for item in page.items] == [session]
    assert token not in page.model_dump_json()


async def test_a_token_is_found_in_the_list_where_it_shows_tokens(vendor: MindCraftEmulator, connect: Connect) -> None:
    vendor.configure(list_shows_token=True)
    rows = [vendor.store.add_session(f"Trip {position}") for position in range(5)]
    provider = connect(page_size=2)

    assert await provider.canonical_id(rows[3].session_token) == str(rows[3].session_id)


async def test_a_token_of_an_empty_conversation_is_not_found_where_the_list_shows_none(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    with pytest.raises(NotFoundError) as caught:
        await provider.canonical_id(vendor.store.session(int(session)).session_token)

    assert "session_id" in caught.value.hint


@pytest.mark.parametrize("shown", [False, True])
async def test_messages_may_show_tokens(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, shown: bool
) -> None:
    vendor.configure(message_shows_token=shown)
    vendor.store.add_message(int(session), "user", "hi")
    token = vendor.store.session(int(session)).session_token

    assert await provider.canonical_id(token) == session
    page = await provider.list_messages(session, None, Query())
    assert token not in page.model_dump_json()


# Creating: 200 on the page, 201 in the body; all of the conversation, or its token alone.


@pytest.mark.parametrize("status", [200, 201])
async def test_a_create_may_answer_any_success(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, status: int
) -> None:
    vendor.configure(create_http_status=status)

    created = await provider.create_conversation(Draft(title="T"))
    (stored,) = await provider.append(session, [Message.user("hi")])

    assert created.title == "T"
    assert stored.text == "hi"


@pytest.mark.parametrize("shown", [False, True])
async def test_a_create_that_tells_its_token_only_is_found_in_the_list(
    vendor: MindCraftEmulator, provider: MindCraft, shown: bool
) -> None:
    vendor.configure(create_answer="token_only", list_shows_token=shown)
    vendor.store.add_session("Trip", session_remark='{"mark":1}')

    created = await provider.create_conversation(Draft(title="Trip", metadata={"mark": 2}))
    vendor.store.add_session("Trip", session_remark='{"mark":3}')

    newest = vendor.store.sessions()[1]
    assert created.id == str(newest.session_id)
    assert created.metadata == {"mark": 2}
    assert await provider.canonical_id(newest.session_token) == created.id
    assert vendor.journal[1].query["ordering"] == "-session_id"


async def test_a_create_that_the_list_does_not_show_has_still_happened(
    vendor: MindCraftEmulator, provider: MindCraft
) -> None:
    vendor.configure(create_answer="token_only")
    vendor.fail_next("body", path="session/", method="GET", body={"status": 200, "results": [], "max_pages": 1})

    with pytest.raises(ProtocolError) as caught:
        await provider.create_conversation(Draft(title="Trip"))

    assert caught.value.outcome == "applied"


# Messages: `meta_data` in, `message_meta.data` out, perhaps with more beside it; words for roles.


@pytest.mark.parametrize("extra", [False, True])
async def test_metadata_goes_in_and_out_under_different_names(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, extra: bool
) -> None:
    vendor.configure(meta_extra=extra)
    message = Message.user("hi there").model_copy(update={"metadata": {"a": {"b": [1]}}})

    (stored,) = await provider.append(session, [message])
    page = await provider.list_messages(session, None, Query())

    assert stored.metadata == page.items[0].metadata == {"a": {"b": [1]}}
    assert page.items[0].raw.get("message_meta") == ({"source": "api", "words": 2} if extra else None)


@pytest.mark.parametrize("word", ["assistant", "ai", "bot", "agent", "model"])
async def test_an_answer_may_have_another_word_for_its_role(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, word: str
) -> None:
    vendor.configure(assistant_word=word)

    reply = await provider.send(session, asked("hi"))
    page = await provider.list_messages(session, None, Query())

    assert [message.role for message in (*reply.messages, *page.items)] == ["assistant", "user", "assistant"]


async def test_other_words_for_roles_can_be_written(vendor: MindCraftEmulator, connect: Connect, session: str) -> None:
    vendor.configure(accepts_roles=("human", "ai"))

    with pytest.raises(BadRequestError):
        await connect().append(session, [Message.user("hi")])
    await connect(role_names={"user": "human", "assistant": "ai"}).send(session, asked("hi"))

    assert contents(vendor, session) == [("human", "hi"), ("ai", "Answer 1 to: hi")]


# The order of messages.


@pytest.mark.parametrize("order", ["asked", "newest_first", "oldest_first"])
async def test_a_model_is_shown_the_history_in_order_whatever_order_it_comes_in(
    vendor: MindCraftEmulator, connect: Connect, session: str, order: str
) -> None:
    vendor.configure(message_order=order)
    for position in range(7):
        vendor.store.add_message(int(session), "user", f"{position}")

    await connect(page_size=2, history_messages=4).send(session, asked("new"))

    (call,) = vendor.journal.requests("chat/completions")
    assert [message["content"] for message in call.body["messages"]] == ["4", "5", "6", "new"]


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
async def test_without_an_ordering_pages_come_as_the_vendor_likes(
    vendor: MindCraftEmulator, connect: Connect, session: str, order: str
) -> None:
    vendor.configure(message_order=order)
    for position in range(3):
        vendor.store.add_message(int(session), "user", f"{position}")
    provider = connect(page_size=2, message_ordering="")

    first = await provider.list_messages(session, None, Query())
    second = await provider.list_messages(session, first.next_cursor, Query())
    await provider.send(session, asked("new"))

    assert sorted(message.text for message in (*first.items, *second.items)) == ["0", "1", "2"]
    assert all("ordering" not in entry.query for entry in vendor.journal.requests("message/"))
    (call,) = vendor.journal.requests("chat/completions")
    assert [message["content"] for message in call.body["messages"]] == ["0", "1", "2", "new"]


async def test_an_order_that_is_not_obeyed_over_many_pages_is_said(
    vendor: MindCraftEmulator, connect: Connect, session: str
) -> None:
    vendor.configure(message_order="newest_first")
    for position in range(3):
        vendor.store.add_message(int(session), "user", f"{position}")

    whole = await connect().list_messages(session, None, Query())
    with pytest.raises(ProtocolError) as caught:
        await connect(page_size=2).list_messages(session, None, Query())

    assert len(whole.items) == 3
    assert caught.value.code == "pagination"
    assert "message_ordering" in caught.value.hint


# Pages.


@pytest.mark.parametrize("past_end", ["404", "empty"])
async def test_pages_may_end_in_two_ways(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, past_end: str
) -> None:
    vendor.configure(past_end=past_end)

    assert (await provider.list_conversations("2", Query())).items == ()
    assert (await provider.list_messages(session, "2", Query())).items == ()


async def test_a_page_may_be_smaller_than_asked_for(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    vendor.configure(max_size=2)
    for position in range(5):
        vendor.store.add_message(int(session), "user", f"{position}")

    cursor: str | None = None
    texts: list[str] = []
    while True:
        page = await provider.list_messages(session, cursor, Query())
        texts += [message.text for message in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert texts == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("kind", ["substring", "exact"])
async def test_a_name_filter_finds_the_name_either_way(
    vendor: MindCraftEmulator, provider: MindCraft, kind: str
) -> None:
    vendor.configure(name_filter=kind)
    wanted = vendor.store.add_session("Trip")
    vendor.store.add_session("Trip to Rome")

    page = await provider.list_conversations(None, Query(title="Trip"))

    assert str(wanted.session_id) in {item.id for item in page.items}


@pytest.mark.parametrize("told", [False, True])
async def test_conversations_may_come_without_a_status(
    vendor: MindCraftEmulator, provider: MindCraft, told: bool
) -> None:
    vendor.configure(session_answers_status=told)

    created = await provider.create_conversation(Draft(title="T"))
    changed = await provider.update_conversation(created.id, Changes(title="U"))
    await provider.delete_conversation(created.id)

    assert changed.title == "U"


# Four paths nobody documented.


@pytest.mark.parametrize("quirk", ["missing", "not_allowed", "elsewhere"])
async def test_a_guessed_path_that_is_not_there_is_unsupported(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, quirk: str
) -> None:
    vendor.configure(guessed_paths=quirk)
    row = vendor.store.add_message(int(session), "user", "hi")

    for call in (
        provider.update_conversation(session, Changes(title="x")),
        provider.delete_conversation(session),
        provider.edit_message(session, str(row.message_id), "x"),
        provider.delete_message(session, str(row.message_id)),
    ):
        with pytest.raises(UnsupportedOperationError) as caught:
            await call
        assert caught.value.outcome == "rejected"


async def test_the_right_path_can_be_set(vendor: MindCraftEmulator, connect: Connect, session: str) -> None:
    vendor.configure(guessed_paths="elsewhere")
    names = ("session_update", "session_delete", "message_update", "message_delete")
    provider = connect(paths={name: f"chat/{name.replace('_', '/')}/" for name in names})
    row = vendor.store.add_message(int(session), "user", "hi")

    await provider.update_conversation(session, Changes(title="x"))
    await provider.edit_message(session, str(row.message_id), "x")
    await provider.delete_message(session, str(row.message_id))
    await provider.delete_conversation(session)

    assert vendor.store.sessions() == []


# Errors.


@pytest.mark.parametrize("form", ["envelope", "in_200", "detail", "error_object", "field_map", "html"])
async def test_an_error_is_understood_in_every_form(vendor: MindCraftEmulator, provider: MindCraft, form: str) -> None:
    vendor.configure(error_form=form)

    with pytest.raises(NotFoundError):
        await provider.list_messages("7", None, Query())


# Who stores a turn and its answer.

STORED = {
    "both": [("user", "hi"), ("assistant", "Answer 1 to: hi")],
    "user": [("user", "hi")],
    "reply": [("assistant", "Answer 1 to: hi")],
    "none": [],
}


@pytest.mark.parametrize("kept", STORED)
@pytest.mark.parametrize("streamed", [False, True])
async def test_with_server_the_vendor_alone_stores(
    vendor: MindCraftEmulator, connect: Connect, session: str, kept: str, streamed: bool
) -> None:
    vendor.configure(completions_store=kept)
    vendor.store.add_message(int(session), "user", "hi")
    vendor.store.add_message(int(session), "assistant", "Answer 1 to: hi")

    reply = await answered(connect(persist="server"), session, streamed=streamed)

    (call,) = vendor.journal.requests("chat/completions")
    assert call.body["messages"] == [{"role": "user", "content": "hi"}]
    assert call.body["session_token"] == vendor.store.session(int(session)).session_token
    assert contents(vendor, session)[2:] == STORED[kept]
    rows = vendor.store.messages(int(session))[2:]
    known: list[str | None] = [str(row.message_id) for row in rows if row.category == "assistant"]
    assert [message.id for message in reply.messages] == (known or [None])
    assert (reply.text, reply.status) == ("Answer 1 to: hi", "complete")


@pytest.mark.parametrize("kept", STORED)
@pytest.mark.parametrize("streamed", [False, True])
async def test_with_auto_what_is_missing_is_stored_in_order(
    vendor: MindCraftEmulator, connect: Connect, session: str, kept: str, streamed: bool
) -> None:
    vendor.configure(completions_store=kept)
    vendor.store.add_message(int(session), "user", "hi")

    reply = await answered(connect(persist="auto"), session, streamed=streamed)

    assert contents(vendor, session)[1:] == STORED["both"]
    assert [message.id for message in reply.messages] == [str(vendor.store.messages(int(session))[-1].message_id)]
    assert reply.messages[0].model == "deepseek-chat"


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
async def test_what_the_vendor_stored_is_found_in_any_order(
    vendor: MindCraftEmulator, connect: Connect, session: str, order: str
) -> None:
    vendor.configure(message_order=order)
    for position in range(4):
        vendor.store.add_message(int(session), "user", f"{position}")

    await answered(connect(persist="auto", page_size=3), session, streamed=False)

    assert contents(vendor, session)[4:] == STORED["both"]


async def test_another_field_can_name_the_conversation(
    vendor: MindCraftEmulator, connect: Connect, session: str
) -> None:
    vendor.configure(list_shows_token=True)

    await answered(connect(persist="server", completions_token_field="chat_session"), session, streamed=False)

    (call,) = vendor.journal.requests("chat/completions")
    assert call.body["chat_session"] == vendor.store.session(int(session)).session_token


async def test_a_token_nobody_shows_is_said_before_the_model_is_asked(
    vendor: MindCraftEmulator, connect: Connect, session: str
) -> None:
    with pytest.raises(UnsupportedOperationError) as caught:
        await connect(persist="server").send(session, asked("hi"))

    assert "persist" in caught.value.hint
    assert vendor.journal.requests(method="POST") == []


async def test_the_length_of_the_history_is_the_vendors_with_server(connect: Connect, session: str) -> None:
    with pytest.raises(OmnilogueError, match="history_length"):
        await connect(persist="server").send(session, asked("hi", options={"history_length": 2}))


async def answered(provider: MindCraft, session: str, *, streamed: bool) -> Reply:
    if not streamed:
        return await provider.send(session, asked("hi"))
    last = [event async for event in provider.stream(session, asked("hi"))][-1]
    assert isinstance(last, ReplyCompleted)
    return last.reply


async def collect(stream: AsyncIterator[Event], events: list[Event]) -> None:
    async for event in stream:
        events.append(event)  # noqa: PERF401  # what came before an error is looked at


# Streams.


@pytest.mark.parametrize(
    "quirks",
    [{"sse_done": False}, {"sse_comments": True}, {"sse_crlf": True}, {"sse_comments": True, "sse_crlf": True}],
)
async def test_a_stream_is_understood_in_every_form(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, quirks: dict[str, bool]
) -> None:
    vendor.configure(**quirks)

    reply = await answered(provider, session, streamed=True)

    assert (reply.text, reply.status) == ("Answer 1 to: hi", "complete")


@pytest.mark.parametrize("streamed", [False, True])
async def test_thoughts_come_first_and_are_not_stored(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, streamed: bool
) -> None:
    vendor.configure(reasoning=True)

    reply = await answered(provider, session, streamed=streamed)
    page = await provider.list_messages(session, None, Query())

    thoughts, text = reply.messages[0].parts
    assert thoughts == ReasoningPart(text="Thinking about answer 1.")
    assert reply.text == "Answer 1 to: hi"
    assert page.items[1].parts == (text,)


async def test_thoughts_are_streamed(vendor: MindCraftEmulator, provider: MindCraft, session: str) -> None:
    vendor.configure(reasoning=True)

    events = [event async for event in provider.stream(session, asked("hi"))]

    thoughts = [event.text for event in events if isinstance(event, ReasoningDelta)]
    assert "".join(thoughts) == "Thinking about answer 1."


async def test_an_error_inside_a_stream_is_a_failed_run(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    vendor.configure(sse_error_at=2)

    with pytest.raises(RunFailedError) as caught:
        await answered(provider, session, streamed=True)

    assert (caught.value.outcome, caught.value.vendor_code) == ("applied", "500")
    assert contents(vendor, session) == [("user", "hi")]


async def test_a_stream_that_ends_without_its_end_is_broken(
    vendor: MindCraftEmulator, provider: MindCraft, session: str
) -> None:
    chunk = b'data: {"id":"c1","model":"m","choices":[{"delta":{"content":"Answ"}}]}\n\n'
    vendor.fail_next("body", path="chat/completions", body=chunk, content_type="text/event-stream")

    with pytest.raises(StreamInterruptedError) as caught:
        await answered(provider, session, streamed=True)

    assert caught.value.partial is not None
    assert (caught.value.partial.text, caught.value.partial.status) == ("Answ", "partial")
    assert caught.value.partial.messages[0].id is None
    assert contents(vendor, session) == [("user", "hi")]


@pytest.mark.parametrize("reset", [False, True])
async def test_a_stream_cut_in_the_middle_gives_what_came(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, reset: bool
) -> None:
    vendor.configure(piece_delay=0.02)
    vendor.fail_next("stream_cut", after=2, reset=reset)
    events: list[Event] = []

    with pytest.raises(StreamInterruptedError) as caught:
        await collect(provider.stream(session, asked("hi")), events)

    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert caught.value.partial is not None
    assert caught.value.partial.text == text != ""
    assert contents(vendor, session) == [("user", "hi")]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"data: no json\n\n", ProtocolError),
        (b'data: {"choices": 7}\n\n', ProtocolError),
        ('data: {"error": {"message": "内容违规"}}\n\n'.encode(), ContentFilteredError),
        (b'data: {"status": 500, "message": "stopped"}\n\n', RunFailedError),
        (b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n', RunFailedError),
    ],
)
async def test_what_is_no_answer_in_a_stream_is_an_error(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, data: bytes, expected: type[OmnilogueError]
) -> None:
    vendor.fail_next("body", path="chat/completions", body=data, content_type="text/event-stream")

    with pytest.raises(expected) as caught:
        await answered(provider, session, streamed=True)

    assert caught.value.outcome == "applied"


@pytest.mark.parametrize(
    "body", [{"error": {"message": "stopped"}}, {"choices": []}, {"choices": [{"message": {"content": ""}}]}]
)
async def test_what_is_no_answer_is_a_failed_run(
    vendor: MindCraftEmulator, provider: MindCraft, session: str, body: dict[str, Any]
) -> None:
    vendor.fail_next("body", path="chat/completions", body=body)

    with pytest.raises(RunFailedError):
        await provider.send(session, asked("hi"))
