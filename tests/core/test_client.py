"""The client: remotes of a configuration, and tenants that are made at run time."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from omnilogue import AsyncClient, Client, ConfigurationError, InvalidInputError, NotFoundError, StateError
from omnilogue.client import split_address
from omnilogue.log import REDACTED, redact
from omnilogue.provider import native, unsupported
from omnilogue_memory.provider import Memory

pytestmark = pytest.mark.anyio

URL = "https://vendor.example/v1/"
KEYS = ("MC-" + "0" * 31 + "1", "MC-" + "0" * 31 + "2")


class Vendor(httpx.AsyncBaseTransport):
    """Answers every list with nothing, and notes who asked."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers["authorization"].removeprefix("Bearer "))
        body = json.dumps({"status": 200, "message": "", "results": [], "max_pages": 1})
        return httpx.Response(200, stream=httpx.ByteStream(body.encode()))


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
async def client(vendor: Vendor, anyio_backend: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(False, transport=vendor) as client:
        yield client


def tenant(client: AsyncClient, name: str, key: Any, **settings: Any) -> Any:
    return client.connect("mindcraft", name=name, base_url=URL, api_key=key, **settings)


async def listed(remote: Any) -> list[Any]:
    return [conversation async for conversation in remote.conversations()]


async def test_the_default_remote_needs_no_name() -> None:
    async with AsyncClient(False, remotes={"work": {"provider": "memory"}}) as client:
        assert client.remote() is client.remote("work")


@pytest.mark.parametrize("names", [[], ["work", "home"]])
async def test_without_a_default_a_name_is_asked_for(names: list[str]) -> None:
    async with AsyncClient(False, remotes={name: {"provider": "memory"} for name in names}) as client:
        with pytest.raises(ConfigurationError, match="no default remote"):
            client.remote()


async def test_an_empty_name_is_never_the_default() -> None:
    async with AsyncClient(False, remotes={"work": {"provider": "memory"}}) as client:
        with pytest.raises(ConfigurationError, match="no remote ''"):
            client.remote("")


async def test_one_broken_remote_breaks_no_other() -> None:
    remotes = {
        "work": {"provider": "memory"},
        "typo": {"provider": "memory", "colour": "red"},
        "nowhere": {"provider": "nobody_wrote_this"},
        "keyless": {"provider": "mindcraft", "base_url": URL, "api_key": "env:NOBODY_SET_THIS"},
    }
    async with AsyncClient(False, remotes=remotes, transport=Vendor()) as client:
        for name, words in (("typo", "colour"), ("nowhere", "nobody_wrote_this"), ("keyless", "env:NOBODY_SET_THIS")):
            with pytest.raises(ConfigurationError, match=words):
                await listed(client.remote(name))
        assert await listed(client.remote("work")) == []


async def test_a_secret_is_looked_up_at_the_first_request(
    vendor: Vendor, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = tenant(client, "work", "env:THE_KEY")
    assert remote.features.send
    monkeypatch.setenv("THE_KEY", KEYS[0])

    await listed(remote)
    monkeypatch.delenv("THE_KEY")
    await listed(remote)

    assert vendor.keys == [KEYS[0]] * 2


@pytest.mark.parametrize("value", ["env:HOME", "command:id", "file:/etc/hostname"])
async def test_a_secret_value_is_never_taken_for_a_reference(vendor: Vendor, client: AsyncClient, value: str) -> None:
    await listed(tenant(client, "work", SecretStr(value)))

    assert vendor.keys == [value]


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key": "command:id"},
        {"api_key": ["id"]},
        {"api_key": "MC-1", "headers": {"X-More": "command:id"}},
        {"api_key": "MC-1", "headers": {"X-More": ["id"]}},
    ],
    ids=str,
)
async def test_a_tenant_never_runs_a_command(client: AsyncClient, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="would run a command"):
        client.connect("mindcraft", name="work", base_url=URL, **settings)

    assert tenant(client, "work", KEYS[0]).name == "work"


async def test_a_setting_that_is_a_list_is_no_command(client: AsyncClient) -> None:
    remote = client.connect("memory", name="play", replies=["command: what?"])
    conversation = await remote.create()

    assert (await remote.send(conversation, "hello")).text == "command: what?"


