# ruff: noqa: ASYNC240 - what a test looks for in a folder may block
"""Files go along with their messages where both ends let them, and a plan tells where they do not."""

import os
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest

from omnilogue import AsyncRemote, AuthenticationError, StateError
from omnilogue.model import INLINE_BYTES, FilePart, MediaPart, Message, TextPart
from omnilogue_memory.provider import Memory
from omnilogue_minimax.emulator_objects import text_part

pytestmark = pytest.mark.anyio

SMALL = b"Lisbon\n" * 100
LARGE = os.urandom(INLINE_BYTES + 1)


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder for files that lie nowhere for long."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Give a small file and one that no part has room for."""
    found = [tmp_path / "small.txt", tmp_path / "large.bin"]
    for path, content in zip(found, (SMALL, LARGE), strict=True):
        path.write_bytes(content)
    return found


async def fill(remote: AsyncRemote, paths: list[Path]) -> None:
    """Store a message with each file, one with both, and others around them."""
    made = await remote.create(title="Trip")
    await remote.append(made, "Hello.")
    for number, chosen in enumerate(([paths[0]], [paths[1]], paths)):
        files = [FilePart.from_path(path) for path in chosen]
        await remote.append(made, Message(role="user", parts=(TextPart(text=f"Read this, {number}."), *files)))
        await remote.append(made, f"I have read it, {number}.", role="assistant")


async def files(remote: AsyncRemote) -> list[MediaPart]:
    """Give the files of the only conversation of a remote."""
    [conversation] = [each async for each in remote.conversations()]
    messages = [message async for message in remote.messages(conversation)]
    return [part for message in messages for part in message.parts if isinstance(part, MediaPart)]


async def contents(remote: AsyncRemote) -> list[bytes]:
    return [await remote.download(part) for part in await files(remote)]


@pytest.mark.parametrize("source", ["minimax", "archive"])
async def test_an_archive_holds_the_files_themselves(source: str, ends: Any, paths: list[Path], scratch: Path) -> None:
    ends.add("here", source)
    ends.add("there", "archive")
    async with ends.client() as client:
        await fill(client.remote("here"), paths)
        if source == "minimax":
            ends.vendors["here"].journal.clear()

        planned = await client.plan("here:", "there:")
        copied = await client.copy("here:", "there:")
        checked = await client.check("here:", "there:")

        assert (copied.dead, copied.losses) == ((), planned.losses)
        assert (checked.is_clean, [item.symbol for item in checked.items], checked.messages.equal) == (True, ["="], 7)
        assert not (await client.plan("here:", "there:")).has_work
        assert ends.writes("here") == []
        assert list(scratch.iterdir()) == []

    ends.vendors.clear()
    async with ends.client() as client:
        assert await contents(client.remote("there")) == [SMALL, LARGE, SMALL, LARGE]
        told = await files(client.remote("there"))
        assert [part.size for part in told] == [len(SMALL), len(LARGE)] * 2
        assert [(part.name, part.media_type) for part in told[:2]] == [
            ("small.txt", "text/plain"),
            ("large.bin", "application/octet-stream"),
        ]
        assert all(part.sha256 for part in told)


async def test_a_plan_counts_the_requests_for_files(ends: Any, paths: list[Path]) -> None:
    ends.add("here", "minimax")
    ends.add("there", "archive")
    async with ends.client() as client:
        await fill(client.remote("here"), paths)
        with_files = await client.plan("here:", "there:")
        made = await client.remote("here").create(title="Plain")
        for number in range(7):
            await client.remote("here").append(made, f"text {number}")

        plain = await client.plan("here:", "there:", title="Plain")

        assert with_files.calls == plain.calls + 2 * 4


async def test_a_file_too_large_for_the_target_becomes_a_placeholder(ends: Any, paths: list[Path]) -> None:
    ends.add("here", "archive")
    ends.add("there", "memory")
    async with ends.client() as client:
        await fill(client.remote("here"), paths)

        planned = await client.plan("here:", "there:", max_loss="any")
        refused = await client.plan("here:", "there:")
        copied = await client.copy("here:", "there:", max_loss="any")

        lost = [(loss.kind, loss.action, loss.count) for loss in copied.losses if loss.kind == "attachment"]
        assert lost == [("attachment", "placeholder", 2)]
        assert copied.losses == planned.losses == refused.losses
        assert await contents(client.remote("there")) == [SMALL, SMALL]
        assert [item.symbol for item in (await client.check("here:", "there:")).items] == ["~"]


async def test_a_file_found_too_large_on_the_way_is_a_dead_letter(ends: Any, paths: list[Path]) -> None:
    ends.add("here", "minimax")
    ends.add("there", "memory")
    async with ends.client() as client:
        await fill(client.remote("here"), paths)

        copied = await client.copy("here:", "there:")

        assert [letter.code for letter in copied.dead] == ["content_too_large"]


async def test_a_file_the_source_has_no_longer_stays_a_name_and_is_told(ends: Any, paths: list[Path]) -> None:
    ends.add("here", "minimax")
    ends.add("there", "archive")
    async with ends.client() as client:
        here = client.remote("here")
        await fill(here, paths)
        vendor = ends.vendors["here"]
        gone = vendor.store.files.all()[1]
        vendor.store.files.delete(gone.id)

        planned = await client.plan("here:", "there:")
        copied = await client.copy("here:", "there:")

        found = await files(client.remote("there"))
        assert found[1] == FilePart(file_id=str(gone.id))
        assert [part.sha256 is None for part in found] == [False, True, False, False]
        told = [(loss.kind, loss.action, loss.count, loss.example) for loss in copied.losses]
        assert ("attachment", "kept", 1, f"file {gone.id}") in told
        assert [loss for loss in copied.losses if loss.is_lost] == [loss for loss in planned.losses if loss.is_lost]
        assert copied.dead == ()
        assert [item.symbol for item in (await client.check("here:", "there:")).items] == ["="]


