"""`emulate`."""

import dataclasses
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Cli: TypeAlias = Callable[..., Any]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_serves_until_it_is_told_to_stop(number: signal.Signals, code: int) -> None:
    command = [sys.executable, "-m", "omnilogue", "emulate", "mindcraft", "--quirk", "max_size=7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        first = json.loads(running.stdout.readline())
        with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(f"{first['url']}session/"):
            pass
        refused.value.close()
        running.send_signal(number)
        out, err = running.communicate(timeout=10)

    assert first["provider"] == "mindcraft"
    assert first["url"].startswith("http://127.0.0.1:")
    assert refused.value.code == 401
    assert (running.returncode, out) == (code, "")
    assert "base_url" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("provider", ["mindcraft", "minimax", "ichati"])
def test_the_commands_it_tells_make_a_remote_that_works(provider: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "omnilogue"]
    environment = {**os.environ, "OMNILOGUE_CONFIG": str(tmp_path / "omnilogue.toml")}
    with subprocess.Popen([*command, "emulate", provider], stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        told: list[list[str]] = []
        for line in running.stderr:
            told.append(shlex.split(line))
            if told[-1][:3] == ["omnilogue", "remotes", "add"]:
                break
        for words in told:
            if words[0] == "export":
                name, _, value = words[1].partition("=")
                environment[name] = value
        for words in (told[-1][1:], ["remotes", "check", "work"]):
            done = subprocess.run(
                [*command, *words], env=environment, capture_output=True, text=True, timeout=30, check=False
            )
            assert done.returncode == 0, done.stderr
        running.terminate()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["memory"], "has no emulator"),
        (["nowhere"], "there is no provider"),
        (["mindcraft", "--quirk", "unheard_of=1"], "unknown quirk 'unheard_of'"),
        (["mindcraft", "--quirk", "max_size=many"], "--quirk"),
        (["mindcraft", "--quirk", "max_size"], "--quirk"),
        (["mindcraft", "--port", "70000"], "port 70000 cannot be opened"),
        (["mindcraft", "--port", "-1"], "port -1 cannot be opened"),
        ([], "PROVIDER"),
    ],
)
def test_what_cannot_be_served_is_told(cli: Cli, arguments: list[str], told: str) -> None:
    found = cli("emulate", *arguments, "--json")

    assert found.code == 2
    assert told in found.error["message"]


def test_a_port_in_use_is_told(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = cli("emulate", "mindcraft", "--port", str(taken.getsockname()[1]))

    assert found.code == 2
    assert "cannot be opened" in found.err
    assert "address already in use" in found.err.lower()


@pytest.mark.parametrize("provider", ["mindcraft", "minimax", "ichati"])
def test_every_switch_is_listed_and_explained(cli: Cli, provider: str) -> None:
    found = cli("emulate", provider, "--quirks")
    items = cli("emulate", provider, "--quirks", "--json").document["items"]

    assert found.code == 0
    assert "piece_delay" in {item["name"] for item in items}
    assert all(item["description"] and item["type"] and item["name"] in found.out for item in items)


def test_an_emulator_without_switches_lists_none() -> None:
    from omnilogue.cli.described_quirks import describe_quirks
    from omnilogue.emulator.quirks import NoQuirks

    assert describe_quirks(NoQuirks) == []


def test_switches_are_told_without_their_source_too() -> None:
    from omnilogue.cli.described_quirks import describe_quirks

    made = dataclasses.make_dataclass(
        "Made", [("size", int | None, None), ("words", tuple[str, ...], dataclasses.field(default_factory=tuple))]
    )

    assert describe_quirks(made) == [
        {"name": "size", "type": "whole number", "default": None, "description": ""},
        {"name": "words", "type": "list", "default": (), "description": ""},
    ]
