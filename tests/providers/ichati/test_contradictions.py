"""Where the vendor's page contradicts itself or is silent: the provider works with every reading."""

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from omnilogue.errors import (
    BadRequestError,
    ConfigurationError,
    NotFoundError,
    OmnilogueError,
    ProtocolError,
    StreamInterruptedError,
)
from omnilogue.model import DataPart, Event, ImagePart, Part, Reply, ReplyCompleted, TextDelta, TextPart
from omnilogue.provider import Changes, Draft, Query, Turn
from omnilogue_ichati import IChati
from omnilogue_ichati.emulator import IChatiEmulator

pytestmark = pytest.mark.anyio

Connect = Callable[..., IChati]

BAR = "\u00a6"
LOOK_ALIKE = f'{BAR}{{"userMsgId":1,"assistantMsgId":2,"topicId":3}}'
REPLIES = {
    "plain": "Paris is the capital.",
    "bars": f"a{BAR}b",
    "nothing": "",
    "a bar at the end": f"a{BAR}",
    "a look-alike in the middle": f"say {LOOK_ALIKE} and more",
    "a look-alike as the last words": f"say {LOOK_ALIKE}",
    "a look-alike of this very topic": f'say {BAR}{{"userMsgId":1,"assistantMsgId":2,"topicId":431}}',
    "JSON": '{"statusCode": 400, "message": "this is what was asked for"}',
    "JSON in two lines": '{"a":\n[1]}',
    "scripts": "\u4f60\u597d \U0001f9f3 caf\u00e9",
}
# Without a tail nothing tells these from the tail of some topic, or from an error.
AMBIGUOUS = {"a look-alike as the last words", "a look-alike of this very topic", "JSON"}


def asked(text: str = "hello", **options: Any) -> Turn:
    return Turn(parts=(TextPart(text=text),), **options)


async def streamed(provider: IChati, topic: str, turn: Turn | None = None) -> tuple[str, Reply]:
    """Give the text as it was shown, and the reply."""
    events: list[Event] = []
    async with aclosing(provider.stream(topic, turn or asked())) as source:  # type: ignore[type-var]
        events = [event async for event in source]
    last = events[-1]
    assert isinstance(last, ReplyCompleted)
    return "".join([event.text for event in events if isinstance(event, TextDelta)]), last.reply


def contents(vendor: IChatiEmulator, topic: str) -> list[tuple[int, str]]:
    return [(row.type, row.message) for row in vendor.store.messages(int(topic))]


# The answer to a PATCH shows what was there before.


@pytest.mark.parametrize("echo", ["stale", "fresh"])
async def test_a_changed_topic_is_told_as_it_is(
    vendor: IChatiEmulator, provider: IChati, topic: str, echo: str
) -> None:
    vendor.configure(patch_echo=echo)

    changed = await provider.update_conversation(topic, Changes(title="New", pinned=True))

    assert (changed.title, changed.pinned) == ("New", True)
    assert changed == await provider.get_conversation(topic)


@pytest.mark.parametrize("echo", ["stale", "fresh"])
@pytest.mark.parametrize("place", [0, 1])
async def test_a_changed_message_is_told_as_it_is(
    vendor: IChatiEmulator, provider: IChati, topic: str, echo: str, place: int
) -> None:
    vendor.configure(patch_echo=echo)
    await provider.send(topic, asked())
    before = (await provider.list_messages(topic, None, Query())).items[place]

    message = await provider.edit_message(topic, before.id or "", "new")

    assert (message.id, message.role, message.text) == (before.id, before.role, "new")
    assert (await provider.list_messages(topic, None, Query())).items[place].text == "new"


# The list of messages is shown with a body that repeats the id.


