"""iChati's operations: each builds the request, sends it and maps the answer.

The page: https://docs.ichati.cn/backend/chat
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from omnilogue.errors import BadRequestError, ConfigurationError, NotFoundError
from omnilogue.http import Auth, KeyAuth
from omnilogue.model import Conversation, Event, Message, Page, Reply
from omnilogue.provider import Changes, Context, Draft, Features, Provider, Query, Turn, native, unsupported

from .calls import Calls
from .mapping import conversation_of, in_order, message_of, number_of, topic_changes
from .refusals import ERRORS
from .regenerating import Regenerating
from .settings import IChatiSettings
from .talking import Talking
from .topics import Topics
from .wire import MessageRow, TopicRow

ALWAYS_ANSWERS = "a send always makes an answer"

FEATURES = Features(
    list_conversations=native("in one answer; without a series first, which is inferred, then the configured ones"),
    get_conversation=native(),
    create_conversation=native("the series is a setting", fields=("title",)),
    update_conversation=native("read again: the answer shown has no change", fields=("title", "pinned")),
    delete_conversation=native("that the messages go with it is inferred"),
    list_messages=native("the whole conversation in one answer, ordered here by time and id", order=("asc", "desc")),
    get_message=unsupported("no such call; the messages are walked"),
    append_user=unsupported(ALWAYS_ANSWERS),
    append_assistant=unsupported(ALWAYS_ANSWERS),
    append_system=unsupported(ALWAYS_ANSWERS),
    edit_message=native("of either role; nothing is answered again, which is inferred"),
    delete_message=unsupported("no such call"),
    clear_messages=unsupported("no such call"),
    send=native(
        "plain text whose tail tells the ids",
        answers_late=True,
        fields=("model", "options"),
        parts=("text",),
    ),
    stream=native(
        "the same text as it comes; what is stored of a reply that is left early is not documented",
        answers_late=True,
        fields=("model", "options"),
        parts=("text",),
    ),
    stop=unsupported("no such call; a stream is stopped by leaving it"),
    regenerate=native(
        "which message is named and what becomes of the old reply is told from what is seen",
        fields=("model", "options"),
    ),
    conversation_metadata=unsupported("a topic has a name, a series and a mark, nothing else"),
    message_metadata=unsupported("a message has none"),
    choose_model=native("by its number, or by a word that the setting models gives it; the vendor lists none"),
    attach_files=unsupported("messages take text only"),
    send_images=unsupported("pictures are shown in messages, how they are sent is not documented"),
    send_audio=unsupported("the vendor has none"),
    receive_audio=unsupported("the vendor has none"),
    tool_calls=unsupported("the vendor has none"),
    citations=unsupported("the vendor gives none"),
)


class IChati(Provider[IChatiSettings]):
    """One iChati account."""

    features = FEATURES
    errors = ERRORS

    def __init__(self, settings: IChatiSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._calls = Calls(self.http, settings)
        self._topics = Topics(self._calls)
        self._talking = Talking(self._calls, self._topics, settings)
        self._regenerating = Regenerating(self._calls, self._topics, settings)
        self._lists_bare = settings.list_without_series

    def auth(self) -> Auth:
        """Give the token in the configured header; how calls are authenticated is not documented."""
        header = self.settings.auth_header
        prefix = "Bearer " if header.lower() == "authorization" else ""
        return KeyAuth(self.settings.token, header=header, prefix=prefix)

    # Conversations

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Conversation]:
        """Give all topics: of the list without a series, and of each configured one, each topic once."""
        bare = await self._bare_list()
        asked = self.settings.known_series if bare is None else self.settings.series_ids
        rows = list(bare or ())
        for series_id in asked:
            rows += await self._calls.topics(series_id)
        self._topics.learn(rows)
        items = tuple(self._conversation(row) for row in in_order(rows))
        return Page(items=items, complete=bare is not None or bool(self.settings.series_ids))

    async def _bare_list(self) -> list[TopicRow] | None:
        """List without a series; None where the vendor does not take that, which is remembered."""
        if not self._lists_bare:
            return None
        try:
            return await self._calls.topics(None)
        except BadRequestError as error:
            if not self.settings.known_series:
                raise ConfigurationError(
                    f"topics are not listed without a series: {error.message}", hint="set series_ids, or series_id"
                ) from None
        self._lists_bare = False
        return None

    async def get_conversation(self, conversation_id: str) -> Conversation:
        """Read a topic."""
        return self._conversation(await self._read(number_of(conversation_id, "conversation")))

    async def create_conversation(self, draft: Draft) -> Conversation:
        """Create a topic in the configured series; which fields are required is not documented."""
        fields = {"name": draft.title or self.settings.new_name or None, "seriesId": self.settings.series_id}
        row = await self._calls.create_topic({name: value for name, value in fields.items() if value is not None})
        self._topics.learn([row])
        return self._conversation(row)

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        """Change name and favorite, then read: the documented answer shows what was there before."""
        fields = topic_changes(changes)
        topic_id = number_of(conversation_id, "conversation")
        await self._calls.change_topic(topic_id, fields)
        return self._conversation(await self._read(topic_id))

    async def delete_conversation(self, conversation_id: str) -> None:
        """Delete a topic."""
        await self._calls.delete_topic(number_of(conversation_id, "conversation"))

    async def _read(self, topic_id: int) -> TopicRow:
        row = await self._calls.topic(topic_id)
        self._topics.learn([row])
        return row

    def _conversation(self, row: TopicRow) -> Conversation:
        return conversation_of(row, self.context.remote)

    # Messages

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        """Give all messages of a topic in one page, in the order asked for."""
        topic_id = number_of(conversation_id, "conversation")
        rows = await self._messages(topic_id)
        ordered = reversed(rows) if query.order == "desc" else rows
        return Page(items=tuple(message_of(row, str(topic_id)) for row in ordered))

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        """Change a message's text. The documented answer shows the old text: the new one is laid over it.

        An answer that does not show the message tells nothing, and the topic is read.
        """
        topic_id, number = number_of(conversation_id, "conversation"), number_of(message_id, "message")
        row = await self._calls.change_message(topic_id, number, text)
        if row is not None and row.type is not None:
            return message_of(row.model_copy(update={"message": text}), str(topic_id))
        row = next((row for row in await self._messages(topic_id) if row.id == message_id), None)
        if row is None:
            raise NotFoundError(f"conversation {topic_id} has no message {number}", outcome="applied")
        return message_of(row, str(topic_id))

    async def _messages(self, topic_id: int) -> list[MessageRow]:
        rows = await self._calls.messages(topic_id)
        self._topics.saw(topic_id, rows)
        return rows

    # Talking

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        """Send a message and give its reply."""
        return await self._talking.send(conversation_id, turn)

    def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        """Do the same piece by piece."""
        return self._talking.stream(conversation_id, turn)

    async def regenerate(self, conversation_id: str, message_id: str, turn: Turn) -> Reply:
        """Have a reply made again, by the vendor's own call."""
        return await self._regenerating.regenerate(conversation_id, message_id, turn)
