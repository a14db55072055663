"""Where the vendor's pages contradict each other or are silent: the provider works with every reading."""

from collections.abc import Callable
from typing import Any

import pytest

from omnilogue.errors import BadRequestError, NotFoundError, OmnilogueError, RateLimitError, UnsupportedOperationError
from omnilogue.model import Message, TextPart
from omnilogue.provider import Changes, Query, Turn
from omnilogue.remote.account import MemoryNotes
from omnilogue_minimax import MiniMax
from omnilogue_minimax.emulator import MiniMaxEmulator

pytestmark = pytest.mark.anyio

Connect = Callable[..., MiniMax]


def asked(text: str, **options: Any) -> Turn:
    return Turn(parts=(TextPart(text=text),), **options)


async def roles(provider: MiniMax, thread: str) -> list[str]:
    return [message.role for message in (await provider.list_messages(thread, None, Query(order="asc"))).items]


# Identifiers of GET calls: in the body, say the pages; in the query, say clients.


@pytest.mark.parametrize("read", ["both", "query", "body"])
@pytest.mark.parametrize("sent", ["both", "query", "body"])
async def test_parameters_are_found_where_the_vendor_looks(
    vendor: MiniMaxEmulator, connect: Connect, thread: str, read: str, sent: str
) -> None:
    vendor.configure(get_params=read)
    provider = connect(get_params=sent)

    if "both" in {read, sent} or read == sent:
        assert (await provider.get_conversation(thread)).id == thread
        assert (await provider.send(thread, asked("hi"))).text == "Answer 1 to: hi"
    else:
        with pytest.raises(BadRequestError):
            await provider.get_conversation(thread)


# A completed run that has `failed_at`.


@pytest.mark.parametrize("unset", ["zero", "null"])
@pytest.mark.parametrize("stamped", [False, True])
async def test_the_state_of_a_run_decides_and_not_its_times(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, stamped: bool, unset: str
) -> None:
    vendor.configure(failed_at_on_completed=stamped, unset_times=unset)

    assert (await provider.send(thread, asked("hi"))).text == "Answer 1 to: hi"


# Roles: written `user` and `assistant`, read `user` and `ai`.


@pytest.mark.parametrize("word", ["ai", "assistant"])
async def test_answers_may_name_the_role_either_way(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, word: str
) -> None:
    vendor.configure(assistant_word=word)

    reply = await provider.send(thread, asked("hi"))

    assert [message.role for message in reply.messages] == ["assistant"]
    assert await roles(provider, thread) == ["user", "assistant"]


@pytest.mark.parametrize("taken", ["assistant", "ai"])
async def test_the_word_that_is_taken_is_found_out_once(
    vendor: MiniMaxEmulator, connect: Connect, thread: str, taken: str
) -> None:
    vendor.configure(accepts_roles=("user", taken))

    for provider in (connect(), connect()):
        (stored,) = await provider.append(thread, [Message.assistant("hello")])
        assert stored.role == "assistant"

    tried = [entry.body["role"] for entry in vendor.journal.requests("threads/messages/add")]
    assert tried == (["assistant"] * 2 if taken == "assistant" else ["assistant", "ai", "ai"])
    assert await roles(connect(), thread) == ["assistant", "assistant"]


async def test_what_is_remembered_belongs_to_one_host(
    vendor: MiniMaxEmulator, connect: Connect, thread: str, notes: MemoryNotes
) -> None:
    notes.set("assistant_word:another.example.com", "ai")

    await connect().append(thread, [Message.assistant("hello")])

    assert [entry.body["role"] for entry in vendor.journal] == ["assistant"]


