"""The command line, run inside the test's own process."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from omnilogue.cli.running import run
from omnilogue_mindcraft.emulator import MindCraftEmulator


@dataclass(frozen=True)
class Result:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.document["error"]
        return error

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Stream(io.TextIOWrapper):
    """A standard stream that may pretend to be a terminal."""

    def __init__(self, content: bytes = b"", *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(content), encoding="ascii")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def seen(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode("utf-8")


Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration but the test's own, and a terminal of a known width."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home))
    for name in ("OMNILOGUE_CONFIG", "OMNILOGUE_LOG", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command line and give its result; streams are terminals only when asked for."""

    def called(
        *arguments: str,
        stdin: bytes = b"",
        stdin_terminal: bool = False,
        out_terminal: bool = False,
        err_terminal: bool = False,
    ) -> Result:
        out, err = Stream(terminal=out_terminal), Stream(terminal=err_terminal)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", Stream(stdin, terminal=stdin_terminal))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = run([*arguments])
        return Result(code, out.seen(), err.seen())

    return called


@pytest.fixture
def archive(cli: Cli) -> str:
    """The address of an archive that keeps one conversation."""
    cli("new", ":archive:kept.db", "--title", "Trip", "--meta", "team=blue", "--instructions", "Be brief.")
    return ":archive:kept.db"


@pytest.fixture
def kept(cli: Cli, archive: str) -> str:
    """The address of the conversation in the archive."""
    return cli("ls", archive).lines[0].split("\t")[0]


@pytest.fixture(scope="session")
def vendor() -> Iterator[MindCraftEmulator]:
    with MindCraftEmulator() as emulator:
        yield emulator


@pytest.fixture
def work(vendor: MindCraftEmulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a remote that answers."""
    vendor.clear_faults()
    monkeypatch.setenv("WORK_KEY", vendor.settings["api_key"])
    settings = {"PROVIDER": "mindcraft", "BASE_URL": vendor.url, "API_KEY": "env:WORK_KEY", "SETTLE": "0"}
    for name, value in settings.items():
        monkeypatch.setenv(f"OMNILOGUE_REMOTES__WORK__{name}", value)
    return "work:"


@pytest.fixture
def talk(cli: Cli, work: str) -> str:
    """The address of an empty conversation at the vendor that answers."""
    return cli("new", work, "--title", "Talk").out.strip()