async def test_tenants_share_the_way_and_never_the_key(vendor: Vendor, client: AsyncClient) -> None:
    first, second = (tenant(client, f"tenant{number}", SecretStr(key)) for number, key in enumerate(KEYS))

    await asyncio.gather(*(listed(remote) for _ in range(5) for remote in (first, second)))

    assert sorted(vendor.keys) == sorted(KEYS * 5)


async def test_real_connections_are_shared_by_equal_settings() -> None:
    async with AsyncClient(False) as client:
        first, second = (tenant(client, f"tenant{number}", key)._account for number, key in enumerate(KEYS))
        other = tenant(client, "careless", KEYS[0], verify=False)._account

        transport = client._transport(first.settings)

        assert transport is client._transport(second.settings)
        assert transport is not client._transport(other.settings)


async def test_a_name_is_taken_until_its_remote_is_closed(client: AsyncClient) -> None:
    remote = tenant(client, "work", KEYS[0])
    with pytest.raises(InvalidInputError, match="already"):
        tenant(client, "work", KEYS[1])

    await remote.aclose()

    assert tenant(client, "work", KEYS[1]) is not remote


@pytest.mark.parametrize("name", ["Work", "w", "wo:rk", "../work", ""])
async def test_a_name_that_is_none_is_refused(client: AsyncClient, name: str) -> None:
    with pytest.raises(ConfigurationError):
        tenant(client, name, KEYS[0])


async def test_wrong_settings_are_refused_where_they_are_given(client: AsyncClient) -> None:
    with pytest.raises(ConfigurationError, match="colour"):
        tenant(client, "work", KEYS[0], colour="red")

    assert tenant(client, "work", KEYS[0]).name == "work"


async def test_closing_forgets_a_tenant_and_its_key(client: AsyncClient) -> None:
    key = "a key that looks like none"
    remote = tenant(client, "work", SecretStr(key))
    assert redact(key) == REDACTED

    await remote.aclose()

    assert redact(key) == key
    with pytest.raises(ConfigurationError, match="no remote 'work'"):
        client.remote("work")
    with pytest.raises(InvalidInputError, match="is closed"):
        await listed(remote)


async def test_a_configured_remote_can_be_opened_again() -> None:
    async with AsyncClient(False, remotes={"work": {"provider": "memory"}}) as client:
        closed = client.remote()
        await closed.aclose()

        assert await listed(client.remote()) == []
        assert client.remote() is not closed


async def test_a_closed_client_gives_nothing() -> None:
    client = AsyncClient(False, remotes={"work": {"provider": "memory"}})
    remote = client.remote()
    await client.aclose()
    await client.aclose()

    actions: list[Callable[[], object]] = [client.remote, lambda: client.connect("memory", name="play")]
    for action in actions:
        with pytest.raises(InvalidInputError, match="closed"):
            action()
    with pytest.raises(InvalidInputError, match="closed"):
        await listed(remote)
    with pytest.raises(InvalidInputError, match="closed"):
        await client.__aenter__()


async def test_a_file_that_is_named_like_a_remote_is_told_how_files_are_written() -> None:
    async with AsyncClient(False) as client:
        with pytest.raises(ConfigurationError) as caught:
            client.remote("./backup.db")

    assert "a file is :PROVIDER:./backup.db" in caught.value.hint


async def test_an_archive_is_made_on_the_spot(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with AsyncClient(False) as client:
        remote = client.remote(":archive:kept.db")
        conversation = await remote.create(title="Trip")

        assert remote is client.remote(":archive:kept.db")
        assert str(conversation.ref) == f":archive:kept.db:{conversation.id}"
        with pytest.raises(InvalidInputError, match="is no remote"):
            client.remote(str(conversation.ref))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("work:", ("work", None)),
        ("work:7", ("work", "7")),
        ("work:a:b", ("work", "a:b")),
        (":archive:kept.db", (":archive:kept.db", None)),
        (":archive:kept.db:7", (":archive:kept.db", "7")),
        (":archive:kept.db:a:b", (":archive:kept.db", "a:b")),
    ],
)
async def test_an_address_names_a_remote_and_perhaps_a_conversation(address: str, expected: tuple[str, str]) -> None:
    assert split_address(address) == expected


@pytest.mark.parametrize("address", ["", "work", ":", "::", ":archive", ":archive:", ":archive:kept.db:", ":x"])
async def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInputError, match="is no address"):
        split_address(address)


# The state


