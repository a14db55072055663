"""`providers` and `plugins`."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from omnilogue.model import OPERATIONS
from omnilogue.provider import Plugins

Cli: TypeAlias = Callable[..., Any]

NAMES = Plugins(outside=False).provider_names()


def plain(line: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", line)


def test_all_providers_stand_beside_each_other(cli: Cli) -> None:
    found = cli("providers")

    rows = [line.split() for line in found.lines]
    assert found.code == 0
    assert ["operation", *NAMES] in rows
    assert [row[0] for row in rows if row and row[0] in OPERATIONS] == list(OPERATIONS)
    assert max(len(plain(line)) for line in cli("providers", out_terminal=True).lines) <= 80


def test_the_document_has_all_of_all_providers(cli: Cli) -> None:
    items = cli("providers", "--json").document["items"]

    assert [item["name"] for item in items] == NAMES
    for item in items:
        assert list(item) == ["name", "title", "operations", "settings"]
        assert list(item["operations"]) == list(OPERATIONS)
        assert all(set(row) == {"grade", "note", "limits"} for row in item["operations"].values())


def test_what_the_core_makes_of_other_calls_counts(cli: Cli) -> None:
    (item,) = cli("providers", "memory", "--json").document["items"]

    assert item["operations"]["regenerate"]["grade"] == "emulated"


def test_one_provider_shows_notes_and_settings(cli: Cli) -> None:
    found = cli("providers", "mindcraft")
    (item,) = cli("providers", "mindcraft", "--json").document["items"]

    settings = {one["name"]: one for one in item["settings"]}
    assert item["settings"][0]["name"] == "api_key"
    assert (settings["api_key"]["type"], settings["api_key"]["required"]) == ("secret", True)
    assert (settings["page_size"]["type"], settings["page_size"]["default"]) == ("whole number", 50)
    assert settings["persist"]["type"] == "client or server or auto"
    assert settings["verify"]["type"] == "true or false or path"
    assert settings["paths.session_list"]["default"] == "session/"
    assert all(one["description"] or "." in one["name"] for one in item["settings"])
    assert "api_key" in found.out
    assert "required" in found.out
    assert max(len(plain(line)) for line in cli("providers", "mindcraft", out_terminal=True).lines) <= 80


@pytest.mark.parametrize("name", ["nowhere", ""])
def test_an_unknown_provider_is_an_error(cli: Cli, name: str) -> None:
    assert cli("providers", name, "--json").error["code"] == "config"
    assert cli("providers", name).code == 2


def test_colours_are_for_terminals_and_for_those_who_want_them(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" in cli("providers", out_terminal=True).out
    assert "\x1b[" not in cli("providers").out

    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in cli("providers", out_terminal=True).out


def test_plugins_tells_how_each_fares(cli: Cli) -> None:
    items = cli("plugins", "--json").document["items"]

    assert [(item["name"], item["status"]) for item in items] == [(name, "ok") for name in [*NAMES, "formats"]]
    assert set(items[0]) == {"name", "distribution", "version", "status", "error"}
    assert [line.split("\t")[0] for line in cli("plugins", "--no-plugins").lines] == [*NAMES, "formats"]
