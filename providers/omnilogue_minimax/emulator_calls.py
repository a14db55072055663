"""What the calls of the MiniMax emulator have in common: a row per path, pages, and ids nobody has."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, Protocol, TypeAlias, TypeVar

from omnilogue.emulator import DeterministicModel

from .emulator_forms import BAD_PARAMETERS, Form, PageForm, RefusedError
from .emulator_objects import StoredAssistant, StoredMessage, StoredRun, StoredStep
from .emulator_quirks import MiniMaxQuirks, Path
from .emulator_shapes import list_item
from .emulator_store import Store

UNKNOWN = 1000
Row = TypeVar("Row", StoredMessage, StoredRun, StoredStep, StoredAssistant)
# An object, to which `base_resp` is added, the events of a stream, or the bytes of a file.
Answer: TypeAlias = Mapping[str, Any] | Generator[bytes, None, None] | bytes

NO_OBJECT: Mapping[str, Any] = {"id": "", "object": "", "created_at": 0, "thread_id": "", "metadata": None}
NO_RUN: Mapping[str, Any] = {**NO_OBJECT, "assistant_id": "", "status": "", "last_error": None, "required_action": None}
NO_LIST: Mapping[str, Any] = {"object": "", "data": None, "first_id": "", "last_id": ""}


class Vendor(Protocol):
    """What every call works with."""

    store: Store
    model: DeterministicModel
    quirks: MiniMaxQuirks


@dataclass(frozen=True)
class Call:
    """One path: its verb, the shape of its parameters and what answers.

    `blank` is what a refusal may show beside `base_resp`; `knows_query` is set where the query is documented.
    """

    method: Literal["GET", "POST"]
    form: type[Form]
    answer: Callable[[Any], Answer]
    blank: Mapping[str, Any] = field(default_factory=lambda: NO_OBJECT)
    knows_query: bool = False


class Calls(ABC):
    """Some calls of the vendor; each group of them gives its own."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor

    @property
    def store(self) -> Store:
        """What the account has."""
        return self._vendor.store

    @property
    def quirks(self) -> MiniMaxQuirks:
        """The quirks as they are now."""
        return self._vendor.quirks

    @abstractmethod
    def calls(self) -> Mapping[Path, Call]:
        """Give the calls by path."""

    @contextlib.contextmanager
    def known(self, kind: str, identifier: str) -> Iterator[None]:
        """Refuse the request when what is looked up inside is not there."""
        try:
            yield
        except KeyError:
            self._refuse_unknown(f"{kind} {identifier} {self.quirks.not_found_words}")

    def role(self, word: str) -> str:
        """Give the role that a word of a request means."""
        if word not in self.quirks.accepts_roles:
            raise RefusedError(BAD_PARAMETERS, f"invalid params, role {word!r}")
        return "assistant" if word == "ai" else word

    def page(
        self, rows: Sequence[Row], form: PageForm, show: Callable[[Row], dict[str, Any]], *, tells_more: bool = False
    ) -> dict[str, Any]:
        """Give one page of rows that come oldest first; only some lists tell whether there are more."""
        shown, has_more = self._cut(rows if form.order == "asc" else rows[::-1], form)
        items = [show(row) for row in shown]
        if self.quirks.repeated_ids:
            items = [{**item, "id": items[-1]["id"]} for item in items]
        return list_item(items, **({"has_more": has_more} if tells_more else {}))

    def merged(self, before: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
        """Give the metadata after a modify."""
        return {**(before if self.quirks.metadata_modify == "merge" else {}), **given}

    def _cut(self, rows: Sequence[Row], form: PageForm) -> tuple[Sequence[Row], bool]:
        if form.limit > self.quirks.max_limit and self.quirks.over_max_limit == "2013":
            raise RefusedError(BAD_PARAMETERS, f"invalid params, limit is above {self.quirks.max_limit}")
        limit = min(form.limit, self.quirks.max_limit)
        if not self.quirks.cursors_ignored:
            rows = rows[self._place(rows, form.after) + 1 :] if form.after else rows
            rows = rows[: self._place(rows, form.before)] if form.before else rows
        return rows[:limit], len(rows) > limit

    def _place(self, rows: Sequence[Row], cursor: str) -> int:
        ids = [row.id for row in rows]
        if cursor not in ids:
            self._refuse_unknown(f"cursor {cursor} {self.quirks.not_found_words}")
        return ids.index(cursor)

    def _refuse_unknown(self, what: str) -> NoReturn:
        status = 404 if self.quirks.not_found == "404" else None
        raise RefusedError(UNKNOWN if self.quirks.not_found == "1000" else BAD_PARAMETERS, what, status=status)
