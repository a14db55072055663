"""Two remotes that are one place under two names are no pair for a copy."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from omnilogue import AsyncClient, ConfigurationError, InvalidInputError, UnavailableError

pytestmark = pytest.mark.anyio

NOWHERE = "http://127.0.0.1:1/v1/"
KEY, OTHER = "MC-0123456789ABCDEF0123456789ABCDEF", "MC-FEDCBA9876543210FEDCBA9876543210"
MINDCRAFT = {"provider": "mindcraft", "base_url": NOWHERE, "api_key": SecretStr(KEY), "max_attempts": 1}
MINIMAX = {"provider": "minimax", "base_url": NOWHERE, "api_key": SecretStr(KEY), "max_attempts": 1}
ICHATI = {"provider": "ichati", "base_url": NOWHERE, "token": SecretStr(KEY), "series_id": 1, "max_attempts": 1}


def client(one: dict[str, Any], other: dict[str, Any]) -> AsyncClient:
    return AsyncClient(False, remotes={"one": one, "other": other}, state="memory:")


@pytest.mark.parametrize("verb", ["plan", "copy"])
@pytest.mark.parametrize(
    ("one", "changes", "why"),
    [
        (MINDCRAFT, {"rate": "8/s", "timeout": 5, "account": "second"}, "base_url and api_key"),
        (MINDCRAFT, {"base_url": "http://127.0.0.1:1/v1", "generation": "agent"}, "base_url and api_key"),
        (MINIMAX, {"page_size": 7}, "base_url and api_key and group_id"),
        (ICHATI, {"model_id": 3}, "base_url and token and series_id and series_ids"),
    ],
)
async def test_one_account_under_two_names_is_not_copied(
    one: dict[str, Any], changes: dict[str, Any], why: str, verb: str
) -> None:
    async with client(one, {**one, **changes}) as opened:
        with pytest.raises(InvalidInputError) as caught:
            await getattr(opened, verb)("one:", "other:")

    provider = one["provider"]
    assert f"one: and other: are one place under two names: both are {provider} with the same {why}" in str(
        caught.value
    )
    assert KEY not in f"{caught.value!r}{caught.value.to_dict()}"


async def test_a_secret_is_compared_by_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST_KEY", KEY)
    monkeypatch.setenv("SECOND_KEY", KEY)
    async with client({**MINDCRAFT, "api_key": "env:FIRST_KEY"}, {**MINDCRAFT, "api_key": "env:SECOND_KEY"}) as opened:
        with pytest.raises(InvalidInputError, match="one place"):
            await opened.plan("one:", "other:")


@pytest.mark.parametrize(
    ("one", "changes"),
    [
        (MINDCRAFT, {"api_key": SecretStr(OTHER)}),
        (MINDCRAFT, {"base_url": "http://127.0.0.1:2/v1/"}),
        (MINIMAX, {"group_id": "17"}),
        (ICHATI, {"series_id": 2}),
    ],
)
async def test_two_accounts_of_one_vendor_are_two_places(one: dict[str, Any], changes: dict[str, Any]) -> None:
    async with client(one, {**one, **changes}) as opened:
        with pytest.raises(UnavailableError):
            await opened.copy("one:", "other:", id="17")


async def test_a_secret_that_does_not_matter_is_not_looked_up(tmp_path: Path) -> None:
    archive = {"provider": "archive", "path": str(tmp_path / "kept.db")}
    async with client(archive, {**MINDCRAFT, "api_key": "env:NOT_THERE"}) as opened:
        report = await opened.plan("one:", "other:")

    assert not report.has_work


async def test_a_missing_secret_names_its_remote() -> None:
    async with client(MINDCRAFT, {**MINDCRAFT, "api_key": "env:NOT_THERE"}) as opened:
        with pytest.raises(ConfigurationError, match="other: no secret at env:NOT_THERE"):
            await opened.plan("one:", "other:")


async def test_each_memory_is_a_place_of_its_own() -> None:
    async with client({"provider": "memory"}, {"provider": "memory"}) as opened:
        await opened.remote("one").append(await opened.remote("one").create(title="Trip"), "Hello")

        assert (await opened.copy("one:", "other:")).messages.copied == 1


@pytest.mark.parametrize("verb", ["plan", "copy", "retry", "check", "undo"])
async def test_an_archive_is_its_file_and_check_and_undo_stay_possible(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    link = tmp_path / "link.db"
    async with client({"provider": "archive", "path": "kept.db"}, {"provider": "archive", "path": str(link)}) as opened:
        await opened.remote("one").append(await opened.remote("one").create(title="Trip"), "Hello")
        migration = (await opened.copy("one:", "other:")).migration
        link.unlink()
        link.symlink_to("kept.db")

        if verb == "check":
            assert (await opened.check("one:", "other:")).complete
        elif verb == "undo":
            assert (await opened.undo(migration or "")).migration == migration
        else:
            asked = (migration,) if verb == "retry" else ("one:", "other:")
            with pytest.raises(InvalidInputError, match="both are archive with the same path"):
                await getattr(opened, verb)(*asked)
