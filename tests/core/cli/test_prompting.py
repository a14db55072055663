"""`chat` on a terminal: editing, history, Ctrl-C and Ctrl-D."""

import base64
import os
import pty
import re
import select
import stat
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue_mindcraft.emulator import MindCraftEmulator

Cli: TypeAlias = Callable[..., Any]

LAUNCHER = """\
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C is a signal, as on a real terminal
os.execv(sys.executable, [sys.executable, "-m", "omnilogue", *sys.argv[1:]])
"""
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[a-zA-Z]|\][^\x07]*\x07)")
READY = "<ready>"
"""Stands where the prompt begins to take keys: there it asks for pastes in brackets."""

LONGEST_SILENCE = 30
"""Seconds; nothing takes as long unless it hangs."""

CTRL_C, CTRL_D, ENTER, ALT_ENTER, UP, HOME = "\x03", "\x04", "\r", "\x1b\r", "\x1b[A", "\x01"


class Terminal:
    """A chat on a terminal of its own: type, and wait for what appears."""

    def __init__(self, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 80))
        self._running = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, "chat", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "PROMPT_TOOLKIT_NO_CPR": "1"},
        )
        os.close(slave)
        self.raw, self._from = "", 0

    def until(self, *texts: str) -> str:
        """Wait until each text has appeared, one after the other, since the last call; give what came meanwhile."""
        end = self._from
        while (place := self._found(texts)) is None:
            assert self._read(), f"{texts} never came: {self.seen!r}"
        self._from, begin = place, end
        return self.seen[begin:place]

    def _found(self, texts: tuple[str, ...]) -> int | None:
        place = self._from
        for text in texts:
            place = self.seen.find(text, place)
            if place < 0:
                return None
            place += len(text)
        return place

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], LONGEST_SILENCE)
        try:
            piece = os.read(self._master, 65_536) if ready else b""
        except OSError:
            piece = b""
        self.raw += piece.decode()
        return bool(piece)

    @property
    def seen(self) -> str:
        return ESCAPES.sub("", self.raw.replace("\x1b[?2004h", READY))

    def type(self, *keys: str) -> None:
        for key in keys:
            os.write(self._master, key.encode())

    def end(self) -> int:
        """Wait for the end and give the exit code."""
        while self._read():
            pass
        return self._running.wait(LONGEST_SILENCE)

    def terminate(self) -> None:
        self._running.terminate()

    def close(self) -> None:
        if self._running.poll() is None:
            self._running.kill()
        self._running.wait()
        os.close(self._master)


