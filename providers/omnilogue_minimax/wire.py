"""The shapes of MiniMax's answers as they are sent, each validated once, from bytes.

Lenient on purpose: public code and the vendor's pages differ in many fields, and one of them must not cost a whole
page. Fields that are not named here are kept in `model_extra`.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Wire(BaseModel):
    """An object of an answer. Never shown in an error: it holds what people wrote."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class BaseResp(Wire):
    """What every answer says of itself; 0 is success. Streams are also seen to say `code` and `message`."""

    status_code: int | None = None
    status_msg: str | None = None
    code: int | None = None
    message: str | None = None


class Answer(Wire):
    """What all answers have."""

    base_resp: BaseResp | None = None


class Thread(Answer):
    """A conversation (api-138515846); `updated_at` is known from public code."""

    id: str = Field(min_length=1)
    created_at: int | None = None
    updated_at: int | None = None
    metadata: dict[str, Any] | None = None


class ThreadChanged(Answer):
    """The answer to a change, known from public code: the thread stands one level deeper."""

    thread: Thread | None = None


class MessageRow(Answer):
    """A message (api-138565496). Its content is a list of parts; written it is plain text."""

    id: str = Field(min_length=1)
    thread_id: str | None = None
    created_at: int | None = None
    updated_at: int | None = None
    role: str | None = None
    content: list[dict[str, Any]] | str | None = None
    file_ids: list[Any] | None = None
    assistant_id: str | None = None
    run_id: str | None = None
    metadata: dict[str, Any] | None = None


class MessageList(Answer):
    """A page of messages (api-138565496), which does not tell whether there are more."""

    data: list[MessageRow] | None


class Run(Answer):
    """A run (api-138565985). `status` decides, never the times: a documented run is completed and has `failed_at`."""

    id: str = Field(min_length=1)
    status: str
    created_at: int | None = None
    last_error: Any = None


class RunList(Answer):
    """A page of runs (api-138568367)."""

    data: list[Run] | None


class Assistant(Answer):
    """An assistant (api-138503985)."""

    id: str = Field(min_length=1)


class StreamObject(Wire):
    """What one event of a stream is about, told apart by `object`: a run, a message, a step of a run."""

    object: str | None = None
    id: str | None = None
    status: str | None = None
    created_at: int | None = None
    last_error: Any = None
    role: str | None = None
    run_id: str | None = None
    content: list[dict[str, Any]] | None = None


class StreamEvent(Answer):
    """One event of a stream, known from public code."""

    data: StreamObject | None = None


THREAD: TypeAdapter[Thread] = TypeAdapter(Thread)
THREAD_CHANGED: TypeAdapter[ThreadChanged] = TypeAdapter(ThreadChanged)
MESSAGE: TypeAdapter[MessageRow] = TypeAdapter(MessageRow)
MESSAGES: TypeAdapter[MessageList] = TypeAdapter(MessageList)
RUN: TypeAdapter[Run] = TypeAdapter(Run)
RUNS: TypeAdapter[RunList] = TypeAdapter(RunList)
ASSISTANT: TypeAdapter[Assistant] = TypeAdapter(Assistant)
DONE: TypeAdapter[Answer] = TypeAdapter(Answer)
STREAM_EVENT: TypeAdapter[StreamEvent] = TypeAdapter(StreamEvent)