@pytest.mark.parametrize("needed", [False, True])
async def test_a_list_of_messages_may_need_its_body(
    vendor: IChatiEmulator, connect: Connect, topic: str, needed: bool
) -> None:
    vendor.configure(list_needs_body=needed)
    vendor.store.add_message(int(topic), 0, "hi")

    page = await connect(list_body=needed).list_messages(topic, None, Query())

    assert [message.text for message in page.items] == ["hi"]
    assert vendor.journal[0].body == ({"topicId": int(topic)} if needed else None)


# The id of a topic has two names in the paths: both are its number.


async def test_one_number_names_a_topic_in_every_path(vendor: IChatiEmulator, provider: IChati, topic: str) -> None:
    reply = await provider.send(topic, asked())
    message_id = reply.messages[0].id or ""
    await provider.edit_message(topic, message_id, "new")
    await provider.regenerate(topic, message_id, Turn())
    await provider.list_messages(topic, None, Query())

    assert all(entry.path.startswith(f"chat/topic/{topic}") for entry in vendor.journal)


# Whether a list may leave out its series.


async def test_a_list_that_needs_a_series_is_asked_for_by_series(vendor: IChatiEmulator, connect: Connect) -> None:
    vendor.configure(list_without_series=False)
    numbers = [str(vendor.store.add_topic("T", series_id).id) for series_id in (1, 2, 3)]
    provider = connect(series_ids=[1, 2])

    for requests in (3, 2):  # that the first one is refused is remembered
        vendor.journal.clear()
        page = await provider.list_conversations(None, Query())
        assert [item.id for item in page.items] == numbers[:2]
        assert page.complete
        assert len(vendor.journal) == requests


async def test_a_list_of_the_one_known_series_tells_that_it_may_miss_others(
    vendor: IChatiEmulator, connect: Connect
) -> None:
    vendor.configure(list_without_series=False)
    number = str(vendor.store.add_topic("T", 2).id)

    page = await connect(series_id=2, list_without_series=False).list_conversations(None, Query())

    assert ([item.id for item in page.items], page.complete) == ([number], False)
    assert len(vendor.journal) == 1


async def test_a_list_without_any_known_series_names_the_setting(vendor: IChatiEmulator, connect: Connect) -> None:
    vendor.configure(list_without_series=False)

    with pytest.raises(ConfigurationError, match="series_ids"):
        await connect(series_id=None).list_conversations(None, Query())


# Success may be 200 or 201; lists come in any order; a message and its reply may have one time.


@pytest.mark.parametrize("status", [200, 201])
async def test_any_success_is_one(vendor: IChatiEmulator, provider: IChati, status: int) -> None:
    vendor.configure(post_status=status)

    created = await provider.create_conversation(Draft(title="T"))
    reply = await provider.send(created.id, asked())
    again = await provider.regenerate(created.id, reply.messages[0].id or "", Turn())

    assert (reply.text, again.text) == ("Answer 1 to: hello", "Answer 2 to: hello")


@pytest.mark.parametrize("order", ["oldest_first", "newest_first"])
@pytest.mark.parametrize("equal", [True, False])
async def test_lists_come_in_one_order(vendor: IChatiEmulator, provider: IChati, order: str, equal: bool) -> None:
    vendor.configure(list_order=order, equal_times=equal)
    first, second = [str(vendor.store.add_topic().id) for _ in range(2)]
    for text in ("one", "two"):
        await provider.send(first, asked(text))

    messages = (await provider.list_messages(first, None, Query())).items

    assert [message.text for message in messages] == ["one", "Answer 1 to: one", "two", "Answer 2 to: two"]
    assert [item.id for item in (await provider.list_conversations(None, Query())).items] == [first, second]


@pytest.mark.parametrize(
    ("images", "part"),
    [
        ("empty", None),
        ("urls", ImagePart(url="https://img.example.com/1.png")),
        ("objects", DataPart(kind="image", value={"id": 7, "url": "https://img.example.com/1.png"})),
    ],
)
async def test_pictures_have_any_form(
    vendor: IChatiEmulator, provider: IChati, topic: str, images: str, part: Part | None
) -> None:
    vendor.configure(images=images)
    await provider.send(topic, asked())

    user, _ = (await provider.list_messages(topic, None, Query())).items

    assert user.parts[1:] == ((part,) if part else ())


