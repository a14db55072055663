"""iChati as a server on loopback: topics and messages, strict and without a key.

The page: https://docs.ichati.cn/backend/chat
"""

import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar

from aiohttp import web

from omnilogue.emulator import DeterministicModel, Emulator, stream_pieces

from .emulator_forms import (
    Generate,
    MessageChange,
    RefusedError,
    SendFields,
    TopicChange,
    TopicFields,
    TopicQuery,
    read_body,
    read_query,
    refusal,
)
from .emulator_quirks import IChatiQuirks
from .emulator_replies import Answer, stream_answer
from .emulator_store import AI, OWNER, USER, Store, StoredMessage, StoredTopic

TOKEN = "ichati-0123456789abcdef"  # noqa: S105  # made up; opens nothing
IMAGES: Mapping[str, tuple[Any, ...]] = {
    "empty": (),
    "urls": ("https://img.example.com/1.png",),
    "objects": ({"id": 7, "url": "https://img.example.com/1.png"},),
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class IChatiEmulator(Emulator):
    """iChati's calls about topics and messages; `store` holds what it keeps, `tokens` what it accepts as a token.

    `shown` has what the model was shown for each answer, oldest first.
    """

    provider: ClassVar[str] = "ichati"
    Quirks: ClassVar[type[Any]] = IChatiQuirks
    base_path: ClassVar[str] = "/api/"
    credentials: ClassVar[Mapping[str, str]] = {"token": TOKEN, "series_id": "1", "model_id": "1"}
    model_word: ClassVar[str] = "2"
    quirks: IChatiQuirks

    def __init__(self, **quirks: Any) -> None:
        super().__init__(**quirks)
        self.store = Store()
        self.model = DeterministicModel()
        self.tokens = {TOKEN}
        self.shown: list[list[str]] = []

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """Give the documented routes, and one that refuses everything else."""
        topic, message = "chat/topic/{topic_id}", "chat/topic/{topic_id}/message"
        known: list[tuple[str, str, Handler]] = [
            ("POST", "chat/topic", self._create_topic),
            ("GET", "chat/topic", self._list_topics),
            ("GET", topic, self._get_topic),
            ("PATCH", topic, self._change_topic),
            ("DELETE", topic, self._delete_topic),
            ("GET", message, self._list_messages),
            ("POST", message, self._send),
            ("PATCH", message + "/{message_id}", self._change_message),
            ("POST", message + "/{message_id}/regenerate", self._regenerate),
        ]
        routes = [web.route(method, self.base_path + path, self._guarded(call)) for method, path, call in known]
        return [*routes, web.route("*", "/{path:.*}", self._guarded(_unknown))]

    def _guarded(self, handler: Handler) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                self._authorize(request)
                return await handler(request)
            except RefusedError as error:
                return self._refused(error, generates=handler in {self._send, self._regenerate})

        return answer

    def _refused(self, error: RefusedError, *, generates: bool) -> web.Response:
        how, form = self.quirks.send_errors, self.quirks.error_form
        if not generates or how == "status":
            return refusal(error, form)
        kind = "application/json" if how == "json_success" else self.quirks.reply_type
        return refusal(error, form, self.quirks.post_status, kind)

    def _authorize(self, request: web.Request) -> None:
        name = self.quirks.auth_header
        given = request.headers.get(name, "")
        if name.lower() == "authorization":
            scheme, _, given = given.partition(" ")
            given = given if scheme == "Bearer" else ""
        if given not in self.tokens:
            raise RefusedError(401, "Unauthorized")

    # Topics.

    async def _create_topic(self, request: web.Request) -> web.Response:
        body = await read_body(request, TopicFields, self.quirks.required_fields)
        topic = self.store.add_topic(body.name, body.seriesId)
        return web.json_response(_topic_item(topic), status=self.quirks.post_status)

    async def _list_topics(self, request: web.Request) -> web.Response:
        series_id = read_query(request, TopicQuery).seriesId
        if series_id is None and not self.quirks.list_without_series:
            raise RefusedError(400, "seriesId should not be empty")
        rows = [row for row in self.store.topics() if series_id in {None, row.series_id}]
        return web.json_response([_topic_item(row) for row in self._in_order(rows)])

    async def _get_topic(self, request: web.Request) -> web.Response:
        return web.json_response(_topic_item(self._topic(request)))

    async def _change_topic(self, request: web.Request) -> web.Response:
        before = self._topic(request)
        body = await read_body(request, TopicChange)
        after = self.store.change_topic(before.id, **body.model_dump(exclude_none=True))
        return web.json_response(_topic_item(before if self.quirks.patch_echo == "stale" else after))

    async def _delete_topic(self, request: web.Request) -> web.Response:
        return web.json_response(_topic_item(self.store.delete_topic(self._topic(request).id)))

    def _topic(self, request: web.Request) -> StoredTopic:
        try:
            return self.store.topic(_number(request, "topic_id"))
        except KeyError:
            raise RefusedError(404, "Topic not found") from None

    # Messages.

    async def _list_messages(self, request: web.Request) -> web.Response:
        topic = self._topic(request)
        if self.quirks.list_needs_body and await _json(request) != {"topicId": topic.id}:
            raise RefusedError(400, "topicId should not be empty")
        rows = self._in_order(self.store.messages(topic.id))
        return web.json_response([_message_item(row) for row in rows])

    async def _change_message(self, request: web.Request) -> web.Response:
        topic = self._topic(request)
        before = self._message(request, topic)
        body = await read_body(request, MessageChange)
        after = self.store.change_message(topic.id, before.id, body.message)
        return web.json_response(_message_item(before if self.quirks.patch_echo == "stale" else after))

    def _message(self, request: web.Request, topic: StoredTopic) -> StoredMessage:
        try:
            return self.store.message(topic.id, _number(request, "message_id"))
        except KeyError:
            raise RefusedError(404, "Message not found") from None

    def _in_order(self, rows: list[Any]) -> list[Any]:
        return rows[::-1] if self.quirks.list_order == "newest_first" else rows

    # Answers.

    async def _send(self, request: web.Request) -> web.StreamResponse:
        topic = self._topic(request)
        body = await read_body(request, SendFields, self.quirks.required_fields)
        if "enableGoogleResults" in body.model_fields_set and not self.quirks.send_takes_google:
            raise RefusedError(400, "property enableGoogleResults should not exist")
        self._check(body, topic)
        earlier = self.store.messages(topic.id) if body.enableMemory else []
        text = self._generate([*(row.message for row in earlier), body.message], body.message)
        user_id = self.store.new_message_id()
        stamp: str | None = None
        if self.quirks.keeps != "nothing":
            images = IMAGES[self.quirks.images]
            stored = self.store.add_message(topic.id, USER, body.message, message_id=user_id, images=images)
            stamp = stored.created_at if self.quirks.equal_times else None
        answer = Answer(text, user_id, self.store.new_message_id(), topic.id)

        def store(said: str) -> None:
            if self.quirks.keeps == "both":
                with contextlib.suppress(KeyError):  # deleted while the model was speaking
                    self.store.add_message(topic.id, AI, said, message_id=answer.assistant_id, created_at=stamp)

        return await self._spoken(request, answer, store)

    async def _regenerate(self, request: web.Request) -> web.StreamResponse:
        topic = self._topic(request)
        user, old = self._pair(topic, self._message(request, topic))
        body = await read_body(request, Generate, self.quirks.required_fields)
        self._check(body, topic)
        earlier = [row.message for row in self.store.messages(topic.id) if row.id < user.id and body.enableMemory]
        text = self._generate([*earlier, user.message], user.message)
        replaces = self.quirks.regenerate_effect == "replaces"
        answer = Answer(text, user.id, old.id if replaces else self.store.new_message_id(), topic.id)

        def store(said: str) -> None:
            with contextlib.suppress(KeyError):  # deleted while the model was speaking
                if replaces:
                    self.store.change_message(topic.id, old.id, said)
                    return
                self.store.add_message(topic.id, AI, said, message_id=answer.assistant_id)
                if self.quirks.regenerate_effect == "supersedes":
                    self.store.drop_message(topic.id, old.id)

        return await self._spoken(request, answer, store)

    def _check(self, body: Generate, topic: StoredTopic) -> None:
        if self.quirks.series_must_match and body.seriesId not in {None, topic.series_id}:
            raise RefusedError(400, "seriesId does not belong to this topic")

    def _pair(self, topic: StoredTopic, named: StoredMessage) -> tuple[StoredMessage, StoredMessage]:
        """Give the user's message and the last reply to it, of which one was named; the other may be the wrong one."""
        rows = self.store.messages(topic.id)
        wanted = {"assistant": {AI}, "user": {USER}, "both": {USER, AI}}[self.quirks.regenerate_target]
        if named.type not in wanted:
            raise RefusedError(self.quirks.wrong_target_status, "Message cannot be regenerated")
        place = rows.index(named)
        user = next((row for row in reversed(rows[: place + 1]) if row.type == USER), None)
        old = named if named.type == AI else next((row for row in rows[place:] if row.type == AI), None)
        if user is None or old is None:
            raise RefusedError(self.quirks.wrong_target_status, "Message cannot be regenerated")
        return user, old

    def _generate(self, shown: list[str], asked: str) -> str:
        self.shown.append(shown)
        text = self.model.generate(asked).text
        return text if self.quirks.reply is None else self.quirks.reply

    async def _spoken(self, request: web.Request, answer: Answer, store: Callable[[str], None]) -> web.StreamResponse:
        return await stream_pieces(
            request,
            stream_answer(answer, self.quirks, store),
            content_type=self.quirks.reply_type,
            status=self.quirks.post_status,
            interval=self.quirks.piece_delay,
        )


async def _unknown(request: web.Request) -> web.StreamResponse:
    raise RefusedError(404, f"Cannot {request.method} {request.path}")


async def _json(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError:
        return None


def _number(request: web.Request, name: str) -> int:
    """Give an id in the path, which must be a number."""
    text = request.match_info[name]
    if not (text.isascii() and text.isdecimal()):
        raise RefusedError(400, "Validation failed (numeric string is expected)")
    return int(text)


def _topic_item(topic: StoredTopic) -> dict[str, Any]:
    return {
        "id": topic.id,
        "userId": OWNER,
        "name": topic.name,
        "seriesId": topic.series_id,
        "favorite": topic.favorite,
        "createdAt": topic.created_at,
        "updatedAt": topic.updated_at,
    }


def _message_item(message: StoredMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "userId": OWNER,
        "topicId": message.topic_id,
        "type": message.type,
        "message": message.message,
        "seriesId": message.series_id,
        "images": list(message.images),
        "createdAt": message.created_at,
        "updatedAt": message.updated_at,
    }
