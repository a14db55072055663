"""What is asked of `chat/completions` and what comes back, whole or in pieces: pure values and functions.

The call is api-199055738 and has the shape of OpenAI's Chat Completions; its streaming is inferred from that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from omnilogue.errors import InvalidInputError, Outcome, ProtocolError
from omnilogue.model import Event, Message, ReasoningDelta, ReasoningPart, Reply, Status, TextDelta, TextPart, Usage
from omnilogue.provider import Turn

from .agent_options import wrong_option
from .mapping import role_of
from .refusals import refusal_in
from .wire import COMPLETION, CompletionAnswer, CompletionUsage, MessageRow

LAST_DATA = b"[DONE]"

SHOWN_ROLES = frozenset({"user", "assistant", "system"})
"""Roles of stored messages that are shown to a model: what a tool said cannot be shown without the call it answers."""


class Options(BaseModel):
    """What only this vendor takes with a turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    top_p: float | None = Field(default=None, gt=0, le=1, description="Share of likely words to choose from.")
    history_length: int | None = Field(
        default=None, ge=0, description="Earlier messages shown to the model; only with persist = client."
    )


def options_of(turn: Turn, *, by_vendor: bool) -> Options:
    """Read the vendor's options of a turn. Raises InvalidInputError naming the one that is wrong."""
    try:
        options = Options.model_validate(turn.options)
    except ValidationError as error:
        raise wrong_option(error) from None
    if options.history_length is not None and by_vendor:
        raise InvalidInputError(
            'options: history_length: only persist = "client" chooses what the model is shown', outcome="not_sent"
        )
    return options