@pytest.fixture
def poor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let memory be like a vendor that lists nothing, keeps no titles and changes nothing in place."""
    names = ("list_conversations", "update_conversation", "delete_conversation", "edit_message")
    rows = {**dict.fromkeys(names, unsupported("no")), "create_conversation": native(fields=())}
    make = Memory.__init__

    def made(memory: Memory, *given: Any) -> None:
        make(memory, *given)
        memory.features = Memory.features.replace(**rows)

    monkeypatch.setattr(Memory, "__init__", made)


async def test_the_given_state_wins_over_the_configured_one_and_that_over_the_users(
    tmp_path: Path, user_data: Path
) -> None:
    path = tmp_path / "omnilogue.toml"
    path.write_text('[state]\nurl = "sqlite:///kept/own.db"\n')

    async with AsyncClient(path) as configured, AsyncClient(path, state="memory:") as given, AsyncClient(False) as bare:
        assert configured.state.path == tmp_path / "kept" / "own.db"
        assert given.state.path is None
        assert bare.state.path == user_data / "state.db"
    assert not (tmp_path / "kept").exists()


@pytest.mark.usefixtures("poor")
async def test_all_remotes_of_a_client_share_one_state_and_another_client_finds_it(user_data: Path) -> None:
    settings = {"work": {"provider": "memory"}, "home": {"provider": "memory"}}
    async with AsyncClient(False, remotes=settings) as client:
        await client.remote("work").create(title="T")
        await client.remote("home").create(title="U")
        assert client.state.summary().remotes == ("home", "work")

    async with AsyncClient(False) as client:
        assert client.state.summary().known == 2
        assert client.state.path == user_data / "state.db"


@pytest.mark.usefixtures("poor")
async def test_resolve_follows_a_rebuild(user_data: Path) -> None:
    remotes = {"work": {"provider": "memory"}, "home": {"provider": "memory"}}
    async with AsyncClient(False, remotes=remotes) as client:
        remote = client.remote("work")
        made = await remote.create()
        message = await remote.append(made, "one")
        change = await remote.edit(made, message.id or "", "two", allow_loss=True)

        for address in (f"work:{made.id}", made, made.ref, change.conversation):
            assert await client.resolve(address) == change.conversation
        assert await client.resolve(made, "work") == change.conversation
        with pytest.raises(NotFoundError, match="no copy of work:"):
            await client.resolve(made, "home")
        with pytest.raises(InvalidInputError, match="names no conversation"):
            await client.resolve("work:")
        with pytest.raises(ConfigurationError, match="no remote 'else'"):
            await client.resolve("else:1")
        await remote.delete(made)
        with pytest.raises(NotFoundError, match="deleted here"):
            await client.resolve(made)
    assert (user_data / "state.db").exists()


async def test_migrations_are_awaited_as_the_other_verbs_of_copying_are() -> None:
    remotes = {"work": {"provider": "memory"}, "home": {"provider": "memory"}}
    async with AsyncClient(False, remotes=remotes, state="memory:") as client:
        made = await client.remote("work").create(title="Trip")
        report = await client.copy("work:", "home:")

        [newest] = await client.migrations()
        found = await client.migration(newest.migration)

        assert (newest.migration, newest.state) == (report.migration, "done")
        assert [item.source for item in found.items or ()] == [str(made.ref)]


@pytest.mark.usefixtures("poor")
def test_the_sync_client_keeps_the_same(user_data: Path) -> None:
    with Client(False, remotes={"work": {"provider": "memory"}}) as client:
        made = client.remote().create(title="T")
        assert [item.title for item in client.remote().conversations()] == ["T"]
        client.remote().delete(made)
        assert [item.title for item in client.remote().adopt([made.id])] == ["T"]
        assert client.remote().resolve(made) == client.resolve(f"work:{made.id}") == made.ref
    assert (user_data / "state.db").exists()


async def test_a_state_nobody_can_read_stops_nobody_who_needs_none(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database, whatever it may be " * 99)
    settings = {"work": {"provider": "memory"}}
    async with AsyncClient(False, remotes=settings, state=f"sqlite:///{tmp_path / 'state.db'}") as client:
        await client.remote().send(await client.remote().create(), "hello")
        with pytest.raises(StateError, match="not a database"):
            client.state.summary()


@pytest.mark.parametrize("url", ["postgresql://host/x", "sqlite:state.db"])
def test_a_state_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigurationError, match="sqlite:///PATH"):
        AsyncClient(False, state=url)
