"""`demo`."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue.cli import demo_script
from omnilogue.cli.demonstrating import STEPS

Cli: TypeAlias = Callable[..., Any]

CORE = Path(demo_script.__file__).parents[1]


def test_it_measures_the_same_script_on_every_provider(cli: Cli) -> None:
    found = cli("demo", "--json")

    items = found.document["items"]
    by_provider: dict[str, dict[str, Any]] = {item["provider"]: {} for item in items}
    for item in items:
        assert list(item) == ["operation", "provider", "grade", "seconds"]
        by_provider[item["provider"]][item["operation"]] = item
    assert found.code == 0
    assert set(by_provider) >= {"archive", "memory", "mindcraft"}
    for rows in by_provider.values():
        assert tuple(rows) == STEPS
        assert all((row["seconds"] is None) is (row["grade"] == "unsupported") for row in rows.values())


def plain(line: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", line)


def test_it_reads_well(cli: Cli) -> None:
    found = cli("demo", out_terminal=True)

    assert found.code == 0
    assert found.err == ""
    assert max(len(plain(line)) for line in found.lines) <= 80
    assert "create_conversation" in found.out
    assert "Try next:" in found.out


def test_it_leaves_nothing_behind(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = sorted(tmp_path.rglob("*"))

    cli("demo", "--json")

    assert sorted(tmp_path.rglob("*")) == before


UNSUPPORTED = {"threads": set(), "topics": {"append_user"}}
LOSSY = {"threads": {"list_conversations", "edit_message", "clear_messages"}, "topics": {"clear_messages"}}


def test_vendors_that_lack_operations_run_the_same_script(cli: Cli, threads: str, topics: str, own_state: Path) -> None:
    found = cli("demo", "--json")

    assert (found.code, found.err) == (0, "")
    for name in (threads.removesuffix(":"), topics.removesuffix(":")):
        rows = {item["operation"]: item for item in found.document["items"] if item["provider"] == name}
        assert tuple(rows) == STEPS
        assert {key for key, row in rows.items() if row["grade"] == "unsupported"} == UNSUPPORTED[name]
        assert {key for key, row in rows.items() if row["grade"] == "lossy"} == LOSSY[name]
        assert {key for key, row in rows.items() if row["seconds"] is None} == UNSUPPORTED[name]
    assert not own_state.exists()


@pytest.mark.usefixtures("threads", "topics")
def test_many_providers_fit_a_terminal(cli: Cli) -> None:
    found = cli("demo", out_terminal=True)

    assert found.code == 0
    assert max(len(plain(line)) for line in found.lines) <= 80
    assert "on 7 providers" in found.out
    assert "unsupported  refused before anything is sent" in found.out


def test_the_users_state_is_left_alone(cli: Cli, threads: str, own_state: Path) -> None:
    cli("new", threads, "--title", "A trip of mine")
    before = own_state.read_bytes()

    assert cli("demo", "--json", "--state", f"sqlite:///{own_state}").code == 0
    assert own_state.read_bytes() == before
    assert sorted(own_state.parent.iterdir()) == [own_state]


def test_the_table_shows_all_operations_of_the_script() -> None:
    source = Path(demo_script.__file__).read_text()

    assert tuple(re.findall(r'with step\("(\w+)"\)', source)) == STEPS


def test_a_provider_that_fails_is_told_and_stops_no_other(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from omnilogue import RateLimitError
    from omnilogue_memory.provider import Memory

    async def fail(*_: object) -> None:
        raise RateLimitError("slowly", outcome="rejected")

    monkeypatch.setattr(Memory, "clear_messages", fail)

    found = cli("demo", "--json")

    assert found.code == 5
    assert "memory: slowly" in found.err
    assert "archive" in {item["provider"] for item in found.document["items"]}


def test_the_core_names_no_vendor() -> None:
    vendors = re.compile("mindcraft|minimax|ichati", re.IGNORECASE)

    assert [str(path) for path in CORE.rglob("*.py") if vendors.search(path.read_text(encoding="utf-8"))] == []
