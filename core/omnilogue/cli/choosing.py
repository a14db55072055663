"""The options that choose what `ls` shows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any

from cyclopts import Parameter

from ..errors import InvalidInputError
from . import values
from .words import IdsFrom

FOR_REMOTES = ()
FOR_CONVERSATIONS = ("limit", "order", "since", "until", "title", "meta", "search")
FOR_IDS = ("limit", "ids_from")
FOR_MESSAGES = ("limit", "order", "branches")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which items of a list, and in which order."""

    limit: Annotated[int | None, Parameter(help="The most items.", metavar="N")] = None
    order: Annotated[
        str | None,
        Parameter(
            help="created_at, updated_at or title, with - descending; for messages asc or desc.",
            allow_leading_hyphen=True,
        ),
    ] = None
    since: Annotated[
        str | None,
        Parameter(help="Changed from then on: a date, a time (UTC) or an age like 30d, 12h.", metavar="WHEN"),
    ] = None
    until: Annotated[str | None, Parameter(help="Changed before then.", metavar="WHEN")] = None
    title: Annotated[str | None, Parameter(help="Titles that match, like 'Trip*'.", metavar="GLOB")] = None
    meta: Annotated[tuple[str, ...], Parameter(help="Metadata that is equal; repeatable.", metavar="KEY=VALUE")] = ()
    search: Annotated[str | None, Parameter(help="Text to look for, where the remote can search.")] = None
    ids_from: IdsFrom = None
    branches: Annotated[bool, Parameter(help="Messages of all branches, parents first.")] = False

    def require_only(self, allowed: tuple[str, ...], what: str) -> None:
        """Refuse options that would be ignored. Raises InvalidInputError naming the first."""
        for field in fields(self):
            if getattr(self, field.name) != field.default and field.name not in allowed:
                raise InvalidInputError(f"--{field.name.replace('_', '-')} does not go with {what}")

    def of_conversations(self) -> dict[str, Any]:
        """Give the options as `AsyncRemote.conversations` takes them."""
        from ..http import SystemClock

        now = SystemClock().now()
        return {
            "limit": self.limit,
            "order": self.order,
            "since": values.moment("--since", self.since, now) if self.since is not None else None,
            "until": values.moment("--until", self.until, now) if self.until is not None else None,
            "title": self.title,
            "metadata": values.pairs("--meta", self.meta) or None,
            "search": self.search,
        }

    def of_messages(self) -> dict[str, Any]:
        """Give the options as `AsyncRemote.messages` takes them."""
        if self.order not in {None, "asc", "desc"}:
            raise InvalidInputError(f"--order {self.order} does not go with messages", hint="write asc or desc")
        return {"limit": self.limit, "order": self.order or "asc", "branches": self.branches}


ALL = Choice()
"""Chooses everything."""
