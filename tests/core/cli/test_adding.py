"""`remotes add`."""

import os
import pty
import select
import stat
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Cli: TypeAlias = Callable[..., Any]

SECRET = "MC-AAAAAAAABBBBBBBBCCCCCCCCDDDDDDDD"


def written(path: Path) -> Any:
    return tomllib.loads(path.read_text())["remotes"]


@pytest.fixture
def own() -> Path:
    """The user's own file, which is not there yet."""
    return Path(os.environ["XDG_CONFIG_HOME"]) / "omnilogue" / "omnilogue.toml"


def test_it_goes_into_the_users_own_file(cli: Cli, own: Path) -> None:
    document = cli("remotes", "add", "work", "mindcraft", "api_key=env:KEY", "rate=8/s", "--json").document

    assert document == {"ok": True, "file": str(own)}
    assert written(own) == {"work": {"provider": "mindcraft", "api_key": "env:KEY", "rate": "8/s"}}
    assert stat.S_IMODE(own.stat().st_mode) == 0o600


def test_it_goes_into_the_file_in_use(cli: Cli, own: Path) -> None:
    Path("omnilogue.toml").write_text("# mine\n")

    told = cli("remotes", "add", "notes", "memory")

    assert told.out == f"added notes to {Path('omnilogue.toml').absolute()}\n"
    assert "omnilogue remotes check notes" in told.err
    assert Path("omnilogue.toml").read_text().startswith("# mine\n")
    assert not own.exists()


@pytest.mark.parametrize("by_variable", [False, True])
def test_a_file_that_is_named_is_made(cli: Cli, monkeypatch: pytest.MonkeyPatch, by_variable: bool) -> None:
    options = ["--config", "new.toml"]
    if by_variable:
        monkeypatch.setenv("OMNILOGUE_CONFIG", "new.toml")
        options = []

    assert cli("remotes", "add", "notes", "memory", *options).code == 0
    assert cli("remotes", "add", "more", "memory", *options).code == 0
    assert list(written(Path("new.toml"))) == ["notes", "more"]


def test_values_have_the_types_of_their_settings(cli: Cli, own: Path) -> None:
    settings = [
        "api_key=file:key.txt",
        "max_attempts=5",
        "timeout=2.5",
        "markers=false",
        "page_size=20",
        "paths.session_list=s/",
        "headers.X-Key=env:HEADER",
        'models={"fast": "m1"}',
    ]

    assert cli("remotes", "add", "work", "mindcraft", *settings).code == 0
    assert written(own)["work"] == {
        "provider": "mindcraft",
        "api_key": f"file:{Path('key.txt').absolute()}",
        "max_attempts": 5,
        "timeout": 2.5,
        "markers": False,
        "page_size": 20,
        "paths": {"session_list": "s/"},
        "headers": {"X-Key": "env:HEADER"},
        "models": {"fast": "m1"},
    }
    assert cli("remotes", "--json").document["items"][0]["settings"]["paths"] == {"session_list": "s/"}


