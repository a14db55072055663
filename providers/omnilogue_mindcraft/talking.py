"""Having a conversation answered: who stores the turn and the answer is `persist`.

`client`: the turn is stored, a model is shown the whole conversation without naming it, the answer is stored.
`server`: the conversation is named by its token and the model gets the new turn only; the vendor stores, or not:
nobody documented it. `auto`: as `server`, then one page is read and what is missing is stored.
A turn without parts asks for another answer to what is stored, and is always run as `client`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from omnilogue.errors import (
    ContentFilteredError,
    Outcome,
    RunFailedError,
    StreamInterruptedError,
    UnsupportedOperationError,
)
from omnilogue.model import Event, Message, Reply, ReplyCompleted, TextPart
from omnilogue.provider import Turn

from .calls import Calls, CompletionEffect
from .generating import LAST_DATA, Ask, Completion, Heard, Options, completion_of, options_of, shown, unanswered
from .mapping import completed, message_fields, message_of, role_of, text_of
from .sessions import Sessions
from .settings import MindCraftSettings
from .wire import MessageRow


@dataclass(frozen=True, slots=True)
class Run:
    """One run on its way: the body that starts it, and what is needed to end it."""

    session_id: int
    turn: Turn
    body: dict[str, Any]
    is_stored_by_vendor: bool
    baseline: int = 0

    @property
    def effect(self) -> CompletionEffect:
        """A call that names no conversation changes nothing, so it may be repeated."""
        return "add" if self.is_stored_by_vendor else "read"

    @property
    def outcome(self) -> Outcome:
        """What has become of the turn once the model was asked."""
        return "applied" if self.turn.parts else "rejected"


class Talking:
    """Send and stream, for the three ways to store."""

    def __init__(self, calls: Calls, sessions: Sessions, settings: MindCraftSettings) -> None:
        self._calls = calls
        self._sessions = sessions
        self._settings = settings

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        """Have a turn answered in one piece."""
        run = await self._begin(conversation_id, turn)
        answer = await self._calls.complete(run.body, run.effect)
        return await self._end(run, completion_of(answer, run.outcome))

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        """Have a turn answered piece by piece; whoever leaves early closes the connection, and no answer is stored."""
        run = await self._begin(conversation_id, turn)
        run.body["stream"] = True
        if self._settings.stream_usage:
            run.body["stream_options"] = {"include_usage": True}
        heard = Heard(run.outcome)
        try:
            async with self._calls.stream(run.body, run.effect) as events:
                async for event in events:
                    if event.data.strip() == LAST_DATA:
                        break
                    for piece in heard.take(event.data):
                        yield piece
        except StreamInterruptedError as error:
            if not heard.is_whole:
                error.partial = _unsaved(run, heard.completion())
                raise
        if not heard.is_whole:
            raise StreamInterruptedError(
                "the stream ended before the answer did",
                outcome="unknown" if run.is_stored_by_vendor else run.outcome,
                retryable=True,
                partial=_unsaved(run, heard.completion()),
            )
        reply = await self._end(run, heard.completion())
        yield ReplyCompleted(reply=reply, run_id=reply.run_id)

    async def _begin(self, conversation_id: str, turn: Turn) -> Run:
        """See what can be wrong with a turn, then prepare it in one of the two ways."""
        if turn.tools:
            raise UnsupportedOperationError("tools: MindCraft stores no tool calls", outcome="not_sent")
        by_vendor = self._settings.persist != "client" and bool(turn.parts)
        options = options_of(turn, by_vendor=by_vendor)
        text = text_of(turn.parts)
        session_id = await self._sessions.number(conversation_id)
        if by_vendor:
            return await self._begin_at_vendor(session_id, turn, text, options)
        return await self._begin_here(session_id, turn, options)

    async def _begin_here(self, session_id: int, turn: Turn, options: Options) -> Run:
        """Read first and store the turn last, so that it is stored only when it can be answered."""
        ask = Ask.of(turn, await self._sessions.config(session_id), options)
        most = self._settings.history_messages
        limit = most if options.history_length is None else min(most, options.history_length + 1)
        rows = await self._calls.history(session_id, limit if turn.parts else most)
        if turn.parts:
            message = Message(role="user", parts=turn.parts, metadata=turn.metadata)
            rows.append(await self._store(session_id, message))
        else:
            rows = unanswered(rows)
        return Run(session_id, turn, ask.body(shown(rows[-limit:])), is_stored_by_vendor=False)

    async def _begin_at_vendor(self, session_id: int, turn: Turn, text: str, options: Options) -> Run:
        """Take note of the newest message, so that what the vendor stores can be told from what was there."""
        # What the conversation is told the vendor knows itself; only a model must be named in every call.
        model = turn.model or (await self._sessions.config(session_id)).get("model")
        ask = Ask.of(turn, {"model": model}, options)
        rows = await self._calls.newest(session_id)
        self._sessions.learn(rows)
        token = await self._sessions.token(session_id)
        body = ask.body([{"role": "user", "content": text}])
        body[self._settings.completions_token_field] = token
        baseline = max((row.message_id for row in rows), default=0)
        return Run(session_id, turn, body, is_stored_by_vendor=True, baseline=baseline)

    async def _end(self, run: Run, completion: Completion) -> Reply:
        """See that the answer is stored, and give the reply."""
        if completion.finish == "content_filter":
            raise ContentFilteredError(
                "the content filter stopped the answer", outcome=run.outcome, partial=_unsaved(run, completion)
            )
        if not completion.text:
            raise RunFailedError(
                "the model ended without an answer",
                outcome=run.outcome,
                retryable=True,
                partial=_unsaved(run, completion),
            )
        unsaved = completion.message(str(run.session_id))
        if run.is_stored_by_vendor:
            asked = text_of(run.turn.parts)
            stored = await self.stored_by_vendor(run.session_id, run.baseline, asked, unsaved)
        else:
            stored = await self._store(run.session_id, unsaved)
        if stored is None:
            return completion.reply(unsaved)
        message = message_of(stored, self._settings.zone)
        known = {name: getattr(unsaved, name) for name in ("run_id", "model", "usage", "status")}
        parts = completion.parts(*(part for part in message.parts if isinstance(part, TextPart)))
        return completion.reply(message.model_copy(update={**known, "parts": parts}))

    async def stored_by_vendor(
        self, session_id: int, baseline: int, asked: str | None, answer: Message, *, or_only: bool = False
    ) -> MessageRow | None:
        """Read back what the vendor stored of a run; with `auto`, store what is missing, in its order.

        With `or_only` the only answer there is counts too, whatever it says. A question is None where nobody knows
        what was understood of it.
        """
        rows = [row for row in await self._calls.newest(session_id) if row.message_id > baseline]
        stored = _find(rows, "assistant", answer.text) or (_only_answer(rows) if or_only else None)
        if self._settings.persist != "auto":
            return stored
        if asked is not None and _find(rows, "user", asked) is None:
            if stored is not None:  # an answer must not stand before its question: store it again, behind
                await self._calls.delete_message(stored.message_id)
                stored = None
            await self._store(session_id, Message(role="user", parts=(TextPart(text=asked),)))
        return stored or await self._store(session_id, answer)

    async def _store(self, session_id: int, message: Message) -> MessageRow:
        return await store(self._calls, session_id, message, self._settings)


async def store(calls: Calls, session_id: int, message: Message, settings: MindCraftSettings) -> MessageRow:
    """Store one message and give its row, with what the answer left out."""
    fields = message_fields(message, settings.role_names)
    row = await calls.create_message(session_id, fields)
    known = {name: fields[name] for name in ("message_category", "message_content")}
    return completed(row, {**known, "session_id": session_id, "message_meta": {"data": fields["meta_data"]}})


def _find(rows: Sequence[MessageRow], role: str, text: str) -> MessageRow | None:
    """Find the newest row with this role and text; the vendor may have trimmed it."""
    words = text.split()
    found = (row for row in reversed(rows) if role_of(row.message_category) == role)
    return next((row for row in found if (row.message_content or "").split() == words), None)


def _only_answer(rows: Sequence[MessageRow]) -> MessageRow | None:
    answers = [row for row in rows if role_of(row.message_category) == "assistant"]
    return answers[0] if len(answers) == 1 else None


def _unsaved(run: Run, completion: Completion) -> Reply:
    """Give what came of an answer that is not stored."""
    message = completion.message(str(run.session_id))
    return completion.reply(message).model_copy(update={"status": "partial"})
