"""What the MindCraft emulator accepts and how it refuses: strict shapes of queries and bodies, and error forms."""

from typing import Annotated, Any, Literal, NoReturn, Self, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

PositiveInt = Annotated[int, Field(ge=1)]


class RefusedError(Exception):
    """The request is refused with this status; `field` is the one that is wrong, where it is one."""

    def __init__(self, status: int, message: str, field: str = "non_field_errors") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Query(BaseModel):
    # Everything in a query is text, so numbers are read from text here.
    model_config = ConfigDict(extra="forbid", frozen=True)

    page: PositiveInt = 1
    size: PositiveInt = 10


class Which(BaseModel):
    """Which conversation: exactly one of its two names."""

    session_id: int | None = None
    session_token: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = self.model_fields_set & {"session_id", "session_token"}
        if len(given) != 1 or getattr(self, next(iter(given))) is None:
            raise ValueError("exactly one of session_id and session_token is required")
        return self


class SessionQuery(_Query):
    """`GET session/`."""

    ordering: Literal[
        "session_id",
        "-session_id",
        "api_use_count",
        "-api_use_count",
        "created_at",
        "-created_at",
        "updated_at",
        "-updated_at",
    ] = "-session_id"
    session_name: str | None = None


class MessageQuery(_Query, Which):
    """`GET message/`."""

    ordering: Literal["message_id", "-message_id", "created_at", "-created_at"] = "-message_id"


class SessionFields(_Strict):
    """`POST session/`: flat fields in, `session_config` out."""

    session_name: str = ""
    model: str = "deepseek-chat"
    prompt: str = ""
    max_tokens: int = 4000
    temperature: float = 0.2
    history_length: int = 4
    session_remark: str = ""
    config_data: dict[str, Any] = Field(default_factory=dict)


class SessionUpdate(SessionFields, Which):
    """`POST session/update/`: what is left out stays."""


class SessionChoice(_Strict, Which):
    """`POST session/delete/` and `POST message/clear/`."""


class MessageFields(_Strict, Which):
    """`POST message/`."""

    message_category: Annotated[str, Field(min_length=1)]
    message_content: str
    meta_data: dict[str, Any] = Field(default_factory=dict)


class MessageUpdate(_Strict):
    """`POST message/update/`."""

    message_id: int
    message_content: str | None = None
    meta_data: dict[str, Any] | None = None


class MessageChoice(_Strict):
    """`POST message/delete/`."""

    message_id: int


class RefreshFields(_Strict):
    """`POST device/token/`."""

    refresh_token: str


class AgentFields(_Strict):
    """The parameters of the agent, as its page has them; `asr_text` and `history_length` are those of public code."""

    agent_name: Literal["chat_bot_v3"]
    mode: Literal["pro", "standard", "customize"]
    session_token: str | None = None
    character_uuid: str | None = None
    profile_uuid: str | None = None
    llm_model: str = "abab6.5s-chat"
    max_tokens: Annotated[int, Field(ge=20, le=8000)] = 100
    tts_model: str = "TX_TTSP_realtime"
    voice_id: str | None = None
    speed: float = 0
    emotion_output: bool = False
    upload_format: Literal["pcm", "wav", "opus", "speex", "aac", "amr"] = "pcm"
    upload_sample_rate: Literal[8000, 16000] = 16000
    language: Literal["auto", "zh", "en", "ja", "yue", "ko"] = "auto"
    user_name: str = "user_name"
    user_age: int = 5
    bot_name: str = ""
    bot_character_description: str = ""
    bot_personality: str = ""
    bot_tone: str = ""
    history_length: int | None = None
    asr_text: str = ""


Form = TypeVar("Form", bound=BaseModel)


async def read_body(request: web.Request, form: type[Form]) -> Form:
    """Give the JSON body of a request in its strict shape."""
    if request.content_type != "application/json":
        raise RefusedError(415, f"Unsupported media type {request.content_type!r} in request.")
    try:
        return form.model_validate_json(await request.read())
    except ValidationError as error:
        _refuse(error)


def read_query(request: web.Request, form: type[Form]) -> Form:
    """Give the query of a request; a name that is given twice is refused."""
    names = [name for name, _ in request.query.items()]  # iterating the query itself leaves out what is repeated
    if twice := {name for name in names if names.count(name) > 1}:
        raise RefusedError(400, f"Given more than once: {min(twice)}.", min(twice))
    try:
        return form.model_validate(dict(request.query))
    except ValidationError as error:
        _refuse(error)


def _refuse(error: ValidationError) -> NoReturn:
    first = error.errors(include_url=False)[0]
    if not first["loc"]:
        raise RefusedError(400, first["msg"]) from None
    field = str(first["loc"][0])
    raise RefusedError(400, f"{field}: {first['msg']}", field) from None


def refusal(error: RefusedError, form: str) -> web.Response:
    """Say no in the chosen form."""
    if form == "html":
        return html_page(error.status, error.message)
    bodies: dict[str, Any] = {
        "envelope": {"message": error.message, "status": error.status},
        "in_200": {"message": error.message, "status": error.status},
        "detail": {"detail": error.message},
        "error_object": {"error": {"message": error.message, "type": "invalid_request_error", "code": error.status}},
        "field_map": {error.field: [error.message]},
    }
    return web.json_response(bodies[form], status=200 if form == "in_200" else error.status)


def html_page(status: int, text: str) -> web.Response:
    """Give a page for people, as a web server shows it for paths it does not know."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;")
    page = f"<!doctype html>\n<html><head><title>{status}</title></head><body><h1>{safe}</h1></body></html>\n"
    return web.Response(status=status, text=page, content_type="text/html")
