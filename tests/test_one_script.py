"""The same script runs unchanged on every provider, with and without an event loop, however it was configured."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from omnilogue import AsyncClient, Client
from omnilogue_mindcraft.emulator import MindCraftEmulator

SCRIPT = Path(__file__).with_name("one_script.py")
NAMES = ("live", "kept", "play")


@pytest.fixture
def remotes(tmp_path: Path) -> Iterator[dict[str, dict[str, str]]]:
    with MindCraftEmulator() as vendor:
        yield {
            "live": {"provider": "mindcraft", **vendor.settings},
            "kept": {"provider": "archive", "path": str(tmp_path / "kept.db")},
            "play": {"provider": "memory"},
        }


@pytest.fixture
def configuration(remotes: dict[str, dict[str, str]], tmp_path: Path) -> Path:
    tables = ((name, "".join(f'{key} = "{value}"\n' for key, value in said.items())) for name, said in remotes.items())
    path = tmp_path / "omnilogue.toml"
    path.write_text("\n".join(f"[remotes.{name}]\n{lines}" for name, lines in tables), encoding="utf-8")
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
async def test_the_script_runs_with_remotes_made_at_run_time(name: str, remotes: dict[str, dict[str, str]]) -> None:
    run = run_of(SCRIPT.read_text(encoding="utf-8"))

    async with AsyncClient(config=False, remotes=remotes) as client:
        await run(client, name)


@pytest.mark.parametrize("name", NAMES)
def test_the_script_runs_without_an_event_loop(name: str, configuration: Path) -> None:
    run = run_of(without_await(SCRIPT.read_text(encoding="utf-8")))

    with Client(configuration) as client:
        run(client, name)


@pytest.mark.parametrize("name", NAMES)
def test_the_script_runs_without_an_event_loop_and_without_a_file(
    name: str, remotes: dict[str, dict[str, str]]
) -> None:
    run = run_of(without_await(SCRIPT.read_text(encoding="utf-8")))

    with Client(config=False, remotes=remotes) as client:
        run(client, name)


def test_the_script_names_no_provider() -> None:
    assert not re.search(r"mindcraft|minimax|ichati|archive|memory", SCRIPT.read_text(encoding="utf-8"), re.IGNORECASE)
