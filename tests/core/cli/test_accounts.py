"""`remotes`, `remotes rm` and `remotes check`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue_mindcraft.emulator import MindCraftEmulator

Cli: TypeAlias = Callable[..., Any]

SECRET = "MC-AAAAAAAABBBBBBBBCCCCCCCCDDDDDDDD"


@pytest.fixture
def file() -> Path:
    path = Path("omnilogue.toml")
    path.write_text(
        '# mine\ndefault = "one"\n\n'
        '[remotes.one]\nprovider = "memory"\n\n'
        f'[remotes.two]\nprovider = "mindcraft"\napi_key = "{SECRET}"\nproxy = "http://user:pass@proxy:1"\n'
        'headers = {X-Key = "env:HEADER"}\n\n'
        f'[remotes.lost]\nprovider = "nowhere"\nkey = "{SECRET}"\nother = "env:KEY"\nsize = 3\n'
    )
    return path


def test_secrets_are_never_shown(cli: Cli, file: Path) -> None:
    document = cli("remotes", "--json")
    told = cli("remotes", "-vv")

    items = {item["name"]: item for item in document.document["items"]}
    assert SECRET not in document.out + document.err + told.out + told.err
    assert "pass" not in document.out + told.out
    assert items["one"] == {"name": "one", "provider": "memory", "settings": {}}
    assert items["two"]["settings"]["api_key"] == "[value]"
    assert items["two"]["settings"]["headers"] == {"X-Key": "env:HEADER"}
    assert items["lost"]["settings"] == {"key": "[hidden]", "other": "env:KEY", "size": 3}
    assert "there is no provider 'nowhere'" in document.err
    assert told.lines[0].startswith("one:\tmemory (default)\t")


def test_without_remotes_it_says_how_to_make_one(cli: Cli) -> None:
    found = cli("remotes")

    assert (found.code, found.out) == (0, "")
    assert "omnilogue remotes add NAME PROVIDER" in found.err
    assert cli("remotes", "--json").document == {"items": []}


def test_rm_removes_it_from_the_file_and_keeps_the_rest(cli: Cli, file: Path) -> None:
    document = cli("remotes", "rm", "one", "--json").document

    assert document == {"ok": True, "file": str(file.absolute())}
    assert "# mine" in file.read_text()
    assert "one" not in file.read_text()
    assert cli("remotes", "rm", "two").out == f"removed two from {file.absolute()}\n"


@pytest.mark.parametrize("name", ["three", "", "one:"])
def test_rm_of_what_is_not_there_is_an_error(cli: Cli, file: Path, name: str) -> None:
    before = file.read_text()

    assert cli("remotes", "rm", name).code == 2
    assert file.read_text() == before


def test_rm_without_a_file_is_an_error(cli: Cli, work: str) -> None:
    found = cli("remotes", "rm", "work", "--json")

    assert found.code == 2
    assert "there is no configuration file" in found.error["message"]


def test_check_reads_only(cli: Cli, work: str, vendor: MindCraftEmulator) -> None:
    vendor.journal.clear()

    (item,) = cli("remotes", "check", "--json").document["items"]

    assert {recorded.method for recorded in vendor.journal} == {"GET"}
    assert (item["name"], item["provider"], item["ok"], item["error"]) == ("work", "mindcraft", True, None)
    assert item["operations"]["list_conversations"] == "ok"
    assert item["operations"]["send"] == "not tried"


@pytest.mark.parametrize("name", ["work", "work:"])
def test_check_may_write(cli: Cli, work: str, name: str) -> None:
    found = cli("remotes", "check", name, "--write")

    assert found.code == 0
    assert found.lines[0] == "work:\tmindcraft\tok\t"
    assert "send\tok" in found.lines
    assert "Omnilogue check" not in cli("ls", work).out


def test_check_tells_what_is_wrong_and_checks_the_others(cli: Cli, file: Path, work: str) -> None:
    found = cli("remotes", "check", "--json")
    told = cli("remotes", "check")

    items = {item["name"]: item for item in found.document["items"]}
    assert found.code == told.code == 2
    assert items["one"]["ok"] is True
    assert items["work"]["ok"] is True
    assert items["lost"]["error"]["code"] == "config"
    assert any(
        line.startswith("lost:\tnowhere\tfailed\tremotes.lost.provider: there is no provider") for line in told.lines
    )


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [("API_KEY", SECRET, 3), ("API_KEY", "env:NOWHERE", 2), ("BASE_URL", "http://127.0.0.1:9/", 5)],
)
@pytest.mark.usefixtures("work")
def test_check_ends_with_the_code_of_what_is_wrong(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, code: int
) -> None:
    monkeypatch.setenv(f"OMNILOGUE_REMOTES__WORK__{setting}", value)
    monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__MAX_ATTEMPTS", "1")

    found = cli("remotes", "check", "work", "--json")

    assert found.code == code
    assert found.document["items"][0]["ok"] is False


def test_check_has_a_deadline(cli: Cli, work: str) -> None:
    found = cli("remotes", "check", "work", "--timeout", "0.000001", "--json")

    assert found.code == 5
    assert found.document["items"][0]["error"]["code"] == "deadline"


def test_check_of_an_unknown_remote_is_an_error(cli: Cli) -> None:
    assert cli("remotes", "check", "nothing").code == 2


def test_a_mistyped_provider_is_told_with_its_line_and_the_nearest_name(cli: Cli) -> None:
    path = Path("omnilogue.toml").absolute()
    path.write_text('# mine\n[remotes.work]\nprovider = "mindcarft"\n')

    for command in (["ls", "work:"], ["remotes"]):
        told = cli(*command).err
        assert "remotes.work.provider: there is no provider 'mindcarft'" in told
        assert f"({path}, line 3) (did you mean 'mindcraft'?)" in told


def test_a_missing_secret_names_its_remote(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__PROVIDER", "mindcraft")
    monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__API_KEY", "env:NOWHERE")

    error = cli("ls", "work:", "--json").error

    assert error["message"] == "work: no secret at env:NOWHERE: the environment has no such variable"
    assert error["code"] == "secret"
