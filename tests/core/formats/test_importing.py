"""Export and import: what comes back is what went out, and nothing is written that was not checked."""

import io
import tracemalloc
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest

from omnilogue import AsyncClient, AsyncRemote, Conversation, Message
from omnilogue.emulator import Emulator
from omnilogue.errors import (
    InvalidInputError,
    LossRefusedError,
    NotFoundError,
    PluginError,
    UnavailableError,
    UnsupportedOperationError,
)
from omnilogue.formats.exporting import Exported, export_to
from omnilogue.formats.importing import Imported, import_from
from omnilogue.formats.jsonl import JSONL
from omnilogue.formats.markdown import MARKDOWN
from omnilogue.model import FilePart, Page, ReasoningPart, TextPart, ToolCallPart, Usage
from omnilogue.provider import Entry, Format, Lost
from omnilogue_memory.provider import Memory

pytestmark = pytest.mark.anyio

Remotes: TypeAlias = Callable[..., AsyncRemote]

AT = datetime(2026, 5, 1, 8, tzinfo=UTC)
PLACE = {"id": None, "conversation_id": None, "parent_id": None}


async def exported(remote: AsyncRemote, conversation_id: str | None = None) -> tuple[bytes, Exported]:
    file = io.BytesIO()
    found = await export_to(file, JSONL, remote, conversation_id)
    return file.getvalue(), found


async def stored(content: bytes, remote: AsyncRemote, **options: Any) -> Imported:
    return await import_from(io.BytesIO(content), JSONL, remote, **options)


async def everything(remote: AsyncRemote, *, branches: bool = False) -> list[tuple[Conversation, list[Message]]]:
    return [
        (one, [message async for message in remote.messages(one, branches=branches)])
        async for one in remote.conversations()
    ]


def content_of(found: list[tuple[Conversation, list[Message]]]) -> list[Any]:
    """Give what does not depend on where a conversation lies."""
    fields = {"title", "instructions", "model", "pinned", "metadata"}
    return [
        (one.model_dump(include=fields), [message.model_copy(update=PLACE) for message in messages])
        for one, messages in found
    ]


async def filled(remote: AsyncRemote) -> AsyncRemote:
    """Store two conversations that have something of everything."""
    trip = await remote.create(title="Trip", instructions="Be brief.", model="fast", metadata={"team": "blue"})
    answer = Message(
        role="assistant",
        parts=(ReasoningPart(text="Hm"), TextPart(text="Lisbon\u2028é"), ToolCallPart(id="1", name="f")),
        created_at=AT,
        run_id="r1",
        model="fast",
        usage=Usage(input_tokens=3),
        status="partial",
        metadata={"a": [1, None]},
        raw={"vendor": {"x": 1}},
    )
    file = Message(role="other:boss", parts=(FilePart(name="a.pdf", data=b"\0\xff"),), created_at=AT)
    await remote.append(trip, [Message.system("Rules"), Message.user("Where to?"), answer, file])
    await remote.update(trip, pinned=True)
    await remote.create(title="Empty")
    return remote


# Round trips


@pytest.mark.parametrize("kind", ["archive", "memory"])
async def test_what_keeps_everything_gets_everything(kind: str, archive: Remotes, memory: Remotes) -> None:
    remotes = archive if kind == "archive" else memory
    source, target = await filled(remotes("one")), remotes("two")

    content, told = await exported(source)
    report = await stored(content, target)

    assert content_of(await everything(target)) == content_of(await everything(source))
    assert (told.conversations, told.messages, told.losses, told.complete) == (2, 4, [], True)
    assert (report.conversations, report.messages) == (2, 4)
    assert {loss["kind"] for loss in report.losses} == {"id", "time"}


async def test_the_same_file_again_makes_a_second_copy(archive: Remotes) -> None:
    content, _ = await exported(await filled(archive("one")))
    target = archive("two")

    await stored(content, target)
    await stored(content, target)

    found = content_of(await everything(target))
    assert len(found) == 4
    assert found[:2] == found[2:]


