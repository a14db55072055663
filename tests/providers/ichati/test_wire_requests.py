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
from omnilogue.model import ImagePart, ReplyCompleted, TextDelta, TextPart
from omnilogue.provider import Changes, Draft, Query, Turn
from omnilogue_ichati import IChati
from omnilogue_ichati.emulator import TOKEN, IChatiEmulator

pytestmark = pytest.mark.anyio

Connect = Callable[..., IChati]


def asked(text: str, **options: Any) -> Turn:
    return Turn(parts=(TextPart(text=text),), **options)


def requests(vendor: IChatiEmulator) -> list[tuple[str, str]]:
    return [(entry.method, entry.path) for entry in vendor.journal]


def contents(vendor: IChatiEmulator, topic: str) -> list[tuple[int, str]]:
    return [(row.type, row.message) for row in vendor.store.messages(int(topic))]


# Conversations.


async def test_a_list_is_one_request_without_a_series(vendor: IChatiEmulator, provider: IChati) -> None:
    numbers = [str(vendor.store.add_topic("T", series_id).id) for series_id in (1, 2)]

    page = await provider.list_conversations(None, Query())

    assert [item.id for item in page.items] == numbers
    assert (page.next_cursor, page.complete) == (None, True)
    assert [(entry.method, entry.path, dict(entry.query)) for entry in vendor.journal] == [("GET", "chat/topic", {})]


async def test_configured_series_are_asked_for_besides(vendor: IChatiEmulator, connect: Connect) -> None:
    numbers = [str(vendor.store.add_topic("T", series_id).id) for series_id in (1, 2, 3)]

    page = await connect(series_ids=[1, 3]).list_conversations(None, Query())

    assert [item.id for item in page.items] == numbers
    assert [entry.query.get("seriesId") for entry in vendor.journal] == [None, "1", "3"]


async def test_a_conversation_is_read_by_its_number(vendor: IChatiEmulator, provider: IChati, topic: str) -> None:
    conversation = await provider.get_conversation(topic)

    assert (conversation.id, conversation.title, conversation.remote) == (topic, "Trip", "work")
    assert requests(vendor) == [("GET", f"chat/topic/{topic}")]


async def test_a_draft_is_sent_with_the_series(vendor: IChatiEmulator, connect: Connect) -> None:
    created = await connect(series_id=2).create_conversation(Draft(title="Trip \u2013 \u91cc"))

    assert requests(vendor) == [("POST", "chat/topic")]
    assert vendor.journal[0].body == {"name": "Trip \u2013 \u91cc", "seriesId": 2}
    assert (created.title, created.pinned) == ("Trip \u2013 \u91cc", False)


@pytest.mark.parametrize(("name", "body"), [("Untitled", {"name": "Untitled"}), ("", {})])
async def test_a_draft_without_title_and_series(
    vendor: IChatiEmulator, connect: Connect, name: str, body: dict[str, Any]
) -> None:
    vendor.configure(required_fields=())

    await connect(new_name=name, series_id=None).create_conversation(Draft())

    assert vendor.journal[0].body == body


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        (Changes(title="New"), {"name": "New"}),
        (Changes(title=None), {"name": ""}),
        (Changes(pinned=True), {"favorite": True}),
        (Changes(title="New", pinned=False), {"name": "New", "favorite": False}),
    ],
)
async def test_a_change_sends_only_what_changes_and_is_read_again(
    vendor: IChatiEmulator, provider: IChati, topic: str, changes: Changes, fields: dict[str, Any]
) -> None:
    changed = await provider.update_conversation(topic, changes)

    assert requests(vendor) == [("PATCH", f"chat/topic/{topic}"), ("GET", f"chat/topic/{topic}")]
    assert vendor.journal[0].body == fields
    for name in changes.model_fields_set:
        assert getattr(changed, name) == getattr(changes, name)


async def test_a_delete_is_one_request(vendor: IChatiEmulator, provider: IChati, topic: str) -> None:
    await provider.delete_conversation(topic)

    assert requests(vendor) == [("DELETE", f"chat/topic/{topic}")]
    assert vendor.store.topics() == []


# Messages.


@pytest.mark.parametrize("order", ["oldest_first", "newest_first"])
async def test_messages_come_in_the_order_wanted_in_one_request(
    vendor: IChatiEmulator, provider: IChati, topic: str, order: str
) -> None:
    vendor.configure(list_order=order)
    for text in ("one", "two", "three"):
        vendor.store.add_message(int(topic), 0, text)

    oldest = await provider.list_messages(topic, None, Query(order="asc"))
    newest = await provider.list_messages(topic, None, Query(order="desc"))

    assert [message.text for message in oldest.items] == ["one", "two", "three"]
    assert newest.items == oldest.items[::-1]
    assert (oldest.next_cursor, newest.next_cursor) == (None, None)
    assert requests(vendor) == [("GET", f"chat/topic/{topic}/message")] * 2
    assert vendor.journal[0].body is None


