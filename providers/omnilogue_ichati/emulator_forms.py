"""What the iChati emulator accepts and how it refuses: strict shapes of queries and bodies, and error forms."""

import json
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class RefusedError(Exception):
    """The request is refused with this status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TopicQuery(BaseModel):
    """`GET chat/topic`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seriesId: int | None = None  # noqa: N815  # the vendor's own names, here and below


class TopicFields(_Strict):
    """`POST chat/topic`."""

    name: str = ""
    seriesId: int = 1  # noqa: N815


class TopicChange(_Strict):
    """`PATCH chat/topic/:id`."""

    name: str | None = None
    favorite: bool | None = None


class Generate(_Strict):
    """What a send and a regenerate have in common."""

    seriesId: int | None = None  # noqa: N815
    modelId: int = 1  # noqa: N815
    enableMemory: bool = False  # noqa: N815
    enableGoogleResults: bool = False  # noqa: N815


class SendFields(Generate):
    """`POST chat/topic/:topic_id/message`."""

    message: Annotated[str, Field(min_length=1)]


class MessageChange(_Strict):
    """`PATCH chat/topic/:id/message/:messageId`."""

    message: Annotated[str, Field(min_length=1)]


Form = TypeVar("Form", bound=BaseModel)


async def read_body(request: web.Request, form: type[Form], required: tuple[str, ...] = ()) -> Form:
    """Give the JSON body of a request in its strict shape, with all fields that are required of it."""
    if request.content_type != "application/json":
        raise RefusedError(415, f"Unsupported media type {request.content_type!r}")
    try:
        body = form.model_validate_json(await request.read())
    except ValidationError as error:
        raise RefusedError(400, _first(error)) from None
    missing = [name for name in form.model_fields if name in required and name not in body.model_fields_set]
    if missing:
        raise RefusedError(400, f"{missing[0]} should not be empty")
    return body


def read_query(request: web.Request, form: type[Form]) -> Form:
    """Give the query of a request."""
    try:
        return form.model_validate(dict(request.query))
    except ValidationError as error:
        raise RefusedError(400, _first(error)) from None


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}"


def refusal(error: RefusedError, form: str, status: int | None = None, kind: str = "application/json") -> web.Response:
    """Say no in the chosen form; `status` and `kind` are those of the answer where they hide that it is a refusal."""
    status = error.status if status is None else status
    if form == "html":
        page = f"<!doctype html><html><head><title>{error.message}</title></head><body></body></html>"
        return web.Response(status=status, text=page, content_type="text/html")
    if form == "text":
        return web.Response(status=status, text=error.message)
    reason = HTTPStatus(error.status).phrase
    bodies: dict[str, Any] = {
        "nest": {"statusCode": error.status, "message": error.message, "error": reason},
        "nest_list": {"statusCode": error.status, "message": [error.message], "error": reason},
        "code": {"code": error.status, "message": error.message},
        "error_object": {"error": {"message": error.message, "code": error.status}},
    }
    body = json.dumps(bodies[form], ensure_ascii=False).encode()
    return web.Response(status=status, body=body, headers={"Content-Type": kind})
