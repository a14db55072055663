"""How the MiniMax emulator reads requests: strict shapes, from the query or the body, and why it refuses."""

import json
import re
from typing import Annotated, Any, Literal, NoReturn, Self, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .emulator_multipart import read_parts

BAD_PARAMETERS = 2013
RECORDING = 2
GROUP = "GroupId"
NUMBER = re.compile("[0-9]{1,9}")

Words = Annotated[str, Field(min_length=1)]
# Not documented; the limits of the interface this one was modelled on.
Metadata = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)
]


class RefusedError(Exception):
    """The request is refused with this code of `base_resp`; or with an HTTP status and no `base_resp`."""

    def __init__(self, code: int, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class Form(BaseModel):
    """The parameters of a call; names that are not its own are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PageForm(Form):
    """Which rows of a list."""

    limit: Annotated[int, Field(ge=1)] = 20
    order: Literal["asc", "desc"] = "desc"
    after: str = ""
    before: str = ""


class ThreadFields(Form):
    """`threads/create`."""

    metadata: Metadata = Field(default_factory=dict)


class ThreadChoice(Form):
    """`threads/retrieve`."""

    thread_id: Words


class ThreadUpdate(Form):
    """`threads/modify`: here the thread is called `id`."""

    id: Words
    metadata: Metadata


class MessageFields(ThreadChoice):
    """`threads/messages/add`: a text goes in, parts come out."""

    role: str
    content: str
    file_ids: list[str] = Field(default_factory=list)
    metadata: Metadata = Field(default_factory=dict)


class MessageChoice(ThreadChoice):
    """`threads/messages/retrieve`."""

    message_id: Words


class ThreadPage(ThreadChoice, PageForm):
    """`threads/messages/list` and `threads/run/list`."""


class Function(Form):
    """What a function tool is; its parameters are an object here, in the vendor's chat interface they are a text."""

    name: Words
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)


class FunctionTool(Form):
    """A tool that somebody else runs."""

    type: Literal["function"]
    function: Function


class OwnTool(Form):
    """A tool that the vendor runs."""

    type: Literal["code_interpreter", "retrieval", "web_search"]


Tools = list[Annotated[FunctionTool | OwnTool, Field(discriminator="type")]]


class Voice(Form):
    """`t2a_option`; only an assistant has a format."""

    model: Words | None = None
    voice_id: Words | None = None


class AssistantVoice(Voice):
    """`t2a_option` of an assistant."""

    format: Literal["mp3", "flac", "pcm"] | None = None


class RunFields(ThreadChoice):
    """`threads/run/create`."""

    assistant_id: Words
    model: Words | None = None
    instructions: str | None = None
    tools: Tools = Field(default_factory=list)
    metadata: Metadata = Field(default_factory=dict)


class StreamMessage(Form):
    """A new message of a stream; type 1 is a text, type 2 a recording in hexadecimal."""

    type: Literal[1, 2]
    role: str
    content: str

    @model_validator(mode="after")
    def _is_hexadecimal(self) -> Self:
        if self.type == RECORDING:
            bytes.fromhex(self.content)
        return self


class StreamFields(RunFields):
    """`threads/run/create_stream`; stream 1 is a stream of text, stream 2 one of text and voice."""

    stream: Literal[1, 2]
    messages: list[StreamMessage]
    t2a_option: Voice | None = None

    @model_validator(mode="after")
    def _has_a_voice(self) -> Self:
        if self.stream == 1 and (self.t2a_option or any(each.type == RECORDING for each in self.messages)):
            raise ValueError("a stream of text has no voice")
        return self


class RunChoice(ThreadChoice):
    """`threads/run/retrieve` and `threads/run/cancel`."""

    run_id: Words


class ToolOutput(Form):
    """What one tool said."""

    tool_call_id: Words
    output: str


class OutputFields(RunChoice):
    """`threads/run/submit_tool_outputs`: all outputs in one call."""

    tool_outputs: Annotated[list[ToolOutput], Field(min_length=1)]


class RunUpdate(RunChoice):
    """`threads/run/modify`."""

    metadata: Metadata


class StepChoice(RunChoice):
    """`threads/run_steps/retrieve`."""

    step_id: Words


class StepPage(RunChoice, PageForm):
    """`threads/run_steps/list`."""


class AssistantFields(Form):
    """`assistants/create`."""

    model: Words
    name: str = ""
    description: str = ""
    instructions: str = ""
    tools: Tools = Field(default_factory=list)
    file_ids: list[str] = Field(default_factory=list)
    metadata: Metadata = Field(default_factory=dict)
    rolemeta: dict[str, str] = Field(default_factory=dict)
    t2a_option: AssistantVoice = Field(default_factory=AssistantVoice)


class AssistantUpdate(AssistantFields):
    """`assistants/modify`: here the assistant is called `id`, and what is left out stays."""

    id: Words
    model: Words = ""


class AssistantChoice(Form):
    """`assistants/retrieve` and `assistants/delete`."""

    assistant_id: Words


class UploadForm(Form):
    """`files/upload`, which is a form and no JSON; its file is called `file`."""

    name: Words
    content: bytes
    purpose: Literal["assistants", "retrieval", "fine-tune", "voice_clone"]


FormT = TypeVar("FormT", bound=Form)


async def read_form(request: web.Request, form: type[FormT], places: str) -> FormT:
    """Give the parameters of a call from its "query", its "body" or "both"; those in both places must be equal."""
    if form is UploadForm:
        try:
            given = read_parts(request.headers.get("Content-Type", ""), await request.read())
        except ValueError as error:
            raise RefusedError(BAD_PARAMETERS, f"invalid params, {error}") from None
        return _checked(form, given)
    query = _query(request) if places != "body" else {}
    body = await _body(request) if places != "query" else {}
    for name in query.keys() & body.keys():
        if query[name] != body[name]:
            raise RefusedError(BAD_PARAMETERS, f"invalid params, {name} differs between query and body")
    return _checked(form, {**query, **body})


def _checked(form: type[FormT], given: dict[str, Any]) -> FormT:
    try:
        return form.model_validate(given)
    except ValidationError as error:
        _refuse(error)


def read_group(request: web.Request) -> str | None:
    """Give the `GroupId`, which stands in the query of every call."""
    return request.query.get(GROUP)


def _query(request: web.Request) -> dict[str, Any]:
    # In a query everything is text; `limit` is the one number.
    given: dict[str, Any] = {}
    for name, value in request.query.items():
        if name in given:
            raise RefusedError(BAD_PARAMETERS, f"invalid params, {name} is given twice")
        given[name] = int(value) if name == "limit" and NUMBER.fullmatch(value) else value
    given.pop(GROUP, None)
    return given


async def _body(request: web.Request) -> dict[str, Any]:
    content = await request.read()
    if not content:
        return {}
    if request.content_type != "application/json":
        raise RefusedError(BAD_PARAMETERS, f"invalid params, content type {request.content_type!r}")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise RefusedError(BAD_PARAMETERS, "invalid params, the body is not JSON") from None
    if not isinstance(body, dict):
        raise RefusedError(BAD_PARAMETERS, "invalid params, the body is not an object")
    return body


def _refuse(error: ValidationError) -> NoReturn:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(step) for step in first["loc"])
    raise RefusedError(BAD_PARAMETERS, f"invalid params, {field}: {first['msg']}") from None
