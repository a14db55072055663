"""What a plan says will be lost is what the copy then loses, also where it went on, and what an import loses."""

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from omnilogue import AsyncRemote, AuthenticationError
from omnilogue.formats.exporting import export_to
from omnilogue.formats.importing import import_from
from omnilogue.formats.jsonl import JSONL
from omnilogue.migrate.digest import digest
from omnilogue.model import (
    LOSS_CLASSES,
    AudioPart,
    Citation,
    DataPart,
    FilePart,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)

pytestmark = pytest.mark.anyio

TARGETS = ("archive", "memory", "mindcraft", "minimax", "ichati")
ROLES = ("user", "assistant", "system", "developer", "tool", "other:narrator")
PARTS = (
    TextPart(text="See.", citations=(Citation(start=0, end=3, quote="q", url="https://example.com/"),)),
    ReasoningPart(text="hm"),
    ImagePart(name="a.png", data=b"png"),
    AudioPart(name="a.wav", data=b"wav"),
    FilePart(name="a.txt", data=b"txt"),
    ToolCallPart(id="c", name="clock", arguments={"a": [None]}),
    ToolResultPart(call_id="c", content={"time": "12:00"}),
    DataPart(kind="poll", value=[1]),
)
FULL: dict[str, Any] = {
    "created_at": datetime(2020, 1, 1, tzinfo=UTC),
    "model": "m",
    "status": "partial",
    "usage": Usage(input_tokens=1),
    "metadata": {"a": 1, "long": "x" * 600, "k" * 70: "y"},
    "raw": {"mood": 1},
}


async def fill_all(remote: AsyncRemote, parts: Sequence[Part] = PARTS) -> None:
    """Store what can be lost of conversations and messages."""
    metadata = {f"key{number}": "v" * 500 for number in range(20)}
    made = await remote.create(title="T" * 600, instructions="Be brief.", model="m", metadata=metadata)
    await remote.update(made, pinned=True)
    await remote.append(made, [Message.of(role, f"I am {role}.") for role in ROLES])
    await remote.append(made, [Message(role=role, parts=tuple(parts), **FULL) for role in ROLES[:2]])
    await remote.append(made, Message.user("\U0001f9f3" * (1024 * 1024 + 1)))
    tree = await remote.create(title="Tree")
    first = await remote.append(tree, Message.user("one"))
    for text in ("two", "another two", "a third two"):
        answer = Message.assistant(text).model_copy(update={"parent_id": first.id})
        await remote.append(tree, answer)
    lonely = await remote.create(title="Lonely")
    await remote.append(lonely, [Message.assistant("answer"), Message.user("one"), Message.user("two")])


def told(losses: Iterable[Any]) -> Counter[tuple[str, str]]:
    return Counter({(loss.kind, loss.action): loss.count for loss in losses})


async def measured(client: Any, migration: str | None) -> Counter[tuple[str, str]]:
    """Give the losses of a migration by the ledger."""
    items = (await client.migration(migration or "")).items
    return sum([told(item.losses) for item in items], Counter[tuple[str, str]]())


def options(target: str) -> dict[str, Any]:
    return {"max_loss": "any", "allow_generation": target == "ichati", "role": ROLES[:-1]}


@pytest.mark.parametrize("target", TARGETS)
async def test_a_copy_loses_what_its_plan_said(target: str, ends: Any) -> None:
    ends.add("here", "archive")
    ends.add("there", target)
    async with ends.client() as client:
        await fill_all(client.remote("here"))

        planned = await client.plan("here:", "there:", **options(target))
        copied = await client.copy("here:", "there:", **options(target))

        assert copied.dead == ()
        assert copied.losses == planned.losses
        assert await measured(client, copied.migration) == told(planned.losses)
        assert (await client.check("here:", "there:", role=ROLES[:-1])).is_clean


@pytest.mark.parametrize("target", ["mindcraft", "minimax"])
async def test_a_copy_in_pieces_loses_what_its_plan_said(target: str, ends: Any) -> None:
    ends.add("here", "archive")
    ends.add("there", target)
    async with ends.client() as client:
        await fill_all(client.remote("here"))
        planned = await client.plan("here:", "there:", **options(target))
        vendor = ends.vendors["there"]

        ended = 0
        while True:
            vendor.clear_faults()
            vendor.fail_next("status", every=4, method="POST", status=401)
            try:
                copied = await client.copy("here:", "there:", concurrency=1, **options(target))
            except AuthenticationError:
                ended += 1
                continue
            break

        assert ended > 2
        assert copied.dead == ()
        assert await measured(client, copied.migration) == told(planned.losses)


