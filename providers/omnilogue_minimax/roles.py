"""The word written for the assistant's role, which no page tells: found out once per host and remembered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from omnilogue.errors import BadRequestError, UnsupportedOperationError
from omnilogue.provider import Notes

from .settings import MiniMaxSettings
from .wire import MessageRow

WORDS = ("assistant", "ai")
"""Public code writes the first, the vendor's answers say the second (api-138565496)."""

REFUSED = "2013"


class AssistantWord:
    """Writes messages of the assistant with the word this host takes."""

    def __init__(self, settings: MiniMaxSettings, notes: Notes) -> None:
        self._configured = settings.assistant_word
        self._notes = notes
        self._key = f"assistant_word:{urlsplit(settings.base_url).netloc}"

    async def write(self, add: Callable[[str], Awaitable[MessageRow]]) -> MessageRow:
        """Store a message by calling `add` with the word. Raises UnsupportedOperationError where none is taken.

        The only place that looks at a refusal: nothing but trying tells which word a host takes, and a refused
        message is surely not stored. A user's message that says who spoke would be no copy, so none is made.
        """
        known = self._configured or self._notes.get(self._key)
        if isinstance(known, str):
            return await add(known)
        refusal: BadRequestError | None = None
        for word in WORDS:
            try:
                row = await add(word)
            except BadRequestError as error:
                if error.vendor_code != REFUSED:
                    raise
                refusal = error
            else:
                self._notes.set(self._key, word)
                return row
        raise UnsupportedOperationError(
            f"this host takes no message of the assistant: it refused {' and '.join(map(repr, WORDS))} as a role",
            operation="append_assistant",
            outcome="rejected",
            vendor_code=REFUSED,
            vendor_message=refusal.vendor_message if refusal else "",
            hint="if it has another word, set assistant_word",
        )
