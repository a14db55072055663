"""How the MiniMax emulator reads requests: strict shapes, from the query or the body, and why it refuses."""

import json
import re
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

BAD_PARAMETERS = 2013
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


class RunFields(ThreadChoice):
    """`threads/run/create`."""

    assistant_id: Words
    model: Words | None = None
    instructions: str | None = None
    tools: list[dict[str, Any]] = Field(default_factory=list)
    metadata: Metadata = Field(default_factory=dict)


class StreamMessage(Form):
    """A new message of a stream; type 1 is a text."""

    type: Literal[1]
    role: str
    content: str


class StreamFields(RunFields):
    """`threads/run/create_stream`; stream 1 is a stream of text."""

    stream: Literal[1]
    messages: list[StreamMessage]


class RunChoice(ThreadChoice):
    """`threads/run/retrieve` and `threads/run/cancel`."""

    run_id: Words


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
    tools: list[dict[str, Any]] = Field(default_factory=list)
    file_ids: list[str] = Field(default_factory=list)
    metadata: Metadata = Field(default_factory=dict)
    rolemeta: dict[str, str] = Field(default_factory=dict)
    t2a_option: dict[str, Any] = Field(default_factory=dict)


class AssistantUpdate(AssistantFields):
    """`assistants/modify`: here the assistant is called `id`, and what is left out stays."""

    id: Words
    model: Words = ""


class AssistantChoice(Form):
    """`assistants/retrieve` and `assistants/delete`."""

    assistant_id: Words


FormT = TypeVar("FormT", bound=Form)


async def read_form(request: web.Request, form: type[FormT], places: str) -> FormT:
    """Give the parameters of a call from its "query", its "body" or "both"; those in both places must be equal."""
    query = _query(request) if places != "body" else {}
    body = await _body(request) if places != "query" else {}
    for name in query.keys() & body.keys():
        if query[name] != body[name]:
            raise RefusedError(BAD_PARAMETERS, f"invalid params, {name} differs between query and body")
    try:
        return form.model_validate({**query, **body})
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
