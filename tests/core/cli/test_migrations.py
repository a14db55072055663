"""`migrations`: all, one, its map of messages, and its forms."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Cli: TypeAlias = Callable[..., Any]

OLD, NEW = ":archive:old.db", ":archive:new.db"


@pytest.fixture
def migration(cli: Cli) -> str:
    """The id of a copy of two conversations, one with a title that means harm."""
    for title in ("=HYPERLINK(1)", "<b>*a|b*</b>"):
        address = cli("new", OLD, "--title", title).out.strip()
        cli("append", address, "Where to?")
        cli("append", address, "And then?")
    found: str = cli("copy", OLD, NEW, "--title", "*", "--json").document["migration"]
    return found


def test_there_may_be_none(cli: Cli) -> None:
    found = cli("migrations")

    assert (found.code, found.out) == (0, "")
    assert "`omnilogue copy` makes one" in found.err
    assert cli("migrations", "--json").document == {"items": []}


def test_all_are_told_with_what_they_chose(cli: Cli, migration: str) -> None:
    row = cli("migrations").lines[0].split("\t")
    document = cli("migrations", "--json").document["items"][0]

    assert row[:4] == [migration, OLD, NEW, "done"]
    assert row[6:] == ["2", "4", "--title '*'"]
    assert list(document) == [
        *("migration", "source", "target", "state", "selection"),
        *("started_at", "finished_at", "conversations", "messages"),
    ]
    assert document["selection"]["title"] == "*"


def test_one_is_told_conversation_by_conversation(cli: Cli, migration: str) -> None:
    document = cli("migrations", migration, "--json").document
    item = document["items"][0]

    assert document["migration"] == migration
    assert list(item) == ["source", "target", "title", "state", "messages", "losses", "error", "message_ids"]
    assert (item["state"], item["messages"], item["message_ids"]) == ("done", 2, None)
    assert {"kind", "class", "action", "count", "example"} == item["losses"][0].keys()
    assert [line.split("\t")[3:5] for line in cli("migrations", migration).lines] == [["done", "2"]] * 2


def test_messages_add_which_became_which(cli: Cli, migration: str) -> None:
    item = cli("migrations", migration, "--messages", "--json").document["items"][0]
    rows = list(csv.reader(cli("migrations", migration, "--messages", "--format", "csv").lines))
    target = cli("ls", item["target"], "--json").document["items"]

    assert list(item["message_ids"].values()) == [message["id"] for message in target]
    assert rows[0] == ["source", "target", "title", "state", "source_message", "target_message"]
    assert [row[4:] for row in rows[1:3]] == [list(pair) for pair in item["message_ids"].items()]
    assert len(rows) == 5


def test_csv_has_no_formulas(cli: Cli, migration: str) -> None:
    cli("migrations", migration, "--format", "csv", "--out", "map.csv")

    rows = list(csv.DictReader(Path("map.csv").read_text().splitlines()))

    assert [row["title"] for row in rows] == ["'=HYPERLINK(1)", "<b>*a|b*</b>"]


def test_markdown_shows_text_as_it_is(cli: Cli, migration: str) -> None:
    lines = cli("migrations", migration, "--format", "md").lines

    assert lines[1] == "| --- | --- | --- | --- | --- | --- | --- |"
    assert "| &lt;b&gt;\\*a\\|b\\*&lt;/b&gt; |" in lines[3]


@pytest.mark.parametrize(
    ("words", "problem"),
    [(["--messages"], "needs the ID"), (["--format", "csv", "--json"], "exclude each other"), (["--format", "x"], "")],
)
def test_what_cannot_be_meant_is_a_usage_error(cli: Cli, words: list[str], problem: str) -> None:
    found = cli("migrations", *words)

    assert found.code == 2
    assert problem in found.err + found.out