@pytest.mark.parametrize("provider", ["mindcraft", "minimax"])
async def test_a_vendor_gives_back_what_it_was_given(
    provider: str, client: AsyncClient, archive: Remotes, omnilogue_emulator: Callable[..., Emulator]
) -> None:
    vendor = client.connect(provider, name="work", **{**omnilogue_emulator(provider).settings, "settle": 0})
    source = archive("one")
    for title in ("Trip", "Work"):
        made = await source.create(title=title, metadata={"team": "blue"})
        lines = [Message.of("assistant" if number % 2 else "user", f"Line {number}") for number in range(3)]
        await source.append(made, lines)

    await stored((await exported(source))[0], vendor)
    content, told = await exported(vendor)
    back = archive("two")
    await stored(content, back, allow_loss=("vendor_fields",))

    found = [(one.title, one.metadata, [message.text for message in texts]) for one, texts in await everything(back)]
    lines_of = ["Line 0", "Line 1", "Line 2"]
    assert sorted(found) == [("Trip", {"team": "blue"}, lines_of), ("Work", {"team": "blue"}, lines_of)]
    assert told.complete is (provider == "mindcraft")


async def test_files_of_a_vendor_that_shows_only_their_ids_come_back(
    client: AsyncClient, archive: Remotes, omnilogue_emulator: Callable[..., Emulator]
) -> None:
    vendor = client.connect("minimax", name="work", **{**omnilogue_emulator("minimax").settings, "settle": 0})
    source = archive("one")
    file = Message(role="user", parts=(TextPart(text="Read."), FilePart(name="a.txt", data=b"A note.")))
    await source.append(await source.create(title="Trip"), file)

    await stored((await exported(source))[0], vendor)
    await stored((await exported(vendor))[0], vendor, allow_loss="vendor_fields")

    found = await everything(vendor)
    parts = [part for _, messages in found for message in messages for part in message.parts if part.type == "file"]
    assert [await vendor.download(part) for part in parts] == [b"A note."] * 2
    assert len({part.file_id for part in parts}) == 1


async def test_branches_and_the_active_one_come_back(archive: Remotes) -> None:
    source, target = archive("one"), archive("two")
    made = await source.create(title="Tree")
    first = await source.append(made, "one")
    for text in ("two a", "three a"):
        await source.append(made, text)
    below = [message async for message in source.messages(made)]
    other = Message.user("two b").model_copy(update={"parent_id": first.id})
    await source.append(made, other)
    await source.append(made, "three b")
    again = Message.user("four a").model_copy(update={"parent_id": below[2].id})
    await source.append(made, again)
    await source.append(made, Message.user("three c").model_copy(update={"parent_id": below[1].id}))

    await stored((await exported(source))[0], target)

    def tree(messages: list[Message]) -> set[tuple[str, str]]:
        texts = {message.id: message.text for message in messages}
        return {(message.text, texts.get(message.parent_id, "")) for message in messages}

    [(_, ours)], [(_, theirs)] = await everything(source, branches=True), await everything(target, branches=True)
    assert tree(theirs) == tree(ours)
    [(_, ours)], [(_, theirs)] = await everything(source), await everything(target)
    assert [message.text for message in theirs] == [message.text for message in ours] == ["one", "two a", "three c"]


def tree_lines(head: str, *messages: tuple[str, str | None]) -> bytes:
    """Write a file of one conversation with these messages, each with its parent."""
    lines = ['{"format":"omnilogue/1"}', f'{{"conversation":{{"id":"c1","head_id":"{head}"}}}}']
    for identifier, parent in messages:
        message = Message.user(identifier).model_copy(update={"id": identifier, "parent_id": parent})
        lines.append(f'{{"message":{message.model_dump_json()}}}')
    return "\n".join([*lines, f'{{"end":{{"conversations":1,"messages":{len(messages)}}}}}\n']).encode()


async def texts_of(remote: AsyncRemote) -> list[str]:
    [(_, messages)] = await everything(remote)
    return [message.text for message in messages]


