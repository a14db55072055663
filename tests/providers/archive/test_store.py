# ruff: noqa: ASYNC240 - what a test does to a file may block
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from omnilogue.errors import ConfigurationError, InvalidInputError, NotFoundError, StateError
from omnilogue.model import Message
from omnilogue.provider import Changes, Draft, Query
from omnilogue_archive import schema, store
from omnilogue_archive.provider import Archive

pytestmark = pytest.mark.anyio

Opener = Callable[..., Archive]
NOBODY = 65534


@contextmanager
def without_privileges() -> Iterator[None]:
    """Be somebody whom file modes stop; the superuser is not stopped by them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


async def fill(archive: Archive) -> str:
    conversation = await archive.create_conversation(Draft(title="Trip", messages=(Message.user("Where to?"),)))
    return conversation.id


async def test_listing_an_archive_that_does_not_exist_gives_nothing_and_makes_no_file(
    archive: Archive, path: Path
) -> None:
    page = await archive.list_conversations(None, Query())

    assert page.items == ()
    assert page.complete
    assert not path.exists()


async def test_reading_and_changing_in_an_archive_that_does_not_exist_finds_nothing_and_makes_no_file(
    archive: Archive, path: Path
) -> None:
    with pytest.raises(NotFoundError):
        await archive.get_conversation("c_1")
    with pytest.raises(NotFoundError):
        await archive.list_messages("c_1", None, Query())
    with pytest.raises(NotFoundError) as refused:
        await archive.append("c_1", [Message.user("Hi")])

    assert refused.value.outcome == "rejected"
    assert not path.exists()


async def test_the_first_conversation_makes_the_file_for_its_owner_only(archive: Archive, path: Path) -> None:
    await fill(archive)

    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


async def test_an_archive_keeps_a_write_ahead_log_and_waits_for_the_disk(archive: Archive) -> None:
    await fill(archive)

    with archive._store.read() as database:
        assert database is not None
        found = [
            database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert found == ["wal", 2, 1, 5000]


async def test_a_missing_folder_is_a_wrong_setting_and_is_named(open_archive: Opener, tmp_path: Path) -> None:
    archive = open_archive(tmp_path / "nowhere" / "a.db")

    with pytest.raises(ConfigurationError, match="nowhere") as refused:
        await archive.create_conversation(Draft())
    assert refused.value.outcome == "rejected"


@pytest.mark.parametrize("name", ["odd #1?x=1%20.db", "旅行.db", "a b;c.db"])
async def test_any_file_name_will_do(open_archive: Opener, tmp_path: Path, name: str) -> None:
    archive = open_archive(tmp_path / name)
    await fill(archive)

    assert (tmp_path / name).exists()


async def test_closing_twice_is_harmless_and_nothing_is_left_beside_the_file(archive: Archive, path: Path) -> None:
    await fill(archive)

    await archive.aclose()
    await archive.aclose()

    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_what_was_stored_is_there_after_opening_again(open_archive: Opener) -> None:
    first = open_archive()
    conversation_id = await fill(first)
    await first.aclose()

    page = await open_archive().list_messages(conversation_id, None, Query())

    assert [message.text for message in page.items] == ["Where to?"]


async def test_an_empty_file_is_an_archive_nobody_has_written_to(archive: Archive, path: Path) -> None:
    path.touch()

    assert (await archive.list_conversations(None, Query())).items == ()
    await fill(archive)
    assert len((await archive.list_conversations(None, Query())).items) == 1


async def test_a_file_that_is_no_database_is_left_alone_with_a_hint(archive: Archive, path: Path) -> None:
    path.write_text("Dear diary, " * 1000)

    for attempt in (archive.list_conversations(None, Query()), archive.create_conversation(Draft())):
        with pytest.raises(StateError) as refused:
            await attempt
        assert refused.value.code == "storage"
        assert refused.value.hint
    assert path.read_text().startswith("Dear diary")


async def test_another_programs_database_is_left_alone(archive: Archive, path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE notes (text)")
    before = path.read_bytes()

    for attempt in (archive.list_conversations(None, Query()), archive.create_conversation(Draft())):
        with pytest.raises(StateError, match="no archive"):
            await attempt
    assert path.read_bytes() == before


async def test_a_folder_is_no_archive(open_archive: Opener, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no archive"):
        await open_archive(tmp_path).list_conversations(None, Query())


async def test_an_archive_from_before_vendor_fields_were_kept_goes_on(open_archive: Opener, path: Path) -> None:
    first = open_archive()
    conversation_id = await fill(first)
    await first.aclose()
    with closing(sqlite3.connect(path)) as database:
        database.execute("ALTER TABLE conversations DROP COLUMN raw")

    archive, reading = open_archive(), open_archive()
    assert (await reading.get_conversation(conversation_id)).raw == {}
    for number in range(2):
        made = await archive.create_conversation(Draft(raw={"mood": number}))
        assert (await reading.get_conversation(made.id)).raw == {"mood": number}


async def test_an_archive_of_a_later_version_is_refused(open_archive: Opener, path: Path) -> None:
    first = open_archive()
    await fill(first)
    await first.aclose()
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")

    with pytest.raises(StateError, match="newer") as refused:
        await open_archive().list_conversations(None, Query())
    assert refused.value.code == "ledger_version"


async def test_a_damaged_file_is_an_error_of_the_tree(open_archive: Opener, path: Path) -> None:
    first = open_archive()
    conversation_id = await fill(first)
    await first.append(conversation_id, [Message.user("x" * 100_000)])
    await first.aclose()
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\x5a" * (len(content) - 8192))

    with pytest.raises(StateError) as refused:
        await open_archive().list_messages(conversation_id, None, Query())
    assert refused.value.code == "storage"


async def test_a_row_that_cannot_be_read_is_an_error_of_the_tree(archive: Archive, path: Path) -> None:
    conversation_id = await fill(archive)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE messages SET body = '{'")

    with pytest.raises(StateError, match="row") as refused:
        await archive.list_messages(conversation_id, None, Query())
    assert refused.value.code == "storage"


async def test_a_full_disk_rejects_the_write_and_keeps_what_there_was(archive: Archive) -> None:
    conversation_id = await fill(archive)
    with archive._store.read() as database:
        assert database is not None
        database.execute("PRAGMA max_page_count = 40")

    with pytest.raises(StateError, match="full") as refused:
        await archive.append(conversation_id, [Message.user("x" * 1_000_000)])

    assert (refused.value.code, refused.value.outcome, refused.value.retryable) == ("storage", "rejected", True)
    assert len((await archive.list_messages(conversation_id, None, Query())).items) == 1


async def test_a_lock_that_is_held_too_long_is_an_error_and_reads_go_on(
    open_archive: Opener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_MILLISECONDS", 50)
    archive = open_archive()
    conversation_id = await fill(archive)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StateError, match="locked") as refused:
            await archive.append(conversation_id, [Message.user("Hi")])

        assert (refused.value.outcome, refused.value.retryable) == ("rejected", True)
        assert len((await archive.list_messages(conversation_id, None, Query())).items) == 1
    assert len(await archive.append(conversation_id, [Message.user("Hi")])) == 1


@pytest.mark.parametrize("folder_mode", [0o555, 0o755])
async def test_a_file_that_may_only_be_read_is_read_and_not_written(
    open_archive: Opener, open_folder: Path, folder_mode: int
) -> None:
    path = open_folder / "a.db"
    first = open_archive(path)
    conversation_id = await fill(first)
    await first.aclose()
    path.chmod(0o444)
    open_folder.chmod(folder_mode)

    with without_privileges():
        archive = open_archive(path)
        page = await archive.list_messages(conversation_id, None, Query())
        with pytest.raises(StateError) as refused:
            await archive.append(conversation_id, [Message.user("Hi")])
        await archive.aclose()

    assert [message.text for message in page.items] == ["Where to?"]
    assert (refused.value.code, refused.value.outcome) == ("storage", "rejected")


async def test_reading_beside_a_folder_that_cannot_be_written_sees_what_others_add(
    open_archive: Opener, open_folder: Path
) -> None:
    writer, reader = open_archive(open_folder / "a.db"), open_archive(open_folder / "a.db")
    conversation_id = await fill(writer)
    await writer.aclose()
    (open_folder / "a.db").chmod(0o644)
    open_folder.chmod(0o755)
    with without_privileges():
        before = await reader.list_messages(conversation_id, None, Query())

    await writer.append(conversation_id, [Message.user("To Lisbon.")])
    await writer.aclose()

    with without_privileges():
        after = await reader.list_messages(conversation_id, None, Query())
    assert [len(before.items), len(after.items)] == [1, 2]


async def test_what_another_process_has_not_yet_moved_into_a_read_only_file_is_seen(
    open_archive: Opener, open_folder: Path
) -> None:
    writer = open_archive(open_folder / "a.db")
    conversation_id = await fill(writer)
    for file in open_folder.iterdir():
        file.chmod(0o644)

    with without_privileges():
        reader = open_archive(open_folder / "a.db")
        page = await reader.list_messages(conversation_id, None, Query())
        await reader.aclose()

    assert len(list(open_folder.iterdir())) == 3
    assert [message.text for message in page.items] == ["Where to?"]


async def test_a_file_that_may_not_be_opened_is_an_error_of_the_tree(open_archive: Opener, open_folder: Path) -> None:
    first = open_archive(open_folder / "a.db")
    await fill(first)
    await first.aclose()
    (open_folder / "a.db").chmod(0)

    with without_privileges(), pytest.raises(StateError) as refused:
        await open_archive(open_folder / "a.db").list_conversations(None, Query())
    assert refused.value.hint


async def test_values_without_a_json_form_are_refused_and_leave_no_trace(archive: Archive) -> None:
    conversation_id = await fill(archive)
    deep: object = "bottom"
    for _ in range(210):
        deep = {"a": deep}
    broken = "half a character: \ud83d"

    for attempt in (
        archive.append(conversation_id, [Message.user("fine"), Message.user(broken)]),
        archive.append(conversation_id, [Message(role="user", metadata={"deep": deep})]),  # type: ignore[dict-item]
        archive.append(conversation_id, [Message(role="user", metadata={"key": broken, broken: 1})]),
        archive.edit_message(conversation_id, "m_1", broken),
        archive.update_conversation(conversation_id, Changes(metadata={"deep": deep})),  # type: ignore[dict-item]
        archive.update_conversation(conversation_id, Changes(title=broken)),
        archive.create_conversation(Draft(title=broken)),
        archive.list_conversations(None, Query(search=broken)),
    ):
        with pytest.raises((InvalidInputError, NotFoundError)):
            await attempt

    assert len((await archive.list_conversations(None, Query())).items) == 1
    assert len((await archive.list_messages(conversation_id, None, Query())).items) == 1


WRITER = """
import asyncio, pathlib, runpy, sys
from omnilogue.http import SystemClock
from omnilogue.model import Message
from omnilogue.provider import Draft