Open: TypeAlias = Callable[..., Terminal]


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open a chat on a terminal; `echo:` is there to talk to."""
    monkeypatch.setenv("OMNILOGUE_REMOTES__ECHO__PROVIDER", "memory")
    opened: list[Terminal] = []

    def begun(*arguments: str) -> Terminal:
        opened.append(Terminal(*arguments))
        opened[-1].until(READY)
        return opened[-1]

    yield begun
    for terminal in opened:
        terminal.close()


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "home" / "state" / "omnilogue" / "chat_history"


def test_a_turn_is_answered_and_ctrl_d_ends_the_chat(chat: Open) -> None:
    terminal = chat("echo:")

    terminal.type("Hello", ENTER)
    terminal.until("This is echo:c1.", "Answer 1 to: Hello", READY)
    terminal.type(CTRL_D)

    assert terminal.end() == 0
    assert "`omnilogue chat echo:c1` goes on with it." in terminal.seen


def test_an_error_does_not_end_it_and_is_no_exit_code(chat: Open) -> None:
    terminal = chat("echo:")

    terminal.type("/nothing", ENTER)
    terminal.until("omnilogue: there is no command /nothing", READY)
    terminal.type("/exit", ENTER)

    assert terminal.end() == 0


def test_a_line_is_edited(chat: Open) -> None:
    terminal = chat("echo:")

    terminal.type("world", HOME, "Hello ", ENTER)

    terminal.until("Answer 1 to: Hello world")


@pytest.mark.parametrize("keys", [["one\\", ENTER, "two"], ["one", ALT_ENTER, "two"], ["\x1b[200~one\ntwo\x1b[201~"]])
def test_a_turn_may_have_several_lines(chat: Open, keys: list[str]) -> None:
    terminal = chat("echo:")

    terminal.type(*keys, ENTER)

    terminal.until("Answer 1 to: one\r\ntwo\r\n")


def test_ctrl_c_clears_the_line(chat: Open) -> None:
    terminal = chat("echo:")

    terminal.type("wrong", CTRL_C, "right", ENTER)

    terminal.until("Answer 1 to: right")


def test_ctrl_c_twice_at_an_empty_prompt_tells_how_to_leave(chat: Open) -> None:
    terminal = chat("echo:")

    terminal.type(CTRL_C)
    assert "ends the chat" not in terminal.until(READY)
    terminal.type(CTRL_C)

    terminal.until("Ctrl-D or /exit ends the chat.", READY)


def test_ctrl_c_stops_an_answer_and_not_the_program(chat: Open, talk: str, vendor: MindCraftEmulator) -> None:
    vendor.configure(piece_delay=0.3)
    try:
        terminal = chat(talk)
        terminal.type("one two three four five six seven eight nine ten eleven twelve", ENTER)
        terminal.until("Answer")
        terminal.type(CTRL_C)
        terminal.until("Stopped. What came is partial", READY)
    finally:
        vendor.configure(piece_delay=0.0)
    terminal.type("Still here?", ENTER)
    terminal.until("to: Still here?", READY)
    terminal.type(CTRL_D)

    assert terminal.end() == 0


def test_sigterm_at_the_prompt_ends_it_and_gives_the_terminal_back(chat: Open) -> None:
    terminal = chat("echo:")

    terminal.terminate()

    assert terminal.end() == 143
    assert terminal.raw.rindex("\x1b[?2004l") > terminal.raw.rindex("\x1b[?2004h")
    assert "Traceback" not in terminal.seen


def test_the_last_messages_are_shown_first(chat: Open, cli: Cli, talk: str) -> None:
    cli("chat", talk, stdin="".join(f"turn {number}\n" for number in range(6)).encode())

    terminal = chat(talk)

    assert f"Talk  {talk}" in terminal.seen
    assert "(2 earlier messages are not shown)" in terminal.seen
    assert "--- #3  user" in terminal.seen
    assert "#2" not in terminal.seen


def test_what_was_typed_is_there_the_next_time_and_answers_are_not(chat: Open, history: Path) -> None:
    first = chat("echo:")
    first.type("Remember me", ENTER)
    first.until("Answer 1 to: Remember me", READY)
    first.type(CTRL_D)
    first.end()

    second = chat("echo:")
    second.type(UP, ENTER)

    second.until("Answer 1 to: Remember me")
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert "Answer" not in history.read_text()


def test_without_history_nothing_is_kept(chat: Open, history: Path) -> None:
    terminal = chat("echo:", "--no-history")

    terminal.type("Forget me", ENTER)
    terminal.until("Answer 1 to: Forget me", READY)
    terminal.type(UP, ENTER)
    terminal.until("Answer 2 to: Forget me")

    assert not history.exists()


def test_a_history_that_cannot_be_kept_does_not_matter(chat: Open, history: Path) -> None:
    history.mkdir(parents=True)

    terminal = chat("echo:")
    terminal.type("Hello", ENTER)

    assert "What you type is not kept" in terminal.seen
    terminal.until("Answer 1 to: Hello")


def test_copy_asks_the_terminal(chat: Open) -> None:
    terminal = chat("echo:")
    terminal.type("Grüße \\u202e", ENTER)
    terminal.until("Answer 1 to: ", READY)

    terminal.type("/copy", ENTER)
    terminal.until("The terminal was asked to put")

    coded = re.search(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", terminal.raw)
    assert coded is not None
    assert base64.b64decode(coded[1]).decode() == "Answer 1 to: Grüße \\u202e"


@pytest.mark.parametrize(("answer", "done"), [("y", True), ("", False), (CTRL_C, False)])
def test_clear_asks_first(chat: Open, answer: str, done: bool) -> None:
    terminal = chat("echo:")
    terminal.type("Hello", ENTER)
    terminal.until("Answer 1 to: Hello", READY)

    terminal.type("/clear", ENTER)
    terminal.until("Remove all messages of echo:c1? [y/N]")
    terminal.type(answer, *([] if answer == CTRL_C else [ENTER]))

    terminal.until("All messages are removed." if done else "not confirmed; nothing was done")


@pytest.mark.parametrize("agreed", [True, False])
def test_a_loss_is_asked_about_by_its_kinds(chat: Open, agreed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOGUE_REMOTES__ECHO__LIKE", "minimax")
    terminal = chat("echo:")
    terminal.type("Hello", ENTER)
    terminal.until("Answer 1 to: Hello", READY)

    terminal.type("/edit 1 Good evening", ENTER)
    terminal.until("This would lose: ", "vendor_fields", "Do it? [y/N]")
    terminal.type("y" if agreed else "n", ENTER)

    terminal.until("The conversation was built anew: it is echo:" if agreed else "not confirmed")


def test_answers_do_not_control_the_terminal(chat: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOGUE_REMOTES__ECHO__REPLIES", '["evil \\u001b]52;c;AAAA\\u0007 \\u001b[31m done"]')
    terminal = chat("echo:")

    terminal.type("Hello", ENTER)
    terminal.until("evil ]52;c;AAAA [31m done")

    assert "\x1b]52" not in terminal.raw
