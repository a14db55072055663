"""Commands that print a secret: no shell, little time, nothing left behind."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from omnilogue.http import command
from omnilogue.http.command import output_of

pytestmark = pytest.mark.anyio

PYTHON = sys.executable


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


async def is_soon_dead(process: int) -> bool:
    for _ in range(100):
        if not is_alive(process):
            return True
        await asyncio.sleep(0.02)
    return False


@pytest.fixture
def family(tmp_path: Path) -> tuple[list[str], Path]:
    """Give a command that starts a child, notes both and waits."""
    notes = tmp_path / "notes"
    child = f"echo $$ >> {notes}; sleep 30 & echo $! >> {notes}; wait"
    return ["sh", "-c", child], notes


def read_notes(notes: Path) -> list[int]:
    return [int(process) for process in notes.read_text(encoding="utf-8").split()] if notes.exists() else []


async def noted(notes: Path) -> list[int]:
    for _ in range(200):
        if len(found := read_notes(notes)) == 2:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("the command did not start")


async def test_its_output_is_given() -> None:
    assert await output_of(["echo", "k-one"]) == "k-one\n"


async def test_no_shell_looks_at_it() -> None:
    assert await output_of(["echo", "$HOME;", "`id`", "*"]) == "$HOME; `id` *\n"


async def test_it_has_no_input_and_its_errors_go_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    program = "import sys; sys.stderr.write('k-secret'); print(repr(sys.stdin.read()))"

    assert await output_of([PYTHON, "-c", program]) == "''\n"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("argv", "kind", "words"),
    [
        ([], LookupError, "no command"),
        (["false"], LookupError, "ended with 1"),
        (["sh", "-c", "echo k-one; exit 3"], LookupError, "ended with 3"),
        (["sh", "-c", "kill -9 $$"], LookupError, "ended with -9"),
        (["/nowhere/program"], FileNotFoundError, "No such file"),
        (["/"], PermissionError, "denied"),
        (["a\x00b"], ValueError, "null"),
        ([PYTHON, "-c", "import sys; sys.stdout.buffer.write(bytes([255]))"], UnicodeDecodeError, "decode"),
    ],
)
async def test_what_prints_no_secret_is_told(argv: list[str], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        await output_of(argv)


async def test_one_that_prints_for_ever_is_stopped() -> None:
    async with asyncio.timeout(5):
        with pytest.raises(ValueError, match="too much"):
            await output_of(["yes"])


async def test_one_that_takes_too_long_is_killed_with_its_children(
    family: tuple[list[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "COMMAND_SECONDS", 0.5)
    argv, notes = family

    with pytest.raises(LookupError, match=r"longer than 0\.5 s"):
        await output_of(argv)

    assert [await is_soon_dead(process) for process in await noted(notes)] == [True, True]


async def test_one_nobody_waits_for_is_killed_with_its_children(family: tuple[list[str], Path]) -> None:
    argv, notes = family
    running = asyncio.create_task(output_of(argv))
    processes = await noted(notes)

    running.cancel()

    async with asyncio.timeout(2):
        with pytest.raises(asyncio.CancelledError):
            await running
    assert [await is_soon_dead(process) for process in processes] == [True, True]


async def test_a_child_that_keeps_the_output_open_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "COMMAND_SECONDS", 0.3)
    started = time.monotonic()

    with pytest.raises(LookupError, match="longer"):
        await output_of(["sh", "-c", "echo k-one; sleep 30 &"])

    assert time.monotonic() - started < 3


def test_the_time_is_ten_seconds() -> None:
    assert command.COMMAND_SECONDS == 10.0


def test_it_runs_in_the_event_loop_of_another_thread() -> None:
    outputs: list[str] = []
    thread = threading.Thread(target=lambda: outputs.append(asyncio.run(output_of(["echo", "k-one"]))))

    thread.start()
    thread.join(10)

    assert outputs == ["k-one\n"]
