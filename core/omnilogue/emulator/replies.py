"""A model that needs no key: its answer depends on what was asked and on how many answers it gave before."""

import re
from dataclasses import dataclass
from typing import Literal

FILTERED = "[filtered]"

# Scripts without spaces between words are cut by character, everything else by word; spaces stay with the piece before.
_WIDE = "\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef"
_PIECE = re.compile(rf"[{_WIDE}]\s*|[^\s{_WIDE}]+\s*|\s+")


@dataclass(frozen=True)
class Generation:
    """One answer of the model, in the pieces in which it would be streamed."""

    pieces: tuple[str, ...]
    finish: Literal["stop", "length", "filtered"]

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.pieces)


class DeterministicModel:
    """Answers `Answer 3 to: hello`; the number grows, so that asking again gives another text."""

    def __init__(self) -> None:
        self.generations = 0

    def generate(self, asked: str, limit: int | None = None) -> Generation:
        """Answer a text with at most `limit` pieces; a text with the marker `[filtered]` is refused by the filter."""
        self.generations += 1
        if FILTERED in asked:
            return Generation((), "filtered")
        pieces = split_pieces(f"Answer {self.generations} to: {asked}")
        if limit is not None and limit < len(pieces):
            return Generation(tuple(pieces[:limit]), "length")
        return Generation(tuple(pieces), "stop")


def split_pieces(text: str) -> list[str]:
    """Cut a text into words with the spaces behind them, Chinese by character; joined they are the text again."""
    return _PIECE.findall(text)