@dataclass(frozen=True, slots=True)
class Ask:
    """What a run is asked with: the turn's own wishes first, then what the conversation is told."""

    model: str
    instructions: str | None
    max_tokens: int | None
    temperature: float | None
    options: Options

    @classmethod
    def of(cls, turn: Turn, config: Mapping[str, Any], options: Options) -> Ask:
        """Put turn and `session_config` together. Raises InvalidInputError where nobody names a model."""
        model = turn.model or config.get("model")
        if not isinstance(model, str) or not model:
            raise InvalidInputError(
                "model: neither the turn nor the conversation names one",
                outcome="not_sent",
                hint="give model=, or set defaults.model of this remote",
            )
        limit, temperature = config.get("max_tokens"), config.get("temperature")
        return cls(
            model=model,
            instructions=turn.instructions or (config.get("prompt") or None),
            max_tokens=turn.max_output_tokens or (limit if type(limit) is int and limit > 0 else None),
            temperature=_first(turn.temperature, temperature if isinstance(temperature, (int, float)) else None),
            options=options,
        )

    def body(self, messages: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Give the body of the call, without what nobody asked for."""
        instructions = [{"role": "system", "content": self.instructions}] if self.instructions else []
        body = {
            "model": self.model,
            "messages": [*instructions, *messages],
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "top_p": self.options.top_p,
        }
        return {name: value for name, value in body.items() if value is not None}


def shown(rows: Sequence[MessageRow]) -> list[dict[str, str]]:
    """Give stored messages as a model is shown them."""
    said = [(role_of(row.message_category), row.message_content or "") for row in rows]
    return [{"role": role, "content": content} for role, content in said if role in SHOWN_ROLES]


def unanswered(rows: Sequence[MessageRow]) -> list[MessageRow]:
    """Give the rows up to the last that is no answer. Raises InvalidInputError where none is left to be answered."""
    rows = list(rows)
    while rows and role_of(rows[-1].message_category) == "assistant":
        rows.pop()
    if not any(role_of(row.message_category) == "user" for row in rows):
        raise InvalidInputError("the conversation holds no user's message to answer", outcome="not_sent")
    return rows


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model said, and why it stopped."""

    run_id: str | None
    model: str | None
    text: str
    reasoning: str
    finish: str | None
    usage: Usage | None

    @property
    def status(self) -> Status:
        """`partial` for an answer that was cut by its limit, or never got its end."""
        return "partial" if self.finish in {"length", None} else "complete"

    def message(self, conversation_id: str) -> Message:
        """Give the answer as a message that is not stored."""
        return Message(
            conversation_id=conversation_id,
            role="assistant",
            parts=self.parts(TextPart(text=self.text)),
            run_id=self.run_id,
            model=self.model,
            usage=self.usage,
            status=self.status,
        )

    def parts(self, *said: TextPart) -> tuple[TextPart | ReasoningPart, ...]:
        """Give the parts of the answer: what the model thought comes first, and is stored nowhere."""
        return (ReasoningPart(text=self.reasoning), *said) if self.reasoning else said

    def reply(self, message: Message) -> Reply:
        """Give the reply that this message is."""
        return Reply(messages=(message,), run_id=self.run_id, status=self.status, usage=self.usage)


def completion_of(answer: CompletionAnswer, outcome: Outcome) -> Completion:
    """Read a whole answer. Raises the error of what came instead of one."""
    if not answer.choices:
        raise refusal_in(_error_in(answer) or "it has no choices", outcome)
    choice = answer.choices[0]
    said = choice.message
    return Completion(
        run_id=answer.id,
        model=answer.model,
        text=(said.content if said else None) or "",
        reasoning=(said.reasoning_content if said else None) or "",
        finish=choice.finish_reason or "stop",
        usage=usage_of(answer.usage),
    )


class Heard:
    """What has come of a streamed answer so far; pieces are joined once, at the end."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome: Outcome = outcome
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._run_id: str | None = None
        self._model: str | None = None
        self._finish: str | None = None
        self._usage: Usage | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the model has said why it stopped; a stream may end without its last line."""
        return self._finish is not None

    def take(self, data: bytes) -> list[Event]:
        """Take one event of the stream. Raises the error it tells, or ProtocolError for what is no chunk."""
        try:
            chunk = COMPLETION.validate_json(data)
        except ValueError:
            raise ProtocolError("a piece of the stream is no chunk of a completion", outcome=self._outcome) from None
        if (error := _error_in(chunk)) is not None:
            raise refusal_in(error, self._outcome)
        self._run_id = self._run_id or chunk.id
        self._model = self._model or chunk.model
        self._usage = usage_of(chunk.usage) or self._usage
        return self._choice(chunk) if chunk.choices else []

    def _choice(self, chunk: CompletionAnswer) -> list[Event]:
        choice, events = chunk.choices[0], list[Event]()
        self._finish = choice.finish_reason or self._finish
        if choice.delta and (thought := choice.delta.reasoning_content):
            self._reasoning.append(thought)
            events.append(ReasoningDelta(text=thought, run_id=self._run_id))
        if choice.delta and (text := choice.delta.content):
            self._text.append(text)
            events.append(TextDelta(text=text, run_id=self._run_id))
        return events

    def completion(self) -> Completion:
        """Give all of it as one answer."""
        text, reasoning = "".join(self._text), "".join(self._reasoning)
        return Completion(self._run_id, self._model, text, reasoning, self._finish, self._usage)


def _error_in(answer: CompletionAnswer) -> Any:
    """Find the error an answer tells: under `error`, or as the envelope of the other calls."""
    if answer.error:
        return answer.error
    if isinstance(answer.status, int) and answer.status >= 400:
        return {"message": answer.message, "status": answer.status}
    return None


def usage_of(usage: CompletionUsage | None) -> Usage | None:
    """Give the tokens in neutral words."""
    if usage is None:
        return None
    details = usage.completion_tokens_details
    return Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        reasoning_tokens=details.reasoning_tokens if details else None,
        total_tokens=usage.total_tokens,
    )


def _first(asked: float | None, told: float | None) -> float | None:
    return told if asked is None else asked