def test_lists_are_json_and_paths_are_those_of_the_shell(cli: Cli, own: Path) -> None:
    assert cli("remotes", "add", "echo", "memory", 'replies=["Hi", "Ho"]').code == 0
    assert cli("remotes", "add", "kept", "archive", "path=a.db").code == 0
    assert written(own)["echo"]["replies"] == ["Hi", "Ho"]
    assert written(own)["kept"]["path"] == str(Path("a.db").absolute())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["work", "mindcraft"], "api_key: is missing"),
        (["work", "mindcraft", f"api_key={SECRET}"], "api_key is a secret"),
        (["work", "mindcraft", "api_key=env:K", f"headers.X={SECRET}"], "headers.X is a secret"),
        (["work", "mindcraft", "api_key=env:K", "page_size=0"], "page_size"),
        (["work", "mindcraft", "api_key=env:K", "page_siez=1"], "did you mean 'page_size'?"),
        (["work", "mindcraft", "api_key=env:K", "api_key=env:L"], "api_key is given twice"),
        (["work", "mindcraft", "api_key=env:K", "paths=x", "paths.clear=y"], "paths.clear is given twice"),
        (["work", "mindcraft", SECRET], "setting 1 is no KEY=VALUE"),
        (["work", "nowhere"], "there is no provider 'nowhere'"),
        (["Work", "memory"], "cannot be the name of a remote"),
        (["work:", "memory"], "cannot be the name of a remote"),
        (["w", "memory"], "cannot be the name of a remote"),
        (["work"], "PROVIDER"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_written(cli: Cli, own: Path, arguments: list[str], told: str) -> None:
    found = cli("remotes", "add", *arguments, "--json")

    assert found.code == 2
    assert told in found.error["message"] + found.error["hint"]
    assert SECRET not in found.out + found.err
    assert not own.parent.exists()


def test_a_name_that_is_taken_is_refused(cli: Cli, own: Path, work: str) -> None:
    cli("remotes", "add", "notes", "memory")
    before = own.read_text()

    assert "already" in cli("remotes", "add", "notes", "memory").err
    assert "already" in cli("remotes", "add", "work", "memory").err
    assert own.read_text() == before


def test_a_command_goes_only_into_a_file_that_may_run_it(cli: Cli) -> None:
    Path("omnilogue.toml").write_text("")
    arguments = ["remotes", "add", "work", "mindcraft", "api_key=command:pass show work"]

    assert "may not run a command" in cli(*arguments).err
    assert cli(*arguments, "--config", "omnilogue.toml").code == 0


def test_it_asks_nothing_where_it_may_not(cli: Cli, own: Path) -> None:
    found = cli("remotes", "add", "kept", "archive", "--yes", stdin=b"a.db\n", stdin_terminal=True)

    assert found.code == 2
    assert not own.exists()


def test_it_asks_on_a_terminal_for_what_is_required(cli: Cli, own: Path) -> None:
    found = cli("remotes", "add", "kept", "archive", stdin=b"a.db\n", stdin_terminal=True, err_terminal=True)

    assert found.code == 0
    assert "path - The SQLite file" in found.err
    assert written(own)["kept"]["path"] == str(Path("a.db").absolute())
    assert cli("remotes", "add", "none", "archive", stdin=b"\n", stdin_terminal=True).code == 2


def on_a_terminal(arguments: list[str], answers: list[bytes]) -> tuple[int, str]:
    """Run the command on a terminal of its own and type the answers, each after a question."""
    process, terminal = pty.fork()
    if process == 0:
        os.execv(sys.executable, [sys.executable, "-m", "omnilogue", *arguments])
    said, waiting, until = b"", list(answers), time.monotonic() + 20
    while time.monotonic() < until:
        ready, _, _ = select.select([terminal], [], [], 0.5)
        if not ready:
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        said += piece
        if waiting and said.endswith(b" "):
            os.write(terminal, waiting.pop(0))
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), said.decode()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_secret_that_is_typed_is_not_seen_and_kept_in_a_file_of_its_own(own: Path) -> None:
    code, said = on_a_terminal(["remotes", "add", "work", "mindcraft"], [f"{SECRET}\n".encode()])

    reference = written(own)["work"]["api_key"]
    kept = own.parent / reference.removeprefix("file:")
    assert code == 0
    assert SECRET not in said
    assert SECRET not in own.read_text()
    assert kept.read_text() == SECRET
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_reference_may_be_typed_too(cli: Cli, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda _: "env:KEY")

    assert cli("remotes", "add", "work", "mindcraft", stdin_terminal=True).code == 0
    assert written(own)["work"]["api_key"] == "env:KEY"


def test_a_secret_is_not_kept_for_a_remote_that_could_not_be_written(
    cli: Cli, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("getpass.getpass", lambda _: SECRET)
    monkeypatch.setattr("omnilogue.config.add_remote", refuse)

    assert cli("remotes", "add", "work", "mindcraft", stdin_terminal=True).code == 1
    assert not [path for path in own.parent.rglob("*") if path.is_file()]
