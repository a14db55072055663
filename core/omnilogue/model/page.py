"""A page: what one request of a list gives."""

from __future__ import annotations

from typing import Generic, TypeVar

from .values import Value

T = TypeVar("T")


class Page(Value, Generic[T]):
    """Some items of a list, in the list's order.

    `next_cursor` is opaque text made by the provider, None on the last page.
    `complete` is False where the vendor cannot tell everything there is.
    """

    items: tuple[T, ...] = ()
    next_cursor: str | None = None
    complete: bool = True
