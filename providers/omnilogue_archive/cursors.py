"""Cursors: where the next page begins, as opaque text."""

from __future__ import annotations

import base64
from typing import Self

from omnilogue.errors import InvalidInputError
from omnilogue.model.values import Value


class Cursor(Value):
    """The last row of a page, and the list it belongs to; rows are found by their keys, never by counting."""

    order: str | None
    ordinal: int

    def text(self) -> str:
        """Give the cursor as text."""
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).decode()

    @classmethod
    def read(cls, text: str, order: str | None) -> Self:
        """Read a cursor of a list in this order. Raises InvalidInputError."""
        try:
            cursor = cls.model_validate_json(base64.b64decode(text, altchars=b"-_", validate=True))
        except ValueError:  # base64's, UTF-8's and pydantic's own are all of this kind
            raise InvalidInputError("this is no cursor of an archive") from None
        if cursor.order != order:
            raise InvalidInputError(f"the cursor belongs to a list in the order {cursor.order!r}, not {order!r}")
        return cursor


class ConversationCursor(Cursor):
    """A place in a list of conversations; `key` is what the list is ordered by."""

    key: str | int


class MessageCursor(Cursor):
    """A place in a list of messages; `head` is the last message of the branch that was active when it began."""

    head: int
    branches: bool
