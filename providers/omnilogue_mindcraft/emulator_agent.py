"""The MindCraft emulator's agent: ChatBot V3 behind a websocket, which hears, answers in sentences and speaks."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from omnilogue.emulator import DeterministicModel, Generation, ServedSocket, SocketGoneError, open_socket

from .emulator_agent_frames import DONE, agent_frames, refusal_frame, status_frame
from .emulator_forms import AgentFields
from .emulator_quirks import MindCraftQuirks
from .emulator_store import Store, StoredSession

SPOKEN = b"ID3\x04\x00\x00\x00\x00\x00\x00"


async def speech(request: web.Request) -> web.Response:
    """Give the audio of a sentence, the same bytes each time."""
    return web.Response(body=SPOKEN + request.path.encode(), content_type="audio/mpeg")


@dataclass(frozen=True)
class Question:
    """A question that was understood."""

    socket_id: str | None
    fields: AgentFields
    session: StoredSession | None
    text: str


class AgentDesk:
    """Serves one socket after the other; the conversation of a question gets the question and its answer."""

    def __init__(  # what the emulator has, handed on once
        self,
        store: Store,
        model: DeterministicModel,
        quirks: MindCraftQuirks,
        origin: str,
        token_status: Callable[[str], int],
    ) -> None:
        self._store = store
        self._model = model
        self._quirks = quirks
        self._origin = origin
        self._token_status = token_status

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Let a client in and answer its questions until it leaves."""
        socket = await open_socket(request)
        with contextlib.suppress(SocketGoneError):
            if await self._admit(socket, request.query.get("token")):
                while True:
                    await self._converse(socket, await socket.receive())
        return socket.response

    async def _admit(self, socket: ServedSocket, token: str | None) -> bool:
        while token is None:
            frame = await socket.receive()
            if isinstance(frame, dict) and frame.get("event_name") == "auth_token":
                token = str(frame.get("event_params", {}).get("token"))
        if self._quirks.agent_silent_auth:
            await socket.receive()
        status = self._token_status(token)
        if status == DONE:
            await socket.send(status_frame("connection_established", DONE))
            return True
        await socket.send(refusal_frame(status, "The token is not valid."))
        await socket.close()
        return False

    async def _converse(self, socket: ServedSocket, frame: Any) -> None:
        if not isinstance(frame, dict) or (frame.get("socket_type"), frame.get("event_name")) != (
            "agent_event",
            "agent_action",
        ):
            return
        if self._quirks.agent_refuses is not None and self._quirks.agent_refuses_after == 0:
            await socket.send(refusal_frame(self._quirks.agent_refuses, "The agent refuses."))
            return
        question = await self._understand(socket, frame)
        if question is not None:
            await self._reply(socket, question)

    async def _understand(self, socket: ServedSocket, frame: dict[str, Any]) -> Question | None:
        """Check what is asked, and hear the recording where nothing was typed."""
        try:
            fields = AgentFields.model_validate(frame.get("event_params"))
            session = self._store.session_by_token(fields.session_token) if fields.session_token else None
        except (ValidationError, KeyError) as error:
            await socket.send(refusal_frame(4006, f"The request failed: {type(error).__name__} {error}"[:300]))
            return None
        known = self._quirks.agent_models
        if known is not None and fields.llm_model not in known:
            await socket.send(refusal_frame(4006, f"The request failed: no model {fields.llm_model!r}."))
            return None
        text = fields.asr_text or await self._hear(socket, fields)
        if text is None:
            await socket.send(status_frame("agent_stop_force", 1006))
            return None
        if not text:
            await socket.send(refusal_frame(3001, "Nothing was recognised.", at="error"))
            return None
        return Question(frame.get("socket_id"), fields, session, text)

    async def _hear(self, socket: ServedSocket, fields: AgentFields) -> str | None:
        """Take a recording to its end and give what was understood: its format, its size and its digest.

        Gives None where the client stops instead.
        """
        heard, pieces = hashlib.sha256(), 0
        size = 0
        while isinstance(piece := await socket.receive(), bytes):
            heard.update(piece)
            size += len(piece)
            pieces += 1
            if pieces == 1:
                await socket.send(status_frame("asr", 1004, {"text": "Heard"}))
        if _is_stop(piece):
            return None
        if not size:
            return ""
        kind = f"{fields.upload_format} at {fields.upload_sample_rate}"
        return f"Heard {size} bytes of {kind}, {heard.hexdigest()[:12]}."

    async def _reply(self, socket: ServedSocket, question: Question) -> None:
        generation = self._model.generate(question.text, question.fields.max_tokens)
        self._keep(question, "user", question.text)
        frames = agent_frames(question.text, generation, question.fields, self._quirks, self._origin)
        stopping = asyncio.create_task(_stop_asked(socket))
        told = 0
        try:
            for frame in frames:
                if self._quirks.agent_refuses is not None and told == self._quirks.agent_refuses_after:
                    await socket.send(refusal_frame(self._quirks.agent_refuses, "The agent refuses."))
                    return
                await asyncio.wait([stopping], timeout=self._quirks.piece_delay)
                if stopping.done() and not socket.is_cut:
                    await self._end_early(socket, question, generation, is_gone=stopping.result())
                    return
                await socket.send(self._addressed(frame, question))
                told += 1
            # Kept before the last frame leaves: who has the whole answer finds it in the conversation.
            self._keep(question, "assistant", generation.text)
            await socket.send(self._addressed(status_frame("agent_stop", 1006), question))
        finally:
            stopping.cancel()
            await asyncio.wait([stopping])

    async def _end_early(
        self, socket: ServedSocket, question: Question, generation: Generation, *, is_gone: bool
    ) -> None:
        """Keep of an answer nobody reads what the quirk says; who asked for its end is told that it came."""
        if self._quirks.left_early != "nothing":
            half = "".join(generation.pieces[: len(generation.pieces) // 2])
            self._keep(question, "assistant", half if self._quirks.left_early == "partial" else generation.text)
        if not is_gone:
            await socket.send(self._addressed(status_frame("agent_stop_force", 1006), question))

    def _addressed(self, frame: dict[str, Any], question: Question) -> dict[str, Any]:
        if self._quirks.agent_echoes_id and question.socket_id and "socket_id" not in frame:
            return {**frame, "socket_id": question.socket_id}
        return frame

    def _keep(self, question: Question, category: str, text: str) -> None:
        kinds = {"both": {"user", "assistant"}, "user": {"user"}, "reply": {"assistant"}, "none": set[str]()}
        if question.session is not None and text and category in kinds[self._quirks.agent_stores]:
            with contextlib.suppress(KeyError):  # deleted while the model was speaking
                self._store.add_message(question.session.session_id, category, text)


async def _stop_asked(socket: ServedSocket) -> bool:
    """Wait for the frame that stops an answer; True where the client left instead."""
    try:
        while True:
            if _is_stop(await socket.receive()):
                return False
    except SocketGoneError:
        return True


def _is_stop(frame: Any) -> bool:
    return isinstance(frame, dict) and frame.get("event_name") == "stream_output"