async def test_a_copy_in_pieces_brings_each_file_over_once(ends: Any, paths: list[Path], scratch: Path) -> None:
    ends.add("here", "minimax")
    ends.add("there", "archive")
    async with ends.client() as client:
        await fill(client.remote("here"), paths)
        vendor, ended = ends.vendors["here"], 0

        while True:
            vendor.clear_faults()
            vendor.fail_next("status", every=3, path="/v1/files/retrieve_content", status=401)
            try:
                copied = await client.copy("here:", "there:", concurrency=1)
            except AuthenticationError:
                ended += 1
                assert list(scratch.iterdir()) == []
                continue
            break

        assert ended
        assert copied.dead == ()
        assert await contents(client.remote("there")) == [SMALL, LARGE, SMALL, LARGE]
        assert (await client.check("here:", "there:")).is_clean


async def test_a_file_that_changed_on_the_copy_makes_it_diverged(ends: Any, paths: list[Path]) -> None:
    ends.add("here", "minimax")
    ends.add("there", "archive")
    async with ends.client() as client:
        here, there = client.remote("here"), client.remote("there")
        await fill(here, paths[:1] * 2)
        await client.copy("here:", "there:")
        [copy] = [each async for each in there.conversations()]
        last = [message async for message in there.messages(copy)][-2]
        await there.delete_message(copy, last.id or "")
        await there.append(copy, Message(role="user", parts=(TextPart(text="Read this, 2."), FilePart(data=b"other"))))
        [conversation] = [each async for each in here.conversations()]
        await here.append(conversation, "And?")

        planned = await client.plan("here:", "there:")

        assert planned.conversations.diverged == 1


async def test_a_file_the_source_has_no_longer_is_a_dead_letter_where_names_mean_nothing(
    ends: Any, paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Memory.features.append_user
    nameless = row.model_copy(update={"limits": row.limits.model_copy(update={"fields": ()})})
    monkeypatch.setattr(Memory, "features", Memory.features.replace(append_user=nameless))
    ends.add("here", "minimax")
    ends.add("there", "memory")
    async with ends.client() as client:
        await fill(client.remote("here"), paths[:1] * 2)
        store = ends.vendors["here"].store.files
        store.delete(store.all()[-1].id)

        copied = await client.copy("here:", "there:", max_loss="any")

        assert [letter.code for letter in copied.dead] == ["not_found"]
        assert "here no longer has file" in copied.dead[0].message


async def test_an_edit_at_the_source_leaves_the_files_of_the_copy(ends: Any, paths: list[Path]) -> None:
    ends.add("here", "minimax")
    ends.add("there", "archive")
    async with ends.client() as client:
        there = client.remote("there")
        await fill(client.remote("here"), paths)
        await client.copy("here:", "there:")
        store = ends.vendors["here"].store
        [thread] = store.threads()
        edited = text_part("Read these.")
        store.change_message(thread.id, store.messages(thread.id)[-2].id, parts=(edited,))
        store.files.delete(store.files.all()[-1].id)

        copied = await client.copy("here:", "there:", update=True)

        assert copied.dead == ()
        assert await contents(there) == [SMALL, LARGE, SMALL, LARGE]
        assert (await client.check("here:", "there:")).is_clean
        assert not (await client.plan("here:", "there:", update=True)).has_work


async def test_without_room_for_a_large_file_the_copy_ends_and_goes_on_later(
    ends: Any, paths: list[Path], scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends.add("here", "minimax")
    ends.add("there", "archive")
    async with ends.client() as client:
        await fill(client.remote("here"), paths)

        with monkeypatch.context() as without:
            without.setattr(tempfile, "tempdir", str(scratch / "gone"))
            with pytest.raises(StateError, match="cannot be kept on its way") as raised:
                await client.copy("here:", "there:")
        copied = await client.copy("here:", "there:")

        assert raised.value.code == "storage"
        assert copied.dead == ()
        assert await contents(client.remote("there")) == [SMALL, LARGE, SMALL, LARGE]


async def test_a_file_that_is_no_longer_what_the_source_says_is_a_dead_letter(
    ends: Any, paths: list[Path], tmp_path: Path
) -> None:
    ends.add("here", "archive")
    ends.add("there", "archive")
    async with ends.client() as client:
        await fill(client.remote("here"), paths)
    with sqlite3.connect(tmp_path / "here.db") as database:
        database.execute("UPDATE pieces SET content = x'00' WHERE number = 1")
    database.close()
    async with ends.client() as client:
        copied = await client.copy("here:", "there:")

        assert [letter.code for letter in copied.dead] == ["verification"]


async def test_a_file_comes_along_without_its_name_where_nobody_tells_it(ends: Any, paths: list[Path]) -> None:
    ends.add("here", "minimax", paths={"file_retrieve": "files/nowhere"})
    ends.add("there", "archive")
    async with ends.client() as client:
        await fill(client.remote("here"), paths)

        copied = await client.copy("here:", "there:")

        assert copied.dead == ()
        assert await contents(client.remote("there")) == [SMALL, LARGE, SMALL, LARGE]
        assert {part.name for part in await files(client.remote("there"))} == {None}
