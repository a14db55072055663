"""`plan`, `copy`, `retry` and `undo`, between archives and a vendor on loopback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue_mindcraft.emulator import MindCraftEmulator

Cli: TypeAlias = Callable[..., Any]

OLD, NEW = ":archive:old.db", ":archive:new.db"
REPORT = ["migration", "source", "target", "complete", "sampled", "conversations", "messages", "losses", "calls"]
REPORT += ["generations", "seconds", "rates", "undo", "unknown", "dead", "sentence"]


def write(cli: Cli, title: str, *texts: str, remote: str = OLD, meta: str = "team=blue") -> str:
    """Create a conversation of user messages and give its address."""
    address: str = cli("new", remote, "--title", title, "--meta", meta).out.strip()
    for text in texts:
        cli("append", address, text)
    return address


@pytest.fixture
def old(cli: Cli) -> list[str]:
    """Three conversations to copy, the oldest first."""
    return [write(cli, f"Talk {number}", "Where to?", "And then?") for number in (1, 2, 3)]


def titles(cli: Cli, remote: str) -> list[str]:
    return [item["title"] for item in cli("ls", remote, "--json").document["items"]]


# plan


def test_a_plan_tells_everything_and_writes_nothing(cli: Cli, old: list[str]) -> None:
    found = cli("plan", OLD, NEW)

    assert found.code == 0
    assert "conversations\t3 new" in found.lines
    assert "messages\t6 new, 0 unchanged" in found.lines
    assert "undo\tnative: copies are deleted, unless they have changed since" in found.lines
    assert found.lines[-1].startswith(f"A copy from {OLD} to {NEW} would bring 6 messages of all 3 conversations")
    assert not Path("new.db").exists() or titles(cli, NEW) == []


@pytest.mark.parametrize("words", [["plan"], ["copy"], ["copy", "--dry-run"]], ids=" ".join)
def test_an_archive_and_its_path_are_one_place(
    words: list[str], cli: Cli, old: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNILOGUE_REMOTES__BACKUP__PROVIDER", "archive")
    monkeypatch.setenv("OMNILOGUE_REMOTES__BACKUP__PATH", "old.db")

    found = cli(words[0], "backup:", ":archive:./old.db", *words[1:])

    assert found.code == 2
    assert "backup: and :archive:./old.db are one place under two names: both are archive with the same path" in (
        found.err
    )
    assert cli("check", "backup:", OLD).code == 0


def test_the_document_of_a_plan_is_the_documented_one(cli: Cli, old: list[str]) -> None:
    document = cli("plan", OLD, NEW, "--json").document

    assert list(document) == REPORT
    assert document["migration"] is None
    assert document["conversations"] == {"new": 3, "changed": 0, "unchanged": 0, "diverged": 0, "failed": 0}
    assert document["rates"] == {"source": {"limit": None, "from": "none"}, "target": {"limit": None, "from": "none"}}
    assert {"kind", "class", "action", "count", "example"} == document["losses"][0].keys()


def test_a_sample_is_marked_as_an_estimate(cli: Cli, old: list[str]) -> None:
    read, listed = (cli("plan", OLD, NEW, "--sample", number, "--json").document for number in ("2", "0"))

    assert (read["sampled"], read["messages"]["new"]) == (True, 6)
    assert (listed["sampled"], listed["conversations"]["new"]) == (True, 3)
    assert "about 6 messages" in cli("plan", OLD, NEW, "--sample", "2").lines[-1]


def test_a_plan_that_only_lists_says_nothing_of_what_it_did_not_read(cli: Cli, old: list[str]) -> None:
    found = cli("plan", OLD, NEW, "--sample", "0")

    assert found.lines[0] == "conversations\t3 new"
    assert not any(line.startswith(("messages", "requests", "time", "generations")) for line in found.lines)
    assert "would bring all 3 conversations; their messages were not read" in found.lines[-1]
    assert "nothing is lost" not in found.out


def test_a_dry_run_of_copy_is_a_plan(cli: Cli, old: list[str]) -> None:
    planned, dry = cli("plan", OLD, NEW, "--json").document, cli("copy", OLD, NEW, "--dry-run", "--json").document

    assert planned | {"seconds": 0} == dry | {"seconds": 0}
    assert titles(cli, NEW) == []


@pytest.mark.parametrize("option", [[], ["--sample", "1"]])
def test_a_saved_plan_is_applied(cli: Cli, old: list[str], option: list[str]) -> None:
    planned = cli("plan", OLD, NEW, "--title", "Talk [12]", "--out", "plan.json", *option)

    found, again = cli("copy", "--plan", "plan.json", "--json"), cli("copy", "--plan", "plan.json")

    assert planned.lines[-1].startswith("A copy from ")
    assert found.code == 0
    assert found.document["messages"]["copied"] == 4
    assert titles(cli, NEW) == ["Talk 1", "Talk 2"]
    assert (again.code, again.lines[-1].split(" from ")[0]) == (0, "Nothing was to be copied")


def test_a_saved_plan_that_no_longer_fits_is_refused(cli: Cli, old: list[str]) -> None:
    cli("plan", OLD, NEW, "--out", "plan.json")
    cli("append", old[0], "One more.")

    found = cli("copy", "--plan", "plan.json", "--json")

    assert (found.code, found.error["code"]) == (12, "ledger_mismatch")
    assert titles(cli, NEW) == []


def test_what_goes_on_after_a_saved_plan_is_a_copy_with_its_options(cli: Cli, old: list[str]) -> None:
    cli("plan", OLD, NEW, "--title", "Talk *", "--add-meta", "a=b", "--sample", "1", "--out", "plan.json")

    found = cli("copy", "--plan", "plan.json", "--max-duration", "0s")

    assert found.code == 5
    assert "nothing was copied yet" in found.err
    assert "the plan is not complete" in cli("plan", OLD, NEW, "--max-duration", "0s").err
    assert f"`omnilogue copy {OLD} {NEW} --title 'Talk *' --add-meta a=b --max-duration 0s` goes on" in found.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["copy", OLD], "SOURCE and TARGET"),
        (["copy", OLD, NEW, "--plan", "p.json"], "--plan goes with neither"),
        (["copy", "--plan", "missing.json"], "cannot be read"),
        (["copy", "--plan", "none.json"], "is no saved plan"),
        (["copy", OLD, f"{NEW}:c1"], "a target is a remote"),
        (["plan", OLD, OLD], "one account"),
        (["copy", f"{OLD}:c1", NEW, "--id", "c2"], "is one conversation already"),
        (["copy", OLD, NEW, "--since", "yesterday"], "is no time"),
        (["copy", OLD, NEW, "--fail-on", "everything"], "no loss is called"),
        (["copy", OLD, NEW, "--max-loss", "some"], "max-loss"),
        (["copy", OLD, NEW, "--rate", "fast"], "fast"),
        (["copy", OLD, NEW, "--max-duration", "soon"], "is no duration"),
        (["copy", OLD, NEW, "--transform", "nobody"], "nobody"),
        (["retry", "m-0000", "--title", "x"], "title"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(cli: Cli, words: list[str], hint: str) -> None:
    Path("none.json").write_text('{"some": "document"}')

    found = cli(*words)

    assert found.code == 2, found.err
    assert hint in found.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["plan", OLD, NEW, "--sample", "-1"], "--sample: must be 0 or more"),
        (["copy", OLD, NEW, "--max-dead", "-1"], "--max-dead: must be 0 or more"),
        (["copy", OLD, NEW, "--since", "yesterday"], "--since: 'yesterday' is no time"),
        (["copy", OLD, NEW, "--source-rate", "fast"], "--source-rate: 'fast' is no rate"),
        (["check", OLD, NEW, "--concurrency", "0"], "--concurrency: must be 1 or more"),
        (["retry", "m-0000", "--wait-outage", "soon"], "--wait-outage: 'soon' is no duration"),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_its_option_as_typed(cli: Cli, words: list[str], told: str) -> None:
    found = cli(*words)

    assert found.code == 2
    assert found.err.startswith(f"omnilogue: {told}")


@pytest.mark.parametrize("words", [["plan", OLD, NEW], ["copy", OLD, NEW], ["retry", "m-0000"]])
def test_consent_is_given_by_max_loss_only(cli: Cli, words: list[str]) -> None:
    found = cli(*words, "--allow-loss")

    assert found.code == 2
    assert "unknown option --allow-loss" in found.err
    assert "--allow-loss" not in cli(words[0], "--help").out


# copy


def test_a_copy_brings_all_and_a_second_one_nothing(cli: Cli, old: list[str]) -> None:
    first, second = cli("copy", OLD, NEW), cli("copy", OLD, NEW, "--json")

    assert first.code == second.code == 0
    assert "Copied 6 messages of all 3 conversations" in first.lines[-1]
    assert list(second.document) == REPORT
    assert second.document["messages"] == {"new": 0, "copied": 0, "unchanged": 6}
    assert second.document["sentence"].endswith("all 3 conversations are unchanged.")
    assert titles(cli, NEW) == ["Talk 1", "Talk 2", "Talk 3"]


def test_what_is_decided_is_told_with_v(cli: Cli, old: list[str]) -> None:
    told = [json.loads(line) for line in cli("copy", OLD, NEW, "--limit", "1", "-v").err.splitlines()]

    assert {line["event"] for line in told} == {"migration"}
    assert [line["what"] for line in told] == ["begun", "done", "done"]
    assert f"{OLD}:{told[1]['conversation']}" == old[0]


def test_nothing_to_do_is_an_error_only_where_asked(cli: Cli, old: list[str]) -> None:
    assert cli("copy", OLD, NEW, "--error-on-no-change").code == 0
    assert cli("copy", OLD, NEW, "--error-on-no-change").code == 9
    assert cli("plan", OLD, NEW, "--error-on-no-change").code == 9
    assert cli("plan", OLD, NEW).code == 0


def test_filters_choose_whole_conversations(cli: Cli, old: list[str]) -> None:
    write(cli, "Green", "Hello", meta="team=green")
    identifier = old[1].rpartition(":")[2]
    Path("ids.txt").write_text(f"{old[0]}\n{identifier}\n")

    def chosen(*words: str) -> int:
        number: int = cli("plan", OLD, NEW, "--json", *words).document["conversations"]["new"]
        return number

    assert chosen() == 4
    assert chosen("--limit", "2") == 2
    assert chosen("--meta", "team=green") == 1
    assert chosen("--title", "Talk*") == 3
    assert chosen("--id", identifier, "--id", old[2]) == 2
    assert chosen("--ids-from", "ids.txt") == 2
    assert chosen("--ids-from", "ids.txt", "--title", "Talk 1") == 1
    assert chosen("--since", "1d") == 4
    assert chosen("--until", "1d") == 0
    assert cli("plan", old[2], NEW, "--json").document["conversations"]["new"] == 1


def test_roles_and_metadata_shape_the_copy(cli: Cli, old: list[str]) -> None:
    cli("append", old[0], "To Lisbon.", "--role", "assistant")

    found = cli("copy", old[0], NEW, "--role", "assistant", "--add-meta", "from=old", "--max-loss", "any", "--json")
    copied = cli("ls", NEW, "--json").document["items"][0]

    assert [row["count"] for row in found.document["losses"] if row["kind"] == "filtered"] == [2]
    assert copied["metadata"] == {"team": "blue", "from": "old"}
    assert [row["parts"][0]["text"] for row in cli("ls", f"{NEW}:{copied['id']}", "--json").document["items"]] == [
        "To Lisbon."
    ]
    other = cli("copy", old[0], NEW, "--json")
    assert (other.code, other.error["code"]) == (12, "ledger_mismatch")
    assert "--role" in other.error["message"]


def test_a_loss_without_consent_writes_nothing_and_says_what_allows_it(cli: Cli, old: list[str]) -> None:
    refused = cli("copy", OLD, NEW, "--role", "assistant")
    unwanted = cli("copy", OLD, NEW, "--role", "assistant", "--max-loss", "any", "--fail-on", "filtered", "--json")

    assert (refused.code, unwanted.code) == (10, 10)
    assert "filtered (6 dropped)" in refused.err
    assert "--max-loss any" in refused.err
    assert "--allow-loss" not in refused.err + unwanted.error["hint"]
    assert titles(cli, NEW) == []


def test_a_plan_says_that_a_copy_would_be_refused(cli: Cli, old: list[str]) -> None:
    found = cli("plan", OLD, NEW, "--role", "assistant")
    failed = cli("plan", OLD, NEW, "--role", "assistant", "--fail-on", "filtered", "--max-loss", "any")

    assert (found.code, failed.code) == (0, 10)
    assert found.lines[-2] == "A copy would be refused because of filtered; --max-loss any allows it."
    assert failed.lines[-2] == "A copy would be refused because of --fail-on filtered."


def test_vendors_text_never_controls_the_terminal(cli: Cli, old: list[str]) -> None:
    cli("append", old[0], "x", "--role", "other:\x1b]0;mine\x07")
    write(cli, "Title \x1b[2J\u202e", "Hello")

    told = cli("copy", OLD, NEW, err_terminal=True, out_terminal=True)
    migration = cli("migrations", "--json").document["items"][0]["migration"]
    shown = [cli("migrations", migration, "--format", form).out for form in ("table", "csv", "md")]

    assert not {"\x1b", "\x07", "\u202e"} & set("".join([told.out, told.err, *shown]))


def test_a_source_that_cannot_list_is_told_in_words(cli: Cli, threads: str) -> None:
    write(cli, "Known", "Hello", remote=threads)

    for words in (["plan"], ["copy"], ["check"]):
        found = cli(*words, threads, NEW, "--json")

        assert found.code == 0
        assert found.document["complete"] is False
        assert "known conversation" in found.document["sentence"]
        assert "does not tell everything it keeps" in found.err


def test_what_changed_on_both_ends_is_named(cli: Cli, old: list[str]) -> None:
    cli("copy", OLD, NEW)
    copy = cli("ls", NEW).lines[0].split("\t")[0]
    cli("append", old[0], "Here.")
    cli("append", copy, "There.")

    for verb in ("plan", "copy"):
        found = cli(verb, OLD, NEW)
        assert f"diverged\t{old[0]}" in found.lines
        assert found.lines[-1].endswith("1 changed on both ends and left alone.")


# Questions


def test_on_a_terminal_it_asks_after_it_has_shown_the_losses(cli: Cli, old: list[str]) -> None:
    no = cli("copy", OLD, NEW, stdin=b"n\n", stdin_terminal=True)
    before = titles(cli, NEW)
    yes = cli("copy", OLD, NEW, stdin=b"y\n", stdin_terminal=True)

    assert no.code == 2
    assert no.err.index("loss\tclass") < no.err.index("would bring 6 messages") < no.err.index("Copy? [y/N]")
    assert before == []
    assert yes.code == 0
    assert titles(cli, NEW) == ["Talk 1", "Talk 2", "Talk 3"]


def test_yes_asks_nothing(cli: Cli, old: list[str]) -> None:
    found = cli("copy", OLD, NEW, "--yes", stdin=b"n\n", stdin_terminal=True)

    assert found.code == 0
    assert "[y/N]" not in found.err


def test_what_would_be_refused_is_not_asked_for(cli: Cli, old: list[str]) -> None:
    found = cli("copy", OLD, NEW, "--role", "tool", stdin=b"y\n", stdin_terminal=True)

    assert found.code == 10
    assert "[y/N]" not in found.err


# Dead letters


@pytest.fixture
def poison(vendor: MindCraftEmulator, cli: Cli, work: str, old: list[str]) -> str:
    """The id of a migration to a vendor that refused one conversation."""
    vendor.fail_next("status", method="POST", path="message/", status=400, times=1)
    document = cli("copy", OLD, work, "--concurrency", "1", "--json").document
    migration: str = document["migration"]
    return migration


def test_a_dead_letter_ends_with_6_and_retry_finishes_it(cli: Cli, work: str, poison: str) -> None:
    again = cli("copy", OLD, work, "--json")
    retried = cli("retry", poison, "--json")
    done = cli("check", OLD, work, "--migration", poison)

    assert again.code == 6
    assert [dead["code"] for dead in again.document["dead"]] == ["bad_request"]
    assert (retried.code, retried.document["dead"], retried.document["migration"]) == (0, [], poison)
    assert done.code == 0


def test_a_retry_that_finds_nothing_to_do_says_so(cli: Cli, old: list[str]) -> None:
    migration = cli("copy", OLD, NEW, "--json").document["migration"]
    cli("undo", migration)

    found = cli("retry", migration, "--error-on-no-change")

    assert (found.code, found.lines) == (9, [f"{migration}: Nothing was to be copied from {OLD} to {NEW}."])
    assert cli("migrations").lines[0].split("\t")[3] == "undone"


def test_dead_letters_are_told_in_words(cli: Cli, work: str, poison: str) -> None:
    found = cli("copy", OLD, work)

    assert any(line.startswith("dead\t:archive:old.db:") and "bad_request" in line for line in found.lines)
    assert f"`omnilogue retry {poison}` tries them again" in found.lines[-1]


def test_an_outage_that_lasts_ends_with_5_and_tells_what_goes_on(
    vendor: MindCraftEmulator, cli: Cli, work: str, old: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnilogue.remote.landing.MOST_ATTEMPTS", 1)
    vendor.fail_next("drop_before", method="POST", every=1)

    found = cli("copy", OLD, work, "--wait-outage", "0s", "--limit", "2")

    assert found.code == 5
    assert f"`omnilogue copy {OLD} {work} --limit 2 --wait-outage 0s` goes on with m-" in found.err
    vendor.clear_faults()
    assert cli("copy", OLD, work, "--limit", "2").code == 0


@pytest.mark.parametrize("words", [["plan"], ["copy"], ["copy", "--dry-run"]], ids=" ".join)
def test_an_outage_before_the_first_write_tells_what_goes_on(
    words: list[str], vendor: MindCraftEmulator, cli: Cli, work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnilogue.remote.landing.MOST_ATTEMPTS", 1)
    vendor.fail_next("drop_before", every=1)

    found = cli(words[0], work, NEW, *words[1:], "--wait-outage", "0s", "--limit", "2")

    goes_on = " ".join(["omnilogue", words[0], work, NEW, *words[1:], "--limit 2 --wait-outage 0s"])
    assert found.code == 5
    assert f"`{goes_on}` goes on; what was read is kept" in found.err


def test_the_plan_that_is_shown_first_waits_as_long_as_the_copy(
    vendor: MindCraftEmulator, cli: Cli, work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnilogue.remote.landing.MOST_ATTEMPTS", 1)
    vendor.fail_next("drop_before", every=1)

    found = cli("copy", work, NEW, "--wait-outage", "0s", stdin_terminal=True)

    assert found.code == 5
    assert f"`omnilogue copy {work} {NEW} --wait-outage 0s` goes on" in found.err


def test_a_lost_account_ends_at_once_with_3(vendor: MindCraftEmulator, cli: Cli, work: str, old: list[str]) -> None:
    vendor.fail_next("status", method="POST", every=1, status=401)

    assert cli("copy", OLD, work).code == 3


def test_the_longest_duration_ends_it_with_5(cli: Cli, old: list[str]) -> None:
    found = cli("copy", OLD, NEW, "--max-duration", "0s", "--json")

    assert (found.code, found.error["code"]) == (5, "deadline")
    assert "--timeout" not in found.error["hint"]
    assert cli("copy", OLD, NEW, "--timeout", "0.000001").code == 5


# undo


def test_undo_takes_back_exactly_its_own(cli: Cli, old: list[str]) -> None:
    pilot = cli("copy", OLD, NEW, "--limit", "1", "--json").document["migration"]
    full = cli("copy", OLD, NEW, "--json").document["migration"]

    found = cli("undo", full, "--json")

    assert list(found.document) == ["migration", "deleted", "kept"]
    assert (len(found.document["deleted"]), found.document["kept"]) == (2, [])
    assert titles(cli, NEW) == ["Talk 1"]
    assert cli("undo", pilot).lines[-1] == f"{pilot}: 1 deleted, 0 kept."
    assert titles(cli, NEW) == []


def test_undo_names_what_it_keeps_and_why(cli: Cli, old: list[str]) -> None:
    migration = cli("copy", OLD, NEW, "--json").document["migration"]
    copied = cli("ls", NEW).lines[0].split("\t")[0]
    cli("append", copied, "Mine.")

    found = cli("undo", migration)

    assert f"kept\t{copied}\tit has changed since it was copied" in found.lines
    assert found.lines[-1] == f"{migration}: 2 deleted, 1 kept."


def test_an_undo_that_was_done_is_no_error(cli: Cli, old: list[str]) -> None:
    migration = cli("copy", OLD, NEW, "--json").document["migration"]
    cli("undo", migration)

    found = cli("undo", migration, "--json")

    assert (found.code, found.document) == (0, {"migration": migration, "deleted": [], "kept": []})


def test_undo_names_edits_that_stay(cli: Cli, old: list[str]) -> None:
    cli("copy", OLD, NEW)
    message = cli("ls", old[0]).lines[0].split("\t")[0]
    cli("edit", old[0], message, "Where now?")
    migration = cli("copy", OLD, NEW, "--update", "--json").document["migration"]

    found = cli("undo", migration)

    assert found.lines[0].endswith("\tedits were carried over to 1 message, and the text before is not known")
    assert found.lines[-1] == f"{migration}: 0 deleted, 1 kept."


def test_undo_shows_its_progress_on_a_terminal(cli: Cli, old: list[str]) -> None:
    migration = cli("copy", OLD, NEW, "--json").document["migration"]

    found = cli("undo", migration, err_terminal=True)

    assert "0 of 3 conversations taken back" in found.err
    assert found.err.endswith("\r")


def test_undo_asks_on_a_terminal(cli: Cli, old: list[str]) -> None:
    migration = cli("copy", OLD, NEW, "--json").document["migration"]

    found = cli("undo", migration, stdin=b"n\n", stdin_terminal=True)

    assert found.code == 2
    assert f"Take back {migration}: 6 messages of 3 conversations on {NEW}? [y/N]" in found.err
    assert len(titles(cli, NEW)) == 3


@pytest.mark.parametrize("words", [["undo"], ["retry"], ["migrations"]])
def test_an_unknown_migration_is_not_found(cli: Cli, words: list[str]) -> None:
    found = cli(*words, "m-0000", "--json")

    assert (found.code, found.error["code"]) == (4, "not_found")


def test_a_saved_plan_holds_no_more_than_the_plan(cli: Cli, old: list[str]) -> None:
    cli("plan", OLD, NEW, "--max-loss", "any", "--out", "plan.json")

    saved = json.loads(Path("plan.json").read_text())

    assert list(saved) == [*REPORT, "options", "fingerprint"]
    assert saved["options"] == {"max_loss": "any"}
