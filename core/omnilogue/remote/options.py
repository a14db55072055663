"""What verbs can be given, and what it becomes: checked, with the remote's defaults, in the model's form."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, TypeAlias, TypedDict, TypeVar, get_args

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from ..errors import InvalidInputError
from ..http.call import encode_json
from ..model import Conversation, ConversationRef, Message, Part, TextPart
from ..model.wording import words_of
from ..provider import Busy, ProviderSettings, ToolLike, Turn, tools_of

M = TypeVar("M", bound=BaseModel)


class Unset(Enum):
    """The default of what may be left out where None means something else."""

    UNSET = "left out"


UNSET: Final = Unset.UNSET

Timeout: TypeAlias = float | Literal[Unset.UNSET] | None
"""Seconds for the whole operation, retries and polling included; None for no limit; left out: the remote's own."""

AllowLoss: TypeAlias = bool | Collection[str]
"""True, or the kinds of loss that are allowed."""

ConversationLike: TypeAlias = Conversation | ConversationRef | str
"""A conversation, a reference to one, or its id."""

Content: TypeAlias = str | Part | Sequence[str | Part]
"""Text, a part, or a list of them."""

LONGEST_ID = 1024
"""Characters; no vendor's id comes near."""

READ_SECONDS = 60.0
TALK_SECONDS = 600.0


class SendOptions(TypedDict, total=False):
    """Options of send, stream and regenerate; what the remote cannot honour raises, naming the option.

    `busy` is `wait`, `reject` or `cancel`; `options` is for what only one vendor has; `timeout` is in seconds.
    """

    model: str | None
    instructions: str | None
    max_output_tokens: int | None
    temperature: float | None
    tools: Sequence[ToolLike]
    metadata: Mapping[str, JsonValue] | None
    busy: Busy | None
    options: Mapping[str, Any] | None
    timeout: Timeout
    allow_loss: AllowLoss


@dataclass(frozen=True, slots=True)
class Asked:
    """A turn with the options that are not the provider's."""

    turn: Turn
    given: tuple[str, ...]
    busy: Busy
    timeout: Timeout
    allow_loss: AllowLoss


TURN_OPTIONS = ("model", "instructions", "max_output_tokens", "temperature", "tools", "metadata", "options")

_PARTS: TypeAdapter[tuple[Part, ...]] = TypeAdapter(tuple[Part, ...])


def asked(operation: str, content: Content | Unset, options: SendOptions, settings: ProviderSettings) -> Asked:
    """Put content, options and the remote's defaults together; content left out: what is stored is answered.

    Raises InvalidInputError.
    """
    if unknown := sorted(options.keys() - SendOptions.__annotations__.keys()):
        raise InvalidInputError(
            f"{operation} knows no option {unknown[0]!r}", hint=f"it takes {', '.join(SendOptions.__annotations__)}"
        )
    defaults = settings.defaults.model_dump(exclude_none=True)
    merged = {**defaults, **{name: value for name, value in options.items() if value is not None}}
    fields = {name: merged[name] for name in TURN_OPTIONS if merged.get(name) not in (None, "", (), [], {})}
    if model := fields.get("model"):
        fields["model"] = settings.models.get(model, model)
    if "tools" in fields:
        fields["tools"] = tools_of(fields["tools"])
    turn = build(Turn, parts=() if content is UNSET else parts_of(content), **fields)
    require_sendable([turn.instructions, turn.model, turn.metadata, turn.temperature])
    require_sendable([tool.model_dump(mode="python") for tool in turn.tools])
    busy = merged.get("busy", "wait")
    if busy not in get_args(Busy):
        raise InvalidInputError(f"busy={busy!r} is not known", hint='busy is "wait", "reject" or "cancel"')
    return Asked(
        turn=turn,
        given=tuple(fields),
        busy=busy,
        timeout=options.get("timeout", UNSET),
        allow_loss=options.get("allow_loss", False),
    )


def build(kind: type[M], **fields: Any) -> M:
    """Make a value of what a caller gave. Raises InvalidInputError naming the field."""
    return converted(lambda: kind.model_validate(fields))


def converted(make: Callable[[], M]) -> M:
    """Run what validates a caller's input. Raises InvalidInputError where it does not fit."""
    try:
        return make()
    except ValidationError as error:
        raise InvalidInputError(describe(error)) from None


