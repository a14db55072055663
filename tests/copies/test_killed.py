"""A copy that is killed anywhere and started again brings each message over once, and only reads its source."""

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from anyio import to_thread

from omnilogue.model import INLINE_BYTES, FilePart, Message, TextPart

pytestmark = pytest.mark.anyio

SCRIPT = Path(__file__).parents[1] / "copying_script.py"
SEED = 5
MOST_REQUESTS = 60
PAIRS = [("mindcraft", "minimax"), ("minimax", "mindcraft"), ("mindcraft", "archive")]
ANSWERING = ("mindcraft", "ichati")
ASKED = {"ichati": {"max_loss": "any", "allow_generation": True}}
"""What a copy to this target needs consent for."""
KILLS = 34
"""By pair: a hundred together."""
MOST_KILLS = 12
"""Of one copy, which is then left to come to its end."""


class Copier:
    """Processes that copy with one configuration, and are killed as they are told."""

    def __init__(self, config: Path) -> None:
        self._server = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(config)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    async def run(self, **order: Any) -> int:
        """Copy once in a process of its own; give its exit code, negative where a signal ended it."""
        return await to_thread.run_sync(partial(self._run, order))

    def _run(self, order: dict[str, Any]) -> int:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def close(self) -> None:
        self._server.communicate(timeout=30)


@contextmanager
def copying(ends: Any, folder: Path) -> Iterator[Copier]:
    config = folder / "omnilogue.toml"
    settings = {"remotes": ends.remotes, "state": {"url": ends.state}}
    config.write_text(tomlkit.dumps(settings), encoding="utf-8")
    copier = Copier(config)
    try:
        yield copier
    finally:
        copier.close()


def held(vendor: Any) -> list[list[str]]:
    """Give what stands at a vendor, seen from behind: the texts of each conversation that has some, sorted."""
    store = vendor.store
    if vendor.provider == "ichati":
        found = [[one.message for one in store.messages(each.id)] for each in store.topics()]
    elif vendor.provider == "mindcraft":
        found = [[one.content for one in store.messages(each.session_id)] for each in store.sessions()]
    else:
        found = [[one.text for one in store.messages(each.id)] for each in store.threads()]
    return sorted(texts for texts in found if texts)


async def archived(ends: Any) -> list[list[str]]:
    async with ends.client() as client:
        there = client.remote("there")
        found = [[one.text async for one in there.messages(each)] async for each in there.conversations()]
    return sorted(texts for texts in found if texts)


async def arrived(ends: Any) -> list[list[str]]:
    return held(ends.vendors["there"]) if "there" in ends.vendors else await archived(ends)


def wanted(conversations: int, messages: int) -> list[list[str]]:
    return sorted([f"text {number}.{place}" for place in range(messages)] for number in range(conversations))


async def begin(ends: Any, fill: Callable[..., Any], source: str, conversations: int, messages: int) -> None:
    """Fill a source, and remember its conversations in the state where the vendor lists none."""
    ends.add("here", source, settle=10)
    async with ends.client() as client:
        await fill(client.remote("here"), conversations, messages)
    ends.vendors["here"].journal.clear()


def start_anew(ends: Any, target: str, folder: Path) -> None:
    """Give an empty target, and a state that knows the source and no copy."""
    state, known = folder / "state.db", folder / "known.db"
    if "there" not in ends.remotes:
        ends.add("there", target, settle=10)
        known.write_bytes(state.read_bytes() if state.exists() else b"")
    for left in [*folder.glob("state.db*"), *folder.glob("there.db*")]:
        left.unlink()
    state.write_bytes(known.read_bytes())
    if vendor := ends.vendors.get("there"):
        vendor.store.__init__()
    for vendor in ends.vendors.values():
        vendor.clear_faults()


def told(losses: Iterable[Any]) -> dict[tuple[str, str], int]:
    return {(loss.kind, loss.action): loss.count for loss in losses}


async def measured(ends: Any) -> tuple[int, dict[tuple[str, str], int]]:
    """Give how many messages the newest migration copied, and what it lost, by the ledger."""
    client = ends.client()
    [newest, *_] = await client.migrations()
    counts: Counter[tuple[str, str]] = Counter()
    for item in (await client.migration(newest.migration)).items:
        counts.update(told(item.losses))
    client.state.close()
    return newest.messages, dict(counts)


