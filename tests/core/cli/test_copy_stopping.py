"""Signals while a copy runs: a real process against a slow vendor."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest

from omnilogue_mindcraft.emulator import MindCraftEmulator

Cli: TypeAlias = Callable[..., Any]

OLD = ":archive:old.db"
OMNILOGUE = [sys.executable, "-m", "omnilogue"]


@pytest.fixture
def slow(cli: Cli, vendor: MindCraftEmulator, work: str) -> Iterator[MindCraftEmulator]:
    """A vendor that takes its time for each message, and three conversations of four messages to copy to it."""
    assert work  # the remote comes first: it begins with a vendor without faults
    for number in (1, 2, 3):
        address = cli("new", OLD, "--title", f"Talk {number}").out.strip()
        for text in range(4):
            cli("append", address, f"message {text}")
    vendor.clear_faults()
    vendor.journal.clear()
    vendor.fail_next("delay", method="POST", path="message/", every=1, seconds=0.4)
    yield vendor
    vendor.clear_faults()


def stored(vendor: MindCraftEmulator) -> int:
    """How many messages the vendor was asked to store."""
    return sum(call.method == "POST" and call.path.endswith("message/") for call in vendor.journal)


def interrupted(vendor: MindCraftEmulator, work: str, *signals: signal.Signals) -> tuple[int, dict[str, Any], str]:
    """Send signals to a copy once it writes; give exit code, document and what was told besides."""
    words = ["copy", OLD, work, "--concurrency", "1", "--json"]
    with subprocess.Popen(
        [*OMNILOGUE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as running:
        deadline = time.monotonic() + 30
        while not stored(vendor) and time.monotonic() < deadline:
            time.sleep(0.02)
        for number in signals:
            running.send_signal(number)
            time.sleep(0.1)
        out, err = running.communicate(timeout=30)
    return running.returncode, json.loads(out), err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_finishes_the_message_in_flight_and_tells_what_goes_on(
    cli: Cli, slow: MindCraftEmulator, work: str, number: signal.Signals, code: int
) -> None:
    ended, document, told = interrupted(slow, work, number)
    state = cli("migrations", "--json").document["items"][0]["state"]

    assert ended == code
    assert 1 <= document["messages"]["copied"] < 12
    assert document["messages"]["copied"] == stored(slow)
    assert "3 of 3 conversations are left" in told
    assert f"`omnilogue copy {OLD} {work} --concurrency 1` goes on" in told
    assert state == "interrupted"

    slow.clear_faults()
    assert cli("copy", OLD, work).code == 0
    assert cli("check", OLD, work, "--migration", document["migration"]).code == 0
    assert stored(slow) == 12


def test_a_second_ctrl_c_stops_at_once_and_nothing_is_doubled(cli: Cli, slow: MindCraftEmulator, work: str) -> None:
    slow.clear_faults()
    slow.fail_next("delay", method="POST", path="message/", every=1, seconds=5)

    ended, document, _ = interrupted(slow, work, signal.SIGINT, signal.SIGINT)

    assert (ended, document["error"]["code"]) == (130, "interrupted")

    slow.clear_faults()
    migration = cli("copy", OLD, work, "--json").document["migration"]
    assert cli("check", OLD, work, "--migration", migration).code == 0
    assert cli("check", OLD, work, "--json").document["messages"]["target"] == 12


def test_another_copy_over_the_same_pair_is_locked_out(cli: Cli, slow: MindCraftEmulator, work: str) -> None:
    with subprocess.Popen([*OMNILOGUE, "copy", OLD, work, "-q"], stdout=subprocess.DEVNULL) as running:
        deadline = time.monotonic() + 30
        while not stored(slow) and time.monotonic() < deadline:
            time.sleep(0.02)
        found = cli("copy", OLD, work, "--json")
        running.send_signal(signal.SIGTERM)

    assert (found.code, found.error["code"]) == (8, "ledger_locked")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo terminals here")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_question(slow: MindCraftEmulator, work: str, number: signal.Signals, code: int) -> None:
    person, terminal = os.openpty()
    with subprocess.Popen(
        [*OMNILOGUE, "copy", OLD, work], stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stderr is not None
        asked = b""
        while not asked.endswith(b"[y/N] ") and (more := running.stderr.read(1)):
            asked += more
        running.send_signal(number)
        running.communicate(timeout=20)
    os.close(person)
    os.close(terminal)

    assert b"would bring 12 messages" in asked
    assert running.returncode == code
    assert stored(slow) == 0
