"""How iChati says no: by HTTP status, by words that tell more, and as JSON where a reply should be.

Error bodies are not documented; every form seen at comparable vendors is read.
"""

from __future__ import annotations

from typing import Any

import pydantic_core

from omnilogue.errors import BY_CODE, OmnilogueError, Outcome, ProviderError
from omnilogue.http import ErrorTable

REFUSALS = {
    "积分不[足够]": "quota",
    "余额不[足够]": "quota",
    r"(?<!load )\bbalance\b": "quota",
    "敏感": "content_filtered",
    "违规": "content_filtered",
    r"(?<!case[ -])\bsensitive\b": "content_filtered",
}
"""Words in a refusal and the code they mean; inferred."""

ERRORS = ErrorTable(at="statusCode", ok=range(200, 300), like_http=True, statuses={405: "unsupported"}, texts=REFUSALS)
"""A body repeats the HTTP status; inferred."""

LONGEST_ERROR = 2048
"""Characters; what begins like JSON and goes on for longer is a reply."""


def may_be_error(text: str) -> bool:
    """Whether the beginning of an answer can still become an error told as text with a success status."""
    return len(text) <= LONGEST_ERROR and text.lstrip()[:1] in {"", "{"}


def error_in(body: str, *, is_json: bool) -> OmnilogueError | None:
    """Make the error that came in place of a reply; None where the body is a reply.

    What calls itself JSON and has no tail is no reply; text is an error only where it is an object of its shape.
    """
    try:
        parsed = pydantic_core.from_json(body) if is_json or may_be_error(body) else None
    except ValueError:
        parsed = None
    if not is_json and not _has_shape_of_error(parsed):
        return None
    text, status = _words(parsed) or body, _status(parsed)
    code = ERRORS.by_text(text) or (ERRORS.code_for_status(status) if status else "run_failed")
    outcome: Outcome = "rejected" if status and 400 <= status < 500 else "unknown"
    return BY_CODE.get(code, ProviderError)(
        f"iChati gave no reply: {text[:500] or 'no reason given'}",
        code=code,
        vendor_code=str(status) if status else None,
        vendor_message=text,
        outcome=outcome,
        retryable=code in {"rate_limit", "server", "run_failed"},
    )


def _has_shape_of_error(parsed: Any) -> bool:
    if not isinstance(parsed, dict):
        return False
    return _status(parsed) is not None or bool(parsed.get("error")) or {"code", "message"} <= parsed.keys()


def _status(parsed: Any) -> int | None:
    """Find what reads like the HTTP status of a refusal."""
    if not isinstance(parsed, dict):
        return None
    inner = parsed.get("error")
    found = [parsed.get("statusCode"), parsed.get("code"), inner.get("code") if isinstance(inner, dict) else None]
    return next((one for one in found if type(one) is int and 400 <= one < 600), None)


def _words(parsed: Any) -> str:
    if isinstance(parsed, dict):
        return next((_words(parsed[name]) for name in ("message", "error") if parsed.get(name)), "")
    if isinstance(parsed, list):
        return "; ".join(_words(item) for item in parsed[:5])
    return parsed if isinstance(parsed, str) else ""