@pytest.mark.parametrize(
    "others",
    [[("c", "b"), ("d", "b"), ("e", "d")], [("c", None), ("d", "a")], [("c", None), ("d", "a"), ("e", None)]],
)
async def test_the_active_branch_may_end_before_the_last_message(
    others: list[tuple[str, str | None]], archive: Remotes
) -> None:
    remote = archive("one")

    await stored(tree_lines("c", ("a", None), ("b", "a"), *others), remote)

    assert await texts_of(remote) == ["a", "b", "c"]
    [(_, messages)] = await everything(remote, branches=True)
    assert len(messages) == 2 + len(others)


async def test_an_id_that_comes_twice_loses_no_message(archive: Remotes) -> None:
    remote = archive("one")

    await stored(tree_lines("b", ("a", None), ("b", "a"), ("b", "a"), ("c", "a")), remote)

    [(_, messages)] = await everything(remote, branches=True)
    assert sorted(message.text for message in messages) == ["a", "b", "b", "c"]
    assert await texts_of(remote) == ["a", "b"]


async def test_what_has_no_text_keeps_its_place_in_the_tree(archive: Remotes) -> None:
    remote = archive("one")
    content = tree_lines("", ("a", None), ("b", "a"), ("EMPTY", "a"), ("c", "EMPTY"), ("d", "EMPTY"))
    blank = content.replace(b'"text":"EMPTY"', b'"text":" "')

    await stored(blank, remote, allow_loss=("text",))

    [(_, messages)] = await everything(remote, branches=True)
    texts = {message.id: message.text for message in messages}
    below = {message.text: texts.get(message.parent_id) for message in messages}
    assert below == {"a": None, "b": "a", "[no text]": "a", "c": "[no text]", "d": "[no text]"}


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (tree_lines("b", ("a", None), ("b", "a"), ("c", "b")), 1),
        (tree_lines("c", ("a", None), ("b", "a"), ("c", "nowhere")), 1),
    ],
    ids=["active branch that goes on", "parent that is not there"],
)
async def test_a_tree_that_cannot_be_built_needs_consent(content: bytes, count: int, archive: Remotes) -> None:
    remote = archive("one")

    with pytest.raises(LossRefusedError, match=rf"one: the import would lose branch \({count}\)"):
        await stored(content, remote)
    assert await everything(remote) == []

    await stored(content, remote, allow_loss=("branch",))
    assert await texts_of(remote) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("head", "others", "active"),
    [
        ("d", [("c", "a"), ("d", "c")], ["a", "c", "d"]),
        ("b", [("c", "b")], ["a", "b"]),
        ("b", [("c", "nowhere")], ["a", "b"]),
        ("b", [("c", "a"), ("d", None)], ["a", "b"]),
        ("", [("c", "a"), ("d", None)], ["a", "c", "d"]),
    ],
)
async def test_without_branches_only_the_active_one_is_stored(
    head: str, others: list[tuple[str, str | None]], active: list[str], memory: Remotes
) -> None:
    remote = memory("one")
    content = tree_lines(head, ("a", None), ("b", "a"), *others)
    left_out = 2 + len(others) - len(active)

    with pytest.raises(LossRefusedError, match=rf"would lose branch \({left_out}\)"):
        await stored(content, remote)

    totals: set[int] = set()
    report = await stored(content, remote, allow_loss="branch", watch=lambda _, total: totals.add(total))
    assert await texts_of(remote) == active
    assert report.messages == len(active)
    assert totals == {1 + len(active)}


async def test_what_another_branch_would_lose_is_not_asked_for(memory: Remotes) -> None:
    content = tree_lines("c", ("a", None), ("b", "a"), ("c", "a")).replace(
        b'"text":"b"', b'"text":"%s"' % (b"b" * 5_000_000)
    )

    report = await stored(content, memory("one", like="mindcraft"), allow_loss="branch")

    assert [loss["kind"] for loss in report.losses] == ["id", "branch"]


