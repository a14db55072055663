"""`send` and `regenerate`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue_mindcraft.emulator import MindCraftEmulator

Cli: TypeAlias = Callable[..., Any]


def test_send_prints_the_answer(cli: Cli, talk: str) -> None:
    found = cli("send", talk, "Where to in May?")

    assert found.code == 0
    assert found.out.endswith("Where to in May?\n")
    assert found.err == ""


def test_the_answer_appears_as_it_comes(cli: Cli, talk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from omnilogue.cli.output import Output

    pieces: list[str] = []
    write = Output.text

    def seen(self: Output, text: str) -> None:
        pieces.append(text)
        write(self, text)

    monkeypatch.setattr(Output, "text", seen)

    whole = cli("send", talk, "one two three four five six", out_terminal=True).out

    assert len(pieces) > 2
    assert "".join(pieces) == whole


@pytest.mark.parametrize("option", [["--no-stream"], ["--json"], ["--out", "answer.txt"]])
def test_where_nobody_watches_the_answer_comes_whole(
    cli: Cli, talk: str, option: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from omnilogue import AsyncRemote

    monkeypatch.setattr(AsyncRemote, "stream", None)

    found = cli("send", talk, "Hello", *option)

    assert found.code == 0
    if "--out" in option:
        assert Path("answer.txt").read_text().endswith("Hello\n")


def test_the_document_of_send_is_the_reply(cli: Cli, talk: str) -> None:
    document = cli("send", talk, "Hello", "--json").document

    assert document["text"].endswith("Hello")
    assert document["effect"] == "new"
    assert [message["role"] for message in document["messages"]] == ["assistant"]


def test_jsonl_prints_the_events(cli: Cli, talk: str) -> None:
    events = [json.loads(line) for line in cli("send", talk, "Hello", "--jsonl").lines]

    assert [events[0]["type"], events[-1]["type"]] == ["reply_started", "reply_completed"]
    assert "".join(event["text"] for event in events if event["type"] == "text_delta").endswith("Hello")


def test_options_reach_the_vendor(cli: Cli, talk: str, vendor: MindCraftEmulator) -> None:
    options = ["--model", "m", "--instructions", "-brief", "--max-output-tokens", "3", "--temperature", "0"]

    cli("send", talk, "one two three four five", *options)

    bodies = [recorded.body for recorded in vendor.journal if recorded.path.endswith("chat/completions")]
    body = bodies[-1] if isinstance(bodies[-1], dict) else json.loads(bodies[-1])
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("m", 3, 0)
    assert body["messages"][0] == {"role": "system", "content": "-brief"}


@pytest.mark.parametrize(
    "options",
    [
        ["--json", "--jsonl"],
        ["--no-stream", "--jsonl"],
        ["--busy", "shove"],
        ["--max-output-tokens", "0"],
        ["--max-output-tokens", "few"],
        ["--temperature", "-1"],
        ["--option", "x"],
        ["--option", "unheard_of=1"],
        ["--attach", "missing.png"],
    ],
)
def test_options_that_cannot_be_meant_are_refused_before_anything_is_stored(
    cli: Cli, talk: str, options: list[str]
) -> None:
    assert cli("send", talk, "Hello", *options).code == 2
    assert cli("ls", talk).out == ""


@pytest.mark.parametrize("busy", ["wait", "reject", "cancel"])
def test_every_way_to_be_busy_is_taken(cli: Cli, talk: str, busy: str) -> None:
    assert cli("send", talk, "Hello", "--busy", busy).code == 0


def test_what_a_remote_cannot_do_is_unsupported(cli: Cli, kept: str) -> None:
    for command in (["send", kept, "Hello"], ["regenerate", kept], ["send", kept, "Hello", "--jsonl"]):
        found = cli(*command)
        assert found.code == 2
        assert "is not supported" in found.err


def test_regenerate_prints_another_answer(cli: Cli, talk: str) -> None:
    first = cli("send", talk, "Hello").out

    second = cli("regenerate", talk).out
    third = cli("regenerate", talk, "--json").document

    assert len({first, second, third["text"] + "\n"}) == 3
    assert third["effect"] in {"replaced", "superseded", "added"}
    assert len(cli("ls", talk).lines) == 2


@pytest.mark.parametrize("message", ["", " "])
def test_an_empty_message_is_never_the_last_one(cli: Cli, talk: str, message: str) -> None:
    cli("send", talk, "Hello")

    assert cli("regenerate", talk, message).code == 2


def test_an_old_answer_that_stays_is_told(cli: Cli, talk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from omnilogue import AsyncRemote, Message, Reply

    async def regenerate(*_: object, **__: object) -> Reply:
        return Reply(messages=(Message.assistant("Another."),), effect="added", status="partial")

    monkeypatch.setattr(AsyncRemote, "regenerate", regenerate)

    found = cli("regenerate", talk, "--no-stream")

    assert found.out == "Another.\n"
    assert found.err.splitlines() == [
        "The answer is not whole: its status is partial.",
        "The old answer is still there.",
    ]


def test_a_stream_that_breaks_leaves_its_beginning_and_one_line(
    cli: Cli, talk: str, vendor: MindCraftEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__PERSIST", "client")
    vendor.configure(sse_error_at=2)
    try:
        found = cli("send", talk, "one two three four five six seven eight nine ten", err_terminal=True)
    finally:
        vendor.configure(sse_error_at=None)

    assert found.code in {1, 5, 11}
    assert found.out.endswith("\n")
    assert found.out.strip()
    assert found.err.startswith("omnilogue: ")
    assert found.err.count("\n") == 1


def test_text_of_the_model_does_not_control_the_terminal(cli: Cli, talk: str) -> None:
    out = cli("send", talk, "-", stdin="\x1b[2J evil \u202e \x9b".encode(), out_terminal=True).out

    assert not set(out) & {"\x1b", "\x9b", "\u202e"}
    assert "\\u202e" in out


def test_the_deadline_names_the_option(cli: Cli, talk: str) -> None:
    found = cli("send", talk, "Hello", "--timeout", "0.000001", "--json")

    assert found.code == 5
    assert found.error["code"] == "deadline"
    assert found.error["hint"] == "give it more time with --timeout SECONDS"


def test_a_loss_is_refused_with_the_option_that_allows_it(cli: Cli, talk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from omnilogue import AsyncRemote, LossRefusedError

    asked: list[object] = []

    async def append(*_: object, allow_loss: object, **__: object) -> None:
        asked.append(allow_loss)
        raise LossRefusedError("work: append would lose order, text", losses=("order", "text"))

    monkeypatch.setattr(AsyncRemote, "append", append)

    found = cli("append", talk, "Hello", "--json")
    cli("append", talk, "Hello", "--allow-loss")
    cli("append", talk, "Hello", "--allow-loss=order,text")

    assert found.code == 10
    assert found.error["hint"] == "allow it with --allow-loss=order,text"
    assert asked == [False, True, ("order", "text")]


@pytest.mark.parametrize(("option", "traced"), [([], False), (["-v"], False), (["-vv"], True)])
def test_a_bug_is_one_line_unless_more_is_asked_for(
    cli: Cli, talk: str, option: list[str], traced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError("lost")

    monkeypatch.setattr("omnilogue.cli.values.content", broken)

    found = cli("send", talk, "Hello", *option)

    assert found.code == 1
    assert "a fault of Omnilogue itself: LookupError: lost" in found.err
    assert ("Traceback" in found.err) is traced
    assert cli("send", talk, "Hello", "--json").error["code"] == "error"


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_trouble_with_this_machine_is_told_too(
    cli: Cli, talk: str, option: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr("omnilogue.cli.values.content", broken)

    found = cli("send", talk, "Hello", *option)

    assert found.code == 1
    assert "Permission denied: '/somewhere'" in found.out + found.err


def test_a_closed_standard_input_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from omnilogue import InvalidInputError
    from omnilogue.migrate.naming import read_stdin

    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(InvalidInputError, match="standard input is closed"):
        read_stdin()
