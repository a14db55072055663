"""The OpenAI-shaped answers of the MindCraft emulator: `chat/completions`, whole and as server-sent events."""

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from omnilogue.emulator import Generation, split_pieces

from .emulator_quirks import MindCraftQuirks

CREATED = 1_735_689_600  # a fixed moment: answers are the same each time
FINISH = {"stop": "stop", "length": "length", "filtered": "content_filter"}


class Part(BaseModel):
    """One part of a content; images and videos are taken and not looked at."""

    model_config = ConfigDict(strict=True, extra="allow")

    type: str
    text: str = ""


class ChatMessage(BaseModel):
    """One message of the request."""

    model_config = ConfigDict(strict=True, extra="allow")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """The text of all its parts."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(BaseModel):
    """What the OpenAI client asks of a stream."""

    model_config = ConfigDict(strict=True)

    include_usage: bool = False


class ChatRequest(BaseModel):
    """`POST chat/completions`; names that only some models have are taken and not looked at."""

    model_config = ConfigDict(strict=True, extra="allow")

    model: Annotated[str, Field(min_length=1)]
    messages: list[ChatMessage]
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    session_token: str | None = None

    @property
    def asked(self) -> str | None:
        """The text of the last user message; `None` when there is no such message."""
        return next((message.text for message in reversed(self.messages) if message.role == "user"), None)


@dataclass(frozen=True)
class Completion:
    """One generation on its way to the client."""

    number: int
    model: str
    generation: Generation
    thoughts: tuple[str, ...]
    prompt_words: int

    @property
    def usage(self) -> dict[str, int]:
        """What is charged, in words."""
        written = len(self.generation.pieces) + len(self.thoughts)
        return {
            "prompt_tokens": self.prompt_words,
            "completion_tokens": written,
            "total_tokens": self.prompt_words + written,
        }

    def whole(self) -> dict[str, Any]:
        """Give the answer in one piece."""
        message = {"role": "assistant", "content": self.generation.text}
        if self.thoughts:
            message["reasoning_content"] = "".join(self.thoughts)
        choice = {"index": 0, "message": message, "finish_reason": FINISH[self.generation.finish]}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self.usage}

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        """Give one piece of a stream."""
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        return {**self._head("chat.completion.chunk"), "choices": choices}

    def usage_chunk(self) -> dict[str, Any]:
        """Give the last chunk of a stream, with the usage only."""
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": self.usage}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{self.number}", "object": kind, "created": CREATED, "model": self.model}


def complete(number: int, model: str, generation: Generation, said: Sequence[str], *, thinks: bool) -> Completion:
    """Make a completion of what the model said; `said` is everything it has read."""
    thoughts = tuple(split_pieces(f"Thinking about answer {number}.")) if thinks else ()
    words = sum(len(split_pieces(text)) for text in said)
    return Completion(number, model, generation, thoughts, words)


def stream_completion(
    completion: Completion, quirks: MindCraftQuirks, *, with_usage: bool, store: Callable[[str], None]
) -> Generator[bytes, None, None]:
    """Give a stream, one piece for each `yield`; `store` gets the text that is kept, at the end or when left early."""
    deltas = [{"reasoning_content": piece} for piece in completion.thoughts]
    deltas += [{"content": piece} for piece in completion.generation.pieces]
    block = _event(completion.chunk({"role": "assistant", "content": ""}), quirks)
    sent = ""
    try:
        for position, delta in enumerate(deltas):
            if position == quirks.sse_error_at:
                break
            block += _event(completion.chunk(delta), quirks)
            sent += delta.get("content", "")
            yield block
            block = b""
    except GeneratorExit:
        if quirks.left_early != "nothing":
            store(sent if quirks.left_early == "partial" else completion.generation.text)
        raise
    if quirks.sse_error_at is not None and quirks.sse_error_at <= len(deltas):
        error = {"error": {"message": "The model stopped working.", "type": "server_error", "code": 500}}
        yield block + _event(error, quirks)
        return
    # Kept before the last bytes leave: who has the whole answer finds it in the conversation.
    store(completion.generation.text)
    yield block + _ending(completion, quirks, with_usage=with_usage)


def _ending(completion: Completion, quirks: MindCraftQuirks, *, with_usage: bool) -> bytes:
    block = _event(completion.chunk({}, FINISH[completion.generation.finish]), quirks)
    if with_usage:
        block += _event(completion.usage_chunk(), quirks)
    if quirks.sse_done:
        block += _lines("data: [DONE]", quirks)
    return block


def _event(value: dict[str, Any], quirks: MindCraftQuirks) -> bytes:
    text = _lines(f"data: {json.dumps(value, ensure_ascii=False)}", quirks)
    return _lines(": keep-alive", quirks) + text if quirks.sse_comments else text


def _lines(line: str, quirks: MindCraftQuirks) -> bytes:
    return (line + ("\r\n\r\n" if quirks.sse_crlf else "\n\n")).encode("utf-8", errors="replace")
