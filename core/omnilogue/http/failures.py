"""From what went wrong to an error of the tree: HTTP statuses, vendor codes and the transport's own errors."""

from __future__ import annotations

import re
import ssl
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pydantic_core

from ..errors import BY_CODE, ConfigurationError, OmnilogueError, Outcome, ProviderError, StreamInterruptedError
from ..log import redact
from .limits import TooLarge, Undecodable
from .streams import UTF8_MARK

STATUS_CODES: Mapping[int, str] = {
    400: "bad_request",
    401: "auth",
    402: "quota",
    403: "forbidden",
    404: "not_found",
    405: "bad_request",
    407: "auth",
    408: "timeout",
    409: "conflict",
    410: "not_found",
    412: "conflict",
    413: "content_too_large",
    415: "bad_request",
    422: "bad_request",
    423: "conflict",
    429: "rate_limit",
    451: "content_filtered",
}
"""What an HTTP status means; other 4xx are bad_request, all 5xx are server."""

RETRYABLE = frozenset({"timeout", "rate_limit", "server", "connect_failed", "connection_lost", "busy"})
UNCERTAIN = frozenset({"timeout", "server", "bad_response", "too_large", "connection_lost"})
"""Codes after which a write may have happened all the same."""

HINTS: Mapping[str, str] = {
    "auth": "check the key of this remote",
    "quota": "top up the account, or wait for the next period",
    "forbidden": "the account may not do this; ask its owner",
    "connect_failed": "check base_url and the network",
    "tls": "check the certificate, or set verify to a CA bundle",
}


def code_of_status(status: int) -> str:
    """Give the code of an HTTP status that is no success."""
    return STATUS_CODES.get(status) or ("server" if status >= 500 else "bad_request")


_LARGEST_CODE = 10**9


@dataclass(frozen=True)
class ErrorTable:
    """A vendor's own codes, as data.

    `codes` maps the vendor's code to a code of the error tree; `at` tells where in a JSON body the vendor's code
    stands (`"base_resp.status_code"`); a code in `ok` is success. With `like_http`, codes outside the table are
    read as HTTP statuses. `texts` recognises a refusal by words in it, for a vendor that has no code of its own.
    `statuses` maps HTTP statuses that mean something of their own at this vendor. `hints` tells, by the vendor's
    code, what to do.
    """

    codes: Mapping[int, str] = field(default_factory=dict)
    at: str = ""
    ok: Container[int] = (0,)
    like_http: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[int, str] = field(default_factory=dict)
    hints: Mapping[int, str] = field(default_factory=dict)

    def vendor_code(self, body: object) -> int | None:
        """Find the vendor's code in a parsed body, or in a shape made from it; None where there is none."""
        if not self.at:
            return None
        for name in self.at.split("."):
            body = body.get(name) if isinstance(body, Mapping) else getattr(body, name, None)
        if not isinstance(body, int) or isinstance(body, bool):
            return None
        return max(-_LARGEST_CODE, min(body, _LARGEST_CODE))  # a code of thousands of digits is no success either

    def code_for(self, vendor_code: int) -> str:
        """Give our code for a vendor's."""
        found = self.codes.get(vendor_code)
        return found or (self.code_for_status(vendor_code) if self.like_http else "vendor_error")

    def code_for_status(self, status: int) -> str:
        """Give our code for an HTTP status that is no success."""
        return self.statuses.get(status) or code_of_status(status)

    def by_text(self, text: str) -> str | None:
        """Give our code where the vendor's words tell more than its code."""
        return next((code for words, code in self.texts.items() if re.search(words, text, re.IGNORECASE)), None)


def outcome_of(code: str, *, writes: bool) -> Outcome | None:
    """Tell what a refusal of this code says about a write; None for a read."""
    if not writes:
        return None
    return "unknown" if code in UNCERTAIN else "rejected"


def refusal(
    code: str,
    text: str,
    *,
    endpoint: str,
    status: int,
    writes: bool,
    hint: str = "",
    vendor_code: int | None = None,
    request_id: str | None = None,
) -> OmnilogueError:
    """Make the error for an answer that says no."""
    kind = BY_CODE.get(code, ProviderError)
    said = f": {text}" if text else ""
    return kind(
        f"{endpoint} answered {_status_words(status, vendor_code)}{said}",
        code=code,
        endpoint=endpoint,
        http_status=status,
        vendor_code=None if vendor_code is None else str(vendor_code),
        vendor_message=text,
        request_id=request_id,
        outcome=outcome_of(code, writes=writes),
        retryable=code in RETRYABLE,
        hint=hint or HINTS.get(code, ""),
    )


