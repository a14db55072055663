"""The process: start-up, streams and signals."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnilogue import __version__

OMNILOGUE = [sys.executable, "-m", "omnilogue"]
HEAVY = ("httpx", "pydantic", "rich", "cyclopts", "asyncio", "structlog", "tenacity", "pluggy")


@pytest.fixture
def memory_remote(monkeypatch: pytest.MonkeyPatch) -> None:
    """One remote, so that there is something to list."""
    monkeypatch.setenv("OMNILOGUE_REMOTES__ECHO__PROVIDER", "memory")


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    options = {"stdin": subprocess.DEVNULL, **options}
    return subprocess.run(
        [*OMNILOGUE, *arguments], capture_output=True, encoding="utf-8", timeout=30, check=False, **options
    )


@pytest.mark.parametrize(
    "code",
    [
        "import omnilogue",
        "import sys; sys.argv = ['omnilogue', '--version']; from omnilogue.cli import main; main()",
    ],
)
def test_neither_the_import_nor_the_version_loads_anything_heavy(code: str) -> None:
    told = f"{code}\nimport sys; print([name for name in {HEAVY!r} if name in sys.modules])"

    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert found.stdout.splitlines()[-1] == "[]"
    assert found.stderr == ""


def test_the_version_is_printed_alone() -> None:
    found = process("--version")

    assert (found.returncode, found.stdout, found.stderr) == (0, f"{__version__}\n", "")


def test_help_loads_neither_the_network_nor_the_model() -> None:
    told = (
        "import sys; from omnilogue.cli.running import run; run(['--help'])\n"
        "assert not {'httpx', 'pydantic', 'structlog', 'tenacity'} & set(sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", told], capture_output=True, check=False).returncode == 0


@pytest.fixture
def poor() -> dict[str, str]:
    """An environment whose locale knows ASCII only."""
    return {**os.environ, "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_output_is_utf_8_whatever_the_locale_says(cli: Callable[..., Any], poor: dict[str, str]) -> None:
    cli("new", ":archive:a.db", "--title", "旅行")

    found = process("ls", ":archive:a.db", env=poor)
    document = process("ls", ":archive:a.db", "--json", env=poor)

    assert found.stdout.rstrip().endswith("旅行")
    assert "旅行" in document.stdout


def test_standard_input_is_utf_8_whatever_the_locale_says(cli: Callable[..., Any], poor: dict[str, str]) -> None:
    address = cli("new", ":archive:a.db").out.strip()

    process("append", address, "-", stdin=None, input="Grüße\n", env=poor)

    assert "Grüße" in cli("show", address).out


def test_a_reader_who_leaves_early_is_no_error(cli: Callable[..., Any]) -> None:
    address = cli("new", ":archive:a.db").out.strip()
    cli("append", address, "-", stdin=b"long " * 60_000)
    with subprocess.Popen([*OMNILOGUE, "show", address], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None

        running.stdout.read(1)
        running.stdout.close()
        said = running.stderr.read()

    assert (running.returncode, said) == (0, b"")


def test_closed_streams_do_not_matter() -> None:
    words = " ".join(OMNILOGUE)

    found = subprocess.run(
        ["sh", "-c", f"{words} providers --json >&- 2>&- <&-; echo $?"], capture_output=True, text=True, check=True
    )

    assert (found.stdout, found.stderr) == ("0\n", "")


EVERY_WAY_TO_PRINT = [["--help"], ["--version"], ["ls", "--help"], ["ls", "--version"], ["providers"], ["plugins"]]


@pytest.mark.parametrize("arguments", [*EVERY_WAY_TO_PRINT, ["providers", "--json"], ["ls", "--out", "/dev/full"]])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_told_in_one_line(arguments: list[str], memory_remote: None) -> None:
    with Path("/dev/full").open("w") as full:
        found = subprocess.run([*OMNILOGUE, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert found.returncode == 1
    assert found.stderr == "omnilogue: the result cannot be written: No space left on device\n"


@pytest.mark.parametrize("arguments", EVERY_WAY_TO_PRINT, ids=" ".join)
def test_a_reader_who_is_gone_before_the_beginning_is_no_error(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        found = subprocess.run([*OMNILOGUE, *arguments], stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)

    assert (found.returncode, found.stderr) == (0, b"")


def test_the_version_of_a_process_without_standard_output() -> None:
    found = subprocess.run(
        ["sh", "-c", f"{' '.join(OMNILOGUE)} --version >&-; echo $?"], capture_output=True, text=True, check=True
    )

    assert (found.stdout, found.stderr) == ("0\n", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_its_code_and_without_a_traceback(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    server = tmp_path / "silent.py"
    server.write_text(
        "import socket, sys\n"
        "listening = socket.create_server(('127.0.0.1', 0))\n"
        "print(listening.getsockname()[1], flush=True)\n"
        "connection, _ = listening.accept()\n"
        "print('called', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, str(server)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as silent:
        assert silent.stdout is not None
        port = silent.stdout.readline().strip()
        environment = {
            **os.environ,
            "OMNILOGUE_REMOTES__WORK__PROVIDER": "mindcraft",
            "OMNILOGUE_REMOTES__WORK__BASE_URL": f"http://127.0.0.1:{port}/",
            "OMNILOGUE_REMOTES__WORK__API_KEY": "MC-0123456789ABCDEF0123456789ABCDEF",
        }
        with subprocess.Popen(
            [*OMNILOGUE, "ls", "work:", "--json"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as running:
            silent.stdout.readline()
            running.send_signal(number)
            out, err = running.communicate(timeout=10)
        silent.communicate("")

    assert running.returncode == code
    assert err == b""
    assert json.loads(out)["error"]["message"] in {"interrupted", "stopped by SIGTERM"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("arguments", [["append", "{}:c", "-"], ["import", "-", "{}", "--format", "jsonl"]])
def test_a_signal_ends_the_reading_of_standard_input(
    arguments: list[str], number: signal.Signals, code: int, tmp_path: Path
) -> None:
    words = [word.format(f":archive:{tmp_path}/some.db") for word in arguments]
    with subprocess.Popen(
        [*OMNILOGUE, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdin is not None
        running.stdin.write(b"x" * 1_000_000)  # more than a pipe holds: it is being read
        running.stdin.flush()
        time.sleep(0.5)  # all of it was read, and more is waited for
        running.send_signal(number)
        try:
            assert running.wait(timeout=20) == code
        finally:
            running.stdin.close()
            running.kill()