async def test_an_edit_is_one_request_and_gives_the_new_text(
    vendor: IChatiEmulator, provider: IChati, topic: str
) -> None:
    stored = vendor.store.add_message(int(topic), 1, "old", images=("https://img.example.com/1.png",))

    message = await provider.edit_message(topic, str(stored.id), "new")

    assert requests(vendor) == [("PATCH", f"chat/topic/{topic}/message/{stored.id}")]
    assert vendor.journal[0].body == {"message": "new"}
    assert (message.id, message.role, message.text) == (str(stored.id), "assistant", "new")
    assert [part.type for part in message.parts] == ["text", "image"]
    assert contents(vendor, topic) == [(1, "new")]


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"id": 1}', b"ok"])
async def test_an_edit_whose_answer_shows_nothing_is_read_again(
    vendor: IChatiEmulator, provider: IChati, topic: str, body: bytes
) -> None:
    stored = vendor.store.add_message(int(topic), 1, "old")
    vendor.fail_next("body", body=body, applied=True, method="PATCH")

    message = await provider.edit_message(topic, str(stored.id), "new")

    assert (message.id, message.role, message.text) == (str(stored.id), "assistant", "new")


# Turns.


async def test_a_turn_is_sent_as_documented(vendor: IChatiEmulator, connect: Connect) -> None:
    topic = str(vendor.store.add_topic("T", 3).id)
    provider = connect(series_id=1, model_id=7)

    reply = await provider.send(topic, asked("hello"))

    assert requests(vendor) == [
        ("GET", f"chat/topic/{topic}/message"),
        ("GET", f"chat/topic/{topic}"),
        ("POST", f"chat/topic/{topic}/message"),
    ]
    assert vendor.journal[2].body == {"seriesId": 3, "modelId": 7, "message": "hello", "enableMemory": True}
    assert vendor.journal[2].headers["accept"] == "text/plain, application/json"
    (message,) = reply.messages
    assert (message.id, message.text, message.model) == ("12346", "Answer 1 to: hello", "7")
    assert message.raw["userMsgId"] == 12345
    assert (reply.effect, reply.status) == ("new", "complete")


async def test_the_next_turn_is_one_request(vendor: IChatiEmulator, provider: IChati, topic: str) -> None:
    await provider.send(topic, asked("one"))
    vendor.journal.clear()

    await provider.send(topic, asked("two"))

    assert requests(vendor) == [("POST", f"chat/topic/{topic}/message")]


async def test_what_lists_show_is_not_asked_for_again(vendor: IChatiEmulator, provider: IChati, topic: str) -> None:
    await provider.list_conversations(None, Query())
    await provider.list_messages(topic, None, Query())
    vendor.journal.clear()

    await provider.send(topic, asked("one"))

    assert requests(vendor) == [("POST", f"chat/topic/{topic}/message")]


