"""A process that is killed while it builds a conversation anew leaves the old one or the new one whole."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import tomlkit
from anyio import to_thread

from omnilogue import AsyncClient
from omnilogue.emulator import Emulator
from omnilogue_ichati.emulator import IChatiEmulator
from omnilogue_minimax.emulator import MiniMaxEmulator

pytestmark = pytest.mark.anyio

SCRIPT = Path(__file__).with_name("killed_script.py")
MOST_REQUESTS = 20

# Which verb a vendor has only by a rebuild, and what its conversation holds afterwards.
REBUILDS = {"minimax": ("edit", "changed"), "ichati": ("clear", None)}


@pytest.fixture(params=sorted(REBUILDS))
def vendor(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    emulators: dict[str, type[Emulator]] = {"minimax": MiniMaxEmulator, "ichati": IChatiEmulator}
    with emulators[request.param]() as emulator:
        yield emulator


@pytest.fixture
def config(vendor: Emulator, tmp_path: Path) -> Path:
    remotes = {"work": {"provider": vendor.provider, **vendor.settings}}
    path = tmp_path / "omnilogue.toml"
    path.write_text(tomlkit.dumps({"remotes": remotes, "state": {"url": "sqlite:///state.db"}}), encoding="utf-8")
    return path


async def filled(config: Path) -> tuple[str, list[str]]:
    """Create a conversation, and give its id with the texts in it."""
    async with AsyncClient(config) as client:
        remote = client.remote()
        made = await remote.create(title="Trip")
        if remote.features.append_user.grade == "unsupported":
            await remote.send(made, "one")
        else:
            await remote.append(made, "one")
            await remote.append(made, "two", role="assistant")
        return made.id, [message.text async for message in remote.messages(made)]


async def seen(config: Path, conversation: str) -> tuple[str, str | None, list[str]]:
    """Give where the conversation lives now, its title and the texts in it, as any other process sees them."""
    async with AsyncClient(config) as client:
        remote = client.remote()
        now = await client.resolve(f"work:{conversation}")
        title = (await remote.conversation(now)).title
        return now.id, title, [message.text async for message in remote.messages(now)]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_one_of_both_is_whole_wherever_the_process_is_killed(vendor: Emulator, config: Path, when: str) -> None:
    verb, text = REBUILDS[vendor.provider]
    changes = 0
    for number in range(1, MOST_REQUESTS):
        conversation, texts = await filled(config)
        command = [sys.executable, str(SCRIPT), str(config), verb, conversation, str(number), when]
        code = await to_thread.run_sync(partial(subprocess.call, command, timeout=30))

        now, title, found = await seen(config, conversation)
        changed = [text, *texts[1:]] if text else []
        assert (title, found) == ("Trip", texts if now == conversation else changed)
        changes += now != conversation
        if code == 0:
            assert now != conversation
            break
        assert code == -signal.SIGKILL
    else:
        raise AssertionError("it never came to its end")
    assert number > 4
    assert changes >= 1
