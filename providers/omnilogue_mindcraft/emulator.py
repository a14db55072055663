"""MindCraft as a server on loopback: its conversation calls and `chat/completions`, strict and without a key.

Facts and guesses are those of https://apifox.com/apidoc/shared/0fd7ea54-919e-4c93-b673-c60219bc82e0/.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, ClassVar, TypeVar

from aiohttp import web

from omnilogue.emulator import DeterministicModel, Emulator, stream_pieces

from .emulator_agent import AgentDesk, speech
from .emulator_completions import ChatRequest, complete, stream_completion
from .emulator_forms import (
    MessageChoice,
    MessageFields,
    MessageQuery,
    MessageUpdate,
    RefreshFields,
    RefusedError,
    SessionChoice,
    SessionFields,
    SessionQuery,
    SessionUpdate,
    Which,
    html_page,
    read_body,
    read_query,
    refusal,
)
from .emulator_quirks import MindCraftQuirks
from .emulator_store import Store, StoredMessage, StoredSession

API_KEY = "MC-0123456789ABCDEF0123456789ABCDEF"
# The key in the documented answer of a clear; made up, and another one than ours, so that a leak can be told.
LEAKED_KEY = "MC-FEDCBA9876543210FEDCBA9876543210"
API_ID = 70
STAMP = "2024-07-23 17:59:33"
CONFIG_FIELDS = frozenset({"model", "prompt", "max_tokens", "temperature", "history_length"})

Row = TypeVar("Row", StoredSession, StoredMessage)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class MindCraftEmulator(Emulator):
    """MindCraft's REST calls; `store` holds what it keeps, `keys` the API keys it accepts."""

    provider: ClassVar[str] = "mindcraft"
    Quirks: ClassVar[type[Any]] = MindCraftQuirks
    base_path: ClassVar[str] = "/v1/"
    credentials: ClassVar[Mapping[str, str]] = {"api_key": API_KEY}
    quirks: MindCraftQuirks

    def __init__(self, **quirks: Any) -> None:
        super().__init__(**quirks)
        self.store = Store()
        self.model = DeterministicModel()
        self.keys = {API_KEY}
        self.device_tokens: set[str] = set()
        self.refresh_tokens: set[str] = set()

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """Give the agent's routes, and one for everything else: which paths exist is a quirk."""
        return [
            web.get("/socket-v1/", self._serve_agent),
            web.get("/static/agent/{answer}/{name}", speech),
            web.get("/v1/data/get_stream_tts/{name}", speech),
            web.route("*", "/{path:.*}", self._answer),
        ]

    async def _serve_agent(self, request: web.Request) -> web.StreamResponse:
        origin = self.url.removesuffix(self.base_path)
        desk = AgentDesk(self.store, self.model, self.quirks, origin, self._token_status)
        return await desk.serve(request)

    def _token_status(self, token: str) -> int:
        """Tell what a token of the agent is answered: connected, a wrong key, or a token that has expired."""
        if token in self.keys | self.device_tokens:
            return 1008
        return 2003 if token.startswith("MC-") else 2004

    async def _renew_token(self, request: web.Request) -> web.Response:
        body = await read_body(request, RefreshFields)
        if body.refresh_token not in self.refresh_tokens:
            raise RefusedError(401, "The refresh token is wrong.")
        self.refresh_tokens.discard(body.refresh_token)
        number = len(self.device_tokens) + 1
        access, refresh = f"device-token-{number}", f"refresh-token-{number}"
        self.device_tokens.add(access)
        self.refresh_tokens.add(refresh)
        return web.json_response(_envelope({"data": {"access_token": access, "refresh_token": refresh}}))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._dispatch(request)
        except RefusedError as error:
            return refusal(error, self.quirks.error_form)

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        raw = request.rel_url.raw_path
        path = raw.removeprefix(self.base_path)
        paths = self._paths()
        verbs = paths.get(path) if path != raw else None
        if verbs is None:
            if path + "/" in paths:
                return web.Response(status=301, headers={"Location": _with_slash(request)})
            return html_page(404, "Not Found")
        self._authorize(request)
        handler = verbs.get(request.method)
        if handler is None:
            raise RefusedError(405, f'Method "{request.method}" not allowed.')
        return await handler(request)

    def _paths(self) -> dict[str, dict[str, Handler]]:
        paths: dict[str, dict[str, Handler]] = {
            "session/": {"GET": self._list_sessions, "POST": self._create_session},
            "message/": {"GET": self._list_messages, "POST": self._create_message},
            "message/clear/": {"POST": self._clear_messages},
            "chat/completions": {"POST": self._complete},
        }
        guessed: dict[str, Handler] = {
            "session/update/": self._update_session,
            "session/delete/": self._delete_session,
            "message/update/": self._update_message,
            "message/delete/": self._delete_message,
            "device/token/": self._renew_token,
        }
        quirk = self.quirks.guessed_paths
        if quirk != "missing":
            prefix = self.quirks.elsewhere_prefix if quirk == "elsewhere" else ""
            closed = quirk == "not_allowed"
            paths.update({prefix + path: {} if closed else {"POST": call} for path, call in guessed.items()})
        return paths

    def _authorize(self, request: web.Request) -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key not in self.keys:
            raise RefusedError(401, "Authentication credentials were not provided or are wrong.")

    # Conversations.

    async def _list_sessions(self, request: web.Request) -> web.Response:
        query = read_query(request, SessionQuery)
        rows = self.store.sessions()
        if (name := query.session_name) is not None:
            exact = self.quirks.name_filter == "exact"
            rows = [row for row in rows if (row.session_name == name if exact else name in row.session_name)]
        page = self._page(_ordered(rows, query.ordering, "session_id"), query.page, query.size)
        shows_token = self.quirks.list_shows_token
        page["results"] = [_session_item(row, with_token=shows_token) for row in page["results"]]
        return self._session_answer(page)

    async def _create_session(self, request: web.Request) -> web.Response:
        body = await read_body(request, SessionFields)
        config = {name: getattr(body, name) for name in CONFIG_FIELDS}
        session = self.store.add_session(
            body.session_name, config={**config, "data": body.config_data}, session_remark=body.session_remark
        )
        data: dict[str, Any] = {"session_token": session.session_token}
        if self.quirks.create_answer == "full":
            data = _session_item(session, with_token=True)
        return self._session_answer({"data": data}, 201)

    async def _update_session(self, request: web.Request) -> web.Response:
        body = await read_body(request, SessionUpdate)
        session = self._session(body)
        given = body.model_dump(exclude_unset=True)
        config = dict(session.config) | {name: given[name] for name in CONFIG_FIELDS & given.keys()}
        if "config_data" in given:
            kept = session.config["data"] if self.quirks.update_merges_config else {}
            config["data"] = {**kept, **given["config_data"]}
        changes = {name: given[name] for name in ("session_name", "session_remark") if name in given}
        changed = self.store.change_session(session.session_id, config=config, **changes)
        return self._session_answer({"data": _session_item(changed, with_token=self.quirks.list_shows_token)})

    async def _delete_session(self, request: web.Request) -> web.Response:
        body = await read_body(request, SessionChoice)
        self.store.delete_session(self._session(body).session_id)
        return self._session_answer({"data": {}})

    def _session(self, which: Which) -> StoredSession:
        try:
            if which.session_id is not None:
                return self.store.session(which.session_id)
            return self.store.session_by_token(which.session_token or "")
        except KeyError:
            raise RefusedError(404, "Session not found.") from None

    def _session_answer(self, members: Mapping[str, Any], status: int = 200) -> web.Response:
        answer = _envelope(members, status)
        if not self.quirks.session_answers_status:
            del answer["status"]
        return web.json_response(answer, status=self.quirks.create_http_status if status == 201 else 200)

    # Messages.

    async def _list_messages(self, request: web.Request) -> web.Response:
        query = read_query(request, MessageQuery)
        session = self._session(query)
        order = {"newest_first": "-message_id", "oldest_first": "message_id"}
        ordering = order.get(self.quirks.message_order, query.ordering)
        rows = _ordered(self.store.messages(session.session_id), ordering, "message_id")
        page = self._page(rows, query.page, query.size)
        page["results"] = [self._message_item(row, session) for row in page["results"]]
        return web.json_response(_envelope(page))

    async def _create_message(self, request: web.Request) -> web.Response:
        body = await read_body(request, MessageFields)
        session = self._session(body)
        roles = self.quirks.accepts_roles
        if roles is not None and body.message_category not in roles:
            raise RefusedError(400, f'"{body.message_category}" is not a valid choice.', "message_category")
        message = self.store.add_message(
            session.session_id, body.message_category, body.message_content, data=body.meta_data
        )
        answer = _envelope({"data": self._message_item(message, session)}, 201)
        return web.json_response(answer, status=self.quirks.create_http_status)

    async def _update_message(self, request: web.Request) -> web.Response:
        body = await read_body(request, MessageUpdate)
        message = self._message(body.message_id)
        changes: dict[str, Any] = {}
        if body.message_content is not None:
            changes["content"] = body.message_content
        if body.meta_data is not None:
            changes["data"] = body.meta_data
        changed = self.store.change_message(message.message_id, **changes)
        return web.json_response(
            _envelope({"data": self._message_item(changed, self.store.session(changed.session_id))})
        )

    async def _delete_message(self, request: web.Request) -> web.Response:
        body = await read_body(request, MessageChoice)
        self.store.delete_message(self._message(body.message_id).message_id)
        return web.json_response(_envelope({"data": {}}))

    async def _clear_messages(self, request: web.Request) -> web.Response:
        body = await read_body(request, SessionChoice)
        self.store.clear_messages(self._session(body).session_id)
        return web.json_response(KEY_RECORD if self.quirks.clear_answer == "key_record" else _envelope({"data": {}}))

    def _message(self, message_id: int) -> StoredMessage:
        try:
            return self.store.message(message_id)
        except KeyError:
            raise RefusedError(404, "Message not found.") from None

    def _message_item(self, message: StoredMessage, session: StoredSession) -> dict[str, Any]:
        word = self.quirks.assistant_word if message.category == "assistant" else message.category
        extra = {"source": "api", "words": len(message.content.split())} if self.quirks.meta_extra else {}
        token = {"session_token": session.session_token} if self.quirks.message_shows_token else {}
        return {
            "message_id": message.message_id,
            "session_id": message.session_id,
            **token,
            "message_category": word,
            "message_content": message.content,
            "message_meta": {"data": message.data, **extra},
            "created_at": message.created_at,
        }

    def _page(self, rows: Sequence[Any], page: int, size: int) -> dict[str, Any]:
        size = min(size, self.quirks.max_size)
        max_pages = max(1, -(-len(rows) // size))
        if page > max_pages and self.quirks.past_end == "404":
            raise RefusedError(404, "Invalid page.")
        results = rows[(page - 1) * size : page * size]
        return {"count": len(rows), "max_pages": max_pages, "current_page": page, "results": results}

    # Text generation.

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await read_body(request, ChatRequest)
        session = self._session(Which(session_token=body.session_token)) if body.session_token is not None else None
        if not body.messages and session is None:
            raise RefusedError(400, "messages: at least one message is required", "messages")
        history = self.store.messages(session.session_id) if session else []
        generation = self.model.generate(_asked(body, history), body.max_tokens)
        if session is not None:
            self.store.count_use(session.session_id)
            if body.asked is not None and self.quirks.completions_store in {"both", "user"}:
                self.store.add_message(session.session_id, "user", body.asked)
        said = [*(row.content for row in history), *(message.text for message in body.messages)]
        number = self.model.generations
        completion = complete(number, body.model, generation, said, thinks=self.quirks.reasoning)

        def store(text: str) -> None:
            if session is not None and text and self.quirks.completions_store in {"both", "reply"}:
                with contextlib.suppress(KeyError):  # deleted while the model was speaking
                    self.store.add_message(session.session_id, "assistant", text)

        if not body.stream:
            store(generation.text)
            return web.json_response(completion.whole())
        with_usage = body.stream_options is not None and body.stream_options.include_usage
        pieces = stream_completion(completion, self.quirks, with_usage=with_usage, store=store)
        return await stream_pieces(
            request, pieces, content_type="text/event-stream; charset=utf-8", interval=self.quirks.piece_delay
        )


# As the page of the clear call shows it, with a key that opens nothing.
KEY_RECORD: Mapping[str, Any] = {
    "api_key_id": 4,
    "user_id": 58,
    "api_key": LEAKED_KEY,
    "api_config": {},
    "api_use_count": 0,
    "api_use_points": 0,
    "is_status": False,
    "created_at": STAMP,
    "updated_at": STAMP,
    "user": 58,
}


def _envelope(members: Mapping[str, Any], status: int = 200) -> dict[str, Any]:
    return {"message": "", "status": status, **members}


def _session_item(session: StoredSession, *, with_token: bool) -> dict[str, Any]:
    token = {"session_token": session.session_token} if with_token else {}
    return {
        "session_id": session.session_id,
        **token,
        "api_id": API_ID,
        "device_id": None,
        "session_name": session.session_name,
        "session_config": dict(session.config),
        "session_remark": session.session_remark,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
    }


def _ordered(rows: list[Row], ordering: str, id_name: str) -> list[Row]:
    """Order rows that come oldest first; the id decides between equal values."""
    name, descends = ordering.removeprefix("-"), ordering.startswith("-")
    if name != id_name:  # sorting every page of a long conversation again would cost seconds
        return sorted(rows, key=attrgetter(name, id_name), reverse=descends)
    return rows[::-1] if descends else rows


def _asked(body: ChatRequest, history: Sequence[StoredMessage]) -> str:
    if body.asked is not None:
        return body.asked
    return next((row.content for row in reversed(history) if row.category == "user"), "")


def _with_slash(request: web.Request) -> str:
    path, mark, query = request.raw_path.partition("?")
    return f"{path}/{mark}{query}"