def _status_words(status: int, vendor_code: int | None) -> str:
    return f"{status}" if vendor_code in {None, status} else f"{status} with code {vendor_code}"


def redirected(endpoint: str, status: int) -> OmnilogueError:
    """Make the error for a redirect, which is never followed: it would turn a POST into a GET, or leak a key."""
    return ConfigurationError(
        f"{endpoint} answered with a redirect ({status})",
        endpoint=endpoint,
        http_status=status,
        outcome="rejected",
        hint="redirects are not followed; correct base_url or the path",
    )


def bad_response(
    reason: str, *, endpoint: str, writes: bool, status: int | None = None, code: str = ""
) -> OmnilogueError:
    """Make the error for an answer that cannot be understood."""
    code = code or "bad_response"
    return BY_CODE[code](
        f"{endpoint} gave an answer that cannot be used: {reason}",
        code=code,
        endpoint=endpoint,
        http_status=status,
        outcome=outcome_of(code, writes=writes),
    )


_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


def transport_failure(error: Exception, *, endpoint: str, writes: bool) -> OmnilogueError:
    """Make the error for whatever the transport raised; none of its objects stays inside."""
    if isinstance(error, TooLarge):
        return bad_response("it is larger than allowed", endpoint=endpoint, writes=writes, code="too_large")
    if isinstance(error, (Undecodable, httpx.DecodingError)):
        return bad_response(str(error), endpoint=endpoint, writes=writes)
    code, words = _transport_code(error)
    outcome: Outcome = "not_sent" if isinstance(error, _NOT_SENT) else "unknown"
    return BY_CODE[code](
        f"{endpoint} {words}",
        code=code,
        endpoint=endpoint,
        outcome=outcome if writes else None,
        retryable=code in RETRYABLE,
        hint=HINTS.get(code, ""),
    )


def stream_failure(error: Exception, *, endpoint: str, writes: bool) -> OmnilogueError:
    """Make the error for a stream that broke after its first byte; one that is too large did not break."""
    failure = transport_failure(error, endpoint=endpoint, writes=writes)
    if failure.code == "too_large":
        return failure
    return StreamInterruptedError(
        f"the stream broke: {failure.message}",
        endpoint=endpoint,
        outcome="unknown" if writes else None,
        retryable=True,
    )


def _transport_code(error: Exception) -> tuple[str, str]:
    detail = f": {error}" if str(error) else ""
    if is_tls(error):
        return "tls", f"has no connection that can be trusted{detail}"
    if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        return "connect_failed", "could not be reached in time"
    if isinstance(error, httpx.TimeoutException):
        return "timeout", "was silent for too long"
    if isinstance(error, _NOT_SENT):
        return "connect_failed", f"could not be reached{detail}"
    return "connection_lost", f"lost the connection{detail}"


_NO_TLS_FAULT = (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLZeroReturnError, ssl.SSLEOFError)
"""What TLS says while it waits, and when the connection under it ends: in the chain of every failure over TLS."""


def is_tls(error: BaseException) -> bool:
    """Whether a failure is one of TLS."""
    return any(isinstance(cause, ssl.SSLError) and not isinstance(cause, _NO_TLS_FAULT) for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def vendor_words(body: bytes, code_at: str = "") -> str:
    """Find the vendor's own words in an error body of any form: JSON in its usual shapes, text, or a page.

    `code_at` is where the vendor's code stands in JSON: words beside it come first.
    """
    try:
        parsed = pydantic_core.from_json(body.removeprefix(UTF8_MARK))
        found = _words_in(_beside(parsed, code_at)) or _words_in(parsed)
    except ValueError:
        text = body.decode("utf-8", "replace").strip()
        found = _title(text) if text.startswith("<") else text
    return redact(" ".join(found.split()))[:500]  # in this order: half a secret would not be recognised


def _beside(value: Any, code_at: str) -> Any:
    for name in code_at.split(".")[:-1]:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _title(page: str) -> str:
    title = re.search(r"(?is)<title[^>]*>(.{0,200}?)</title>", page)
    return f"a web page{f' ({title[1].strip()})' if title else ''}"


def _words_in(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, (_words_in(item) for item in value[:5])))
    if isinstance(value, dict):
        for name in ("message", "detail", "error", "status_msg"):
            if found := _words_in(value.get(name)):
                return found
        if all(isinstance(item, list) for item in value.values()):
            return "; ".join(f"{name}: {_words_in(item)}" for name, item in list(value.items())[:5])
    return ""
