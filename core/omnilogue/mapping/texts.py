"""Text that a target takes: without halves of surrogate pairs, joined on lines of its own, and not too long."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import InvalidInputError
from ..http.call import encode_json
from ..model import Citation, Part, TextPart

NO_TEXT = "[no text]"
"""What stands for a message without any content, which no remote stores."""

_HALF = re.compile("[\ud800-\udfff]")


def mended(text: str) -> str:
    """Give the text with U+FFFD for halves of surrogate pairs: they are no text, and cannot be sent anywhere."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def is_json(value: object) -> bool:
    """Whether a value can be sent as JSON in UTF-8: no half of a surrogate pair, no number without an end."""
    try:
        encode_json(value)
    except InvalidInputError:
        return False
    return True


def is_blank(parts: Sequence[Part]) -> bool:
    """Whether there is nothing to store: no part, or only text without a visible character."""
    return all(isinstance(part, TextPart) and not part.text.strip() for part in parts)


def on_lines_of_their_own(pieces: Sequence[tuple[Part, bool]]) -> tuple[Part, ...]:
    """Give the parts; a text that was made (True) gets line ends where it meets another text."""
    parts: list[Part] = []
    for place, (part, is_made) in enumerate(pieces):
        if is_made and isinstance(part, TextPart):
            before = _text(pieces[place - 1][0]) if place else ""
            after = _text(pieces[place + 1][0]) if place + 1 < len(pieces) and not pieces[place + 1][1] else ""
            start = "\n" if before and not before.endswith("\n") else ""
            end = "\n" if after and not after.startswith("\n") else ""
            parts.append(TextPart(text=f"{start}{part.text}{end}"))
        else:
            parts.append(part)
    return tuple(parts)


def _text(part: Part) -> str:
    return part.text if isinstance(part, TextPart) else ""


def cut(parts: Sequence[Part], limit: int) -> tuple[tuple[Part, ...], int, int]:
    """Cut the text, all parts together, to `limit` bytes in UTF-8, ending with a note of how many are missing.

    Gives the parts, the number of bytes missing, and of citations that pointed into them. Code points stay whole.
    """
    size = sum([len(_text(part).encode()) for part in parts])
    if size <= limit:
        return tuple(parts), 0, 0
    room = max(0, limit - len(_note(size)))
    kept: list[Part] = []
    missing = citations = 0
    for part in parts:
        if not isinstance(part, TextPart):
            kept.append(part)
        elif missing:
            citations += len(part.citations)
        elif (length := len(part.text.encode())) <= room:
            kept.append(part)
            room, size = room - length, size - length
        else:
            text = part.text.encode()[:room].decode("utf-8", "ignore")
            missing = size - len(text.encode())
            within = tuple(one for one in part.citations if _is_within(one, len(text)))
            citations += len(part.citations) - len(within)
            noted = f"{text}{_note(missing)}" if text else _note(missing).lstrip()
            kept.append(TextPart(text=noted[:limit] if noted.isascii() else noted, citations=within))
    return tuple(kept), missing, citations


def _note(missing: int) -> str:
    return f"\n[{missing} bytes are missing]"


def _is_within(citation: Citation, length: int) -> bool:
    return max(citation.start or 0, citation.end or 0) <= length