def describe(error: ValidationError, spelled: Callable[[str], str] = str) -> str:
    """Tell in one line what does not fit, without the value itself; ways that were tried for one field are joined.

    `spelled` gives a field as the caller writes it.
    """
    faults = error.errors(include_input=False, include_url=False)
    place = _place(faults[0]["loc"])
    words = dict.fromkeys(words_of(fault) for fault in faults if _place(fault["loc"]) == place)
    return f"{spelled(place)}: {' or '.join(words)}" if place else " or ".join(words)


def _place(location: Sequence[str | int]) -> str:
    """Give the way to a field, without what tells the arms of a union apart."""
    return ".".join(str(step) for step in location if not re.search(r"[\[\s]|constrained-", str(step)))


def parts_of(content: Content) -> tuple[Part, ...]:
    """Give the parts of a content. Raises InvalidInputError for what is no content, and for empty text."""
    parts = tuple(TextPart(text=item) if isinstance(item, str) else item for item in _listed(content))
    try:
        checked = _PARTS.validate_python(parts)
    except ValidationError as error:
        raise InvalidInputError(f"the content is not text, a part or a list of parts: {describe(error)}") from None
    if not checked or all(isinstance(part, TextPart) and not part.text.strip() for part in checked):
        raise InvalidInputError("the text is empty", hint="give some text, or a part")
    return checked


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, Sequence) and not isinstance(given, (str, bytes)) else [given]


def require_text(parts: Sequence[Part], limit: int) -> None:
    """Refuse text that cannot be sent: unpaired surrogates, or more than `limit` bytes in UTF-8."""
    try:
        size = sum(len(part.text.encode("utf-8")) for part in parts if isinstance(part, TextPart))
    except UnicodeEncodeError:
        raise InvalidInputError("the text holds half of a surrogate pair, which is no text") from None
    if size > limit:
        raise InvalidInputError(f"the text has {size} bytes in UTF-8; this remote takes {limit}")


def checked_metadata(metadata: Mapping[str, JsonValue] | None) -> dict[str, JsonValue]:
    """Give a plain copy. Raises InvalidInputError for what JSON cannot hold and for our reserved key."""
    if metadata is not None and not isinstance(metadata, Mapping):
        raise InvalidInputError(f"metadata is a mapping, and this is {type(metadata).__name__}")
    copy = dict(metadata or {})
    if any(not isinstance(key, str) or not key or key.startswith("_omnilogue") for key in copy):
        raise InvalidInputError("metadata keys are text and do not begin with _omnilogue")
    encode_json(copy)
    return copy


def require_sendable(values: object) -> None:
    """Refuse what JSON or UTF-8 cannot hold, before anything is sent. Raises InvalidInputError."""
    encode_json(values)


def conversation_id(remote: str, given: ConversationLike) -> str:
    """Give the id. Raises InvalidInputError for an empty one and for a conversation of another remote."""
    if isinstance(given, (Conversation, ConversationRef)):
        if given.remote and given.remote != remote:
            raise InvalidInputError(
                f"{given.remote}:{given.id} is a conversation of {given.remote!r}, and this is {remote!r}",
                hint=f"use client.remote({given.remote!r})",
            )
        given = given.id
    return required_id(given, "conversation id")


def required_id(given: object, what: str) -> str:
    """Give an id back. Raises InvalidInputError where it is no text, empty or endless."""
    if not isinstance(given, str) or not given.strip() or len(given) > LONGEST_ID:
        raise InvalidInputError(
            f"{given!r:.80} is no {what}", hint=f"ids are text, not empty, at most {LONGEST_ID} characters"
        )
    return given


def messages_of(content: str | Message | Sequence[Message], role: str) -> list[Message]:
    """Give the messages an append is about. Raises InvalidInputError for an empty list or empty messages."""
    if isinstance(content, str):
        return [build(Message, role=role, parts=parts_of(content))]
    messages = _listed(content)
    if not messages or not all(isinstance(message, Message) for message in messages):
        raise InvalidInputError("append takes text, a message or a list of messages")
    for message in messages:
        parts_of(message.parts)
        checked_metadata(message.metadata)
    return messages
