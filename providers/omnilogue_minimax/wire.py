"""The shapes of MiniMax's answers as they are sent, each validated once, from bytes.

Lenient on purpose: public code and the vendor's pages differ in many fields, and one of them must not cost a whole
page. Fields that are not named here are kept in `model_extra`.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

FileId: TypeAlias = Annotated[str, BeforeValidator(lambda given: str(given) if type(given) is int else given)]
"""An id of a file: a 64-bit integer where files are listed, text in messages; never a float on its way."""


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
    file_ids: list[FileId] | None = None
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
    thread_id: str | None = None
    assistant_id: str | None = None
    created_at: int | None = None
    model: str | None = None
    last_error: Any = None
    required_action: Any = None
    metadata: dict[str, Any] | None = None


class RunList(Answer):
    """The runs of a conversation (api-138568367)."""

    data: list[Run] | None


class Step(Answer):
    """A step of a run (api-138571932): a message it made, or calls of tools."""

    id: str = Field(min_length=1)
    type: str | None = None
    status: str | None = None
    created_at: int | None = None
    step_details: dict[str, Any] | None = None

    @property
    def message_id(self) -> str | None:
        """The message it made."""
        made = (self.step_details or {}).get("message_creation")
        return str(made["message_id"]) if isinstance(made, dict) and made.get("message_id") else None

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        """The calls it made, as the vendor tells them."""
        calls = (self.step_details or {}).get("tool_calls")
        return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


class StepList(Answer):
    """The steps of a run (api-138573028)."""

    data: list[Step] | None


class Assistant(Answer):
    """An assistant (api-138503985)."""

    id: str = Field(min_length=1)
    name: str | None = None
    description: str | None = None
    model: str | None = None
    instructions: str | None = None
    status: str | None = None
    created_at: int | None = None
    tools: list[Any] | None = None
    file_ids: list[FileId] | None = None
    metadata: dict[str, Any] | None = None


class AssistantList(Answer):
    """A page of assistants (api-138507936)."""

    data: list[Assistant] | None
    has_more: bool | None = None
    last_id: str | None = None


class AssistantChanged(Answer):
    """The answer to a change, known from public code: the assistant stands one level deeper."""

    assistant: Assistant | None = None


class File(Wire):
    """A file (api-138576734)."""

    file_id: FileId
    size: int | None = Field(default=None, alias="bytes")
    created_at: int | None = None
    filename: str | None = None
    purpose: str | None = None


class FileAnswer(Answer):
    """One file."""

    file: File


class FileList(Answer):
    """The files of an account; public code names the rows `files`, other lists of the vendor `data`."""

    files: list[File] | None = Field(default=None, validation_alias=AliasChoices("files", "data"))


class StreamObject(Wire):
    """What one event of a stream is about, told apart by `object`: a run, a message, a step of a run."""

    object: str | None = None
    id: str | None = None
    status: str | None = None
    created_at: int | None = None
    last_error: Any = None
    role: str | None = None
    run_id: str | None = None
    required_action: Any = None
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
STEP: TypeAdapter[Step] = TypeAdapter(Step)
STEPS: TypeAdapter[StepList] = TypeAdapter(StepList)
ASSISTANTS: TypeAdapter[AssistantList] = TypeAdapter(AssistantList)
ASSISTANT_CHANGED: TypeAdapter[AssistantChanged] = TypeAdapter(AssistantChanged)
FILE: TypeAdapter[FileAnswer] = TypeAdapter(FileAnswer)
FILES: TypeAdapter[FileList] = TypeAdapter(FileList)
ASSISTANT: TypeAdapter[Assistant] = TypeAdapter(Assistant)
DONE: TypeAdapter[Answer] = TypeAdapter(Answer)
STREAM_EVENT: TypeAdapter[StreamEvent] = TypeAdapter(StreamEvent)
