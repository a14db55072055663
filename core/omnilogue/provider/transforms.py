"""What a transform is: a named function that a copy asks what becomes of each message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..model import Conversation, Message


@dataclass(frozen=True, slots=True)
class CopyContext:
    """Where a message comes from and where it goes: names of remotes and providers, and the source's conversation."""

    source: str
    target: str
    source_provider: str
    target_provider: str
    conversation: Conversation


@dataclass(frozen=True, slots=True)
class Transform:
    """A function that gives what is copied in a message's place, None for nothing; used only where it is named.

    It must give the same for the same message: what a copy forecasts is what it then writes.
    """

    name: str
    function: Callable[[Message, CopyContext], Message | None]

    def __call__(self, message: Message, context: CopyContext) -> Message | None:
        """Give what is copied in the message's place."""
        return self.function(message, context)
