"""The agent ChatBot V3 over a websocket: one socket per turn, typed or spoken questions, answers in sentences.

The page is api-281110119. The vendor stores turn and answer in the conversation whose token it is given; no frame
tells their ids, so they are read afterwards.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from omnilogue.errors import OmnilogueError, RunFailedError
from omnilogue.http import Clock, Socket, Sockets
from omnilogue.model import Event, Message, Reply, ReplyCompleted, Status, TextPart
from omnilogue.provider import Turn

from .agent_audio import Recording, recording_of, uploading
from .agent_credentials import Credentials
from .agent_frames import EXPIRED, Hearing, ask_frame, auth_frame, is_connected, refusal_of, status_of, stop_frame
from .agent_options import AgentOptions, agent_options, parameters
from .calls import Calls
from .mapping import message_of, text_of
from .sessions import Sessions
from .settings import MindCraftSettings
from .wire import MessageRow

STOP_SECONDS = 0.7
"""How long the end of an answer that was stopped is waited for; the connection is closed then."""


class StoredByVendor(Protocol):
    """Gives the row of an answer that the vendor stored."""

    def __call__(
        self, session_id: int, baseline: int, asked: str | None, answer: Message, *, or_only: bool = False
    ) -> Awaitable[MessageRow | None]:
        """Look behind `baseline`, the newest message before the question."""


@dataclass(frozen=True, slots=True)
class Run:
    """One question on its way."""

    run_id: str
    session_id: int
    baseline: int
    params: dict[str, Any]
    options: AgentOptions
    text: str
    recording: Recording | None


class Agent:
    """The agent of one account, and its runs that are under way."""

    def __init__(  # noqa: PLR0917  # what a provider has, handed on once
        self,
        sockets: Sockets,
        calls: Calls,
        sessions: Sessions,
        settings: MindCraftSettings,
        clock: Clock,
        stored: StoredByVendor,
    ) -> None:
        self._sockets = sockets
        self._calls = calls
        self._sessions = sessions
        self._settings = settings
        self._clock = clock
        self._stored = stored
        self._credentials = Credentials(settings, calls)
        self._running: dict[str, Socket] = {}

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        """Have a turn answered, and give the whole answer."""
        reply: Reply | None = None
        async for event in self.stream(conversation_id, turn):
            reply = event.reply if isinstance(event, ReplyCompleted) else reply
        assert reply is not None  # noqa: S101  # a stream ends with it, or raises
        return reply

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        """Have a turn answered sentence by sentence; whoever leaves early stops the answer."""
        run = await self._begin(conversation_id, turn)
        hearing = Hearing(run.run_id, listens=run.recording is not None)
        async with self._asked(run, hearing) as socket:
            while not hearing.is_over:
                for event in await self._next(socket, hearing):
                    yield event
            if hearing.began:
                socket.settle("applied")
        if not hearing.began:
            raise _no_answer(hearing)
        message, status = await self._answer(run, hearing)
        for event in hearing.rest(message.text if message.id else ""):
            yield event
        yield ReplyCompleted(reply=_reply(run, hearing, message, status), run_id=run.run_id)

    async def stop(self, run_id: str) -> None:
        """Ask for the end of an answer; whoever reads it sees it end. One that is over needs nothing."""
        if (socket := self._running.pop(run_id, None)) is not None:
            with suppress(OmnilogueError):  # a connection that is gone has no answer to stop
                await socket.send_json(stop_frame())

    def forget(self) -> None:
        """Drop the tokens that were got here."""
        self._credentials.forget()

    async def _begin(self, conversation_id: str, turn: Turn) -> Run:
        """See what can be wrong with a turn, then take note of the newest message there is."""
        options = agent_options(turn, self._settings.agent)
        recording = await recording_of(turn.parts, options)
        text = "" if recording else text_of(turn.parts)
        session_id = await self._sessions.number(conversation_id)
        rows = await self._calls.newest(session_id)
        self._sessions.learn(rows)
        said = {"asr_text": text} if recording is None else recording.params
        params = parameters(options, {"session_token": await self._sessions.token(session_id), **said})
        baseline = max((row.message_id for row in rows), default=0)
        return Run(f"run-{secrets.token_hex(8)}", session_id, baseline, params, options, text, recording)

    # The socket

    @asynccontextmanager
    async def _asked(self, run: Run, hearing: Hearing) -> AsyncIterator[Socket]:
        """Open a socket and ask; on the way out the answer is stopped where it has not ended."""
        async with AsyncExitStack() as held:
            socket = await self._authenticated(held)
            await socket.send_json(ask_frame(run.run_id, run.params), effect="add")
            await held.enter_async_context(uploading(socket, run.recording, self._settings.upload, self._clock))
            self._running[run.run_id] = socket
            try:
                yield socket
            except (GeneratorExit, asyncio.CancelledError):
                await self._stop_and_wait(socket, run.run_id, hearing)
                raise
            finally:
                self._running.pop(run.run_id, None)

    async def _authenticated(self, held: AsyncExitStack) -> Socket:
        """Open a socket that has accepted our credentials; a token that has expired is renewed once."""
        token = await self._credentials.token()
        try:
            return await self._opened(held, token)
        except OmnilogueError as error:
            if error.vendor_code != str(EXPIRED) or not await self._renewed(error, token):
                raise
        return await self._opened(held, await self._credentials.token())

    async def _renewed(self, refusal: OmnilogueError, token: str) -> bool:
        """Renew a token that was refused; why it cannot be is told on the refusal, which says more of the turn."""
        try:
            return await self._credentials.renew(token)
        except OmnilogueError as error:
            refusal.hint = f"the device token could not be renewed: {error.message}"
            return False

    async def _opened(self, held: AsyncExitStack, token: str) -> Socket:
        in_query = self._settings.socket_auth == "query"
        async with AsyncExitStack() as opening:
            socket = await opening.enter_async_context(
                self._sockets.open(self._settings.agent_url, query={"token": token} if in_query else None)
            )
            if not in_query:
                await socket.send_json(auth_frame(token))
            async for frame in socket:
                if (refusal := refusal_of(frame, "not_sent")) is not None:
                    raise refusal
                if is_connected(frame):
                    break
            await held.enter_async_context(opening.pop_all())
            return socket

    async def _next(self, socket: Socket, hearing: Hearing) -> list[Event]:
        """Read one frame; a token that expires meanwhile is renewed for the next question."""
        frame = await anext(socket)
        try:
            return hearing.take(frame)
        except OmnilogueError as error:
            if error.outcome == "rejected":
                socket.settle("rejected")
            if status_of(frame) == EXPIRED:
                await self._renewed(error, await self._credentials.token())
            raise

    async def _stop_and_wait(self, socket: Socket, run_id: str, hearing: Hearing) -> None:
        """Stop an answer that nobody reads any more, and see it end, so that it does not cross the next question."""
        if hearing.is_over:
            return
        with suppress(OmnilogueError, TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self.stop(run_id)
                while not hearing.is_over:
                    hearing.take(await anext(socket))

    # The end

    async def _answer(self, run: Run, hearing: Hearing) -> tuple[Message, Status]:
        """Give the answer as a message, with its id where reading shows it stored."""
        cut = hearing.was_stopped or hearing.sentences.has_gap
        status: Status = "partial" if cut else "complete"
        unsaved = Message(
            conversation_id=str(run.session_id),
            role="assistant",
            parts=(TextPart(text=hearing.whole),),
            run_id=run.run_id,
            model=run.options.llm_model,
            status=status,
        )
        asked = hearing.transcript if run.recording else run.text
        try:
            row = await self._stored(run.session_id, run.baseline, asked, unsaved, or_only=True)
        except OmnilogueError:
            row = None  # an answer that is whole is not lost for want of its id
        if row is None:
            return unsaved, status
        message = message_of(row, self._settings.zone)
        is_theirs = self._settings.persist != "auto" or message.text != hearing.whole  # else it may be stored from here
        if is_theirs and not hearing.was_stopped and message.text.startswith(hearing.text):
            status = "complete"  # what a frame did not bring, reading does
        return message.model_copy(update={"run_id": run.run_id, "model": unsaved.model, "status": status}), status


def _reply(run: Run, hearing: Hearing, message: Message, status: Status) -> Reply:
    return Reply(
        messages=(message,),
        run_id=run.run_id,
        status=status,
        text=hearing.text,
        emotion=hearing.emotion,
        audio=hearing.audio,
    )


def _no_answer(hearing: Hearing) -> RunFailedError:
    if hearing.was_stopped:
        return RunFailedError("the run was stopped before it said anything", outcome="applied")
    return RunFailedError("the agent ended without an answer", outcome="unknown", retryable=True)
