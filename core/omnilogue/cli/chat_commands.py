"""What can be typed in a chat besides turns: commands that begin with a slash, as data."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvalidInputError, NotFoundError
from .terminal import clean

if TYPE_CHECKING:
    from .chatting import Chat

SHOWN = 10
"""Messages that `/show` shows where nothing else is said."""


DIGITS = 9
"""Of the largest number that can be meant."""


@dataclass(frozen=True)
class Command:
    """A command; `arguments` in brackets may be left out."""

    name: str
    arguments: str
    summary: str
    act: Callable[[Chat, str], Awaitable[None]]

    @property
    def usage(self) -> str:
        """How it is written."""
        return f"/{self.name} {self.arguments}".rstrip()


async def perform(chat: Chat, said: str) -> None:
    """Do what a line that begins with a slash says. Raises InvalidInputError where it cannot be meant."""
    word, *rest = said[1:].split(None, 1) or [""]
    arguments = rest[0].strip() if rest else ""
    command = next((one for one in COMMANDS if one.name == word), None)
    if command is None:
        from ..config.configuration import nearest

        meant = nearest(word, [one.name for one in COMMANDS]) or "/help tells the commands"
        raise InvalidInputError(f"there is no command /{word}", hint=f"{meant}; // begins a turn with a slash")
    is_optional = not command.arguments or command.arguments.startswith("[")
    if (arguments and not command.arguments) or (not arguments and not is_optional):
        raise InvalidInputError(f"it is written {command.usage}")
    await command.act(chat, arguments)


async def regenerate(chat: Chat, model: str) -> None:
    """Ask for another answer to the last turn."""
    await chat.regenerate({"model": model} if model else {})


async def edit(chat: Chat, said: str) -> None:
    """Replace the text of a message."""
    which, *text = said.split(None, 1)
    if not text:
        raise InvalidInputError("there is no new text", hint="it is written /edit N|ID TEXT")
    message_id = _meant(which, await chat.message_ids())
    conversation_id, reading = chat.existing(), chat.session.reading
    change = await chat.consented(
        lambda allowed: chat.remote.edit(conversation_id, message_id, text[0], allow_loss=allowed, **reading)
    )
    chat.session.note(f"Message {change.id_map.get(message_id, message_id)} has its new text.")
    chat.goes_on_with(change)


def _meant(which: str, ids: list[str]) -> str:
    """Give the id of a message by its number, like 3 or #3, or by its id. Raises InvalidInputError, NotFoundError."""
    number = _number(which.removeprefix("#"))
    by_number = ids[number - 1] if 0 < number <= len(ids) else None
    if which in ids and by_number not in {None, which}:
        raise InvalidInputError(
            f"{which} is the number of one message and the id of another", hint=f"#{which} is the number"
        )
    if which in ids:
        return which
    if by_number is None:
        raise NotFoundError(f"there is no message {which}", hint="/show tells numbers and ids")
    return by_number


def _number(said: str) -> int:
    """Read a number, 0 for what is none."""
    return int(said) if said.isdecimal() and len(said) <= DIGITS else 0


async def clear(chat: Chat, _: str) -> None:
    """Remove all messages."""
    conversation_id = chat.existing()
    if chat.face.is_terminal and not chat.session.yes:
        await chat.require_yes(f"Remove all messages of {chat.address}?")
    change = await chat.consented(
        lambda allowed: chat.remote.clear(conversation_id, allow_loss=allowed, **chat.session.reading)
    )
    chat.session.note("All messages are removed.")
    chat.goes_on_with(change)


async def copy(chat: Chat, file: str) -> None:
    """Copy the last answer."""
    text = clean(await chat.last_answer())
    if not file:
        chat.face.copy(text)
        chat.session.note(
            f"The terminal was asked to put {len(text)} characters on the clipboard; where it does not know how "
            "(OSC 52), nothing happened: /copy FILE writes a file."
        )
        return
    chat.session.note(f"{len(text)} characters are written to {_write_new(file, text)}.")


def _write_new(file: str, text: str) -> Path:
    """Write a file that is not there yet. Raises InvalidInputError."""
    path = Path(os.path.expanduser(file))  # a user nobody knows is no reason to fail
    try:
        with path.open("x", encoding="utf-8", errors="backslashreplace") as opened:
            opened.write(text + "\n")
    except (OSError, ValueError) as error:
        problem = f"{path} cannot be written: {getattr(error, 'strerror', None) or error}"
    else:
        return path
    raise InvalidInputError(problem)


async def choose_model(chat: Chat, name: str) -> None:
    """Have another model answer from now on, or tell which one does."""
    from ..remote import grades

    if name:
        grades.require(chat.remote.features, chat.remote.name, ("choose_model",), allow_loss=True)
        chat.options["model"] = name
    model = chat.options.get("model")
    chat.session.note(f"{model} answers from now on." if model else "No model is named here: the usual one answers.")


async def title(chat: Chat, text: str) -> None:
    """Name the conversation, now or when it is created."""
    await chat.rename(text)
    chat.session.note("The conversation has its title." if chat.conversation_id else "The first turn brings the title.")


async def show(chat: Chat, number: str) -> None:
    """Show the last messages with numbers and ids."""
    most = _number(number) if number else SHOWN
    if not most:
        raise InvalidInputError(f"{number} is no number of messages")
    await chat.show(most)


async def tell(chat: Chat, _: str) -> None:
    """Tell the commands."""
    width = max(len(command.usage) for command in COMMANDS)
    for command in COMMANDS:
        chat.session.output.line(f"{command.usage.ljust(width)}  {command.summary}")
    chat.session.output.line()
    chat.session.output.line("A line that ends in \\ goes on in the next; so does Alt-Enter. // begins a turn with /.")
    chat.session.output.line("Ctrl-C stops an answer, or clears the line. Ctrl-D ends the chat.")


async def leave(chat: Chat, _: str) -> None:
    """End the chat."""
    chat.is_over = True


COMMANDS = (
    Command("regenerate", "[MODEL]", "ask for another answer, once by another model if one is named", regenerate),
    Command("edit", "N|ID TEXT", "replace the text of a message; /show tells numbers and ids", edit),
    Command("clear", "", "remove all messages", clear),
    Command("copy", "[FILE]", "put the last answer on the clipboard, or into a new file", copy),
    Command("model", "[NAME]", "have another model answer from now on, or tell which one does", choose_model),
    Command("title", "TEXT", "name the conversation", title),
    Command("show", "[N]", f"show the last messages, {SHOWN} where nothing else is said", show),
    Command("help", "", "tell the commands", tell),
    Command("exit", "", "end the chat", leave),
)
