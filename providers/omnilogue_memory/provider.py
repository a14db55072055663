"""The reference provider: all operations over two dictionaries. Read this one first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import TypeVar

from omnilogue.errors import BY_CODE, NotFoundError, OmnilogueError, Outcome, RunFailedError, StreamInterruptedError
from omnilogue.model import (
    INLINE_BYTES,
    Conversation,
    Event,
    Message,
    Page,
    Part,
    Reply,
    ReplyCompleted,
    TextDelta,
    TextPart,
    ToolCallPart,
    ToolCallRequested,
    Usage,
)
from omnilogue.provider import (
    Changes,
    Context,
    Draft,
    Features,
    Plugins,
    Provider,
    Query,
    ScriptedCall,
    Turn,
    answers,
    arguments_of,
    native,
    scripted_calls,
    unsupported,
    with_answers,
)

from .settings import MemorySettings

T = TypeVar("T")

PAGE_SIZE = 50
TEXT_BYTES = 64 * 1024 * 1024
CREATED_FIELDS = ("title", "instructions", "model", "metadata", "raw")
"""Of a conversation."""
KEPT_FIELDS = ("metadata", "run_id", "model", "status", "usage", "created_at", "raw")
"""Of a message; its place in the tree is always the end."""
FILES = native("kept as they are given, up to 1 MiB", file_bytes=INLINE_BYTES)
OPTIONS = ("model", "instructions", "max_output_tokens", "temperature", "tools", "metadata")


class Memory(Provider[MemorySettings]):
    """Keeps conversations until it is closed, and answers by itself."""

    features = Features(
        list_conversations=native(page_size=PAGE_SIZE, filters=("search",)),
        get_conversation=native(),
        create_conversation=native(create_with_messages=True, fields=CREATED_FIELDS),
        update_conversation=native(),
        delete_conversation=native(),
        list_messages=native(page_size=PAGE_SIZE, order=("asc", "desc")),
        get_message=native(),
        append_user=native(
            batch=PAGE_SIZE, text_bytes=TEXT_BYTES, roles=("developer", "tool", "other:*"), fields=KEPT_FIELDS
        ),
        append_assistant=native(batch=PAGE_SIZE, text_bytes=TEXT_BYTES, fields=KEPT_FIELDS),
        append_system=native(batch=PAGE_SIZE, text_bytes=TEXT_BYTES, fields=KEPT_FIELDS),
        edit_message=native(text_bytes=TEXT_BYTES),
        delete_message=native(),
        clear_messages=native(),
        send=native(
            "an echo, or the setting `replies` in turn", empty_turn=True, text_bytes=TEXT_BYTES, fields=OPTIONS
        ),
        stream=native("word by word", empty_turn=True, text_bytes=TEXT_BYTES, fields=OPTIONS),
        stop=native("no further word is said, and no reply is stored"),
        conversation_metadata=native(),
        message_metadata=native(),
        choose_model=native("the name is kept, and changes nothing"),
        attach_files=FILES,
        send_images=FILES,
        send_audio=FILES,
        receive_audio=unsupported("it does not speak"),
        tool_calls=native("kept as they are given; `[tool NAME {...}]` in a reply, or in what was asked, calls one"),
        citations=native("kept as they are given; none is made"),
    )

    def __init__(self, settings: MemorySettings, context: Context) -> None:
        super().__init__(settings, context)
        if settings.like:
            self.features = Plugins().provider(settings.like).provider.features
            vars(self)["regenerate"] = self._regenerate  # by itself it declares none: the core makes one
        self._conversations: dict[str, Conversation] = {}
        self._messages: dict[str, dict[str, Message]] = {}
        self._ids = count(1)
        self._answers = count()
        self._faults = list(settings.faults)
        self._running: dict[str, str] = {}

    # Conversations

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Conversation]:
        """Give one page; the cursor is the place in the list."""
        found = [item for item in self._conversations.values() if self._matches(item, query.search)]
        return _page(found, cursor)

    async def get_conversation(self, conversation_id: str) -> Conversation:
        """Give one conversation."""
        if conversation_id not in self._conversations:
            raise NotFoundError(f"{self.context.remote} has no conversation {conversation_id!r}", outcome="rejected")
        return self._conversations[conversation_id]

    async def create_conversation(self, draft: Draft) -> Conversation:
        """Create a conversation, with its messages where the draft has some."""
        now = self.context.clock.now()
        fields = draft.model_dump(include=set(CREATED_FIELDS))
        conversation = Conversation(id=f"c{next(self._ids)}", created_at=now, updated_at=now, **fields)
        self._conversations[conversation.id] = conversation
        self._messages[conversation.id] = {}
        await self.append(conversation.id, draft.messages)
        return self._conversations[conversation.id]

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        """Change what was given."""
        await self.get_conversation(conversation_id)
        return self._touch(conversation_id, **changes.model_dump(exclude_unset=True))

    async def delete_conversation(self, conversation_id: str) -> None:
        """Delete a conversation and its messages."""
        await self.get_conversation(conversation_id)
        del self._conversations[conversation_id], self._messages[conversation_id]

    # Messages

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        """Give one page; the cursor is the place in the list."""
        await self.get_conversation(conversation_id)
        found = list(self._messages[conversation_id].values())
        return _page(found[::-1] if query.order == "desc" else found, cursor)

    async def get_message(self, conversation_id: str, message_id: str) -> Message:
        """Give one message."""
        await self.get_conversation(conversation_id)
        if message_id not in self._messages[conversation_id]:
            raise NotFoundError(f"{conversation_id} has no message {message_id!r}", outcome="rejected")
        return self._messages[conversation_id][message_id]

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        """Store messages as they are given, with an id, a time and a place."""
        head = (await self.get_conversation(conversation_id)).head_id
        stored: list[Message] = []
        for message in messages:
            place = {"id": f"m{next(self._ids)}", "conversation_id": conversation_id, "parent_id": head}
            head = place["id"]
            kept = self._kept(message)
            stored.append(kept.model_copy(update={**place, "created_at": kept.created_at or self.context.clock.now()}))
            self._messages[conversation_id][stored[-1].id or ""] = stored[-1]
        self._touch(conversation_id, head_id=head)
        return stored

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        """Replace the text parts by one."""
        message = await self.get_message(conversation_id, message_id)
        others = tuple(part for part in message.parts if part.type != "text")
        edited = message.model_copy(update={"parts": (TextPart(text=text), *others)})
        self._messages[conversation_id][message_id] = edited
        self._touch(conversation_id)
        return edited

    async def delete_message(self, conversation_id: str, message_id: str) -> None:
        """Delete one message; the next one takes its parent."""
        gone = await self.get_message(conversation_id, message_id)
        messages = self._messages[conversation_id]
        del messages[message_id]
        for message in list(messages.values()):
            if message.parent_id == message_id:
                messages[message.id or ""] = message.model_copy(update={"parent_id": gone.parent_id})
        self._touch(conversation_id, head_id=next(reversed(messages), None))

    async def clear_messages(self, conversation_id: str) -> None:
        """Delete all messages."""
        await self.get_conversation(conversation_id)
        self._messages[conversation_id] = {}
        self._touch(conversation_id, head_id=None)

    # Talking

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        """Store the turn, answer it, store the answer."""
        async for event in self.stream(conversation_id, turn):
            if isinstance(event, ReplyCompleted):
                return event.reply
        raise StreamInterruptedError("the stream ended without a reply")

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        """Do the same word by word."""
        fault = self._faults.pop(0) if self._faults else None
        if fault and fault != "stream_broken":
            raise _failure(fault)
        if turn.parts:
            await self.append(conversation_id, [Message(role="user", parts=turn.parts, metadata=turn.metadata)])
        run_id, text = f"r{next(self._ids)}", self._answer(conversation_id)
        known = {tool.name for tool in turn.tools}
        scripted = scripted_calls(text, known)
        calls = self._calls(scripted or scripted_calls(self._asked(conversation_id), known))
        self._running[run_id] = conversation_id
        try:
            for call in calls:
                yield ToolCallRequested(call=call, run_id=run_id)
            results = await answers(turn.tools, calls)
            text = with_answers(text, scripted, [str(result.content) for result in results])
            words = text.split(" ")
            for place, word in enumerate(words):
                if fault and place == len(words) // 2:
                    raise _failure(fault)
                yield TextDelta(text=word if place == 0 else f" {word}", run_id=run_id)
                if run_id not in self._running:
                    raise RunFailedError(f"the run {run_id} was stopped", outcome="applied")
            usage = Usage(input_tokens=len(turn.text.split()), output_tokens=len(words))
            parts: list[Part] = [part for pair in zip(calls, results, strict=True) for part in pair]
            answer = Message(
                role="assistant", parts=(*parts, TextPart(text=text)), run_id=run_id, model=turn.model, usage=usage
            )
            stored = await self.append(conversation_id, [answer])
        finally:
            self._running.pop(run_id, None)
        yield ReplyCompleted(reply=Reply(messages=tuple(stored), run_id=run_id, usage=usage), run_id=run_id)

    async def stop(self, conversation_id: str, run_id: str) -> None:
        """Have a run say no further word; one that has ended is left as it is."""
        self._running.pop(run_id, None)

    async def active_run(self, conversation_id: str) -> str | None:
        """Give the run that has not ended yet."""
        return next((run_id for run_id, place in self._running.items() if place == conversation_id), None)

    async def _regenerate(self, conversation_id: str, message_id: str, turn: Turn) -> Reply:
        """Answer again in the same message, as a vendor does that has a call for it."""
        old = await self.get_message(conversation_id, message_id)
        if old.role != "assistant":
            raise NotFoundError(f"{message_id!r} is no reply", outcome="rejected")
        new = await self.edit_message(conversation_id, message_id, self._answer(conversation_id))
        return Reply(messages=(new,), effect="replaced")

    def _answer(self, conversation_id: str) -> str:
        """Give the next of the configured replies, else an echo of what was asked."""
        number = next(self._answers)
        if self.settings.replies:
            return self.settings.replies[number % len(self.settings.replies)]
        return f"Answer {number + 1} to: {self._asked(conversation_id)}"

    def _asked(self, conversation_id: str) -> str:
        messages = reversed(self._messages[conversation_id].values())
        return next((message.text for message in messages if message.role == "user"), "")

    def _calls(self, scripted: Sequence[ScriptedCall]) -> list[ToolCallPart]:
        return [
            ToolCallPart(id=f"t{next(self._ids)}", name=call.name, arguments=arguments_of(call.arguments))
            for call in scripted
        ]

    # What the operations share

    def _kept(self, message: Message) -> Message:
        """Give a message without the fields that the provider it is like does not keep."""
        fields = self.features.append_user.limits.fields if self.settings.like else None
        if fields is None:
            return message
        defaults = Message(role=message.role)
        return message.model_copy(update={name: getattr(defaults, name) for name in KEPT_FIELDS if name not in fields})

    def _touch(self, conversation_id: str, **changes: object) -> Conversation:
        changed = {**changes, "updated_at": self.context.clock.now()}
        self._conversations[conversation_id] = self._conversations[conversation_id].model_copy(update=changed)
        return self._conversations[conversation_id]

    def _matches(self, conversation: Conversation, search: str | None) -> bool:
        texts = [conversation.title or "", *(message.text for message in self._messages[conversation.id].values())]
        return search is None or any(search.casefold() in text.casefold() for text in texts)


def _page(items: Sequence[T], cursor: str | None) -> Page[T]:
    start = int(cursor or 0)
    end = start + PAGE_SIZE
    return Page(items=tuple(items[start:end]), next_cursor=str(end) if end < len(items) else None)


def _failure(code: str) -> OmnilogueError:
    """Make the error of a configured fault."""
    outcomes: dict[str, Outcome] = {"outcome_unknown": "unknown", "stream_broken": "applied"}
    outcome = outcomes.get(code, "rejected")
    return BY_CODE[code](
        f"a fault that was asked for: {code}", code=code, outcome=outcome, retryable=code == "rate_limit"
    )
