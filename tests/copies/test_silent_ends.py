"""An end that has never answered: what only reads does not wait for it, what writes does."""

from collections.abc import Callable
from typing import Any

import pytest

from omnilogue import CopyProgress, UnavailableError

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omnilogue.remote.landing.MOST_ATTEMPTS", 3)


def add_wrong(ends: Any, name: str) -> None:
    """Add a remote at an address where nobody listens."""
    ends.add(name, "mindcraft")
    ends.remotes[name]["base_url"] = "http://127.0.0.1:1/v1/"


@pytest.mark.parametrize("verb", ["plan", "copy", "check"])
async def test_a_wrong_address_of_the_source_is_not_waited_for(verb: str, ends: Any) -> None:
    add_wrong(ends, "old")
    ends.add("new", "archive")
    told: list[CopyProgress] = []
    async with ends.client() as client:
        with pytest.raises(UnavailableError) as caught:
            await getattr(client, verb)("old:", "new:", progress=told.append)

    assert caught.value.code == "connect_failed"
    assert "check base_url and the network, then try again; old: has never answered" in caught.value.hint
    assert ("the same command goes on" in caught.value.hint) == (verb != "check")
    assert told == []


async def test_a_wrong_address_of_the_target_is_not_waited_for(ends: Any, fill: Callable[..., Any]) -> None:
    ends.add("old", "archive")
    add_wrong(ends, "new")
    told: list[CopyProgress] = []
    async with ends.client() as client:
        await fill(client.remote("old"), 1, 1)
        with pytest.raises(UnavailableError, match="could not be reached") as caught:
            await client.check("old:", "new:", progress=told.append)

    assert "new: has never answered" in caught.value.hint
    assert told == []


@pytest.mark.parametrize("verb", ["plan", "copy", "check"])
async def test_an_end_that_has_answered_is_waited_for(verb: str, ends: Any, fill: Callable[..., Any]) -> None:
    ends.add("old", "mindcraft")
    ends.add("new", "archive")
    vendor = ends.vendors["old"]

    def watch(event: CopyProgress) -> None:
        if event.what == "outage" and event.seconds > 20:
            vendor.clear_faults()

    async with ends.client() as client:
        await fill(client.remote("old"), 2, 1)
        vendor.fail_next("drop_before", every=1)
        report = await getattr(client, verb)("old:", "new:", progress=watch)

    assert (report.missing_on_target if verb == "check" else report.conversations.new) == 2


async def test_an_answer_that_refuses_is_one(ends: Any) -> None:
    ends.add("old", "mindcraft")
    ends.add("new", "archive")
    vendor = ends.vendors["old"]
    vendor.fail_next("status", every=1, status=503)
    told: list[CopyProgress] = []

    def watch(event: CopyProgress) -> None:
        told.append(event)
        vendor.clear_faults()

    async with ends.client() as client:
        report = await client.plan("old:", "new:", progress=watch)

    assert told[0].what == "outage"
    assert not report.has_work


async def test_a_copy_that_writes_waits_for_a_target_that_has_never_answered(
    ends: Any, fill: Callable[..., Any]
) -> None:
    ends.add("old", "archive")
    add_wrong(ends, "new")
    told: list[CopyProgress] = []
    async with ends.client() as client:
        await fill(client.remote("old"), 2, 1)
        with pytest.raises(UnavailableError) as caught:
            await client.copy("old:", "new:", wait_outage="40s", progress=told.append)

    assert "the same command goes on with m-" in caught.value.hint
    assert max(event.seconds for event in told if event.what == "outage") > 30
