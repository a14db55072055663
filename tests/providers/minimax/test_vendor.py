"""What only MiniMax has, by `remote.vendor`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from omnilogue import AsyncClient, AsyncRemote, FilePart
from omnilogue.errors import (
    BadRequestError,
    NotFoundError,
    ProtocolError,
    UnavailableError,
    UnsupportedOperationError,
)
from omnilogue_minimax import MiniMax, MiniMaxVendor
from omnilogue_minimax.emulator import MiniMaxEmulator

pytestmark = pytest.mark.anyio


@pytest.fixture
async def remote(anyio_backend: str, vendor: MiniMaxEmulator) -> AsyncIterator[AsyncRemote]:
    settings = {"provider": "minimax", **vendor.settings, "poll_first": 0.01, "settle": 0}
    async with AsyncClient(False, remotes={"old": settings}) as client:
        yield client.remote()


@pytest.fixture
def own(remote: AsyncRemote) -> MiniMaxVendor:
    return remote.vendor_as(MiniMaxVendor)


def test_it_is_typed_and_nothing_else(remote: AsyncRemote, own: MiniMaxVendor) -> None:
    assert remote.vendor is own
    with pytest.raises(UnsupportedOperationError):
        remote.vendor_as(MiniMax)


async def test_files_come_and_go(own: MiniMaxVendor, tmp_path: Path) -> None:
    path = tmp_path / "Notiz \u6587.txt"
    path.write_bytes(b"A note.")

    file = await own.upload_file(FilePart.from_path(path), purpose="retrieval")
    other = await own.upload_file(FilePart(name="a", data=b""))

    assert (file.filename, file.size, file.purpose) == ("Notiz \u6587.txt", 7, "retrieval")
    assert [one.file_id for one in await own.files()] == [file.file_id, other.file_id]
    assert await own.files(purpose="retrieval") == [file]
    assert await own.file(file.file_id) == file
    assert await own.file_content(file.file_id) == b"A note."
    await own.delete_file(file.file_id)
    for read in (own.file, own.file_content):
        with pytest.raises(NotFoundError):
            await read(file.file_id)
    with pytest.raises(NotFoundError):
        await own.delete_file(file.file_id)


async def test_a_lost_delete_of_a_file_is_repeated(own: MiniMaxVendor, vendor: MiniMaxEmulator) -> None:
    file = vendor.store.files.add("a", b"")
    vendor.fail_next("drop_before", path="files/delete")

    await own.delete_file(str(file.id))

    assert vendor.store.files.all() == []


async def test_a_lost_upload_is_not_repeated(own: MiniMaxVendor, vendor: MiniMaxEmulator) -> None:
    vendor.fail_next("drop_after", path="files/upload")

    with pytest.raises(UnavailableError) as caught:
        await own.upload_file(FilePart(name="a", data=b"x"))

    assert caught.value.outcome == "unknown"
    assert len(vendor.store.files.all()) == 1


async def test_a_file_without_bytes_is_refused(own: MiniMaxVendor) -> None:
    with pytest.raises(UnsupportedOperationError):
        await own.upload_file(FilePart(name="a"))


async def test_assistants_come_and_go(own: MiniMaxVendor) -> None:
    made = await own.create_assistant(model="abab6-chat", name="one", tools=[{"type": "web_search"}])

    changed = await own.modify_assistant(made.id, name="two", metadata={"a": "b"})

    assert (changed.name, changed.model, changed.metadata) == ("two", "abab6-chat", {"a": "b"})
    found = await own.assistant(made.id)
    assert (found.name, found.tools, found.status) == ("two", [{"type": "web_search"}], "available")
    await own.delete_assistant(made.id)
    with pytest.raises(NotFoundError):
        await own.assistant(made.id)


async def test_all_assistants_are_listed_page_by_page(own: MiniMaxVendor, vendor: MiniMaxEmulator) -> None:
    vendor.configure(max_limit=2)
    made = [vendor.store.add_assistant().id for _ in range(5)]

    assert [one.id for one in await own.assistants()] == made
    vendor.configure(cursors_ignored=True)
    with pytest.raises(ProtocolError):
        await own.assistants()


async def test_a_run_can_be_followed_by_hand(own: MiniMaxVendor, remote: AsyncRemote, vendor: MiniMaxEmulator) -> None:
    conversation = await remote.create()
    await remote.append(conversation, "[tool clock]")
    assistant = vendor.store.add_assistant(tools=[{"type": "function", "function": {"name": "clock"}}])
    vendor.configure(polls=0)
    made = vendor.store.add_run(conversation.id, assistant.id, tools=assistant.fields["tools"])

    run = await own.run(conversation.id, made.id)
    call = run.required_action["submit_tool_outputs"]["tool_calls"][0]
    with pytest.raises(BadRequestError):
        await own.submit_tool_outputs(conversation.id, run.id, {"other": "noon"})
    submitted = await own.submit_tool_outputs(conversation.id, run.id, {call["id"]: "noon"})
    (listed,) = await own.runs(conversation.id)
    steps = await own.steps(conversation.id, run.id)

    assert (run.status, submitted.status, listed.status) == ("requires_action", "queued", "completed")
    assert [step.type for step in steps] == ["tool_calls", "message_creation"]
    assert (await own.step(conversation.id, run.id, steps[0].id)).step_details == steps[0].step_details
    with pytest.raises(BadRequestError):
        await own.cancel_run(conversation.id, run.id)
