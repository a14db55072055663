"""`conform`."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest

from omnilogue.model import Message, Page
from omnilogue.provider import Features, Provider, Query, native
from omnilogue_memory.settings import MemorySettings

Cli: TypeAlias = Callable[..., Any]
Install: TypeAlias = Callable[..., str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []

    async def conform(provider: str, *, plugins: bool = True) -> Any:
        calls.append((provider, plugins))
        items = [
            SimpleNamespace(case="send_answers", status="passed", reason=""),
            SimpleNamespace(case="clear_keeps_the_title", status="failed", reason="the title \x1bwent"),
        ]
        return SimpleNamespace(ok=provider == "memory", items=items)

    monkeypatch.setattr("omnilogue.testing.conform", conform, raising=False)
    return calls


def test_the_document_tells_each_case(cli: Cli, asked: list[Any]) -> None:
    found = cli("conform", "archive", "--json", "--no-plugins")

    assert found.code == 1
    assert asked == [("archive", False)]
    assert (found.document["provider"], found.document["ok"]) == ("archive", False)
    assert found.document["items"][1] == {
        "case": "clear_keeps_the_title",
        "status": "failed",
        "reason": "the title \x1bwent",
    }


def test_it_ends_with_a_sentence(cli: Cli, asked: list[Any]) -> None:
    found = cli("conform", "memory")

    assert found.code == 0
    assert found.lines[1] == "failed\tclear_keeps_the_title\tthe title went"
    assert found.lines[-1] == "memory: conforms (1 passed, 1 failed)"


def test_an_unknown_provider_is_an_error(cli: Cli) -> None:
    assert cli("conform", "nowhere", "--json").error["code"] == "config"


def test_a_provider_that_nobody_can_try_is_one_error(cli: Cli, install: Install) -> None:
    class Needy(MemorySettings):
        api_key: str
        zone: str

    class Lonely(Provider[MemorySettings]):
        features = Features(list_messages=native())

        async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
            return Page(items=())

    install(Lonely, Needy)

    found = cli("conform", "lonely")

    assert found.code == 2
    assert found.out == ""
    assert found.err.startswith(
        "omnilogue: provider 'lonely' cannot be tried: it names no emulator, and needs api_key, zone ("
    )
