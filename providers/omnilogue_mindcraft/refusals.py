"""How MindCraft says no: the status in its bodies, and the words that tell more than a status."""

from __future__ import annotations

from typing import Any

from omnilogue.errors import BY_CODE, OmnilogueError, Outcome, ProviderError
from omnilogue.http import ErrorTable

REFUSALS = {
    # Points are what the vendor bills in; it documents no code for having none left.
    "积分不[足够]": "quota",
    "余额不[足够]": "quota",
    r"\bpoints\b": "quota",
    r"(?<!load )\bbalance\b": "quota",
    "敏感": "content_filtered",
    "违规": "content_filtered",
    r"(?<!case[ -])\bsensitive\b": "content_filtered",
}
"""Words in a refusal and the code they mean. Inferred: error bodies are not documented."""

ERRORS = ErrorTable(at="status", ok=range(200, 300), like_http=True, texts=REFUSALS)
"""Bodies repeat an HTTP status; 2xx there is success whatever 2xx the HTTP line says (api-214706763)."""


def refusal_in(error: Any, outcome: Outcome | None) -> OmnilogueError:
    """Make the error of an error object that came instead of an answer, or inside a stream.

    The vendor's words decide, then a code that reads like the HTTP status of a refusal; else the run has failed.
    """
    text, number = _words(error), _number(error)
    code = ERRORS.by_text(text)
    if code is None and number is not None and 400 <= number < 500:
        code = ERRORS.code_for(number)
    code = code or "run_failed"
    return BY_CODE.get(code, ProviderError)(
        f"the model gave no answer: {text[:500] or 'no reason given'}",
        code=code,
        vendor_code=None if number is None else str(number),
        vendor_message=text,
        outcome=outcome,
        retryable=code in {"run_failed", "rate_limit"},
    )


def _words(error: Any) -> str:
    if isinstance(error, dict):
        return next((_words(error[name]) for name in ("message", "detail", "error") if error.get(name)), "")
    return error if isinstance(error, str) else ""


def _number(error: Any) -> int | None:
    if not isinstance(error, dict):
        return None
    found = str(next((error[name] for name in ("code", "status") if error.get(name) is not None), ""))
    return int(found) if found.isascii() and found.isdecimal() and len(found) < 10 else None
