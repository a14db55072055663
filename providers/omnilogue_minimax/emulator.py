"""MiniMax as a server on loopback: threads, messages, runs and assistants, strict and without a key.

Facts and guesses are those of https://5cetebcrn8.apifox.cn/, the first of them its message list, api-138565496.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Any, ClassVar

from aiohttp import web

from omnilogue.emulator import DeterministicModel, Emulator, stream_pieces

from .emulator_calls import NO_OBJECT, Call
from .emulator_forms import RefusedError, read_form, read_group
from .emulator_quirks import MiniMaxQuirks
from .emulator_runs import Runs
from .emulator_shapes import SUCCESS
from .emulator_store import Store
from .emulator_threads import Assistants, Messages, Threads
from .emulator_uploads import FileCalls

API_KEY = "minimax-0123456789abcdef0123456789abcdef"
GROUP_ID = "1234"
WRONG_GROUP = 1004
WORDS: Mapping[int, str] = {
    1000: "unknown error",
    1001: "timeout",
    1002: "rate limit exceeded(RPM)",
    1004: "login fail: token not match group",
    1008: "insufficient balance",
    1013: "internal service error",
    1024: "internal error",
    1026: "input new_sensitive",
    1027: "output new_sensitive",
    1028: "plan quota exhausted",
    1030: "plan quota exhausted",
    1033: "downstream failure",
    1039: "rate limit exceeded(TPM)",
    2013: "invalid params",
    2049: "invalid api key",
    2061: "your plan does not support this model",
}


class MiniMaxEmulator(Emulator):
    """MiniMax's Assistants calls; `store` holds what it keeps, `keys` the API keys it accepts."""

    provider: ClassVar[str] = "minimax"
    Quirks: ClassVar[type[Any]] = MiniMaxQuirks
    base_path: ClassVar[str] = "/v1/"
    credentials: ClassVar[Mapping[str, str]] = {"api_key": API_KEY, "group_id": GROUP_ID}
    quirks: MiniMaxQuirks

    def __init__(self, **quirks: Any) -> None:
        super().__init__(**quirks)
        self.store = Store()
        self.model = DeterministicModel()
        self.keys = {API_KEY}
        self._requests = 0
        groups = (Threads(self), Messages(self), Runs(self), Assistants(self), FileCalls(self))
        self._calls: dict[str, Call] = {path: call for group in groups for path, call in group.calls().items()}

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """Give one route for everything: which paths exist is a quirk."""
        return [web.route("*", "/{path:.*}", self._answer)]

    def refuse_next(self, code: int, message: str | None = None, *, is_applied: bool = False, **which: Any) -> None:
        """Refuse the next matching requests with a code of `base_resp`; `which` is as for `fail_next`.

        With `is_applied` the vendor does first what was asked.
        """
        body = {"base_resp": {"status_code": code, "status_msg": message or WORDS.get(code, "error")}}
        blank = NO_OBJECT if self.quirks.errors_with_fields else {}
        headers = {"trace_id": "f" * 32}
        self.fail_next("body", body={**blank, **body}, headers=headers, applied=is_applied, **which)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self._requests += 1
        headers = {"trace_id": f"{self._requests:032x}"}
        call = self._find(request.rel_url.raw_path)
        if call is None:
            return web.Response(status=404, text="404 page not found", headers=headers)
        if call.method != request.method:
            return web.Response(status=405, text="405 method not allowed", headers=headers)
        try:
            self._authorize(request)
            answer = call.answer(await read_form(request, call.form, self._places(call)))
        except RefusedError as error:
            return self._refusal(error, call, headers)
        if isinstance(answer, Generator):
            return await stream_pieces(
                request,
                answer,
                content_type="text/event-stream; charset=utf-8",
                headers=headers,
                interval=self.quirks.piece_delay,
            )
        if isinstance(answer, bytes):
            return web.Response(body=answer, content_type="application/octet-stream", headers=headers)
        return web.json_response({**answer, "base_resp": dict(SUCCESS)}, headers=headers)

    def _find(self, raw_path: str) -> Call | None:
        if self.quirks.retired or not raw_path.startswith(self.base_path):
            return None
        path = raw_path.removeprefix(self.base_path)
        return None if path in self.quirks.missing_paths else self._calls.get(path)

    def _places(self, call: Call) -> str:
        if call.method == "POST":
            return "body"
        return "both" if call.knows_query else self.quirks.get_params

    def _authorize(self, request: web.Request) -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key not in self.keys:
            code = self.quirks.wrong_key_code
            raise RefusedError(code, "login fail: no API key" if code == WRONG_GROUP else WORDS[code])
        if self.quirks.needs_group and read_group(request) != self.credentials["group_id"]:
            raise RefusedError(WRONG_GROUP, WORDS[WRONG_GROUP])

    def _refusal(self, error: RefusedError, call: Call, headers: Mapping[str, str]) -> web.Response:
        if error.status is not None:
            return web.json_response({"message": error.message}, status=error.status, headers=headers)
        fields = call.blank if self.quirks.errors_with_fields else {}
        body = {**fields, "base_resp": {"status_code": error.code, "status_msg": error.message}}
        return web.json_response(body, status=self.quirks.error_http_status, headers=headers)