MOMENTS: dict[str, Callable[[int], list[dict[str, Any]]]] = {
    "request": lambda number: [{"number": number, "when": when} for when in ("before", "after")],
    "commit": lambda number: [{"commit": number}],
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("pair", [*PAIRS, ANSWERING], ids="-".join)
async def test_killed_anywhere_it_goes_on_and_brings_each_message_over_once(
    pair: tuple[str, str], moment: str, ends: Any, fill: Callable[..., Any], tmp_path: Path
) -> None:
    source, target = pair
    asked, messages = ASKED.get(target, {}), wanted(2, 3)
    if target == "ichati":
        messages = [[*wanted(1, 3)[0], "[no reply]"]]
    await begin(ends, fill, source, len(messages), 3)
    start_anew(ends, target, tmp_path)
    async with ends.client() as client:
        planned = await client.plan("here:", "there:", **asked)
    killed = 0
    with copying(ends, tmp_path) as copier:
        for number in range(1, MOST_REQUESTS):
            codes = []
            for order in MOMENTS[moment](number):
                start_anew(ends, target, tmp_path)
                codes.append(await copier.run(**order, asked=asked))
                assert await copier.run(asked=asked) == 0
                assert await arrived(ends) == messages, order
                assert await measured(ends) == (3 * len(messages), told(planned.losses)), order
            killed += codes.count(-signal.SIGKILL)
            if set(codes) == {0}:
                break
            assert set(codes) == {-signal.SIGKILL}
        else:
            raise AssertionError("it never came to its end")
    assert killed >= 2 * 5
    assert ends.writes("here") == []


async def fill_with_files(paths: list[Path], remote: Any, conversations: int, messages: int) -> None:
    """Store conversations with a file to each message."""
    for number in range(conversations):
        made = await remote.create(title=f"Trip {number}")
        for place in range(messages):
            file = FilePart.from_path(paths[place % 2])
            await remote.append(made, Message(role="user", parts=(TextPart(text=f"text {number}.{place}"), file)))


async def archived_files(ends: Any) -> list[bytes]:
    async with ends.client() as client:
        there = client.remote("there")
        stored = [message async for each in there.conversations() async for message in there.messages(each)]
        return [await there.download(part) for message in stored for part in message.parts if part.type == "file"]


@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_anywhere_it_goes_on_and_brings_each_file_over_once(
    moment: str, ends: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # a killed process leaves what it was about to write
    paths, contents = [tmp_path / "small", tmp_path / "large"], [b"a", b"a" * (INLINE_BYTES + 1)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    await begin(ends, partial(fill_with_files, paths), "minimax", 1, 2)
    start_anew(ends, "archive", tmp_path)
    killed = 0
    with copying(ends, tmp_path) as copier:
        for number in range(1, MOST_REQUESTS):
            codes = []
            for order in MOMENTS[moment](number):
                start_anew(ends, "archive", tmp_path)
                codes.append(await copier.run(**order))
                assert await copier.run() == 0
                assert await archived(ends) == wanted(1, 2), order
                assert await archived_files(ends) == contents
            killed += codes.count(-signal.SIGKILL)
            if set(codes) == {0}:
                break
        else:
            raise AssertionError("it never came to its end")
    assert killed >= 2 * 3
    assert ends.writes("here") == []


async def killed_again_and_again(copier: Copier, chance: random.Random, vendors: Any, **order: Any) -> int:
    """Copy until it comes to its end, killed at random requests and times; give how often it was."""
    killed = 0
    for _ in range(MOST_KILLS):
        most = 60 if "there" in vendors else 20  # an archive is written without requests
        moment = {"number": chance.randint(most // 6, most), "when": chance.choice(["before", "after"])}
        if chance.random() < 0.3:
            moment = {"seconds": chance.uniform(0.02, 0.3)}
        code = await copier.run(**moment, **order)
        killed += code == -signal.SIGKILL
        if code == 0:
            return killed
    while await copier.run(**order):
        pass
    return killed


def break_often(vendor: Any) -> None:
    """Let one request in twenty fail; a write may have been done, or be done later, though nobody was told."""
    vendor.fail_next("status", every=20, status=503)
    vendor.fail_next("status_after", every=41, method="POST", status=500)
    vendor.fail_next("drop_after", every=43, method="POST")
    vendor.fail_next("late", every=47, method="POST", seconds=0.01)


@pytest.mark.parametrize(("source", "target"), PAIRS)
async def test_killed_at_random_moments_while_vendors_fail_it_brings_each_message_over_once(
    source: str, target: str, ends: Any, fill: Callable[..., Any], tmp_path: Path
) -> None:
    chance, killed = random.Random(SEED), 0
    await begin(ends, fill, source, 6, 8)
    start_anew(ends, target, tmp_path)
    with copying(ends, tmp_path) as copier:
        while killed < KILLS:
            start_anew(ends, target, tmp_path)
            for vendor in ends.vendors.values():
                break_often(vendor)
            killed += await killed_again_and_again(copier, chance, ends.vendors, concurrency=4)

            assert await arrived(ends) == wanted(6, 8)
            async with ends.client() as client:
                found = await client.check("here:", "there:", one_way=True)
                assert (found.equal, found.is_clean) == (6, True)
                assert not (await client.plan("here:", "there:")).has_work
    assert ends.writes("here") == []


async def test_a_naive_copy_does_not_pass_this_test(ends: Any, fill: Callable[..., Any], tmp_path: Path) -> None:
    chance = random.Random(SEED)
    await begin(ends, fill, "mindcraft", 6, 8)
    start_anew(ends, "minimax", tmp_path)
    with copying(ends, tmp_path) as copier:
        assert await copier.run(naive=True) == 0
        assert await arrived(ends) == wanted(6, 8)

        start_anew(ends, "minimax", tmp_path)
        await killed_again_and_again(copier, chance, ends.vendors, naive=True)

        assert await arrived(ends) != wanted(6, 8)
