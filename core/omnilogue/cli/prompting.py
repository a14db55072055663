"""The prompt of a chat on a terminal: editing, history, and where Ctrl-C and Ctrl-D lead."""

from __future__ import annotations

import base64
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_state_path
from prompt_toolkit import PromptSession
from prompt_toolkit.application.current import get_app
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus, is_searching
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from ..errors import InvalidInputError
from .chat_commands import COMMANDS
from .piping import GOES_ON
from .terminal import clean

if TYPE_CHECKING:
    from .session import Session

PROMPT, CONTINUATION = "> ", ". "
HOW_TO_LEAVE = "Ctrl-D or /exit ends the chat."

CLIPBOARD_BYTES = 74_994
"""What terminals take for the clipboard at most, as base64; xterm's limit."""


class Prompt:
    """Reads turns from a person at a terminal."""

    is_terminal = True

    def __init__(self, session: Session, *, keeps_history: bool) -> None:
        self._session = session
        self._prompt: PromptSession[str] = PromptSession(
            PROMPT,
            multiline=True,
            prompt_continuation=CONTINUATION,
            history=_history(session) if keeps_history else InMemoryHistory(),
            key_bindings=_keys(),
            completer=WordCompleter([f"/{command.name}" for command in COMMANDS], sentence=True),
            complete_while_typing=False,
        )

    async def read(self) -> str | None:
        """Give what was typed, None for Ctrl-D. Ctrl-C at an empty prompt, a second time, tells how to leave."""
        is_second = False
        while True:
            try:
                return await self._prompt.prompt_async()
            except EOFError:
                return None
            except KeyboardInterrupt:
                if is_second:
                    self._session.note(HOW_TO_LEAVE)
                is_second = True

    async def confirms(self, question: str) -> bool:
        """Ask; what is not yes is no."""
        asking: PromptSession[str] = PromptSession()
        try:
            return (await asking.prompt_async(f"{clean(question)} [y/N] ")).strip().lower() in {"y", "yes"}
        except (EOFError, KeyboardInterrupt):
            return False

    def copy(self, text: str) -> None:
        """Ask the terminal to put text on the clipboard (OSC 52). Raises InvalidInputError for more than it takes."""
        coded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
        if len(coded) > CLIPBOARD_BYTES:
            raise InvalidInputError("this is more than terminals take for the clipboard", hint="/copy FILE writes it")
        sys.stdout.write(f"\x1b]52;c;{coded}\x07")
        sys.stdout.flush()


def _keys() -> KeyBindings:
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER) & ~is_searching

    @keys.add("enter", filter=typing)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.text.endswith(GOES_ON) and buffer.document.is_cursor_at_the_end:
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter", filter=typing)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c", filter=typing)
    @keys.add("<sigint>", filter=typing)
    def _(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            get_app().exit(exception=KeyboardInterrupt, style="class:aborting")

    return keys


class _Kept(FileHistory):
    """History in a file; a disk that takes no more is no reason to lose what was typed."""

    def store_string(self, string: str) -> None:
        with contextlib.suppress(OSError, UnicodeError):
            super().store_string(string)


def history_file() -> Path:
    """Give the place of what was typed in chats, in the user's state folder."""
    return user_state_path("omnilogue", appauthor=False) / "chat_history"


def _history(session: Session) -> History:
    """Open the history, readable by its owner only; in memory where it cannot be kept."""
    path = history_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        path.chmod(0o600)
    except OSError as error:
        session.note(f"What you type is not kept: {path} cannot be written: {error.strerror}")
        return InMemoryHistory()
    return _Kept(path)
