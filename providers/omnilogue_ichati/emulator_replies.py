"""The replies of the iChati emulator: text, a broken bar and JSON, cut into pieces."""

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass

from omnilogue.emulator import split_pieces

from .emulator_quirks import IChatiQuirks

BAR = "\u00a6"


@dataclass(frozen=True)
class Answer:
    """A reply on its way: its text and the ids its tail tells."""

    text: str
    user_id: int
    assistant_id: int
    topic_id: int

    def tail(self, quirks: IChatiQuirks) -> str:
        """Give the bar and what stands behind it."""
        if quirks.tail == "none":
            return ""
        topic_id = self.topic_id + 1 if quirks.tail == "other_topic" else self.topic_id
        ids: dict[str, object] = {"userMsgId": self.user_id, "assistantMsgId": self.assistant_id, "topicId": topic_id}
        if quirks.tail == "strings":
            ids = {name: str(value) for name, value in ids.items()}
        if quirks.tail == "extra_keys":
            ids |= {"model": f"m{BAR}1", "usage": {"tokens": [1, 2]}}
        return f"{BAR}{json.dumps(ids, ensure_ascii=False, separators=(',', ':'))}{quirks.tail_end}"


def stream_answer(answer: Answer, quirks: IChatiQuirks, store: Callable[[str], None]) -> Generator[bytes, None, None]:
    """Give a reply piece by piece; `store` gets the text that is kept, before the first byte of the tail leaves."""
    spoken, tail = answer.text.encode(), answer.tail(quirks).encode()
    sent, is_stored = b"", False
    try:
        for piece in _pieces(answer.text, tail, quirks):
            if not is_stored and len(sent) + len(piece) >= len(spoken):
                store(answer.text)
                is_stored = True
            sent += piece
            yield piece
    except GeneratorExit:
        if not is_stored and quirks.left_early != "nothing":
            store(sent.decode(errors="ignore") if quirks.left_early == "partial" else answer.text)
        raise
    if not is_stored:
        store(answer.text)


def _pieces(text: str, tail: bytes, quirks: IChatiQuirks) -> list[bytes]:
    if quirks.piece_bytes is None and quirks.ends_after is None:
        return [*(piece.encode() for piece in split_pieces(text)), *([tail] if tail else [])]
    body = (text.encode() + tail)[: quirks.ends_after]
    size = quirks.piece_bytes or len(body) or 1
    return [body[start : start + size] for start in range(0, len(body), size)]