async def test_a_host_that_takes_no_word_refuses_and_nothing_is_stored(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    vendor.configure(accepts_roles=("user",))

    with pytest.raises(UnsupportedOperationError, match="'assistant' and 'ai'") as caught:
        await provider.append(thread, [Message.assistant("hello")])

    assert caught.value.outcome == "rejected"
    assert vendor.store.messages(thread) == []


async def test_another_word_can_be_set(vendor: MiniMaxEmulator, connect: Connect, thread: str) -> None:
    vendor.configure(accepts_roles=("user", "ai"))

    await connect(assistant_word="ai").append(thread, [Message.assistant("hello")])

    assert [entry.body["role"] for entry in vendor.journal] == ["ai"]


async def test_another_refusal_is_not_taken_for_a_wrong_word(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    vendor.refuse_next(1002)

    with pytest.raises(RateLimitError):
        await provider.append(thread, [Message.assistant("hello")])

    assert len(vendor.journal) == 1


# Code 1002: a limit in the pages, a content filter in the vendor's command line; both are shown.


@pytest.mark.parametrize("code", [1002, 1039])
async def test_a_limit_is_a_limit_and_shows_the_vendors_words(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, code: int
) -> None:
    vendor.refuse_next(code, "input new_sensitive")

    with pytest.raises(RateLimitError, match=f"{code}: input new_sensitive"):
        await provider.get_conversation(thread)


# What no page tells at all.


@pytest.mark.parametrize("modify", ["replace", "merge"])
async def test_a_key_is_removed_whether_the_vendor_replaces_or_merges(
    vendor: MiniMaxEmulator, provider: MiniMax, modify: str
) -> None:
    vendor.configure(metadata_modify=modify)
    thread = vendor.store.add_thread({"title": "Trip", "keep": "1", "remove": "2"}).id

    for _ in range(2):
        changed = await provider.update_conversation(thread, Changes(title=None, metadata={"keep": "1"}))
        assert (changed.title, changed.metadata) == (None, {"keep": "1"})

    found = await provider.get_conversation(thread)
    assert (found.title, found.metadata) == (None, {"keep": "1"})
    assert len(vendor.journal.requests("threads/modify")) == (2 if modify == "replace" else 3)


@pytest.mark.parametrize("offsets", ["code_points", "utf16", "wrong"])
async def test_offsets_of_citations_may_count_anything(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, offsets: str
) -> None:
    vendor.configure(citation_offsets=offsets)

    reply = await provider.send(thread, asked("\U0001f9f3 hello [cite]"))

    (part,) = reply.messages[0].parts
    assert isinstance(part, TextPart)
    assert [part.text[cited.start : cited.end] == cited.marker for cited in part.citations] == [True]


@pytest.mark.parametrize("annotations", ["list", "null"])
@pytest.mark.parametrize("links", ["filled", "empty"])
async def test_empty_fields_may_be_null_or_empty(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, annotations: str, links: str
) -> None:
    vendor.configure(no_annotations=annotations, user_links=links, updated_at=True)

    reply = await provider.send(thread, asked("hi"))

    assert [part.type for part in reply.messages[0].parts] == ["text"]


@pytest.mark.parametrize("rewritten", [False, True])
async def test_instructions_of_a_run_are_never_read_back(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, rewritten: bool
) -> None:
    vendor.configure(instructions_rewritten=rewritten)

    await provider.send(thread, asked("hi", instructions="Rhyme."))

    assert (await provider.get_conversation(thread)).instructions is None


async def test_a_maximum_of_rows_that_nobody_tells_hides_nothing(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    vendor.configure(max_limit=20)
    ids = [vendor.store.add_message(thread, "user", f"line {number}").id for number in range(45)]

    found: list[str | None] = []
    cursor: str | None = None
    for _ in range(3):
        page = await provider.list_messages(thread, cursor, Query(order="asc"))
        found += [message.id for message in page.items]
        cursor = page.next_cursor

    assert found == ids
    assert cursor is None


async def test_a_page_size_above_the_maximum_can_be_set_lower(
    vendor: MiniMaxEmulator, connect: Connect, thread: str
) -> None:
    vendor.configure(max_limit=20, over_max_limit="2013")
    vendor.store.add_message(thread, "user", "hi")

    with pytest.raises(BadRequestError):
        await connect().list_messages(thread, None, Query())
    assert len((await connect(page_size=20).list_messages(thread, None, Query())).items) == 1


@pytest.mark.parametrize("answer", ["run", "base_resp"])
@pytest.mark.parametrize("cancelling", [False, True])
async def test_a_cancel_may_answer_with_the_run_or_without(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, answer: str, cancelling: bool
) -> None:
    vendor.configure(cancel_answer=answer, cancelling=cancelling)
    run = vendor.store.add_run(thread, vendor.store.add_assistant().id)

    await provider.stop(thread, run.id)

    assert vendor.store.run(thread, run.id).status == ("cancelling" if cancelling else "cancelled")


@pytest.mark.parametrize("fields", [False, True])
@pytest.mark.parametrize("status", [200, 400])
async def test_a_refusal_may_show_empty_fields_and_any_status(
    vendor: MiniMaxEmulator, provider: MiniMax, status: int, fields: bool
) -> None:
    vendor.configure(error_http_status=status, errors_with_fields=fields)

    for refused in (provider.get_conversation("thread_0"), provider.list_messages("thread_0", None, Query())):
        with pytest.raises(NotFoundError):
            await refused


@pytest.mark.parametrize("code", [1004, 2049])
async def test_a_wrong_key_has_two_codes(vendor: MiniMaxEmulator, provider: MiniMax, thread: str, code: int) -> None:
    vendor.configure(wrong_key_code=code)
    vendor.keys.clear()

    with pytest.raises(OmnilogueError) as caught:
        await provider.get_conversation(thread)

    assert caught.value.code == "auth"
