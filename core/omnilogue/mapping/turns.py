"""Pairs of a question and an answer, for targets that store nothing without answering it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..model import Message, TextPart
from ..provider import Features
from ..remote.grades import text_limit
from .expected import DEFAULTS, CopyOptions, expected
from .losses import LossItem
from .taking import generates, row_for
from .texts import cut

NO_QUESTION = "[no question]"
NO_REPLY = "[no reply]"
BETWEEN = "\n\n"
"""What stands between messages that became one."""


@dataclass(frozen=True, slots=True)
class WantedTurn:
    """One pair on the target: the question is sent, the answer that is made is rewritten.

    `user_sources` and `assistant_sources` are the places, counted from 0, of the messages each side is made of,
    among those that were taken; a side without any is a stand-in.
    """

    user: Message
    assistant: Message
    user_sources: tuple[int, ...]
    assistant_sources: tuple[int, ...]
    losses: tuple[LossItem, ...]


@dataclass(slots=True)
class _Side:
    """Messages of one role that follow each other."""

    messages: list[Message] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)


class Turns:
    """Makes pairs of messages that come one by one; it holds the messages of one pair."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._next = 0
        self._number: int | None = None
        self._user = _Side()
        self._assistant = _Side()
        self._losses: list[LossItem] = []

    def add(self, message: Message, losses: Iterable[LossItem] = (), number: int | None = None) -> WantedTurn | None:
        """Take what the next message becomes and what that loses; gives a pair when it begins another one.

        `number` is that of the pair which the message is part of already; it shares one only with messages of the
        same number, or with others of none. Raises nothing.
        """
        is_answer = message.role == "assistant"
        is_next = number != self._number or (bool(self._assistant.messages) and not is_answer)
        finished = self.end() if is_next else None
        self._number = number
        self._losses += losses
        side = self._assistant if is_answer else self._user
        side.messages.append(message)
        side.sources.append(self._next)
        self._next += 1
        return finished

    def end(self) -> WantedTurn | None:
        """Give the pair that is open, None where no message has come for one."""
        user, assistant = self._user, self._assistant
        if not user.messages and not assistant.messages:
            return None
        question = self._whole(user, "user", NO_QUESTION)
        answer = self._whole(assistant, "assistant", NO_REPLY)
        if not user.messages:
            self._losses.append(LossItem("order", "placeholder", assistant.messages[0].text))
        # Each pair costs one generation, whatever its answer becomes then.
        is_rewritten = bool(assistant.messages)
        self._losses.append(LossItem("generation", "flattened" if is_rewritten else "placeholder", question.text))
        turn = WantedTurn(question, answer, tuple(user.sources), tuple(assistant.sources), tuple(self._losses))
        self._user, self._assistant, self._losses = _Side(), _Side(), []
        return turn

    def _whole(self, side: _Side, role: str, stand_in: str) -> Message:
        """Give one message for a side: its only one, its texts joined, or what stands in for it."""
        if len(side.messages) == 1:
            return side.messages[0]
        text = BETWEEN.join([message.text for message in side.messages]) or stand_in
        parts, missing, _ = cut([TextPart(text=text)], text_limit(row_for(self._features, role)))
        self._losses += [LossItem("text", "flattened", message.text) for message in side.messages[1:]]
        if missing:
            self._losses.append(LossItem("text", "dropped", f"{missing} bytes"))
        return Message(role=role, parts=parts)


def turns(messages: Iterable[Message], features: Features, options: CopyOptions = DEFAULTS) -> Iterator[WantedTurn]:
    """Group what messages become into pairs, lazily, and pass over those that are left out."""
    pairs = Turns(features)
    for message in messages:
        becomes = expected(message, features, options)
        if becomes.message is not None and (turn := pairs.add(becomes.message, becomes.losses)):
            yield turn
    if turn := pairs.end():
        yield turn


__all__ = ["Turns", "WantedTurn", "generates", "turns"]
