"""`check`: signs, sentence, exit code and document."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

Cli: TypeAlias = Callable[..., Any]

OLD, NEW = ":archive:old.db", ":archive:new.db"


@pytest.fixture
def copied(cli: Cli) -> list[str]:
    """Two conversations that were copied; gives the addresses of the copies."""
    for number in (1, 2):
        address = cli("new", OLD, "--title", f"Talk {number}").out.strip()
        cli("append", address, f"Where to, {number}?")
    cli("copy", OLD, NEW)
    return [line.split("\t")[0] for line in cli("ls", NEW).lines]


def test_equal_ends_are_told_line_by_line(cli: Cli, copied: list[str]) -> None:
    found = cli("check", OLD, NEW)

    assert found.code == 0
    assert [line.split("\t")[0] for line in found.lines[:-1]] == ["=", "="]
    assert found.lines[0].split("\t")[3] in copied
    assert found.lines[-1] == f"All 2 conversations of {OLD} are on {NEW}, 2 messages equal."


def test_the_document_is_the_documented_one(cli: Cli, copied: list[str]) -> None:
    document = cli("check", OLD, NEW, "--json").document

    assert list(document) == [
        *("equal", "different", "missing_on_source", "missing_on_target", "failed"),
        *("messages", "complete", "sentence", "items"),
    ]
    assert document["messages"] == {"source": 2, "target": 2, "equal": 2}
    assert list(document["items"][0]) == ["symbol", "source", "target", "reason"]


def test_differences_end_with_7_and_can_be_shown_alone(cli: Cli, copied: list[str]) -> None:
    cli("append", copied[0], "Mine.")
    cli("new", OLD, "--title", "Fresh")
    cli("new", NEW, "--title", "Only there")

    found = cli("check", OLD, NEW)
    alone = cli("check", OLD, NEW, "--differences")

    assert found.code == alone.code == 7
    assert sorted(line[0] for line in found.lines[:-1]) == ["*", "+", "-", "="]
    assert sorted(line[0] for line in alone.lines[:-1]) == ["*", "+", "-"]
    assert found.lines[-1].endswith(f"1 different, 1 missing on {NEW}, 1 missing on {OLD}.")


def test_one_way_what_only_the_target_has_is_counted_and_no_difference(cli: Cli, copied: list[str]) -> None:
    cli("new", NEW, "--title", "Only there")

    both, one = cli("check", OLD, NEW), cli("check", OLD, NEW, "--one-way", "--json")

    assert both.code == 7
    assert one.code == 0
    assert one.document["missing_on_source"] == 1
    assert {item["symbol"] for item in one.document["items"]} == {"="}
    assert one.document["sentence"].endswith("2 messages equal; 1 more only there.")


def test_how_long_an_end_is_waited_for_is_an_option(
    cli: Cli, copied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnilogue.remote.landing.MOST_ATTEMPTS", 1)
    monkeypatch.setenv("KEY", "MC-0123456789ABCDEF0123456789ABCDEF")
    for name, value in {"PROVIDER": "mindcraft", "BASE_URL": "http://127.0.0.1:9/", "API_KEY": "env:KEY"}.items():
        monkeypatch.setenv(f"OMNILOGUE_REMOTES__WORK__{name}", value)
    monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__MAX_ATTEMPTS", "1")

    found = cli("check", OLD, "work:", "--wait-outage", "0s", "--json")

    assert (found.code, found.error["code"]) == (5, "connect_failed")


def test_what_is_missing_on_a_target_that_lists_nothing_is_not_known_for_sure(
    cli: Cli, copied: list[str], threads: str
) -> None:
    cli("copy", OLD, threads, "--max-loss", "any")

    known = cli("check", OLD, threads, "--json")
    elsewhere = cli("check", OLD, threads, "--state", "memory:", "--json")

    assert (known.code, known.document["missing_on_target"], known.document["complete"]) == (0, 0, False)
    assert known.document["sentence"].startswith(f"All 2 known conversations of {OLD} are on {threads}")
    assert (elsewhere.code, elsewhere.document["missing_on_target"], elsewhere.document["complete"]) == (7, 2, False)
    assert "An end does not tell everything it keeps" in elsewhere.err
    told = f"Of 2 known conversations of {OLD}, 0 equal on {threads}; 2 missing among the known ones of {threads}."
    assert elsewhere.document["sentence"] == told


def test_two_empty_ends_are_no_difference(cli: Cli) -> None:
    found = cli("check", OLD, NEW)

    assert (found.code, found.lines) == (0, [f"There is nothing of {OLD} to compare with {NEW}."])


def test_a_migration_means_exactly_what_it_chose(cli: Cli, copied: list[str]) -> None:
    migration = cli("migrations", "--json").document["items"][0]["migration"]
    cli("new", OLD, "--title", "Fresh")

    found = cli("check", OLD, NEW, "--migration", migration, "--json")

    assert (found.code, found.document["equal"], found.document["missing_on_target"]) == (0, 2, 0)
    assert cli("check", OLD, NEW, "--migration", "m-0000").code == 4


def test_a_conversation_of_a_migration_that_is_gone_is_missing_on_the_source(cli: Cli, copied: list[str]) -> None:
    migration = cli("migrations", "--json").document["items"][0]["migration"]
    address = cli("ls", OLD).lines[0].split("\t")[0]
    cli("rm", address)

    found = cli("check", OLD, NEW, "--migration", migration)

    assert found.code == 7
    assert any(line.startswith("-\t") and line.endswith(f"{address} is gone") for line in found.lines)


def test_a_migration_of_another_pair_is_a_usage_error(cli: Cli, copied: list[str]) -> None:
    migration = cli("migrations", "--json").document["items"][0]["migration"]

    found = cli("check", OLD, ":archive:other.db", "--migration", migration)

    assert found.code == 2
    assert f"{migration} copied from {OLD} to {NEW}" in found.err
    assert cli("check", OLD, NEW, "--migration", migration, "--limit", "1").code == 2


def test_filters_and_samples_choose_what_is_compared(cli: Cli, copied: list[str]) -> None:
    assert cli("check", OLD, NEW, "--title", "Talk 1", "--json").document["equal"] == 1
    assert cli("check", OLD, NEW, "--sample", "1", "--json").document["equal"] == 1
    assert cli("check", OLD, NEW, "--limit", "1").lines[-1].startswith(f"1 conversation of {OLD} is on {NEW}")


def test_it_works_without_a_ledger(cli: Cli, copied: list[str]) -> None:
    found = cli("check", OLD, NEW, "--state", "memory:", "--json")

    assert (found.code, found.document["equal"]) == (0, 2)


def test_a_vendor_that_does_not_answer_is_waited_for_and_told_in_one_line(
    cli: Cli, copied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "MC-0123456789ABCDEF0123456789ABCDEF")
    settings = {"PROVIDER": "mindcraft", "BASE_URL": "http://127.0.0.1:9/", "API_KEY": "env:KEY", "MAX_ATTEMPTS": "1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"OMNILOGUE_REMOTES__WORK__{name}", value)

    for words in (["check", OLD, "work:"], ["plan", "work:", NEW], ["copy", "work:", NEW]):
        found = cli(*words, "--timeout", "0.2", "--quiet")

        assert found.code == 5, found.err
        *waiting, told = found.err.splitlines()
        assert all(line.startswith("waiting for an end that does not answer") for line in waiting)
        assert told.startswith("omnilogue: ")
