"""What a case expects of a provider, and how it says so where that is not met; no pytest needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import OmnilogueError, ProviderError

LONGEST = 300
"""Characters of a value in a message."""


class UnmetError(AssertionError):
    """What a provider was expected to do, and what it did instead."""


def expect(met: object, what: str) -> None:
    """Raise UnmetError with this sentence unless it is met."""
    if not met:
        raise UnmetError(what)


def expect_equal(found: Any, wanted: Any, what: str) -> None:
    """Raise UnmetError telling both values where they differ."""
    if found == wanted:
        return
    if isinstance(found, list) and isinstance(wanted, list) and len(wanted) > 1:
        place = next((n for n, pair in enumerate(zip(found, wanted, strict=False)) if pair[0] != pair[1]), None)
        what += f" ({len(wanted)} items wanted, {len(found)} found"
        what += ")" if place is None else f", number {place + 1} is the first that differs)"
        found, wanted = (found, wanted) if place is None else (found[place:], wanted[place:])
    raise UnmetError(f"{what}: expected {_shown(wanted)}, found {_shown(found)}")


@contextmanager
def expect_error(doing: str, *kinds: type[OmnilogueError]) -> Iterator[list[OmnilogueError]]:
    """Expect that an error of one of these classes comes out, and nothing else; gives a list that will hold it."""
    caught: list[OmnilogueError] = []
    names = " or ".join(kind.__name__ for kind in kinds)
    try:
        yield caught
    except OmnilogueError as error:
        if not isinstance(error, kinds):
            raise UnmetError(f"{doing}: expected {names}, and {type(error).__name__} came: {error}") from error
        _expect_whole(error, doing)
        caught.append(error)
    else:
        raise UnmetError(f"{doing}: expected {names}, and nothing was raised")


def _expect_whole(error: OmnilogueError, doing: str) -> None:
    """An error tells what a caller needs: its code, and from a vendor also whose it is and what was going on."""
    expect(error.code in type(error).codes, f"{doing}: {type(error).__name__} cannot carry the code {error.code!r}")
    expect("\n" not in str(error), f"{doing}: the error has more than one line: {_shown(str(error))}")
    if isinstance(error, ProviderError):
        expect(error.provider, f"{doing}: the error does not name the provider")
        expect(error.operation, f"{doing}: the error does not name the operation")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"