# Replies that hold bars and look-alike tails, in pieces of any size.


@pytest.mark.parametrize("size", [None, 1, 2, 3, 7, 10_000])
@pytest.mark.parametrize("name", REPLIES)
async def test_a_reply_is_its_text_and_no_tail(
    vendor: IChatiEmulator, provider: IChati, topic: str, name: str, size: int | None
) -> None:
    text = REPLIES[name]
    vendor.configure(reply=text, piece_bytes=size, tail_end="\r\n" if size == 3 else "")

    sent = await provider.send(topic, asked("one"))
    said, reply = await streamed(provider, topic, asked("two"))

    assert sent.text == said == reply.text == text
    assert [one.messages[0].id for one in (sent, reply)] == ["12346", "12348"]
    assert contents(vendor, topic) == [(0, "one"), (1, text), (0, "two"), (1, text)]


@pytest.mark.parametrize("tail", ["documented", "strings", "extra_keys"])
@pytest.mark.parametrize("kind", ["text/plain", "text/html; charset=utf-8", "application/octet-stream"])
async def test_a_tail_has_any_form_and_a_reply_any_type(
    vendor: IChatiEmulator, provider: IChati, topic: str, tail: str, kind: str
) -> None:
    vendor.configure(tail=tail, reply_type=kind)

    said, reply = await streamed(provider, topic)

    assert (said, reply.messages[0].id) == ("Answer 1 to: hello", "12346")


async def test_a_reply_that_is_called_json_is_one_with_its_tail(
    vendor: IChatiEmulator, provider: IChati, topic: str
) -> None:
    vendor.configure(reply_type="application/json")

    sent = await provider.send(topic, asked())
    said, reply = await streamed(provider, topic)

    assert (sent.text, said, reply.text) == ("Answer 1 to: hello", *["Answer 2 to: hello"] * 2)


async def test_a_reply_of_another_topic_is_refused(vendor: IChatiEmulator, provider: IChati, topic: str) -> None:
    vendor.configure(tail="other_topic")

    for talk in (provider.send(topic, asked()), streamed(provider, topic)):
        with pytest.raises(ProtocolError) as caught:
            await talk
        assert (caught.value.code, caught.value.outcome) == ("bad_response", "unknown")


# No tail: the topic is read.


@pytest.mark.parametrize("name", [name for name in REPLIES if name not in AMBIGUOUS])
async def test_a_reply_without_a_tail_is_found_in_the_topic(
    vendor: IChatiEmulator, provider: IChati, topic: str, name: str
) -> None:
    text = REPLIES[name]
    await provider.send(topic, asked())
    vendor.configure(reply=text, tail="none")

    sent = await provider.send(topic, asked())
    said, reply = await streamed(provider, topic)

    assert sent.text == said == reply.text == text
    assert [one.messages[0].id for one in (sent, reply)] == ["12348", "12350"]
    assert reply.messages[0].model == "1"


@pytest.mark.parametrize("end", [0, 1, 3, 4, 6, 20, 63])
async def test_a_reply_that_ends_early_and_is_stored_whole_is_whole(
    vendor: IChatiEmulator, provider: IChati, topic: str, end: int
) -> None:
    vendor.configure(reply=f"a{BAR}b", ends_after=end, piece_bytes=1)

    said, reply = await streamed(provider, topic)

    assert (said, reply.text, reply.messages[0].id) == (f"a{BAR}b", f"a{BAR}b", "12346")


