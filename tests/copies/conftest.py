"""Remotes of every kind, filled, and vendors that can be looked at from behind: what copies between them is told by."""

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from omnilogue import AsyncClient, AsyncRemote
from omnilogue.emulator import Emulator
from omnilogue.http import SystemClock
from omnilogue.provider import Transform, hookimpl
from omnilogue_ichati.emulator import IChatiEmulator
from omnilogue_mindcraft.emulator import MindCraftEmulator
from omnilogue_minimax.emulator import MiniMaxEmulator

EMULATORS: dict[str, type[Emulator]] = {
    "ichati": IChatiEmulator,
    "mindcraft": MindCraftEmulator,
    "minimax": MiniMaxEmulator,
}


class QuickClock(SystemClock):
    """Lets a fiftieth of each wait pass, so that the order of what happens stays and nobody waits for it."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 50)
        self._skipped += seconds * 49 / 50


class Ends:
    """A source and a target, each on a vendor of its own; `remotes` are their settings, `state` lies in a file."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.state = f"sqlite:///{folder / 'state.db'}"
        self.remotes: dict[str, dict[str, Any]] = {}
        self.vendors: dict[str, Emulator] = {}
        self._folder = folder
        self._stack = stack

    def add(self, name: str, provider: str, **settings: Any) -> None:
        """Add a remote of a provider, with a vendor where it has one."""
        given: Mapping[str, Any] = {"path": str(self._folder / f"{name}.db")} if provider == "archive" else {}
        if provider in EMULATORS:
            self.vendors[name] = vendor = self._stack.enter_context(EMULATORS[provider]())
            given = vendor.settings
        self.remotes[name] = {"provider": provider, **given, **settings}

    def client(self, **options: Any) -> AsyncClient:
        """Open a client on these remotes and this state."""
        return AsyncClient(False, remotes=self.remotes, **{"state": self.state, "clock": QuickClock(), **options})

    def writes(self, name: str) -> list[str]:
        """Give the requests that wrote; vendors without a server never tell of any."""
        vendor = self.vendors.get(name)
        return [f"{entry.method} {entry.path}" for entry in vendor.journal if entry.method != "GET"] if vendor else []


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    with ExitStack() as stack:
        yield Ends(tmp_path, stack)


async def fill(remote: AsyncRemote, conversations: int, messages: int, first: int = 0) -> None:
    """Store conversations; one that answers by itself is asked for half of the messages."""
    for number in range(first, first + conversations):
        made = await remote.create(title=f"Trip {number}", allow_loss=True)
        for place in range(messages):
            role = "assistant" if place % 2 else "user"
            if remote.features.append_user.grade != "unsupported":
                await remote.append(made, f"text {number}.{place}", role=role)
            elif role == "user":
                await remote.send(made, f"text {number}.{place}")


@pytest.fixture(name="fill")
def filling() -> Callable[..., Any]:
    return fill


async def texts(remote: AsyncRemote) -> dict[str, list[str]]:
    """Give what a remote holds: by title the texts, in order. Two conversations of one title are an error here."""
    found: dict[str, list[str]] = {}
    async for conversation in remote.conversations():
        assert conversation.title not in found
        found[conversation.title or ""] = [message.text async for message in remote.messages(conversation)]
    return found


@pytest.fixture(name="texts")
def texts_of() -> Callable[..., Any]:
    return texts


@pytest.fixture
def transforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install a plugin that brings transforms."""

    def install(*brought: Transform) -> None:
        @hookimpl
        def omnilogue_transforms() -> Iterable[Transform]:
            return brought

        module = ModuleType("shaping_plugin")
        vars(module).update(OMNILOGUE_HOOKS=1, omnilogue_transforms=omnilogue_transforms)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.syspath_prepend(str(tmp_path))
        folder = tmp_path / "shaping-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: shaping\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text("[omnilogue.extensions]\nshaping = shaping_plugin\n")

    return install
