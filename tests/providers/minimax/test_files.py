"""Files: uploaded before their message, never twice, taken back where the message could not be stored."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnilogue import AsyncClient, FilePart, Message, TextPart
from omnilogue.errors import (
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    OmnilogueError,
    UnavailableError,
    UnsupportedOperationError,
)
from omnilogue.model import Citation
from omnilogue.provider import Query, Turn
from omnilogue_minimax import MiniMax
from omnilogue_minimax.emulator import MiniMaxEmulator
from omnilogue_minimax.emulator_files import FIRST_ID
from omnilogue_minimax.wire import FILE, FILES, MESSAGE

pytestmark = pytest.mark.anyio

Connect = Callable[..., MiniMax]
NOTE = b"\xef\xbb\xbfA note.\r\n"
UPLOAD, ADD = "files/upload", "threads/messages/add"


def note(name: str = "note.txt", data: bytes = NOTE) -> FilePart:
    return FilePart(name=name, media_type="text/plain", size=len(data), data=data)


def with_note(text: str = "Read this.", role: str = "user") -> Message:
    return Message(role=role, parts=(TextPart(text=text), note()))


def attached(vendor: MiniMaxEmulator, thread: str) -> list[list[bytes]]:
    return [
        [vendor.store.files.find(file_id).content for file_id in row.file_ids] for row in vendor.store.messages(thread)
    ]


async def test_a_message_names_the_file_that_was_uploaded_for_it(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    (stored,) = await provider.append(thread, [with_note()])

    (file,) = vendor.store.files.all()
    assert (file.name, file.content, file.purpose) == ("note.txt", NOTE, "assistants")
    (added,) = vendor.journal.requests(ADD)
    assert added.body["file_ids"] == [str(file.id)]
    assert stored.parts == (TextPart(text="Read this."), FilePart(file_id=str(file.id)))
    assert await provider.download(FilePart(file_id=str(file.id))) == NOTE


@pytest.mark.parametrize("role", ["user", "assistant"])
@pytest.mark.parametrize("shown", ["text", "integer"])
async def test_ids_of_files_are_text_however_they_are_shown(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, role: str, shown: str
) -> None:
    vendor.configure(file_ids_shown=shown)
    await provider.append(thread, [with_note(role=role)])

    (message,) = (await provider.list_messages(thread, None, Query())).items

    (part,) = [part for part in message.parts if isinstance(part, FilePart)]
    assert part.file_id == str(vendor.store.files.all()[0].id)
    assert float(part.file_id) != FIRST_ID + 1
    assert await provider.download(part) == NOTE


@pytest.mark.parametrize("number", [2**53 + 1, 2**60 + 3, 2**63 - 1, 7])
def test_no_id_goes_through_a_float(number: int) -> None:
    row = b'{"file_id": %d, "bytes": 3, "filename": "a"}' % number

    assert FILE.validate_json(b'{"file": %s}' % row).file.file_id == str(number)
    assert [each.file_id for each in FILES.validate_json(b'{"files": [%s]}' % row).files or ()] == [str(number)]
    assert [each.file_id for each in FILES.validate_json(b'{"data": [%s]}' % row).files or ()] == [str(number)]
    for told in (b"%d", b'"%d"'):
        message = MESSAGE.validate_json(b'{"id": "m", "file_ids": [%s]}' % (told % number))
        assert message.file_ids == [str(number)]


async def test_a_turn_brings_its_files(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    turn = Turn(parts=(note("a.txt", b"a"), TextPart(text="Read both. [cite]"), note("b.txt", b"b")))

    reply = await provider.send(thread, turn)
    events = [event async for event in provider.stream(thread, turn)]

    assert [files for files in attached(vendor, thread) if files] == [[b"a", b"b"]] * 2
    assert events[-1].type == "reply_completed"
    (part,) = reply.messages[0].parts
    assert isinstance(part, TextPart)
    file_id = str(vendor.store.files.all()[0].id)
    assert part.citations == (
        Citation(
            start=part.citations[0].start,
            end=part.citations[0].end,
            marker="【1†source】",
            quote="What source 1 says.",
            file_id=file_id,
        ),
    )


async def test_a_file_that_is_there_already_is_not_uploaded(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    file_id = str(vendor.store.files.add("old.txt", b"old").id)

    await provider.append(thread, [Message(role="user", parts=(FilePart(file_id=file_id),))])

    assert attached(vendor, thread) == [[b"old"]]
    assert vendor.journal.requests(UPLOAD) == []


async def test_a_large_file_is_read_from_the_disk(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 8192
    path = tmp_path / "large.bin"
    path.write_bytes(content)
    part = FilePart.from_path(path)

    await provider.append(thread, [Message(role="user", parts=(part,))])

    assert part.data is None
    assert attached(vendor, thread) == [[content]]


async def test_the_purpose_is_a_setting(vendor: MiniMaxEmulator, connect: Connect, thread: str) -> None:
    await connect(file_purpose="retrieval").append(thread, [with_note()])

    assert [file.purpose for file in vendor.store.files.all()] == ["retrieval"]


async def test_a_file_without_content_is_refused_before_anything_is_sent(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    parts = (note(), FilePart(url="https://example.com/a.txt", name="a.txt"))

    with pytest.raises(UnsupportedOperationError, match=r"a\.txt has neither"):
        await provider.append(thread, [Message(role="user", parts=parts)])

    assert list(vendor.journal) == []


async def test_a_file_that_is_too_large_is_refused(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, tmp_path: Path
) -> None:
    path = tmp_path / "huge.bin"
    with path.open("wb") as file:
        file.truncate(2 * 1024 * 1024)
    part = FilePart.from_path(path).model_copy(update={"size": 512 * 1024 * 1024 + 1})

    with pytest.raises(InvalidInputError, match="takes 536870912") as caught:
        await provider.append(thread, [Message(role="user", parts=(part,))])

    assert caught.value.outcome == "not_sent"


@pytest.mark.parametrize("part", [FilePart(), FilePart(file_id="7"), FilePart(file_id="no-such-file")])
async def test_bytes_nobody_has_are_not_found(provider: MiniMax, part: FilePart) -> None:
    with pytest.raises(NotFoundError):
        await provider.download(part)


# Failures


async def test_what_was_uploaded_is_taken_back_where_the_message_is_refused(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    kept = vendor.store.files.add("old.txt", b"old")
    vendor.refuse_next(2013, path=ADD)
    parts = (note("a.txt", b"a"), note("b.txt", b"b"), FilePart(file_id=str(kept.id)))

    with pytest.raises(BadRequestError) as caught:
        await provider.append(thread, [Message(role="user", parts=parts)])

    assert vendor.store.files.all() == [kept]
    assert caught.value.outcome == "rejected"


async def test_what_cannot_be_taken_back_is_named(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    vendor.refuse_next(2013, path=ADD)
    vendor.refuse_next(1000, path="files/delete")

    with pytest.raises(BadRequestError) as caught:
        await provider.append(thread, [with_note()])

    (file,) = vendor.store.files.all()
    assert f"left over at the vendor: {file.id}" in caught.value.hint


async def test_an_upload_that_is_refused_takes_the_others_back(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    await provider.append(thread, [with_note()])
    before = vendor.store.files.all()
    vendor.fail_next("status", status=413, path=UPLOAD)
    vendor.fail_next("delay", seconds=0.0, path=UPLOAD)

    with pytest.raises(OmnilogueError) as caught:
        await provider.append(thread, [Message(role="user", parts=(note("a.txt", b"a"), note("b.txt", b"b")))])

    assert caught.value.outcome in {"rejected", "not_sent"}
    assert vendor.store.files.all() == before
    assert len(vendor.store.messages(thread)) == 1


@pytest.mark.parametrize("kind", ["drop_after", "status_after", "drop_before"])
async def test_a_lost_upload_is_looked_for_before_it_is_repeated(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, kind: str
) -> None:
    other = NOTE.replace(b"A", b"B")  # of the same name and size
    vendor.store.files.add("note.txt", other)
    vendor.fail_next(kind, path=UPLOAD)

    await provider.append(thread, [with_note()])

    assert attached(vendor, thread) == [[NOTE]]
    assert [file.content for file in vendor.store.files.all()] == [other, NOTE]


async def test_an_upload_that_never_works_says_that_no_message_was_sent(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str
) -> None:
    vendor.fail_next("drop_before", times=9, path=UPLOAD)

    with pytest.raises(UnavailableError) as caught:
        await provider.append(thread, [with_note()])

    assert caught.value.outcome == "not_sent"
    assert len(vendor.journal.requests(UPLOAD)) == 3


async def test_an_upload_nobody_can_look_for_is_told(vendor: MiniMaxEmulator, provider: MiniMax, thread: str) -> None:
    vendor.fail_next("drop_after", path=UPLOAD)
    vendor.refuse_next(1000, path="files/list")

    with pytest.raises(OmnilogueError) as caught:
        await provider.append(thread, [with_note()])

    assert (caught.value.outcome, "may have been uploaded" in caught.value.hint) == ("not_sent", True)
    assert len(vendor.journal.requests(UPLOAD)) == 1


@pytest.mark.parametrize("talk", ["append", "send"])
@pytest.mark.parametrize("kind", ["drop_after", "status_after", "drop_before"])
@pytest.mark.parametrize("path", [UPLOAD, ADD])
async def test_through_the_client_no_file_and_no_message_is_doubled(
    vendor: MiniMaxEmulator, clock: Any, talk: str, kind: str, path: str
) -> None:
    settings = {"provider": "minimax", **vendor.settings, "timeout": 10_000}
    async with AsyncClient(False, remotes={"old": settings}, clock=clock) as client:
        remote = client.remote()
        conversation = await remote.create()
        vendor.fail_next(kind, every=2, path=path)
        for number in range(4):
            parts: list[Any] = [f"Read file {number}.", note(f"{number}.txt", b"%d" % number)]
            if talk == "send":
                await remote.send(conversation, parts)
            else:
                await remote.append(conversation, Message(role="user", parts=(TextPart(text=parts[0]), parts[1])))
        vendor.clear_faults()

    asked = [row for row in vendor.store.messages(conversation.id) if row.role == "user"]
    assert [row.text for row in asked] == [f"Read file {number}." for number in range(4)]
    assert [files for files in attached(vendor, conversation.id) if files] == [[b"%d" % number] for number in range(4)]
    assert [file.content for file in vendor.store.files.all()] == [b"%d" % number for number in range(4)]


async def test_through_the_client_a_refused_turn_tells_what_is_left_over(vendor: MiniMaxEmulator) -> None:
    settings = {"provider": "minimax", **vendor.settings, "settle": 0, "max_attempts": 1}
    async with AsyncClient(False, remotes={"old": settings}) as client:
        remote = client.remote()
        conversation = await remote.create()
        vendor.refuse_next(2013, path=ADD)
        vendor.refuse_next(2013, path="files/delete")

        with pytest.raises(BadRequestError) as caught:
            await remote.send(conversation, ["Read this.", note()])

    assert caught.value.outcome == "rejected"
    assert str(vendor.store.files.all()[0].id) in caught.value.hint
