"""Understanding an answer: success or refusal, the vendor's own code, the shape."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx
import pydantic_core
from pydantic import TypeAdapter, ValidationError

from ..errors import OmnilogueError, UnsupportedOperationError
from . import failures
from .call import Call
from .failures import ErrorTable
from .limits import ERROR_BYTES, TooLarge, Undecodable, bounded
from .retry import retry_after
from .streams import UTF8_MARK

T = TypeVar("T")

REQUEST_IDS = ("x-request-id", "request-id", "trace_id", "trace-id")
ERROR_SECONDS = 5.0
"""How long the body of an error is waited for; its status has told the most already."""

GUESSED_MISSING = frozenset({404, 405})


@dataclass(frozen=True, slots=True)
class Response(Generic[T]):
    """An answer: status, headers, content in bytes, and `value`, the content in the shape that was asked for."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    value: T


def pieces(answer: httpx.Response, limit: int) -> AsyncGenerator[bytes, None]:
    """Give the decoded body piece by piece, at most `limit` bytes."""
    assert isinstance(answer.stream, httpx.AsyncByteStream)  # noqa: S101  # an async transport gives nothing else
    return bounded(answer.stream, answer.headers.get("content-encoding", ""), limit)


async def read(answer: httpx.Response, limit: int) -> bytes:
    """Read the whole body. Raises TooLarge."""
    return b"".join([piece async for piece in pieces(answer, limit)])


async def read_start(answer: httpx.Response) -> bytes:
    """Read as much of a body as an error needs; the rest is left."""
    got: list[bytes] = []
    try:
        async with asyncio.timeout(ERROR_SECONDS):
            async for piece in pieces(answer, ERROR_BYTES):
                got.append(piece)  # noqa: PERF401  # what came before the limit is kept
    except (TooLarge, Undecodable, httpx.HTTPError, httpx.StreamError, OSError):
        pass
    return b"".join(got)


async def require_success(call: Call, answer: httpx.Response, table: ErrorTable) -> None:
    """Raise what a status that is no success means."""
    status = answer.status_code
    if status < 300 or status in call.accept:
        return
    if status < 400:
        raise failures.redirected(call.endpoint, status)
    body = b"" if call.private else await read_start(answer)
    code = table.code_for_status(status)
    vendor_code = table.vendor_code(_parsed(body))
    if vendor_code is not None and vendor_code not in table.ok:
        code = table.code_for(vendor_code)
    raise _refusal(call, answer, body, table, code, vendor_code)


def understand(
    call: Call, answer: httpx.Response, content: bytes, shape: TypeAdapter[T] | None, table: ErrorTable
) -> Response[Any]:
    """Check the vendor's own code, then the shape; validate once, from bytes. Raises ProtocolError and refusals."""
    if call.raw and not _may_be_json(answer):
        return Response(answer.status_code, answer.headers, content, None)
    plain, content = content, content.removeprefix(UTF8_MARK)
    value: Any = None
    if answer.status_code in call.accept:
        return Response(answer.status_code, answer.headers, content, None)
    wrong = ""
    if shape is not None:
        try:
            _refuse_constants(content)
            value = shape.validate_json(content)
        except (ValueError, RecursionError) as error:
            wrong = _what_is_wrong(error, content)
    if table.at:
        found = table.vendor_code(_parsed(content) if value is None else value)
        if found is not None and found in call.accept:
            return Response(found, answer.headers, content, None)
        if found is not None and found not in table.ok:
            raise _refusal(call, answer, b"" if call.private else content, table, table.code_for(found), found)
    if wrong:
        raise failures.bad_response(wrong, endpoint=call.endpoint, writes=call.writes, status=answer.status_code)
    content = plain if call.raw else content
    return Response(answer.status_code, answer.headers, b"" if call.private else content, value)


def _may_be_json(answer: httpx.Response) -> bool:
    """Whether a body may be a refusal in place of a file: what calls itself JSON, or nothing."""
    kind = answer.headers.get("content-type", "").lower()
    return not kind or "json" in kind or kind.startswith("text/")


def _refusal(  # noqa: PLR0917  # all that is known of one answer, used only here
    call: Call, answer: httpx.Response, body: bytes, table: ErrorTable, code: str, vendor_code: int | None
) -> OmnilogueError:
    """Make the error: the vendor's words win over a code that says little."""
    status = answer.status_code
    if call.guessed and GUESSED_MISSING & {status, vendor_code}:
        return _missing_path(call, vendor_code if status < 400 else status)
    text = failures.vendor_words(body, table.at)
    error = failures.refusal(
        table.by_text(text) or code,
        text,
        endpoint=call.endpoint,
        status=status,
        writes=call.writes,
        hint=table.hints.get(vendor_code, "") if vendor_code is not None else "",
        vendor_code=vendor_code,
        request_id=next((answer.headers[name] for name in REQUEST_IDS if name in answer.headers), None),
    )
    error.retry_after = retry_after(answer.headers)
    if answer.headers.get("x-should-retry", "").lower() == "false":
        error.retryable = False
    return error


def _missing_path(call: Call, status: int | None) -> OmnilogueError:
    return UnsupportedOperationError(
        f"{call.endpoint} answered {status}: this account has no such call",
        endpoint=call.endpoint,
        http_status=status,
        outcome="rejected" if call.writes else None,
        hint="the vendor does not document this path; it is a setting of the remote",
    )


def _refuse_constants(content: bytes) -> None:
    """Refuse NaN and Infinity, which are no JSON, and which the validator would take. Raises ValueError."""
    if b"NaN" in content or b"Infinity" in content:
        json.loads(content, parse_constant=_no_constant)


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _parsed(content: bytes) -> Any:
    try:
        return pydantic_core.from_json(content)
    except ValueError:
        return None


def _what_is_wrong(error: Exception, content: bytes) -> str:
    """Tell in a few words why the shape does not fit, without the content itself."""
    if not content.strip():
        return "it is empty"
    if content.lstrip().startswith(b"<"):
        return failures.vendor_words(content)
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        return f"{place}: {first['msg']}" if place else first["msg"]
    return "it is no JSON that can be read"
