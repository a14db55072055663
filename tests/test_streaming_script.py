"""The same streaming script runs unchanged on every provider that streams, and prints the same kinds of events."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omnilogue import AsyncClient, Client
from omnilogue.provider import Plugins
from omnilogue.testing.staging import settings_on_the_spot

SCRIPT = Path(__file__).with_name("streaming_script.py")
PLUGINS = Plugins()
NAMES = tuple(
    name for name in PLUGINS.provider_names() if PLUGINS.provider(name).provider.features.stream.grade != "unsupported"
)
PRINTED = """\
whole: reply_started text_delta reply_completed
again: reply_started text_delta reply_completed
left: text_delta
taken over: reply_started text_delta reply_completed
"""


@pytest.fixture(params=NAMES)
def remotes(request: pytest.FixtureRequest) -> Iterator[dict[str, dict[str, Any]]]:
    with settings_on_the_spot(PLUGINS.provider(request.param), PLUGINS) as settings:
        yield {"work": {**settings, "provider": request.param}}


def run_of(source: str) -> Any:
    namespace: dict[str, Any] = {"__name__": "streaming_script"}
    exec(compile(source, str(SCRIPT), "exec"), namespace)
    return namespace["run"]


def without_await(source: str) -> str:
    """Give the script for code without an event loop; nothing else about it changes."""
    source = source.replace("aiter(", "iter(").replace("anext(", "next(")
    return re.sub(r"\b(async|await) |Async(?=Client|Remote)", "", source)


@pytest.mark.anyio
async def test_the_script_prints_the_same_everywhere(remotes: dict[str, Any], capsys: Any) -> None:
    async with AsyncClient(False, remotes=remotes) as client:
        await run_of(SCRIPT.read_text(encoding="utf-8"))(client, "work")

    assert capsys.readouterr().out == PRINTED


def test_the_script_prints_the_same_without_an_event_loop(remotes: dict[str, Any], capsys: Any) -> None:
    with Client(False, remotes=remotes) as client:
        run_of(without_await(SCRIPT.read_text(encoding="utf-8")))(client, "work")

    assert capsys.readouterr().out == PRINTED


def test_every_provider_that_answers_is_tried() -> None:
    assert set(NAMES) >= {"ichati", "memory", "mindcraft", "minimax"}


def test_the_script_names_no_provider() -> None:
    assert not re.search("|".join(PLUGINS.provider_names()), SCRIPT.read_text(encoding="utf-8"), re.IGNORECASE)