@pytest.mark.parametrize("keeps", ["user", "nothing"])
async def test_a_reply_that_is_nowhere_is_broken_and_keeps_what_came(
    vendor: IChatiEmulator, provider: IChati, topic: str, keeps: str
) -> None:
    await provider.send(topic, asked())  # the same question with its reply: none of this turn
    vendor.configure(reply=f"a{BAR}b{BAR}", tail="none", keeps=keeps)

    for talk in (provider.send(topic, asked()), streamed(provider, topic)):
        with pytest.raises(StreamInterruptedError) as caught:
            await talk
        assert caught.value.outcome == "unknown"
        assert caught.value.partial is not None
        assert (caught.value.partial.text, caught.value.partial.status) == (f"a{BAR}b{BAR}", "partial")


async def test_a_stored_reply_that_is_not_what_was_shown_is_not_taken_for_it(
    vendor: IChatiEmulator, provider: IChati, topic: str
) -> None:
    vendor.configure(reply="shown", tail="none", keeps="user")
    shown: list[str] = []

    async def listen() -> None:
        async with aclosing(provider.stream(topic, asked())) as source:  # type: ignore[type-var]
            async for event in source:
                assert isinstance(event, TextDelta)
                shown.append(event.text)
                vendor.store.add_message(int(topic), 1, "stored")

    with pytest.raises(StreamInterruptedError) as caught:
        await listen()

    assert (shown, caught.value.outcome) == (["shown"], "applied")


# A connection that breaks, at every byte.


async def test_a_broken_reply_keeps_what_came_wherever_it_breaks(
    vendor: IChatiEmulator, provider: IChati, topic: str
) -> None:
    text = f"caf\u00e9 {BAR}!"
    vendor.configure(reply=text, piece_bytes=1)
    size = len(text.encode())
    for after in range(1, size + 60, 3):
        vendor.fail_next("stream_cut", after=after)
        came = await came_of(provider, topic, f"turn {after}")
        assert f'{text}{BAR}{{"userMsgId":'.startswith(came[: size + 10])
        assert len(came.encode()) >= min(after, size) - 1  # half a character waits for its other half


async def came_of(provider: IChati, topic: str, question: str) -> str:
    """Give the text of a reply that breaks, from the error or whole."""
    try:
        said, reply = await streamed(provider, topic, asked(question))
    except StreamInterruptedError as error:
        return error.partial.text if error.partial and error.outcome == "unknown" else ""
    assert said == reply.text
    return said


async def test_a_reply_that_breaks_right_behind_its_tail_is_found_in_the_topic(
    vendor: IChatiEmulator, provider: IChati, topic: str
) -> None:
    vendor.fail_next("stream_cut", after=5)

    said, reply = await streamed(provider, topic)

    assert (said, reply.messages[0].id) == ("Answer 1 to: hello", "12346")


async def test_a_reply_that_breaks_right_behind_a_look_alike_is_broken(
    vendor: IChatiEmulator, provider: IChati, topic: str
) -> None:
    text = REPLIES["a look-alike of this very topic"]
    vendor.configure(reply=text, piece_bytes=len(text.encode()))
    vendor.fail_next("stream_cut", after=1)

    with pytest.raises(StreamInterruptedError) as caught:
        await provider.send(topic, asked())

    assert caught.value.partial is not None
    assert caught.value.partial.text == "say "


# Errors: any form, and with a success.


@pytest.mark.parametrize("form", ["nest", "nest_list", "code", "error_object", "text", "html"])
async def test_errors_have_any_form(vendor: IChatiEmulator, provider: IChati, topic: str, form: str) -> None:
    vendor.configure(error_form=form)

    with pytest.raises(NotFoundError, match="Topic not found"):
        await provider.get_conversation("1")
    with pytest.raises(BadRequestError, match="enableGoogleResults"):
        await provider.send(topic, asked(options={"enable_google_results": True}))


@pytest.mark.parametrize("how", ["json_success", "text_success"])
@pytest.mark.parametrize("form", ["nest", "nest_list", "code", "error_object"])
async def test_an_error_with_a_success_is_an_error(
    vendor: IChatiEmulator, provider: IChati, topic: str, how: str, form: str
) -> None:
    vendor.configure(send_errors=how, error_form=form)
    turn = asked(options={"enable_google_results": True})

    for talk in (provider.send(topic, turn), streamed(provider, topic, turn)):
        with pytest.raises(BadRequestError, match="enableGoogleResults") as caught:
            await talk
        assert caught.value.outcome == "rejected"
    assert contents(vendor, topic) == []


