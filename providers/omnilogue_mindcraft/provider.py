"""MindCraft's operations: each builds the request, sends it and maps the answer.

The pages: https://apifox.com/apidoc/shared/0fd7ea54-919e-4c93-b673-c60219bc82e0/
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar

from omnilogue.errors import InvalidInputError, NotFoundError, ProtocolError
from omnilogue.http import Auth, KeyAuth
from omnilogue.model import Conversation, Event, MediaPart, Message, Page, Reply
from omnilogue.provider import Changes, Context, Draft, Features, Provider, Query, Turn, emulated, native, unsupported

from .agent import Agent
from .agent_options import agent_options
from .calls import Calls, Fields
from .mapping import (
    changed_fields,
    completed,
    conversation_of,
    is_same_session,
    message_of,
    messages_of,
    number_of,
    row_of,
    session_fields,
    text_of,
    word_of,
)
from .paging import CONVERSATION_ORDERS, STABLE_ORDER, following, message_ordering, name_filter, obeys, page_of
from .refusals import ERRORS
from .sessions import Sessions
from .settings import Generation, MindCraftSettings
from .talking import Talking, store
from .wire import SessionRow

UNDOCUMENTED = "path not documented by the vendor; a setting with the likelier guess"
KEPT_FIELDS = ("metadata", "run_id", "model", "status", "usage")
"""Of a message: what is no metadata is noted there."""
APPENDED: dict[str, Any] = {"batch": 1, "roles": (), "fields": KEPT_FIELDS, "parts": ("text",)}
CLIENT_FIELDS = ("model", "instructions", "max_output_tokens", "temperature", "metadata", "options")
AGENT_FIELDS = ("model", "max_output_tokens", "options")
BY_OPTION = 'with generation = "agent"; the option of a turn switches typed turns only'
SERVER_FIELDS = tuple(name for name in CLIENT_FIELDS if name != "metadata")

FEATURES = Features(
    list_conversations=native(
        "the vendor calls it in development", page_size=50, filters=("title",), order=CONVERSATION_ORDERS
    ),
    get_conversation=emulated("no such call; found in the list by its number, in a few requests"),
    create_conversation=native(
        "path and fields known from the vendor's public code", fields=("title", "instructions", "model", "metadata")
    ),
    update_conversation=native(UNDOCUMENTED, fields=("title", "instructions", "model", "metadata")),
    delete_conversation=native(UNDOCUMENTED),
    list_messages=native(
        "known from the vendor's public code; its order is asked for, and refused where it does not come",
        page_size=50,
        order=("asc", "desc"),
    ),
    get_message=unsupported("no such call; the messages are walked"),
    append_user=native(**APPENDED),
    append_assistant=native("the word for the role is a guess and a setting", **APPENDED),
    append_system=native("the word for the role is a guess and a setting", **APPENDED),
    edit_message=native(UNDOCUMENTED, bare_ids=True),
    delete_message=native(UNDOCUMENTED, bare_ids=True),
    clear_messages=native(),
    send=native(
        "the whole conversation is shown to the model; tool and unknown roles are not, thoughts are not stored; "
        'the agent takes a recording too, with generation = "agent"',
        empty_turn=True,
        answers_late=False,
        fields=CLIENT_FIELDS,
        parts=("text", "audio"),
    ),
    stream=native(
        "server-sent events, their form inferred; leaving early stores no answer; the agent answers in sentences",
        empty_turn=True,
        answers_late=False,
        fields=CLIENT_FIELDS,
        parts=("text", "audio"),
    ),
    stop=native('with generation = "agent"; over HTTP a stream is stopped by leaving it'),
    regenerate=unsupported("no such call; made of another answer and a delete"),
    conversation_metadata=native("kept as JSON text in session_remark"),
    message_metadata=native("sent as meta_data, read as message_meta.data"),
    choose_model=native("the vendor's list of models is not checked here"),
    attach_files=unsupported("messages hold text only"),
    send_images=unsupported("messages hold text only"),
    send_audio=native(f"{BY_OPTION}; what was understood is stored, the recording is not", kept=False),
    receive_audio=native(f"{BY_OPTION}; links, which are downloaded only when asked for"),
    tool_calls=unsupported("not stored in a conversation"),
    citations=unsupported("the vendor has none"),
)


class MindCraft(Provider[MindCraftSettings]):
    """One MindCraft account."""

    features = FEATURES
    errors = ERRORS
    secret_patterns: ClassVar[tuple[str, ...]] = (r"MC-[0-9A-F]{32}",)

    def __init__(self, settings: MindCraftSettings, context: Context) -> None:
        super().__init__(settings, context)
        self.features = narrowed(settings)
        self._calls = Calls(self.http, settings)
        self._sessions = Sessions(self._calls, context.clock)
        self._talking = Talking(self._calls, self._sessions, settings)
        self._agent = Agent(
            self.sockets, self._calls, self._sessions, settings, context.clock, self._talking.stored_by_vendor
        )

    def auth(self) -> Auth:
        """Give the API key in `Authorization: Bearer`; the message pages call it optional, the list requires it."""
        return KeyAuth(self.settings.api_key)

    async def canonical_id(self, conversation_id: str) -> str:
        """Give the `session_id` in decimal text, also for a `session_token`."""
        return str(await self._sessions.number(conversation_id))

    # Conversations

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Conversation]:
        """Give a page (api-214706758); without a wish, in the order of numbers, which nothing new disturbs."""
        page = page_of(cursor)
        ordering = query.order if query.order in CONVERSATION_ORDERS else STABLE_ORDER
        answer = await self._calls.sessions(page, ordering, name_filter(query.title))
        self._sessions.learn(answer.results)
        after = following(answer, answer.results, page)
        items = tuple(self._conversation(row) for row in answer.results)
        return Page(items=items, next_cursor=None if after is None else str(after))

    async def get_conversation(self, conversation_id: str) -> Conversation:
        """Find a conversation in the list: the vendor has no call that gives one."""
        number = await self._sessions.number(conversation_id)
        return self._conversation(await self._sessions.row(number))

    async def create_conversation(self, draft: Draft) -> Conversation:
        """Create a conversation; where the answer tells its token only, find it among the newest."""
        fields = session_fields(draft, self.settings.new_sessions)
        created = await self._calls.create_session(fields)
        if not isinstance(created, SessionRow):
            created = await self._created(fields, created.session_token)
        self._sessions.learn([created])
        return self._conversation(completed(created, row_of(fields)))

    async def _created(self, fields: Fields, session_token: str) -> SessionRow:
        newest = await self._calls.sessions(1, f"-{STABLE_ORDER}")
        for row in newest.results:
            if is_same_session(row, fields, session_token):
                self._sessions.learn_token(row.session_id, session_token)
                return row
        raise ProtocolError(
            "the conversation was created, but the list does not show it",
            outcome="applied",
            hint="look for it by its title",
        )

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        """Change what was given, at an inferred path, and give the conversation from the answer or from the list."""
        fields = changed_fields(changes)
        number = await self._sessions.number(conversation_id)
        self._sessions.changed(number)
        row = await self._calls.update_session(number, fields)
        if row is None or not {"session_name", "session_config"} <= row.model_fields_set:
            row = await self._sessions.row(number)
        self._sessions.learn([row])
        return self._conversation(row)

    async def delete_conversation(self, conversation_id: str) -> None:
        """Delete a conversation, at an inferred path."""
        number = await self._sessions.number(conversation_id)
        await self._calls.delete_session(number)
        self._sessions.deleted(number)

    def _conversation(self, row: SessionRow) -> Conversation:
        return conversation_of(row, remote=self.context.remote, zone=self.settings.zone)

    # Messages

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        """Give a page of messages. Raises ProtocolError where many pages come in another order than asked for."""
        page = page_of(cursor)
        number = await self._sessions.number(conversation_id)
        ordering = message_ordering(self.settings.message_ordering, descending=query.order == "desc")
        answer = await self._calls.messages(number, page, ordering)
        if (answer.max_pages or page) > 1 and not obeys(answer.results, ordering):
            raise ProtocolError(
                f"messages do not come in the order {ordering!r} that was asked for",
                code="pagination",
                hint='set message_ordering = "": pages are then read whole and sorted here',
            )
        self._sessions.learn(answer.results[:1])
        after = following(answer, answer.results, page)
        items = messages_of(answer.results, self.settings.zone)
        return Page(items=items, next_cursor=None if after is None else str(after))

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        """Store messages one by one (api-214706763), each of any role; the vendor sets its own time."""
        for message in messages:  # what cannot be stored is found before anything is
            word_of(message.role, self.settings.role_names)
            text_of(message.parts)
        number = await self._sessions.number(conversation_id)
        rows = [await store(self._calls, number, message, self.settings) for message in messages]
        return list(messages_of(rows, self.settings.zone))

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        """Replace a message's text, at an inferred path, and give the message from the answer or from the list."""
        session_id = await self._sessions.number(conversation_id)
        number = number_of(message_id, "message")
        row = await self._calls.update_message(number, text)
        if row is None or not {"message_content", "message_category", "message_meta"} <= row.model_fields_set:
            rows = await self._calls.history(session_id)
            row = next((row for row in rows if row.message_id == number), None)
        if row is None:
            raise NotFoundError(f"conversation {session_id} has no message {number}", outcome="applied")
        return message_of(completed(row, {"session_id": session_id}), self.settings.zone)

    async def delete_message(self, conversation_id: str, message_id: str) -> None:
        """Delete one message, at an inferred path."""
        await self._sessions.number(conversation_id)
        await self._calls.delete_message(number_of(message_id, "message"))

    async def clear_messages(self, conversation_id: str) -> None:
        """Delete all messages (api-214706766); the conversation stays."""
        await self._calls.clear_messages(await self._sessions.number(conversation_id))

    # Talking

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        """Have a turn answered by `chat/completions` (api-199055738), or by the agent (api-281110119)."""
        generation, turn = chosen(turn, self.settings)
        talking = self._agent if generation == "agent" else self._talking
        return await talking.send(conversation_id, turn)

    def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        """Do the same piece by piece; the answer is stored before the last event."""
        generation, turn = chosen(turn, self.settings)
        talking = self._agent if generation == "agent" else self._talking
        return talking.stream(conversation_id, turn)

    async def stop(self, conversation_id: str, run_id: str) -> None:
        """Stop an answer of the agent; its reader sees it end."""
        await self._agent.stop(run_id)

    async def download(self, part: MediaPart) -> bytes:
        """Fetch a spoken answer, from the vendor's own hosts or those of `media_hosts`, without credentials."""
        if part.url is None:
            raise NotFoundError("this part names no place where its bytes lie", outcome="not_sent")
        return await self.http.fetch(part.url, hosts=self.settings.media_hosts)

    async def aclose(self) -> None:
        """Forget the device tokens that were got here."""
        self._agent.forget()


