"""`chat` where standard input is no terminal: each line is a turn."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue_mindcraft.emulator import MindCraftEmulator

Cli: TypeAlias = Callable[..., Any]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a remote that echoes, and forgets all when the chat ends."""
    monkeypatch.setenv("OMNILOGUE_REMOTES__ECHO__PROVIDER", "memory")
    return "echo:"


def typed(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def completions(vendor: MindCraftEmulator) -> list[Any]:
    """Give what was asked for answers, in order."""
    bodies = [recorded.body for recorded in vendor.journal if recorded.path.endswith("chat/completions")]
    return [body if isinstance(body, dict) else json.loads(body) for body in bodies]


def test_each_line_is_a_turn_and_its_answer_is_printed(cli: Cli, memory: str) -> None:
    found = cli("chat", memory, stdin=b"one\n\n  \r\ntwo\\\nlines\r\nthree without an end")

    assert found.code == 0
    assert found.out == "Answer 1 to: one\nAnswer 2 to: two\nlines\nAnswer 3 to: three without an end\n"


def test_a_new_conversation_is_created_with_its_first_turn(cli: Cli, work: str, vendor: MindCraftEmulator) -> None:
    before = len(cli("ls", work).lines)

    cli("chat", work, stdin=typed("/help", "/model", "/show"))
    assert len(cli("ls", work).lines) == before
    told = cli("chat", work, stdin=typed("/title Trip to Lisbon", "Hello", "Again")).err

    assert len(cli("ls", work).lines) == before + 1
    address = told.partition("This is ")[2].partition(".\n")[0]
    assert [line.split("\t")[2] for line in cli("ls", address).lines] == ["user", "assistant"] * 2
    assert cli("show", address).lines[0] == "Trip to Lisbon"


def test_the_last_messages_are_shown_where_that_is_asked_for(cli: Cli, talk: str) -> None:
    cli("chat", talk, stdin=typed("first", "second"))

    found = cli("chat", talk, "--limit", "3")

    assert found.lines[0] == "(1 earlier message is not shown)"
    assert [line.split()[1:3] for line in found.lines if line.startswith("---")] == [
        ["#2", "assistant"],
        ["#3", "user"],
        ["#4", "assistant"],
    ]
    assert cli("chat", talk).out == ""
    assert cli("chat", talk, "--limit", "-1").code == 2


def test_options_mean_what_they_mean_for_send(cli: Cli, talk: str, vendor: MindCraftEmulator) -> None:
    options = ["--model", "m", "--instructions", "-brief", "--max-output-tokens", "3", "--temperature", "0"]

    cli("chat", talk, *options, stdin=typed("one two three four", "/model n", "again"))

    bodies = completions(vendor)
    assert [body["model"] for body in bodies[-2:]] == ["m", "n"]
    assert (bodies[-1]["max_tokens"], bodies[-1]["temperature"]) == (3, 0)
    assert bodies[-1]["messages"][0] == {"role": "system", "content": "-brief"}


def test_who_only_keeps_holds_no_chat(cli: Cli, kept: str, archive: str) -> None:
    for address in (kept, archive):
        found = cli("chat", address, stdin=typed("Hello"))

        assert found.code == 2
        assert ":archive:kept.db holds no chat" in found.err


def test_json_is_refused_and_names_the_command_that_has_it(cli: Cli, memory: str) -> None:
    found = cli("chat", memory, "--json")

    assert found.code == 2
    assert "send work:ID TEXT --json" in found.error["hint"]


def test_a_conversation_that_is_not_there_ends_it(cli: Cli, work: str) -> None:
    assert cli("chat", f"{work}999999", stdin=typed("Hello")).code == 4


def test_an_error_is_one_line_and_the_chat_goes_on(cli: Cli, memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOGUE_REMOTES__ECHO__FAULTS", '["rate_limit", "auth"]')

    found = cli("chat", memory, stdin=typed("one", "two", "three"))

    assert found.out == "Answer 1 to: three\n"
    assert [line for line in found.err.splitlines() if line.startswith("omnilogue: ")] == [
        "omnilogue: a fault that was asked for: rate_limit",
        "omnilogue: a fault that was asked for: auth",
    ]
    assert found.code == 3


def test_an_error_whose_turn_is_stored_offers_regenerate(
    cli: Cli, memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNILOGUE_REMOTES__ECHO__FAULTS", '["stream_broken"]')

    found = cli("chat", memory, stdin=typed("one two three four", "/regenerate"))

    assert found.out == "Answer 1 to:\nAnswer 2 to: one two three four\n"
    assert "the turn is stored, do not type it again: /regenerate asks for its answer" in found.err
    assert found.code == 1


def test_text_that_is_no_utf_8_costs_one_line_only(cli: Cli, memory: str) -> None:
    found = cli("chat", memory, stdin=b"\xff\xfe\nfine\n")

    assert (found.code, found.out) == (2, "Answer 1 to: fine\n")


def test_answers_do_not_control_the_terminal(cli: Cli, memory: str) -> None:
    out = cli("chat", memory, "--limit", "9", stdin=typed("\x1b[2J evil \u202e \x9b", "/show"), out_terminal=True).out

    assert not set(out) & {"\x1b", "\x9b", "\u202e"}
    assert out.count("\\u202e") == 3


def test_the_result_may_be_a_file(cli: Cli, memory: str) -> None:
    found = cli("chat", memory, "--out", "answers.txt", stdin=typed("one"))

    assert found.out == ""
    assert Path("answers.txt").read_text() == "Answer 1 to: one\n"


class TestCommands:
    def test_regenerate_asks_again_by_another_model_once(self, cli: Cli, talk: str, vendor: MindCraftEmulator) -> None:
        found = cli("chat", talk, stdin=typed("Hello", "/regenerate other", "/regenerate"))

        bodies = completions(vendor)
        assert len(set(found.lines)) == 3
        assert ["other" in str(body.get("model")) for body in bodies[-3:]] == [False, True, False]
        assert len(cli("ls", talk).lines) == 2

    @pytest.mark.parametrize("which", ["1", "#1", "id"])
    def test_edit_takes_a_number_or_an_id(self, cli: Cli, talk: str, which: str) -> None:
        cli("send", talk, "Hello")
        which = cli("ls", talk).lines[0].split("\t")[0] if which == "id" else which

        found = cli("chat", talk, stdin=typed(f"/edit {which} Good  evening"))

        assert found.code == 0
        assert cli("ls", talk).lines[0].endswith("\tGood evening")

    @pytest.mark.parametrize("words", ["", " 1", " 9 text", " nowhere text", " 0 text"])
    def test_edit_refuses_what_it_cannot_mean(self, cli: Cli, talk: str, words: str) -> None:
        cli("send", talk, "Hello")
        before = cli("ls", talk).out

        assert cli("chat", talk, stdin=typed(f"/edit{words}")).code in {2, 4}
        assert cli("ls", talk).out == before

    def test_a_number_that_is_another_messages_id_is_refused(self) -> None:
        from omnilogue import InvalidInputError
        from omnilogue.cli.chat_commands import _meant

        ids = ["2", "1", "3"]

        with pytest.raises(InvalidInputError, match="the id of another"):
            _meant("1", ids)
        assert (_meant("#1", ids), _meant("3", ids)) == ("2", "3")

    def test_where_the_conversation_is_built_anew_the_chat_goes_on_with_it(self, cli: Cli, threads: str) -> None:
        address = cli("new", threads).out.strip()

        found = cli("chat", address, "--allow-loss", stdin=typed("Hello", "/edit 1 Good evening", "More"))

        new = found.err.partition("it is ")[2].partition(" now")[0]
        assert found.code == 0
        assert new not in {"", address}
        assert [line.split("\t")[-1] for line in cli("ls", new).lines][::2] == ["Good evening", "More"]

    def test_a_loss_needs_an_option_where_nobody_can_be_asked(self, cli: Cli, threads: str) -> None:
        address = cli("new", threads).out.strip()

        found = cli("chat", address, stdin=typed("Hello", "/edit 1 Good evening", "/clear"))

        assert found.code == 10
        assert found.err.count("allow it with --allow-loss=") == 2
        assert "Hello" in cli("ls", address).out

    def test_clear_empties_the_conversation(self, cli: Cli, talk: str) -> None:
        assert cli("chat", talk, stdin=typed("Hello", "/clear")).code == 0
        assert cli("ls", talk).out == ""

    def test_copy_writes_the_last_answer_into_a_new_file(self, cli: Cli, memory: str) -> None:
        Path("taken.txt").write_text("mine")

        found = cli("chat", memory, stdin=typed("/copy a.txt", "Hello", "/copy a.txt", "/copy taken.txt", "/copy"))

        assert Path("a.txt").read_text() == "Answer 1 to: Hello\n"
        assert Path("taken.txt").read_text() == "mine"
        assert "18 characters are written to a.txt." in found.err
        assert "there is no terminal that has a clipboard (/copy FILE writes a file)" in found.err

    def test_copy_finds_an_answer_that_was_there_before(self, cli: Cli, talk: str) -> None:
        answer = cli("send", talk, "Hello").out

        cli("chat", talk, stdin=typed("/copy a.txt"))

        assert Path("a.txt").read_text() == answer

    def test_a_model_nobody_can_choose_is_refused_at_once(
        self, cli: Cli, memory: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from omnilogue.provider import unsupported
        from omnilogue_memory.provider import Memory

        features = Memory.features.replace(choose_model=unsupported("there is one"))
        monkeypatch.setattr(Memory, "features", features)

        found = cli("chat", memory, stdin=typed("/model other", "Hello"))

        assert "choose_model is not supported: there is one" in found.err
        assert found.out == "Answer 1 to: Hello\n"

    def test_help_tells_every_command(self, cli: Cli, memory: str) -> None:
        from omnilogue.cli.chat_commands import COMMANDS

        found = cli("chat", memory, stdin=typed("/help"))

        assert all(f"{command.usage} " in found.out for command in COMMANDS)
        assert max(map(len, found.lines)) <= 100

    def test_a_slash_that_is_no_command_is_told_and_two_begin_a_turn(self, cli: Cli, memory: str) -> None:
        found = cli("chat", memory, stdin=typed("/regenrate", "//etc/hosts", "/ x", "/clear now", "/title"))

        assert "there is no command /regenrate (did you mean 'regenerate'?; // begins a turn with a slash)" in found.err
        assert "it is written /clear\n" in found.err
        assert "it is written /title TEXT\n" in found.err
        assert found.out == "Answer 1 to: /etc/hosts\n"
        assert found.code == 2

    @pytest.mark.parametrize(
        "line",
        [
            "/",
            "/ ",
            f"/show {'9' * 5000}",
            "/show 0",
            "/show -1",
            f"/edit {'9' * 5000} x",
            "/copy ~nobody/x",
            "/copy a\0b",
        ],
    )
    def test_what_cannot_be_meant_is_one_line(self, cli: Cli, memory: str, line: str) -> None:
        found = cli("chat", memory, stdin=typed("Hello", line, "More"))

        assert found.out == "Answer 1 to: Hello\nAnswer 2 to: More\n"
        assert found.code in {2, 4}
        assert found.err.count("omnilogue: ") == 1

    def test_a_very_large_limit_shows_all(self, cli: Cli, talk: str) -> None:
        cli("send", talk, "Hello")

        assert len(cli("chat", talk, "--limit", "9" * 30).lines) == len(cli("chat", talk, "--limit", "2").lines)

    def test_exit_leaves_the_rest_unread(self, cli: Cli, memory: str) -> None:
        assert cli("chat", memory, stdin=typed("one", "/exit", "two")).out == "Answer 1 to: one\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_while_it_waits_for_a_line(memory: str, number: signal.Signals, code: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "omnilogue", "chat", memory],
        env={**os.environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(b"one\n")
        running.stdin.flush()
        running.stdout.readline()

        running.send_signal(number)
        _, err = running.communicate(timeout=10)

    assert running.returncode == code
    assert b"Traceback" not in err


def test_it_begins_without_what_only_a_terminal_needs(memory: str) -> None:
    told = (
        "import sys; from omnilogue.cli.running import run; run(['chat', 'echo:'])\n"
        "print('prompt_toolkit' in sys.modules)"
    )

    found = subprocess.run([sys.executable, "-c", told], input="", capture_output=True, text=True, check=True)

    assert found.stdout.splitlines()[-1] == "False"
