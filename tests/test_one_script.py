"""The same script runs unchanged on every provider, with and without an event loop, however it was configured."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from omnilogue import AsyncClient, Client
from omnilogue_ichati.emulator import IChatiEmulator
from omnilogue_mindcraft.emulator import MindCraftEmulator
from omnilogue_minimax.emulator import MiniMaxEmulator

SCRIPT = Path(__file__).with_name("one_script.py")
NAMES = ("sessions", "threads", "topics", "kept", "play")

Remotes = dict[str, dict[str, Any]]


@pytest.fixture
def remotes(tmp_path: Path) -> Iterator[Remotes]:
    with MindCraftEmulator() as sessions, MiniMaxEmulator() as threads, IChatiEmulator() as topics:
        yield {
            "sessions": {"provider": "mindcraft", **sessions.settings},
            "threads": {"provider": "minimax", **threads.settings, "poll_first": 0.01},
            "topics": {"provider": "ichati", **topics.settings, "models": {"small": "1"}},
            "kept": {"provider": "archive", "path": str(tmp_path / "kept.db")},
            "play": {"provider": "memory"},
        }


@pytest.fixture
def configuration(remotes: Remotes, tmp_path: Path) -> Path:
    path = tmp_path / "omnilogue.toml"
    path.write_text(tomlkit.dumps({"remotes": remotes, "state": {"url": "sqlite:///state.db"}}), encoding="utf-8")
    return path


def run_of(source: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {"__name__": "one_script"}
    exec(compile(source, str(SCRIPT), "exec"), namespace)
    run: Callable[..., Any] = namespace["run"]
    return run


def without_await(source: str) -> str:
    """Give the script for code without an event loop; nothing else about it changes."""
    return re.sub(r"\b(async|await) |Async(?=Client|Remote)", "", source)


@pytest.mark.anyio
@pytest.mark.parametrize("name", NAMES)
async def test_the_script_runs_with_a_configuration_file(name: str, configuration: Path) -> None:
    run = run_of(SCRIPT.read_text(encoding="utf-8"))

    async with AsyncClient(configuration) as client:
        await run(client, name)


@pytest.mark.anyio
@pytest.mark.parametrize("name", NAMES)
async def test_the_script_runs_with_remotes_made_at_run_time(name: str, remotes: Remotes) -> None:
    run = run_of(SCRIPT.read_text(encoding="utf-8"))

    async with AsyncClient(config=False, remotes=remotes, state="memory:") as client:
        await run(client, name)


@pytest.mark.parametrize("name", NAMES)
def test_the_script_runs_without_an_event_loop(name: str, configuration: Path) -> None:
    run = run_of(without_await(SCRIPT.read_text(encoding="utf-8")))

    with Client(configuration) as client:
        run(client, name)


@pytest.mark.parametrize("name", NAMES)
def test_the_script_runs_without_an_event_loop_and_without_a_file(name: str, remotes: Remotes) -> None:
    run = run_of(without_await(SCRIPT.read_text(encoding="utf-8")))

    with Client(config=False, remotes=remotes, state="memory:") as client:
        run(client, name)


def test_the_script_names_no_provider() -> None:
    assert not re.search(r"mindcraft|minimax|ichati|archive|memory", SCRIPT.read_text(encoding="utf-8"), re.IGNORECASE)
