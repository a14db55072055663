"""Which format a file has."""

from pathlib import Path
from typing import Any

import pytest

from omnilogue.errors import InvalidInputError
from omnilogue.formats.choosing import format_of
from omnilogue.provider import Format, Plugins


async def write(entries: Any, file: Any) -> None:
    """Write nothing."""


class More(Plugins):
    """Our own formats, and some that plugins bring."""

    def __init__(self, *more: Format) -> None:
        super().__init__(outside=False)
        self._more = more

    def formats(self) -> tuple[Format, ...]:
        return (*super().formats(), *self._more)


@pytest.mark.parametrize(
    ("path", "name", "chosen"),
    [
        ("a.jsonl", None, "omnilogue/1"),
        ("a.b.NDJSON", None, "omnilogue/1"),
        ("a.md", None, "markdown"),
        ("a.md", "omnilogue/1", "omnilogue/1"),
        ("-", "jsonl", "omnilogue/1"),
        ("-", "md", "markdown"),
        ("a", "markdown", "markdown"),
    ],
)
def test_it_is_named_or_told_by_the_suffix(path: str, name: str | None, chosen: str) -> None:
    assert format_of(More(), Path(path), name, writing=True).name == chosen


@pytest.mark.parametrize("path", ["a", "a.txt", "-", ".md"])
def test_otherwise_the_formats_are_named(path: str) -> None:
    with pytest.raises(InvalidInputError, match="say it with --format: omnilogue/1, markdown"):
        format_of(More(), Path(path), None, writing=True)
    with pytest.raises(InvalidInputError, match=r"say it with --format: omnilogue/1\)"):
        format_of(More(), Path(path), None, writing=False)


@pytest.mark.parametrize(("path", "name"), [("a.md", None), ("a", "markdown")])
def test_one_that_is_only_written_is_not_read(path: str, name: str | None) -> None:
    with pytest.raises(InvalidInputError, match=r"markdown cannot be read \(formats that can: omnilogue/1\)"):
        format_of(More(), Path(path), name, writing=False)


def test_two_formats_of_one_suffix_are_chosen_by_name() -> None:
    plugins = More(Format("other", (".jsonl",), write=write))

    with pytest.raises(InvalidInputError, match="several formats have its suffix"):
        format_of(plugins, Path("a.jsonl"), None, writing=True)
    assert format_of(plugins, Path("a.jsonl"), None, writing=False).name == "omnilogue/1"


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"there is no format 'mardown' \(did you mean markdown"):
        format_of(More(), Path("a.md"), "mardown", writing=True)
