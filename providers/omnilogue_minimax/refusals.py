"""How MiniMax says no: the codes of `base_resp`, the words that tell more than a code, and how runs fail.

The codes: https://platform.minimaxi.com/docs/api-reference/errorcode.md
"""

from __future__ import annotations

from typing import Any

from omnilogue.errors import BY_CODE, OmnilogueError, Outcome, ProviderError, RunFailedError
from omnilogue.http import ErrorTable

from .wire import BaseResp, Run

BELONG_TOGETHER = "check the key and group_id of this remote; they belong together"

CODES = {
    1000: "server",
    1001: "server",
    1002: "rate_limit",
    1004: "auth",
    1008: "quota",
    1013: "server",
    1024: "server",
    1026: "content_filtered",
    1027: "content_filtered",
    1028: "quota",
    1030: "quota",
    1033: "server",
    1039: "rate_limit",
    1041: "rate_limit",
    1042: "content_filtered",
    2013: "bad_request",
    2045: "rate_limit",
    2049: "auth",
    2056: "quota",
    2061: "forbidden",
}
"""Codes and what they mean. The vendor's command line calls 1002 and 1039 a content filter, its pages a limit."""

HINTS = {
    1002: "too many requests in a minute; set `rate` on this remote",
    1004: BELONG_TOGETHER,
    1039: "too many tokens in a minute; wait before sending again",
    2049: BELONG_TOGETHER,
    2061: "the account's plan does not have this model",
}

WORDS = {
    # There is no code for what is missing or busy. Inferred; a model or a role that "does not exist" is a bad request.
    r"\b(active|another|unfinished|running)\b.{0,40}\brun\b": "busy",
    r"\brun\b.{0,60}\b(active|in progress|running|not finished)\b": "busy",
    "正在运行|运行中": "busy",
    r"^(?!.*\b(model|role)\b).*(not found|not exist|n't exist|no such|不存在)": "not_found",
}
"""Words in a refusal and the code they mean."""

ERRORS = ErrorTable(CODES, at="base_resp.status_code", texts=WORDS, statuses={409: "busy"}, hints=HINTS)
"""A code that is not 0 wins over the HTTP status, which is 200 for most refusals."""

OUTPUT_FILTERED = 1027
"""The answer was stopped; the turn is stored all the same."""

TOLD_APART = frozenset({"auth", "quota", "forbidden", "content_filtered", "rate_limit"})
"""Why a run failed, where a caller would do something else about it; every other reason is `run_failed`."""

NEEDS_TOOLS = "requires_action"


def run_failure(run: Run) -> OmnilogueError:
    """Make the error of a run that ended without a reply; its turn is stored.

    The codes in `last_error` are text of an unknown vocabulary: numbers are read as those of `base_resp`.
    """
    if run.status == NEEDS_TOOLS:
        return RunFailedError(
            "the run requires an action that nobody knows",
            outcome="applied",
            hint="it is neither a tool of this turn nor one of the vendor's own",
        )
    error = run.last_error if isinstance(run.last_error, dict) else {}
    vendor_code, words = str(error.get("code") or ""), str(error.get("message") or "")
    code = _meaning(vendor_code) if run.status == "failed" else "run_failed"
    said = ": ".join(filter(None, (vendor_code, words)))
    return _failure(code, f"the run ended {run.status}{f' ({said})' if said else ''}", vendor_code, words)


def stream_failure(base_resp: BaseResp, *, is_running: bool) -> OmnilogueError | None:
    """Make the error that an event of a stream tells, None where it tells none.

    Before the run has begun it is an ordinary refusal; afterwards the run has failed.
    """
    number, words = _code_of(base_resp), base_resp.status_msg or base_resp.message or ""
    if not number:
        return None
    if is_running:
        return _failure(_meaning(str(number)), f"the run failed with code {number}: {words}", str(number), words)
    code = ERRORS.by_text(words) or ERRORS.code_for(number)
    outcome: Outcome = "unknown" if code == "server" else "applied" if number == OUTPUT_FILTERED else "rejected"
    return _failure(code, f"the stream answered with code {number}: {words}", str(number), words, outcome)


def says_success(base_resp: BaseResp | None) -> bool:
    """Whether an event says in so many words that all went well: in a stream only the last one does."""
    return base_resp is not None and _code_of(base_resp) == 0


def _code_of(base_resp: BaseResp) -> int | None:
    return base_resp.code if base_resp.status_code is None else base_resp.status_code


def _meaning(vendor_code: str) -> str:
    if vendor_code.startswith("rate_limit"):
        return "rate_limit"
    is_number = vendor_code.isascii() and vendor_code.isdecimal() and len(vendor_code) < 10
    code = ERRORS.code_for(int(vendor_code)) if is_number else "run_failed"
    return code if code in TOLD_APART else "run_failed"


def _failure(code: str, message: str, vendor_code: str, words: str, outcome: Outcome = "applied") -> OmnilogueError:
    number: Any = int(vendor_code) if vendor_code.isdecimal() and len(vendor_code) < 10 else None
    return BY_CODE.get(code, ProviderError)(
        message,
        code=code,
        vendor_code=vendor_code or None,
        vendor_message=words,
        outcome=outcome,
        retryable=code in {"run_failed", "rate_limit", "server", "busy"},
        hint=HINTS.get(number, ""),
    )
