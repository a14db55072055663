"""A chat: turns and commands one after the other, whoever types them."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from ..errors import InvalidInputError, LossRefusedError, OmnilogueError, UnsupportedOperationError
from ..remote.verb import TURN_IS_STORED
from . import chat_commands, exits
from .hints import advise
from .interrupts import Interrupts
from .reading import INCOMPLETE
from .terminal import clean, one_line
from .transcript import message_lines

if TYPE_CHECKING:
    from ..model import Change, Reply
    from ..remote import AsyncRemote, ReplyStream
    from ..remote.options import AllowLoss
    from .session import Session

T = TypeVar("T")

WELCOME = "/help tells the commands, Ctrl-D ends the chat."
STOPPED = "Stopped. What came is partial; /show tells what is stored."
ASK_AGAIN = "the turn is stored, do not type it again: /regenerate asks for its answer"


class Face(Protocol):
    """Who types: a person at a terminal, or a pipe."""

    is_terminal: bool

    async def read(self) -> str | None:
        """Give the next turn or command, None at the end."""

    async def confirms(self, question: str) -> bool:
        """Ask for consent."""

    def copy(self, text: str) -> None:
        """Put text on the clipboard. Raises InvalidInputError where there is none."""


class Chat:
    """One conversation, which need not exist yet, and how answers are asked for."""

    def __init__(
        self, session: Session, remote: AsyncRemote, conversation_id: str | None, options: dict[str, Any], face: Face
    ) -> None:
        self.session = session
        self.remote = remote
        self.conversation_id = conversation_id
        self.options = options
        self.face = face
        self.is_over = False
        self._title: str | None = None
        self._answer = ""
        self._codes: list[int] = []

    @classmethod
    def of(cls, session: Session, address: str, options: dict[str, Any], face: Face) -> Self:
        """Begin the chat of an address. Raises UnsupportedOperationError where nobody would answer."""
        from ..client import split_address

        name, conversation_id = split_address(address)
        remote = session.client.remote(name) if conversation_id is None else session.conversation(address)[0]
        row = remote.features.send
        if row.grade == "unsupported":
            note = f": {row.note}" if row.note else ""
            raise UnsupportedOperationError(f"{remote.name} holds no chat, send is not supported{note}")
        return cls(session, remote, conversation_id, options, face)

    async def run(self, shown: int) -> int:
        """Show the last messages, then take turns to the end; give the exit code of the worst error in a pipe."""
        await self._open(shown)
        with Interrupts(wanted=self.face.is_terminal) as interrupts:
            while not self.is_over:
                await self._take_turn(interrupts)
        if self.face.is_terminal and self.conversation_id:
            self.session.note(f"`omnilogue chat {self.address}` goes on with it.")
        return 0 if self.face.is_terminal else exits.worst(self._codes)

    async def _open(self, shown: int) -> None:
        if self.conversation_id is not None:
            found = await self.remote.conversation(self.conversation_id, **self.session.reading)
            if self.face.is_terminal:
                self.session.output.line(f"{one_line(found.title or '(no title)')}  {self.address}")
            if shown:
                await self.show(shown)
        if self.face.is_terminal:
            self.session.note(WELCOME)

    async def _take_turn(self, interrupts: Interrupts) -> None:
        """Do one thing that is typed; what goes wrong is told, and the chat goes on."""
        try:
            said = await self.face.read()
            if said is None:
                self.is_over = True
            elif said.strip() and not await interrupts.run(self._act(said.strip())):
                self.session.note(STOPPED)
        except OmnilogueError as error:
            self._tell(error)

    async def _act(self, said: str) -> None:
        if said.startswith("/") and not said.startswith("//"):
            await chat_commands.perform(self, said)
        else:
            await self._send(said.removeprefix("/") if said.startswith("//") else said)

    def _tell(self, error: OmnilogueError) -> None:
        self._codes.append(exits.exit_code(error))
        advise(error)
        error.hint = error.hint.replace(TURN_IS_STORED, ASK_AGAIN)
        sys.stdout.flush()
        sys.stderr.write(f"omnilogue: {clean(str(error))}\n")

    # Answers

    async def _send(self, text: str) -> None:
        given = {**self.options, **self.session.reading}
        conversation_id = self.conversation_id or await self._create()
        await self.consented(
            lambda allowed: self._print(self.remote.stream(conversation_id, text, allow_loss=allowed, **given))
        )

    async def _create(self) -> str:
        """Create the conversation, now that there is something to keep."""
        made = await self.consented(
            lambda allowed: self.remote.create(title=self._title, allow_loss=allowed, **self.session.reading)
        )
        self.conversation_id = made.id
        self.session.note(f"This is {self.address}.")
        return made.id

    async def regenerate(self, options: dict[str, Any]) -> None:
        """Ask for another answer to the last turn, this once with other options."""
        conversation_id, given = self.existing(), {**self.options, **options, **self.session.reading}
        reply = await self.consented(
            lambda allowed: self._print(self.remote.stream_regenerate(conversation_id, allow_loss=allowed, **given))
        )
        if reply.effect == "added":
            self.session.note("The old answer is still there.")

    async def _print(self, stream: ReplyStream) -> Reply:
        """Print an answer as it comes, and keep what came."""
        pieces: list[str] = []
        try:
            async with stream:
                async for event in stream:
                    if event.type == "text_delta":
                        pieces.append(event.text)
                        self.session.output.text(event.text)
                    elif event.type == "tool_call_requested":
                        self.session.note(f"The model asks for the tool {event.call.name}.")
        finally:
            if pieces:
                self._answer = "".join(pieces)
                self.session.output.text("\n")
        if stream.reply.status != "complete":
            self.session.note(f"The answer is not whole: its status is {stream.reply.status}.")
        return stream.reply

    # What commands use

    @property
    def address(self) -> str:
        """Where the conversation is."""
        return f"{self.remote.name}:{self.conversation_id or ''}"

    def existing(self) -> str:
        """Give the conversation's id. Raises InvalidInputError before it was created."""
        if self.conversation_id is None:
            raise InvalidInputError("there is no conversation yet", hint="the first turn creates it")
        return self.conversation_id

    async def message_ids(self) -> list[str]:
        """Give the ids of all messages, oldest first."""
        listing = self.remote.messages(self.existing(), **self.session.reading)
        return [message.id or "" async for message in listing]

    async def show(self, most: int) -> None:
        """Show the newest messages with their numbers, and tell how many stand before them."""
        output, count, kept = self.session.output, 0, deque[Any](maxlen=min(most, sys.maxsize))
        listing = self.remote.messages(self.existing(), **self.session.reading)
        async for message in listing:
            count += 1
            kept.append(message)
        if left := count - len(kept):
            output.line(f"({left} earlier {'messages are' if left > 1 else 'message is'} not shown)")
        for number, message in enumerate(kept, start=left + 1):
            for line in message_lines(message, number):
                output.line(line)
        output.line()
        if listing.complete is False:
            self.session.note(INCOMPLETE)

    async def last_answer(self) -> str:
        """Give the text of the last answer, shown or stored. Raises InvalidInputError where there is none."""
        if self._answer:
            return self._answer
        async for message in self.remote.messages(self.existing(), order="desc", **self.session.reading):
            if message.role == "assistant" and message.text:
                return message.text
        raise InvalidInputError("there is no answer yet")

    async def rename(self, title: str) -> None:
        """Give the conversation a title, or keep it until there is one."""
        if self.conversation_id is None:
            self._title = title
            return
        conversation_id = self.conversation_id
        await self.consented(
            lambda allowed: self.remote.update(conversation_id, title=title, allow_loss=allowed, **self.session.reading)
        )

    async def consented(self, verb: Callable[[AllowLoss], Awaitable[T]]) -> T:
        """Do what may lose something; on a terminal ask for the consent that no option gave."""
        allowed = self.session.allowed_losses
        try:
            return await verb(allowed)
        except LossRefusedError as error:
            if not self.face.is_terminal or self.session.yes:
                raise
            losses = error.losses
        await self.require_yes(f"This would lose: {', '.join(losses)}. Do it?")
        return await verb((*(allowed if isinstance(allowed, tuple) else ()), *losses))

    async def require_yes(self, question: str) -> None:
        """Ask. Raises InvalidInputError where the answer is not yes."""
        if not await self.face.confirms(question):
            raise InvalidInputError("not confirmed; nothing was done")

    def goes_on_with(self, change: Change) -> None:
        """Go on where the conversation is after a change; what was shown may be no more."""
        self._answer = ""
        if change.conversation.id != self.conversation_id:
            self.conversation_id = change.conversation.id
            self.session.note(f"The conversation was built anew: it is {self.address} now, and the chat goes on there.")
