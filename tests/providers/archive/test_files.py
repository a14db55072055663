# ruff: noqa: ASYNC240 - what a test does to a file may block
import os
from pathlib import Path

import pytest

from omnilogue.errors import InvalidInputError, NotFoundError
from omnilogue.model import INLINE_BYTES, FilePart, ImagePart, MediaPart, Message, TextPart
from omnilogue.provider import Draft, Query
from omnilogue_archive.provider import Archive

pytestmark = pytest.mark.anyio


@pytest.fixture
async def conversation_id(archive: Archive) -> str:
    return (await archive.create_conversation(Draft())).id


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(2 * INLINE_BYTES + 7))
    return path


def with_part(part: FilePart | ImagePart) -> Message:
    return Message(role="user", parts=(TextPart(text="Look:"), part))


def kept_part(message: Message) -> MediaPart:
    part = message.parts[-1]
    assert isinstance(part, MediaPart)
    return part


def count(archive: Archive, table: str) -> int:
    with archive._store.read() as database:
        assert database is not None
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


async def test_a_small_file_stays_in_its_part(archive: Archive, conversation_id: str, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_bytes(b"small \xff")
    part = FilePart.from_path(tmp_path / "note.txt")

    stored = kept_part((await archive.append(conversation_id, [with_part(part)]))[0])

    assert stored.model_dump() == part.model_dump()
    assert await archive.download(stored) == b"small \xff"
    assert count(archive, "pieces") == 0


async def test_a_large_file_is_copied_and_given_back(archive: Archive, conversation_id: str, large: Path) -> None:
    content = large.read_bytes()
    part = ImagePart.from_path(large)

    message = (await archive.append(conversation_id, [with_part(part)]))[0]
    large.unlink()

    stored = kept_part(message)
    assert stored.model_dump() == {**part.model_dump(), "file_id": part.sha256}
    assert stored.path is None
    assert await archive.get_message(conversation_id, message.id or "") == message
    assert await archive.download(stored) == content


async def test_a_file_is_kept_once_and_as_long_as_a_message_refers_to_it(
    archive: Archive, conversation_id: str, large: Path
) -> None:
    message = with_part(FilePart.from_path(large))
    first = (await archive.append(conversation_id, [message, Message.user("between")]))[0]
    other = await archive.create_conversation(Draft(messages=(message, first)))
    page = await archive.list_messages(other.id, None, Query())
    pieces = count(archive, "pieces")

    await archive.delete_message(conversation_id, first.id or "")
    await archive.delete_message(other.id, page.items[0].id or "")
    assert len(await archive.download(kept_part(page.items[1]))) == 2 * INLINE_BYTES + 7
    await archive.delete_conversation(other.id)

    assert pieces == 3
    assert count(archive, "pieces") == 0
    with pytest.raises(NotFoundError):
        await archive.download(kept_part(first))


async def test_clearing_drops_the_files_and_an_edit_keeps_them(
    archive: Archive, conversation_id: str, large: Path
) -> None:
    message = (await archive.append(conversation_id, [with_part(FilePart.from_path(large))]))[0]

    edited = await archive.edit_message(conversation_id, message.id or "", "See:")
    assert len(await archive.download(kept_part(edited))) == 2 * INLINE_BYTES + 7
    await archive.clear_messages(conversation_id)

    assert count(archive, "pieces") == count(archive, "attachments") == 0


async def test_a_file_that_changed_since_it_was_described_is_refused(
    archive: Archive, conversation_id: str, large: Path
) -> None:
    message = with_part(FilePart.from_path(large))
    large.write_bytes(b"x" * (INLINE_BYTES + 1))

    with pytest.raises(InvalidInputError, match="changed") as refused:
        await archive.append(conversation_id, [Message.user("first"), message])

    assert refused.value.outcome == "rejected"
    assert count(archive, "pieces") == count(archive, "messages") == 0


async def test_a_file_that_is_gone_is_refused_and_named(archive: Archive, conversation_id: str, large: Path) -> None:
    message = with_part(FilePart.from_path(large))
    large.unlink()

    with pytest.raises(InvalidInputError, match=r"film\.mp4"):
        await archive.append(conversation_id, [message])


async def test_what_a_vendor_keeps_is_kept_as_a_reference_and_cannot_be_downloaded_here(
    archive: Archive, conversation_id: str
) -> None:
    part = ImagePart(url="https://pictures.example/1", file_id="file-7")

    stored = kept_part((await archive.append(conversation_id, [with_part(part)]))[0])

    assert stored == part
    with pytest.raises(NotFoundError, match="file-7"):
        await archive.download(stored)


async def test_an_archive_that_does_not_exist_keeps_no_file(archive: Archive, path: Path) -> None:
    with pytest.raises(NotFoundError):
        await archive.download(FilePart(file_id="x"))
    with pytest.raises(NotFoundError):
        await archive.download(FilePart(name="x"))
    assert not path.exists()