def chosen(turn: Turn, settings: MindCraftSettings) -> tuple[Generation, Turn]:
    """Tell who answers a turn, and give the turn without that option.

    A turn without parts is answered again over HTTP: the agent would store its question a second time. Of the
    agent's options, which it may bring, those of the model hold there too.
    """
    options = dict(turn.options)
    generation = options.pop("generation", settings.generation)
    if generation not in {"http", "agent"}:
        raise InvalidInputError('options: generation: it is "http" or "agent"', outcome="not_sent")
    turn = turn.model_copy(update={"options": options})
    if generation == "http" or turn.parts:
        return generation, turn
    told = agent_options(turn, settings.agent)
    kept = {} if told.history_length is None else {"history_length": told.history_length}
    limits = {"model": told.llm_model, "max_output_tokens": told.max_tokens, "options": kept}
    return "http", turn.model_copy(update=limits)


def narrowed(settings: MindCraftSettings) -> Features:
    """Give the features of an account with these settings."""
    features, size = FEATURES, settings.page_size
    lists = features.list_conversations, features.list_messages
    listed, messages = (
        row.model_copy(update={"limits": row.limits.model_copy(update={"page_size": size})}) for row in lists
    )
    if not settings.message_ordering:
        messages = native("no order is asked for: all pages are read first", page_size=size, order=())
    features = features.replace(list_conversations=listed, list_messages=messages)
    if settings.generation == "agent":
        row = native(
            "that the agent stores turn and answer is inferred; a turn without parts is answered over HTTP",
            empty_turn=True,
            answers_late=True,
            fields=AGENT_FIELDS,
            parts=("text", "audio"),
        )
        return features.replace(send=row, stream=row)
    features = _over_http(features)
    if settings.persist != "client":
        row = native(
            "the vendor does not document which messages it stores; ids may stay unknown",
            empty_turn=True,
            answers_late=True,
            fields=SERVER_FIELDS,
            parts=("text",),
        )
        features = features.replace(send=row, stream=row)
    return features


def _over_http(features: Features) -> Features:
    """Give the features without what only the agent has."""
    silent = unsupported('not over HTTP; set generation = "agent"')
    talking = {
        name: row.model_copy(update={"limits": row.limits.model_copy(update={"parts": ("text",)})})
        for name, row in (("send", features.send), ("stream", features.stream))
    }
    stop = unsupported("not over HTTP; a stream is stopped by leaving it")
    return features.replace(**talking, send_audio=silent, receive_audio=silent, stop=stop)
