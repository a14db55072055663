"""What a file format is: a name, its suffixes, and functions that write and read neutral values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO, Literal, NamedTuple, Protocol, TypeAlias

from ..model import Conversation, LossKind, Message

Entry: TypeAlias = Conversation | Message
"""A conversation, or a message of the conversation before it."""

LossAction: TypeAlias = Literal["kept", "mapped", "flattened", "placeholder", "dropped"]
"""What is done about what cannot stay as it is; with `kept` and `mapped` nothing is lost, it is only elsewhere."""


class Lost(NamedTuple):
    """One thing that does not survive as it was: which kind of loss it is, and what was done about it."""

    kind: LossKind
    action: LossAction


class Entries(Protocol):
    """What is exported: conversations, each followed by its messages, parents first.

    `complete` is None until the end, then tells whether the source could list everything.
    """

    complete: bool | None

    def __aiter__(self) -> AsyncIterator[Entry]: ...


@dataclass(frozen=True, slots=True)
class Format:
    """A file format. One that only writes has no `read`, and the reverse.

    `write(entries, file)` writes bytes as the entries come and holds no more than it must: there may be millions.
    `read(file)` gives entries in the same order. It is called several times, each on the whole file, which can seek;
    what does not fit raises InvalidInputError that names the line.
    `losses(entry)` tells what of an entry the written form does not keep; without it, nothing is lost.
    With `branches=False` the writer is given the active branch only.
    """

    name: str
    suffixes: tuple[str, ...]
    write: Callable[[Entries, BinaryIO], Awaitable[None]] | None = None
    read: Callable[[BinaryIO], AsyncIterator[Entry]] | None = None
    losses: Callable[[Entry], Iterable[Lost]] | None = None
    branches: bool = True

    def __post_init__(self) -> None:
        if not self.name or (self.write is None and self.read is None):
            raise ValueError(f"format {self.name!r}: it needs a name, and write or read")
        if wrong := [suffix for suffix in self.suffixes if not suffix.startswith(".") or suffix != suffix.lower()]:
            raise ValueError(f"format {self.name!r}: the suffix {wrong[0]!r} is not written like .txt")