@pytest.mark.parametrize("source", ["ichati", "mindcraft"])
async def test_an_archive_keeps_what_a_vendor_told_besides(source: str, ends: Any, fill: Any) -> None:
    ends.add("here", source)
    ends.add("there", "archive")
    ends.add("elsewhere", "archive")
    async with ends.client() as client:
        await fill(client.remote("here"), 1, 2)
        told = [conversation.raw async for conversation in client.remote("here").conversations()]

        for near, far in (("here", "there"), ("there", "elsewhere")):
            planned = await client.plan(f"{near}:", f"{far}:")
            await client.copy(f"{near}:", f"{far}:")
            assert "vendor_fields" not in {loss.kind for loss in planned.losses}
            assert [conversation.raw async for conversation in client.remote(far).conversations()] == told

    assert any(told)


async def test_an_import_into_an_archive_keeps_what_a_vendor_told_besides(ends: Any, fill: Any) -> None:
    ends.add("here", "mindcraft")
    ends.add("there", "archive")
    async with ends.client() as client:
        here, there, file = client.remote("here"), client.remote("there"), io.BytesIO()
        await fill(here, 1, 2)
        await export_to(file, JSONL, here)
        file.seek(0)

        report = await import_from(file, JSONL, there, allow_loss=True)

        assert "vendor_fields" not in {loss["kind"] for loss in report.losses}
        assert [one.raw async for one in there.conversations()] == [one.raw async for one in here.conversations()]


async def test_a_copy_back_from_an_archive_keeps_the_model(ends: Any) -> None:
    ends.add("here", "mindcraft")
    ends.add("backup", "archive")
    ends.add("there", "mindcraft")
    ends.add("other", "minimax")
    async with ends.client() as client:
        here = client.remote("here")
        made = await here.create(title="Trip", model="abab6.5s-chat")
        await client.copy("here:", "backup:")

        planned = await client.plan("backup:", "there:")
        await client.copy("backup:", "there:")
        [kept] = [conversation async for conversation in client.remote("backup").conversations()]
        [back] = [conversation async for conversation in client.remote("there").conversations()]

        assert "model" not in {loss.kind for loss in planned.losses}
        assert back.model == "abab6.5s-chat"
        assert kept.origin is not None
        assert (kept.origin.provider, kept.origin.remote, kept.origin.conversation) == ("mindcraft", "here", made.id)
        assert kept.origin.time == made.created_at
        assert "model" in {loss.kind for loss in (await client.plan("backup:", "other:")).losses}


async def test_a_copy_back_to_the_vendor_it_came_from_leaves_models_of_the_other_behind(ends: Any, fill: Any) -> None:
    ends.add("here", "ichati")
    ends.add("there", "mindcraft")
    async with ends.client() as client:
        await fill(client.remote("here"), 1, 2)
        await client.copy("here:", "there:")
        [copied] = [conversation async for conversation in client.remote("there").conversations()]

        report = await client.copy("there:", "here:", max_loss="any", allow_generation=True)

        assert copied.model
        assert (report.dead, report.messages.copied) == ((), 2)
        assert ("model", "dropped") in {(loss.kind, loss.action) for loss in report.losses}


async def held(remote: AsyncRemote) -> dict[str | None, Any]:
    """Give what a remote has, by title, and of its messages all that may be lost."""
    found: dict[str | None, Any] = {}
    async for one in remote.conversations():
        messages = [message async for message in remote.messages(one)]
        kept = [
            (digest(each), each.metadata, each.model, each.status, each.usage, each.raw.get("mood"))
            for each in messages
        ]
        found[one.title] = (one.instructions, one.metadata, one.pinned, kept)
    return found


@pytest.mark.parametrize("target", ["archive", "memory", "mindcraft", "minimax"])
async def test_an_import_stores_and_loses_what_a_copy_does(target: str, ends: Any) -> None:
    ends.add("here", "archive")
    ends.add("copied", target)
    ends.add("imported", target)
    async with ends.client() as client:
        here, imported = client.remote("here"), client.remote("imported")
        await fill_all(
            here, [part for part in PARTS if part.type != "file"]
        )  # a copy compares them, an import does not
        file = io.BytesIO()
        await export_to(file, JSONL, here)
        file.seek(0)

        copied = await client.copy("here:", "copied:", max_loss="any")
        report = await import_from(file, JSONL, imported, allow_loss=True)

        assert await held(imported) == await held(client.remote("copied"))
        of_file = Counter({(loss["kind"], loss["action"]): loss["count"] for loss in report.losses})
        assert without_names(of_file) == without_names(told(copied.losses))


def without_names(losses: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Leave out ids and times, which only a marker keeps, and models: a file does not tell whose they are."""
    return Counter({found: count for found, count in losses.items() if found[0] not in {"id", "time", "model"}})


async def test_the_corpus_holds_every_kind_of_loss(ends: Any) -> None:
    ends.add("here", "archive")
    kinds: set[str] = set()
    for target in TARGETS:
        ends.add(target, target)
    async with ends.client() as client:
        await fill_all(client.remote("here"))
        for target in TARGETS:
            kinds |= {loss.kind for loss in (await client.plan("here:", f"{target}:", **options(target))).losses}

    assert set(LOSS_CLASSES) - kinds == set()
