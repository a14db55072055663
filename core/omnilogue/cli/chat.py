"""The command `chat`: a conversation in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..errors import InvalidInputError
from .session import DEFAULTS, Session
from .talking import PLAINLY, Asking
from .words import remote_names

if TYPE_CHECKING:
    from .chatting import Face

SHOWN_ON_A_TERMINAL = 10
"""Messages of the past that are shown where nothing else is said."""


async def chat(
    address: Annotated[
        str, Parameter(help="The conversation, work:ID; work: begins a new one.", completer=remote_names)
    ],
    /,
    *,
    asking: Asking = PLAINLY,
    limit: Annotated[
        int | None, Parameter(help="How many of the last messages are shown first; on a terminal 10.", metavar="N")
    ] = None,
    no_history: Annotated[bool, Parameter(help="Keep nothing of what is typed for the next time.")] = False,
    session: Session = DEFAULTS,
) -> int:
    """Hold a conversation in the terminal.

    Answers appear as they come. Ctrl-C stops an answer, Ctrl-D ends the chat, /help tells the commands. A line that
    ends in a backslash goes on in the next. A new conversation is created with its first turn.

    Where standard input is no terminal, each line is a turn, and the exit code is that of the worst error.

    Examples:
      omnilogue chat work:
      omnilogue chat work:ID --model fast --limit 20
      omnilogue chat work: < questions.txt > answers.txt
    """
    from .chatting import Chat

    if session.json:
        raise InvalidInputError("a chat is no document", hint="`omnilogue send work:ID TEXT --json` gives one")
    if limit is not None and limit < 0:
        raise InvalidInputError(f"--limit {limit} must be 0 or more")
    face = _face(session, keeps_history=not no_history)
    begun = Chat.of(session, address, asking.options(), face)
    return await begun.run(limit if limit is not None else SHOWN_ON_A_TERMINAL if face.is_terminal else 0)


def _face(session: Session, *, keeps_history: bool) -> Face:
    """Give the prompt where a person types and reads, else plain lines."""
    import sys

    if sys.stdin is not None and sys.stdin.isatty() and session.output.is_terminal:
        from .prompting import Prompt

        return Prompt(session, keeps_history=keeps_history)
    from .piping import Pipe

    return Pipe()
