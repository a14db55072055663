"""What the library's log becomes on standard error."""

import json
import logging
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from omnilogue.log import logger
from omnilogue_mindcraft.emulator import MindCraftEmulator

Cli: TypeAlias = Callable[..., Any]


@pytest.fixture
def troubled(cli: Cli, talk: str, vendor: MindCraftEmulator) -> Callable[..., Any]:
    """List a conversation whose vendor fails once."""

    def called(*options: str, **streams: bool) -> Any:
        vendor.fail_next("status", status=503)
        return cli("ls", talk, *options, **streams)

    return called


def test_decisions_are_told_with_v_and_requests_with_vv(troubled: Callable[..., Any]) -> None:
    plain, decisions, requests = troubled(), troubled("-v"), troubled("-vv")

    events = [json.loads(line)["event"] for line in requests.err.splitlines()]
    assert plain.err == ""
    assert [json.loads(line)["event"] for line in decisions.err.splitlines()] == ["retry"]
    assert "retry" in events
    assert "request" in events


def test_lines_are_json_where_nobody_looks_and_words_on_a_terminal(troubled: Callable[..., Any]) -> None:
    line = json.loads(troubled("-v").err)
    words = troubled("-v", err_terminal=True).err

    assert line["level"] == "info"
    assert line["code"] == "server"
    assert line["time"].startswith("20")
    assert words.startswith("info: retry ")


@pytest.mark.parametrize(("options", "told"), [([], True), (["-q"], False), (["--quiet", "--json"], False)])
def test_warnings_are_told_unless_only_errors_are_wanted(
    cli: Cli, work: str, monkeypatch: pytest.MonkeyPatch, options: list[str], told: bool
) -> None:
    from omnilogue.cli import accounts

    monkeypatch.setattr(accounts, "_item", lambda session, remote: _warned(remote.name))

    found = cli("remotes", *options)

    assert ("odd_thing" in found.err) is told
    assert "\x1b" not in found.err


def _warned(name: str) -> dict[str, Any]:
    logger().warning("odd_thing", remote=name, text="\x1b[2J")
    return {"name": name, "provider": "", "settings": {}}


def test_the_logger_is_left_as_it_was(cli: Cli, work: str) -> None:
    standard = logging.getLogger("omnilogue")
    before = standard.handlers[:], standard.level

    cli("remotes", "-vv")

    assert (standard.handlers, standard.level) == before


def test_the_variable_of_the_library_is_obeyed(troubled: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOGUE_LOG", "info")

    assert troubled().err == ""  # the handler that the variable asked for was made when the library was loaded
    assert len(troubled("-v").err.splitlines()) == 1
