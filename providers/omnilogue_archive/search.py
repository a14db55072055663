"""Finding text, Chinese too: an index of trigrams narrows, the text itself decides.

The index is asked which messages hold all groups of three characters of what is looked for; then the text is
looked at. So the answer is the same with and without the index, what is looked for is never query syntax, and one
rule holds for every length: upper and lower case are equal for the letters A to Z.

Short queries have no trigrams and long texts take too long to index while others wait: both are looked through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import mapping
from .store import Database

LONGEST_INDEXED = 32_768
"""Characters of a text up to which it is indexed; indexing takes some 25 ms then and grows with the length."""

MOST_TRIGRAMS = 32
"""How many trigrams narrow a search; the text decides the rest."""

IN_TITLE = "instr(lower(title), lower(?)) > 0"
IN_TEXT = "instr(lower(text), lower(?)) > 0"

LOOKED_THROUGH = f"""EXISTS (
    SELECT 1 FROM messages WHERE conversation = conversations.ordinal AND {IN_TEXT}
)"""  # noqa: S608 - a constant

INDEXED = f"""ordinal IN (
    SELECT conversation FROM messages
    WHERE ordinal IN (SELECT rowid FROM search_index WHERE search_index MATCH ?) AND {IN_TEXT}
    UNION ALL
    SELECT conversation FROM messages WHERE indexed = 0 AND {IN_TEXT}
)"""  # noqa: S608 - a constant


def conditions(database: Database, wanted: str | None) -> list[tuple[str, Sequence[Any]]]:
    """Give what a conversation must fulfil whose title or messages hold the text; without a text, nothing."""
    if not wanted:
        return []
    groups = trigrams(wanted)
    if not groups or not database.has_index:
        return [(f"({IN_TITLE} OR {LOOKED_THROUGH})", [wanted, wanted])]
    quoted = " ".join(['"' + group.replace('"', '""') + '"' for group in groups])
    return [(f"({IN_TITLE} OR {INDEXED})", [wanted, quoted, wanted, wanted])]


def trigrams(text: str) -> list[str]:
    """Give the groups of three characters that narrow a search, each once."""
    plain = mapping.indexable(text)
    return list(dict.fromkeys([plain[at : at + 3] for at in range(len(plain) - 2)]))[:MOST_TRIGRAMS]


def is_indexed(database: Database, text: str) -> bool:
    """Whether a text goes into the index."""
    return database.has_index and len(text) <= LONGEST_INDEXED


def add(database: Database, ordinal: int, text: str) -> None:
    """Make a message's text findable by the index."""
    database.execute("INSERT INTO search_index (rowid, text) VALUES (?, ?)", (ordinal, mapping.indexable(text)))


def forget(database: Database, condition: str, values: Sequence[Any]) -> None:
    """Take messages out of the index, before they are changed or deleted.

    Where this SQLite has no index but the file has, its rows stay: they point at texts that no longer hold what is
    looked for, or at no message, and find nothing.
    """
    if database.has_index:
        gone = f"SELECT 'delete', ordinal, indexable(text) FROM messages WHERE indexed = 1 AND {condition}"  # noqa: S608 - a constant
        database.execute(f"INSERT INTO search_index (search_index, rowid, text) {gone}", values)
