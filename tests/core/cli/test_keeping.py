"""Vendors that cannot list, delete or edit: what `ls`, `adopt`, `rm`, `edit`, `clear` and `providers` do and say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Cli: TypeAlias = Callable[..., Any]


@pytest.fixture
def thread(cli: Cli, threads: str) -> str:
    """The address of a conversation with one message, at a vendor that changes nothing."""
    address: str = cli("new", threads, "--title", "Trip", "--instructions", "Be brief.").out.strip()
    cli("append", address, "Where to?")
    return address


def texts(cli: Cli, address: str) -> list[str]:
    items = cli("ls", address, "--json").document["items"]
    return ["".join(part.get("text", "") for part in item["parts"]) for item in items]


def first_id(cli: Cli, address: str) -> str:
    identifier: str = cli("ls", address).lines[0].split("\t")[0]
    return identifier


# Listing


def test_a_list_that_the_vendor_cannot_give_is_not_complete(cli: Cli, threads: str, thread: str) -> None:
    told = cli("ls", threads)
    document = cli("ls", threads, "--json")
    by_line = cli("ls", threads, "--jsonl")

    assert told.lines[0].split("\t")[::2] == [thread, "Trip"]
    assert document.document["complete"] is False
    assert [json.loads(line)["title"] for line in by_line.lines] == ["Trip"]
    for found in (told, document, by_line):
        assert found.code == 0
        assert "This list is not complete" in found.err
        assert "`omnilogue adopt threads: ID`" in found.err


def test_quiet_says_it_in_the_document_only(cli: Cli, threads: str) -> None:
    found = cli("ls", threads, "--json", "-q")

    assert found.document == {"items": [], "complete": False}
    assert found.err == ""


def test_a_vendor_that_lists_is_not_doubted(cli: Cli, topics: str, thread: str) -> None:
    cli("new", topics)

    assert cli("ls", topics, "--json").document["complete"] is True
    assert cli("ls", topics).err == ""
    assert cli("ls", thread).err == ""


# Adopting


@pytest.fixture
def unknown(cli: Cli, threads: str) -> list[str]:
    """Ids of conversations that the vendor has and the state does not know."""
    return [cli("new", threads, "--state", "memory:").out.strip().partition(":")[2] for _ in range(3)]


def test_adopted_conversations_are_printed_and_listed(cli: Cli, threads: str, unknown: list[str]) -> None:
    assert cli("ls", threads).out == ""

    found = cli("adopt", threads, unknown[0], f"{threads}{unknown[1]}")

    assert found.code == 0
    assert [line.split("\t")[0] for line in found.lines] == [f"{threads}{one}" for one in unknown[:2]]
    assert cli("ls", threads).out == found.out


def test_the_document_of_adopt_is_a_list_of_conversations(cli: Cli, threads: str, unknown: list[str]) -> None:
    document = cli("adopt", threads, *unknown, "--json").document

    assert document["complete"] is True
    assert [item["id"] for item in document["items"]] == unknown
    assert {item["remote"] for item in document["items"]} == {"threads"}


@pytest.mark.parametrize("source", ["ids.txt", "-"])
def test_ids_come_from_a_file_or_standard_input(cli: Cli, threads: str, unknown: list[str], source: str) -> None:
    content = f"{unknown[1]}\n\n{threads}{unknown[2]}\n"
    Path("ids.txt").write_text(content)

    found = cli("adopt", threads, unknown[0], "--ids-from", source, "--json", stdin=content.encode())

    assert [item["id"] for item in found.document["items"]] == unknown


def test_a_file_without_ids_is_nothing_to_do(cli: Cli, threads: str) -> None:
    found = cli("adopt", threads, "--ids-from", "-", "--json", stdin=b"\n")

    assert (found.code, found.document) == (0, {"items": [], "complete": True})


def test_an_id_nobody_has_ends_it_and_those_before_it_are_known(cli: Cli, threads: str, unknown: list[str]) -> None:
    found = cli("adopt", threads, unknown[0], "c999", unknown[1])

    assert found.code == 4
    assert [line.split("\t")[0] for line in found.lines] == [f"{threads}{unknown[0]}"]
    assert cli("ls", threads).out == found.out
    assert cli("adopt", threads, "c999", "--json").error["code"] == "not_found"


@pytest.mark.parametrize(
    "words",
    [
        ["adopt"],
        ["adopt", "threads:"],
        ["adopt", "threads:c1"],
        ["adopt", "threads:", ""],
        ["adopt", "threads:", "c1", " "],
        ["adopt", "threads:", "threads:"],
        ["adopt", "threads:", "--ids-from", "missing.txt"],
        ["adopt", "nobody:", "c1"],
    ],
)
@pytest.mark.usefixtures("unknown")
def test_usage_errors_adopt_nothing(cli: Cli, threads: str, words: list[str]) -> None:
    found = cli(*words)

    assert found.code == 2
    assert found.err.startswith("omnilogue: ")
    assert cli("ls", threads).out == ""


def test_a_remote_that_lists_adopts_too(cli: Cli, archive: str, kept: str) -> None:
    assert cli("adopt", archive, kept).lines[0].split("\t")[0] == kept


# Deleting


def test_rm_tells_that_the_vendor_keeps_it(cli: Cli, threads: str, thread: str) -> None:
    found = cli("rm", thread)

    assert found.code == 0
    assert found.out == f"deleted {thread} here only: the vendor keeps it\n"
    assert found.err == f"`omnilogue adopt {threads} {thread.removeprefix(threads)}` brings it back.\n"
    assert cli("ls", threads).out == ""
    assert cli("show", thread).code == 4
    assert cli("adopt", threads, thread).code == 0
    assert texts(cli, thread) == ["Where to?"]


def test_the_document_of_rm_tells_it(cli: Cli, thread: str) -> None:
    assert cli("rm", thread, "--json").document == {"deleted": thread, "forgotten": True}
    assert cli("rm", thread, "--json").error["code"] == "not_found"


def test_where_the_vendor_deletes_nothing_is_said_of_keeping(cli: Cli, topics: str) -> None:
    first, second = (cli("new", topics).out.strip() for _ in range(2))

    assert cli("rm", first, "--json").document == {"deleted": first}
    assert cli("rm", second).out == f"deleted {second}\n"


def test_the_question_tells_it_too(cli: Cli, thread: str) -> None:
    found = cli("rm", thread, stdin=b"n\n", stdin_terminal=True)

    assert found.code == 2
    assert f"Delete {thread} here only? threads keeps it. [y/N]" in found.err
    assert cli("show", thread).code == 0


# Building anew

CHANGES = (
    ["edit", "{thread}", "{message}", "Where to in May?"],
    ["rm", "{thread}", "{message}"],
    ["clear", "{thread}"],
)
LEFT = (["Where to in May?", "Lisbon."], ["Lisbon."], list[str]())


@pytest.fixture
def message(cli: Cli, thread: str) -> str:
    cli("append", thread, "Lisbon.", "--role", "assistant")
    return first_id(cli, thread)


@pytest.mark.parametrize("words", CHANGES, ids=lambda words: words[0])
def test_a_loss_that_nobody_consented_to_is_refused(cli: Cli, thread: str, message: str, words: list[str]) -> None:
    asked = [word.format(thread=thread, message=message) for word in words]

    told = cli(*asked)
    found = cli(*asked, "--json")

    assert told.code == found.code == 10
    assert found.error["code"] == "loss_refused"
    assert found.error["outcome"] == "not_sent"
    assert "vendor_fields" in found.error["message"]
    assert found.error["hint"].startswith("allow it with --allow-loss=")
    assert found.error["hint"] in told.err
    assert texts(cli, thread) == ["Where to?", "Lisbon."]
    assert cli(*asked, found.error["hint"].removeprefix("allow it with ")).code == 0


@pytest.mark.parametrize(("words", "left"), [*zip(CHANGES, LEFT, strict=True)], ids=["edit", "rm", "clear"])
def test_with_consent_the_new_address_is_told(
    cli: Cli, thread: str, message: str, words: list[str], left: list[str]
) -> None:
    found = cli(*[word.format(thread=thread, message=message) for word in words], "--allow-loss")

    new = found.out.strip()
    assert found.code == 0
    assert new.startswith("threads:")
    assert new != thread
    assert found.err == f"The conversation was built anew: it is {new} now.\n"
    assert texts(cli, new) == texts(cli, thread) == left
    assert [line.split("\t")[0] for line in cli("ls", "threads:").lines] == [new]
    shown = cli("show", thread, "--json").document
    assert (shown["id"], shown["title"], shown["instructions"]) == (new.partition(":")[2], "Trip", "Be brief.")


def test_the_document_of_a_change_has_the_new_address_and_the_ids(cli: Cli, thread: str, message: str) -> None:
    found = cli("edit", thread, message, "Where to in May?", "--allow-loss", "--json")

    change = found.document
    new = f"{change['conversation']['remote']}:{change['conversation']['id']}"
    assert change["grade"] == "lossy"
    assert change["id_map"][message] == change["message"]["id"] == first_id(cli, new)
    assert f"it is {new} now" in found.err


def test_old_addresses_and_old_ids_go_on_after_several_rebuilds(cli: Cli, threads: str, thread: str) -> None:
    for text in ("one", "two", "three"):
        assert cli("edit", thread, first_id(cli, thread), text, "--allow-loss").code == 0

    assert texts(cli, thread) == ["three"]
    assert cli("append", thread, "four").code == 0
    assert cli("send", thread, "five", "--no-stream").code == 0
    assert cli("update", thread, "--title", "Later").out.strip() != thread
    assert [line.split("\t")[2] for line in cli("ls", threads).lines] == ["Later"]
    assert cli("rm", thread, "--json").document == {"deleted": thread, "forgotten": True}
    assert cli("ls", threads).out == ""


def test_a_message_id_of_before_is_not_found_and_says_why(cli: Cli, thread: str, message: str) -> None:
    cli("edit", thread, message, "Other", "--allow-loss")

    found = cli("edit", thread, message, "Again", "--allow-loss", "--json")

    assert found.code == 4
    assert found.error["hint"]


# Accounts and providers


def test_providers_tells_what_the_state_makes_possible(cli: Cli, threads: str, topics: str) -> None:
    grades = {}
    for address in (threads, topics):
        (item,) = cli("providers", address.removesuffix(":"), "--json").document["items"]
        grades[address] = {name: row["grade"] for name, row in item["operations"].items()}

    assert grades[threads]["list_conversations"] == "lossy"
    assert grades[threads]["delete_conversation"] == "emulated"
    assert grades[threads]["update_conversation"] == "emulated"
    assert grades[threads]["edit_message"] == "lossy"
    assert grades[topics]["clear_messages"] == "lossy"
    assert grades[topics]["append_user"] == "unsupported"
    assert "hidden in this state" in cli("providers", "threads").out


def test_rm_of_a_remote_keeps_what_the_state_knows(cli: Cli, threads: str, thread: str) -> None:
    Path("omnilogue.toml").write_text('[remotes.office]\nprovider = "threads"\n')
    cli("adopt", "office:", thread.removeprefix(threads))

    assert cli("remotes", "rm", "office").code == 0
    assert cli("remotes", "add", "office", "threads").code == 0
    assert cli("ls", "office:").lines[0].startswith("office:c")


def test_conforming_leaves_the_state_alone(cli: Cli, threads: str, own_state: Path) -> None:
    cli("conform", threads.removesuffix(":"))

    assert not own_state.exists()