# Which message a regenerate names, and what becomes of the old reply.


@pytest.mark.parametrize("effect", ["replaces", "adds", "supersedes"])
@pytest.mark.parametrize("tail", ["documented", "none"])
@pytest.mark.parametrize("named", ["assistant", "user"])
async def test_the_effect_of_a_regenerate_is_what_is_seen(
    vendor: IChatiEmulator, provider: IChati, effect: str, tail: str, named: str
) -> None:
    topic = str(vendor.store.add_topic().id)
    first = await provider.send(topic, asked())
    vendor.configure(regenerate_effect=effect, tail=tail)

    reply = await provider.regenerate(topic, {"assistant": "12346", "user": "12345"}[named], Turn())

    told = {"replaces": "replaced", "adds": "added", "supersedes": "superseded"}[effect]
    assert (reply.effect, reply.text) == (told, "Answer 2 to: hello")
    assert (reply.messages[0].id == first.messages[0].id) is (effect == "replaces")
    assert reply.messages[0].id == str(vendor.store.messages(int(topic))[-1].id)


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("target", ["assistant", "user", "both"])
@pytest.mark.parametrize("first", ["assistant", "user"])
async def test_the_other_message_is_tried_once(
    vendor: IChatiEmulator, connect: Connect, target: str, first: str, status: int
) -> None:
    vendor.configure(regenerate_target=target, wrong_target_status=status)
    topic = str(vendor.store.add_topic().id)
    provider = connect(regenerate_target=first)
    await provider.send(topic, asked())

    reply = await provider.regenerate(topic, "12346", Turn())

    posts = [entry.path for entry in vendor.journal.requests(method="POST")][1:]
    assert reply.text == "Answer 2 to: hello"
    assert len(posts) == (1 if target in {first, "both"} else 2)


async def test_a_regenerate_that_both_refuse_tells_the_first_refusal(
    vendor: IChatiEmulator, provider: IChati, topic: str
) -> None:
    await provider.send(topic, asked())
    vendor.fail_next("status", status=404, body={"message": "first"}, path=f"chat/topic/{topic}/message/12346/")
    vendor.fail_next("status", status=400, body={"message": "second"}, path=f"chat/topic/{topic}/message/12345/")

    with pytest.raises(NotFoundError, match="first"):
        await provider.regenerate(topic, "12346", Turn())


async def test_a_regenerate_with_the_same_words_is_told_by_its_tail(
    vendor: IChatiEmulator, provider: IChati, topic: str
) -> None:
    vendor.configure(reply="the same")
    await provider.send(topic, asked())

    assert (await provider.regenerate(topic, "12346", Turn())).effect == "replaced"
    vendor.configure(tail="none")
    with pytest.raises(StreamInterruptedError):
        await provider.regenerate(topic, "12346", Turn())


async def test_a_question_without_a_reply_gets_a_new_one(vendor: IChatiEmulator, provider: IChati, topic: str) -> None:
    vendor.configure(keeps="user", tail="none")
    with pytest.raises(StreamInterruptedError):
        await provider.send(topic, asked())

    with pytest.raises(OmnilogueError):  # this vendor wants a pair
        await provider.regenerate(topic, "12345", Turn())
    with pytest.raises(NotFoundError):
        await provider.regenerate(topic, "99999", Turn())


async def test_a_regenerate_that_breaks_keeps_what_came(vendor: IChatiEmulator, provider: IChati, topic: str) -> None:
    await provider.send(topic, asked())
    vendor.fail_next("stream_cut", after=2)

    with pytest.raises(StreamInterruptedError) as caught:
        await provider.regenerate(topic, "12346", Turn())

    assert caught.value.outcome == "unknown"
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Answer 2 "