# What is refused


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The writes of all memories from here on."""
    calls: list[str] = []
    for name in ("create_conversation", "append", "update_conversation"):
        real = getattr(Memory, name)

        async def noted(self: Any, *given: Any, _name: str = name, _real: Any = real) -> Any:
            calls.append(_name)
            return await _real(self, *given)

        monkeypatch.setattr(Memory, name, noted)
    return calls


async def test_a_bad_line_is_named_and_nothing_is_written(memory: Remotes, writes: list[str]) -> None:
    content = tree_lines("a", ("a", None)).replace(b'{"end"', b'{"message":{"role":7}}\n{"end"')

    with pytest.raises(InvalidInputError, match=r"line 4: message\.role"):
        await stored(content, memory("one"))

    assert writes == []


async def test_a_text_that_does_not_fit_is_cut_only_with_consent(memory: Remotes, writes: list[str]) -> None:
    remote = memory("one", like="mindcraft")
    content = tree_lines("b", ("a", None), ("b", "a")).replace(b'"text":"b"', b'"text":"%s"' % (b"b" * 5_000_000))

    with pytest.raises(LossRefusedError, match=r"would lose text \(1\)"):
        await stored(content, remote)
    assert writes == []

    report = await stored(content, remote, allow_loss="text")
    assert (await texts_of(remote))[1].endswith("b\n[805724 bytes are missing]")
    assert [loss["example"] for loss in report.losses if loss["kind"] == "text"] == ["conversation 1, c1, message b"]


async def test_losses_are_refused_before_anything_is_written(memory: Remotes, writes: list[str]) -> None:
    content, _ = await exported(await filled(memory("one")))
    writes.clear()
    target = memory("two", like="mindcraft")

    with pytest.raises(LossRefusedError) as caught:
        await stored(content, target, allow_loss=("reasoning",))

    assert writes == []
    assert caught.value.losses == ("attachment", "pinned", "role", "tool_call", "vendor_fields")


async def test_with_consent_the_rest_is_stored_and_the_losses_are_told(memory: Remotes) -> None:
    content, _ = await exported(await filled(memory("one")))
    target = memory("two", like="mindcraft")

    report = await stored(content, target, allow_loss=True)

    counts = {loss["kind"]: loss["count"] for loss in report.losses if loss["class"] != "inherent"}
    assert counts == dict.fromkeys(("pinned", "vendor_fields", "reasoning", "role", "attachment", "tool_call"), 1)
    assert {loss["action"] for loss in report.losses if loss["class"] == "inherent"} == {"dropped"}
    assert (report.conversations, report.messages) == (2, 4)
    assert "[file: a.pdf]" in {message.text for _, messages in await everything(target) for message in messages}


async def test_a_remote_that_stores_no_messages_takes_no_file(memory: Remotes, writes: list[str]) -> None:
    with pytest.raises(UnsupportedOperationError, match=r"append_user is not supported.*a copy works here"):
        await stored(tree_lines("a", ("a", None)), memory("one", like="ichati"), allow_loss=True)

    assert writes == []


async def test_a_format_does_only_what_it_can(memory: Remotes) -> None:
    with pytest.raises(InvalidInputError, match="markdown cannot be read"):
        await import_from(io.BytesIO(), MARKDOWN, memory("one"))
    with pytest.raises(InvalidInputError, match="x cannot be written"):
        await export_to(io.BytesIO(), Format("x", (), read=JSONL.read), memory("two"))


async def test_a_format_that_fails_is_named(memory: Remotes, writes: list[str]) -> None:
    async def broken(entries: Any, file: Any) -> None:
        raise LookupError("lost")

    async def lost(file: Any) -> AsyncIterator[Entry]:
        yield Conversation(id="c1")
        raise LookupError("lost")

    async def orphan(file: Any) -> AsyncIterator[Entry]:
        yield Message.user("x")

    remote = memory("one")
    with pytest.raises(PluginError, match="the format 'x' failed: LookupError: lost"):
        await export_to(io.BytesIO(), Format("x", (), write=broken), remote)
    with pytest.raises(PluginError, match="the format 'x' failed: LookupError: lost"):
        await import_from(io.BytesIO(), Format("x", (), read=lost), remote)
    with pytest.raises(PluginError, match="the format 'x' gives Message where a conversation must come"):
        await import_from(io.BytesIO(), Format("x", (), read=orphan), remote)
    assert writes == []


# On the way


async def test_messages_go_in_batches(memory: Remotes, writes: list[str]) -> None:
    lines = [(f"m{number}", f"m{number - 1}" if number else None) for number in range(120)]
    seen: list[tuple[int, int]] = []

    await stored(tree_lines("m119", *lines), memory("one"), watch=lambda done, total: seen.append((done, total)))

    assert writes == ["create_conversation", "append", *["append"] * 3]  # memory's create appends, too
    assert seen[0] == (0, 121)
    assert seen[-1][0] > 50


async def test_a_failure_tells_what_is_stored(memory: Remotes, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Memory.append

    async def failing(self: Memory, conversation_id: str, messages: Any) -> list[Message]:
        if messages and messages[0].text == "c":
            raise UnavailableError("the vendor is down", code="server", outcome="rejected", hint="wait")
        return await real(self, conversation_id, messages)

    monkeypatch.setattr(Memory, "append", failing)
    remote = memory("one", like="mindcraft")
    whole = tree_lines("b", ("a", None), ("b", "a"))
    await stored(whole, remote)

    with pytest.raises(UnavailableError) as caught:
        await stored(tree_lines("c", ("a", None), ("b", "a"), ("c", "b")), remote)

    hint = "0 conversations were imported before this; one:c4 was begun and has 2 of its messages; wait"
    assert caught.value.hint == hint


async def test_a_conversation_that_is_gone_is_left_out(memory: Remotes, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = await filled(memory("one"))
    real = Memory.list_messages

    async def gone(self: Memory, conversation_id: str, cursor: str | None, query: Any) -> Any:
        if conversation_id == "c1":
            raise NotFoundError("gone", outcome="rejected")
        return await real(self, conversation_id, cursor, query)

    monkeypatch.setattr(Memory, "list_messages", gone)
    content, told = await exported(remote)

    assert (told.conversations, told.messages, told.complete) == (1, 0, False)
    assert b'"complete":false' in content
    with pytest.raises(NotFoundError):
        await exported(remote, "c1")


async def test_losses_of_a_format_are_counted(memory: Remotes) -> None:
    async def nothing(entries: Any, file: Any) -> None:
        async for _ in entries:
            pass

    form = Format("x", (), write=nothing, losses=lambda _: [Lost("text", "dropped")])

    told = await export_to(io.BytesIO(), form, await filled(memory("one")))

    assert [(loss["kind"], loss["count"]) for loss in told.losses] == [("text", 6)]
    assert told.losses[0]["example"] == "one:c1"


async def test_a_long_conversation_takes_no_more_memory(memory: Remotes, monkeypatch: pytest.MonkeyPatch) -> None:
    count, size, page = 4_000, 2_000, 50

    def message(number: int) -> Message:
        parent = f"m{number - 1}" if number else None
        return Message.user(f"{number} " * (size // 5)).model_copy(update={"id": f"m{number}", "parent_id": parent})

    async def many(file: Any) -> AsyncIterator[Entry]:
        yield Conversation(id="c1")
        for number in range(count):
            yield message(number)

    async def forgotten(self: Memory, conversation_id: str, messages: Any) -> list[Message]:
        return [one.model_copy(update={"id": "m"}) for one in messages]

    async def listed(self: Memory, conversation_id: str, cursor: str | None, query: Any) -> Page[Message]:
        start = int(cursor or 0)
        found = tuple(message(number) for number in range(start, start + page))
        return Page(items=found, next_cursor=str(start + page) if start + page < count else None)

    class Nowhere(io.BytesIO):
        def write(self, content: Any) -> int:
            return len(content)

    monkeypatch.setattr(Memory, "append", forgotten)
    monkeypatch.setattr(Memory, "list_messages", listed)
    remote = memory("one")
    tracemalloc.start()
    try:
        report = await import_from(io.BytesIO(), Format("many", (), read=many), remote)
        told = await export_to(Nowhere(), JSONL, remote)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (report.messages, told.messages) == (count, count)
    assert peak < count * size / 4