async def write(conftest, path, name):
    archive = runpy.run_path(conftest)["make"](pathlib.Path(path), SystemClock())
    conversation = await archive.create_conversation(Draft(title=name))
    for number in range(20):
        await archive.append(conversation.id, [Message.user(f"{name} {number}")])
    await archive.aclose()

asyncio.run(write(*sys.argv[1:]))
"""


def start_writer(path: Path, name: str) -> subprocess.Popen[bytes]:
    conftest = str(Path(__file__).with_name("conftest.py"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", WRITER, conftest, str(path), name], env=environment)


async def test_processes_share_a_file_and_one_of_them_makes_it(open_archive: Opener, path: Path) -> None:
    writers = [start_writer(path, name) for name in "abcd"]
    exits = [writer.wait(30) for writer in writers]

    archive = open_archive()
    page = await archive.list_conversations(None, Query(order="title"))

    assert exits == [0] * 4
    assert [conversation.title for conversation in page.items] == list("abcd")
    for conversation in page.items:
        messages = await archive.list_messages(conversation.id, None, Query())
        assert [message.text for message in messages.items] == [f"{conversation.title} {n}" for n in range(20)]


async def test_archives_in_one_loop_follow_the_head_the_other_moved(open_archive: Opener) -> None:
    one, other = open_archive(), open_archive()
    conversation_id = await fill(one)

    for number in range(4):
        await (one, other)[number % 2].append(conversation_id, [Message.user(str(number))])

    page = await one.list_messages(conversation_id, None, Query())
    assert [message.text for message in page.items] == ["Where to?", "0", "1", "2", "3"]
    assert [message.parent_id for message in page.items[1:]] == [message.id for message in page.items[:-1]]
