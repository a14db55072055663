"""From Python and from a terminal: a run that calls tools, and files that are attached."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue import AsyncClient, ToolCallPart, ToolResultPart
from omnilogue_minimax.emulator import MiniMaxEmulator

pytestmark = pytest.mark.anyio

Omnilogue: TypeAlias = Callable[..., str]
QUESTION = 'What time is it? [tool clock {"zone": "CET"}]'


def clock(zone: str) -> dict[str, str]:
    """Tell the time."""
    return {"zone": zone, "time": "12:00"}


@pytest.fixture
def configuration(vendor: MiniMaxEmulator, tmp_path: Path) -> Path:
    """Give a configuration that both a program and the command line use."""
    settings = {"provider": "minimax", **vendor.settings, "poll_first": 0.01}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    state = json.dumps(f"sqlite:///{tmp_path / 'state.db'}")
    path = tmp_path / "omnilogue.toml"
    path.write_text("\n".join(["[remotes.old]", *lines, "[state]", f"url = {state}", ""]), encoding="utf-8")
    return path


@pytest.fixture
def omnilogue(configuration: Path, tmp_path: Path) -> Omnilogue:
    """Give what runs a command and gives what it prints."""

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "omnilogue", *words, "--config", str(configuration)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


async def test_a_run_that_called_a_tool_is_shown(
    vendor: MiniMaxEmulator, configuration: Path, omnilogue: Omnilogue
) -> None:
    async with AsyncClient(configuration) as client:
        remote = client.remote("old")
        conversation = await remote.create(title="Time")
        reply = await remote.send(conversation, QUESTION, tools=[clock])

    shown = omnilogue("show", str(conversation.ref))
    document: Any = json.loads(omnilogue("show", str(conversation.ref), "--json"))

    parts = reply.messages[0].parts
    assert isinstance(parts[0], ToolCallPart)
    assert isinstance(parts[1], ToolResultPart)
    assert reply.text == 'Answer 1 to: What time is it? {"zone":"CET","time":"12:00"}'
    assert '[tool call: clock {"zone": "CET"}]' in shown
    assert '[tool result: {"zone":"CET","time":"12:00"}]' in shown
    assert shown.index("[tool call") < shown.index("[tool result") < shown.index("Answer 1")
    assert document["messages"][1]["parts"] == [
        {"type": "tool_call", "id": parts[0].id, "name": "clock", "arguments": {"zone": "CET"}},
        {
            "type": "tool_result",
            "call_id": parts[0].id,
            "content": '{"zone":"CET","time":"12:00"}',
            "is_error": False,
        },
        {"type": "text", "text": reply.text, "citations": []},
    ]


@pytest.mark.parametrize("command", ["append", "send"])
def test_a_file_is_attached_from_a_terminal(
    vendor: MiniMaxEmulator, omnilogue: Omnilogue, tmp_path: Path, command: str
) -> None:
    (tmp_path / "note.txt").write_bytes(b"A note.")
    address = omnilogue("new", "old:").strip()

    omnilogue(command, address, "Read this.", "--attach", "note.txt")
    shown = omnilogue("show", address)

    (file,) = vendor.store.files.all()
    message = vendor.store.messages(address.removeprefix("old:"))[0]
    assert (file.name, file.content, message.file_ids) == ("note.txt", b"A note.", (str(file.id),))
    assert f"[file: {file.id}]" in shown


def test_a_recording_is_attached_from_a_terminal(vendor: MiniMaxEmulator, omnilogue: Omnilogue, tmp_path: Path) -> None:
    (tmp_path / "hello.mp3").write_bytes(b"hello")
    address = omnilogue("new", "old:").strip()

    reply = json.loads(omnilogue("send", address, "--attach", "hello.mp3", "--json"))

    assert reply["text"] == "Answer 1 to: a recording of 5 bytes"
    assert reply["audio"][0]["media_type"] == "audio/mpeg"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({}, None), ({"api_key": "minimax-wrong"}, "auth"), ({"base_url": "http://127.0.0.1:9/v1/"}, "connect_failed")],
)
async def test_a_check_asks_the_vendor_also_where_nothing_is_known_yet(
    vendor: MiniMaxEmulator, wrong: dict[str, str], code: str | None
) -> None:
    settings = {"provider": "minimax", **vendor.settings, "max_attempts": 1, **wrong}
    async with AsyncClient(False, remotes={"old": settings}, state="memory:") as client:
        found = await client.remote("old").check()

    assert found.ok is (code is None)
    assert code == (found.error or {}).get("code")