async def test_only_as_many_topics_are_remembered_as_fit(
    vendor: IChatiEmulator, provider: IChati, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnilogue_ichati.topics.REMEMBERED", 2)
    numbers = [str(vendor.store.add_topic().id) for _ in range(3)]
    for number in numbers:
        await provider.send(number, asked("one"))
    vendor.journal.clear()

    await provider.send(numbers[2], asked("two"))
    known = len(vendor.journal)
    await provider.send(numbers[0], asked("two"))

    assert (known, len(vendor.journal)) == (1, 4)


@pytest.mark.parametrize(
    ("turn", "fields"),
    [
        (asked("hello", model="9"), {"modelId": 9, "enableMemory": True}),
        (asked("hello", options={"enable_memory": False}), {"modelId": 1, "enableMemory": False}),
        (
            asked("hello", options={"enable_google_results": True}),
            {"modelId": 1, "enableMemory": True, "enableGoogleResults": True},
        ),
    ],
)
async def test_a_turn_has_its_model_and_its_options(
    vendor: IChatiEmulator, provider: IChati, topic: str, turn: Turn, fields: dict[str, Any]
) -> None:
    vendor.configure(send_takes_google=True)

    await provider.send(topic, turn)

    assert vendor.journal[-1].body == {"seriesId": 1, "message": "hello", **fields}


async def test_memory_is_a_setting(vendor: IChatiEmulator, connect: Connect, topic: str) -> None:
    await connect(enable_memory=False).send(topic, asked("hello"))

    assert vendor.journal[-1].body["enableMemory"] is False


async def test_a_stream_gives_the_text_as_it_comes_and_never_the_tail(
    vendor: IChatiEmulator, provider: IChati, topic: str
) -> None:
    async with aclosing(provider.stream(topic, asked("hello"))) as source:  # type: ignore[type-var]
        events = [event async for event in source]

    pieces = [event.text for event in events if isinstance(event, TextDelta)]
    assert "".join(pieces) == "Answer 1 to: hello"
    assert len(pieces) > 1
    last = events[-1]
    assert isinstance(last, ReplyCompleted)
    assert (last.reply.text, last.reply.messages[0].id) == ("Answer 1 to: hello", "12346")


async def test_a_regenerate_is_told_from_what_was_before_and_after(
    vendor: IChatiEmulator, provider: IChati, topic: str
) -> None:
    await provider.send(topic, asked("hello"))
    vendor.journal.clear()

    reply = await provider.regenerate(topic, "12346", Turn(options={"enable_google_results": True}))

    assert requests(vendor) == [
        ("GET", f"chat/topic/{topic}/message"),
        ("POST", f"chat/topic/{topic}/message/12346/regenerate"),
        ("GET", f"chat/topic/{topic}/message"),
    ]
    assert vendor.journal[1].body == {
        "seriesId": 1,
        "modelId": 1,
        "enableMemory": True,
        "enableGoogleResults": True,
    }
    assert (reply.effect, reply.text, reply.messages[0].model) == ("replaced", "Answer 2 to: hello", "1")


# Refused before anything leaves.


REFUSED: dict[str, tuple[Callable[[IChati, str], Awaitable[Any]], type[OmnilogueError]]] = {
    "a model that is a word": (lambda p, t: p.send(t, asked("x", model="gpt")), InvalidInputError),
    "an option nobody knows": (lambda p, t: p.send(t, asked("x", options={"top_p": 1})), InvalidInputError),
    "an option of another type": (lambda p, t: p.send(t, asked("x", options={"enable_memory": 1})), InvalidInputError),
    "a picture": (lambda p, t: p.send(t, Turn(parts=(ImagePart(url="https://x"),))), UnsupportedOperationError),
    "metadata of a topic": (
        lambda p, t: p.update_conversation(t, Changes(metadata={"a": 1})),
        UnsupportedOperationError,
    ),
    "an id that is none": (lambda p, _: p.get_conversation("x"), NotFoundError),
    "a topic to list that is none": (lambda p, _: p.list_messages("../1", None, Query()), NotFoundError),
    "a topic to delete that is none": (lambda p, _: p.delete_conversation("1/2"), NotFoundError),
    "a topic to send to that is none": (lambda p, _: p.send("-1", asked("x")), NotFoundError),
    "a message that is none": (lambda p, t: p.edit_message(t, "x", "y"), NotFoundError),
    "a regenerate of what is none": (lambda p, t: p.regenerate(t, "x", Turn()), NotFoundError),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_sends_no_request(
    vendor: IChatiEmulator, provider: IChati, topic: str, name: str
) -> None:
    act, kind = REFUSED[name]

    with pytest.raises(kind):
        await act(provider, topic)

    assert len(vendor.journal) == 0


async def test_a_turn_needs_a_model(vendor: IChatiEmulator, connect: Connect, topic: str) -> None:
    with pytest.raises(ConfigurationError, match="model_id"):
        await connect(model_id=None).send(topic, asked("hello"))

    assert len(vendor.journal) == 0


# The door.


async def test_the_token_stands_in_authorization(vendor: IChatiEmulator, connect: Connect, topic: str) -> None:
    await connect().get_conversation(topic)
    with pytest.raises(AuthenticationError):
        await connect(token="wrong").get_conversation(topic)


@pytest.mark.parametrize("name", ["X-Token", "Cookie"])
async def test_another_header_takes_the_token_as_it_is(
    vendor: IChatiEmulator, connect: Connect, topic: str, name: str
) -> None:
    vendor.configure(auth_header=name)

    await connect(auth_header=name).get_conversation(topic)

    assert TOKEN not in repr([entry.headers for entry in vendor.journal if name == "Cookie"])


async def test_paths_are_settings(vendor: IChatiEmulator, connect: Connect, topic: str) -> None:
    provider = connect(
        base_url=vendor.url.removesuffix("api/"), paths={"topic": "api/chat/topic/{topic_id}", "topics": "elsewhere"}
    )

    assert (await provider.get_conversation(topic)).id == topic
    with pytest.raises(NotFoundError):
        await provider.list_conversations(None, Query())


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"statusCode": 401, "message": "who"}, AuthenticationError),
        (402, {"message": "pay"}, QuotaExceededError),
        (400, {"statusCode": 400, "message": "\u5185\u5bb9\u654f\u611f"}, ContentFilteredError),
        (403, "\u4f59\u989d\u4e0d\u8db3", QuotaExceededError),
        (405, {"statusCode": 405, "message": "no"}, UnsupportedOperationError),
        (405, "", UnsupportedOperationError),
        (200, {"statusCode": 404, "message": "gone"}, NotFoundError),
        (200, {"statusCode": 405, "message": "no"}, UnsupportedOperationError),
        (200, "[]", ProtocolError),
        (200, "<html></html>", ProtocolError),
    ],
)
async def test_refusals_are_understood(
    vendor: IChatiEmulator, provider: IChati, status: int, body: Any, kind: type[OmnilogueError]
) -> None:
    vendor.fail_next("body", status=status, body=body)

    with pytest.raises(kind):
        await provider.get_conversation("431")


@pytest.mark.parametrize("body", [b'{"data": []}', b"null", b'"x"', b'[{"name": "x"}]', b"[1]"])
async def test_a_list_that_is_none_is_a_protocol_error(
    vendor: IChatiEmulator, provider: IChati, topic: str, body: bytes
) -> None:
    for read in (provider.list_conversations(None, Query()), provider.list_messages(topic, None, Query())):
        vendor.fail_next("body", body=body)
        with pytest.raises(ProtocolError):
            await read
