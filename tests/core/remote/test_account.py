"""What stands behind a remote: opened at first use, and forgotten when closed."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from omnilogue import AsyncRemote, ConfigurationError, PluginError
from omnilogue.http import Secret, SystemClock
from omnilogue.log import REDACTED, redact
from omnilogue.model import Message, Page
from omnilogue.provider import Features, Provider, ProviderInfo, ProviderSettings, Query, native
from omnilogue.remote import Account
from omnilogue.remote.account import REMEMBERED, secrets_of

pytestmark = pytest.mark.anyio

KEY = "canary-0123456789"


class Nested(BaseModel):
    model_config = ConfigDict(frozen=True)

    token: Secret


class KeySettings(ProviderSettings):
    key: Secret
    more: list[Nested] = Field(default_factory=list)
    named: dict[str, Secret] = Field(default_factory=dict)


class Plain(Provider[KeySettings]):
    features = Features(list_messages=native())
    failure: Exception | None = None

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        return Page()

    async def aclose(self) -> None:
        if self.failure:
            raise self.failure


class BadlyClosing(Plain):
    failure = ValueError("cannot")


class BadlyOpening(Plain):
    def __init__(self, settings: Any, context: Any) -> None:
        raise KeyError(KEY)


async def test_closing_forgets_the_secrets(remote_of: Any) -> None:
    remote = remote_of(Plain, kind=KeySettings, key=SecretStr(KEY))
    await remote.messages("c1").next_page()
    assert redact(KEY) == REDACTED

    await remote.aclose()

    assert redact(KEY) == KEY
    assert remote._account.settings.key.reveal() == ""


async def test_a_provider_that_closes_badly_keeps_no_secret(remote_of: Any) -> None:
    remote = remote_of(BadlyClosing, kind=KeySettings, key=SecretStr(KEY))
    await remote.messages("c1").next_page()

    await remote.aclose()

    assert redact(KEY) == KEY


async def test_a_provider_that_opens_badly_is_at_fault(remote_of: Any) -> None:
    remote = remote_of(BadlyOpening, kind=KeySettings, key=SecretStr(KEY))

    with pytest.raises(PluginError) as raised:
        await remote.messages("c1").next_page()

    assert raised.value.code == "plugin_contract"
    assert KEY not in str(raised.value)
    assert raised.value.__context__ is None
    await remote.aclose()


async def test_secrets_are_found_however_deep() -> None:
    settings = KeySettings.model_validate({"key": "one111", "more": [{"token": "two222"}], "named": {"a": "three3"}})

    assert [secret.reveal() for secret in secrets_of(settings)] == ["one111", "two222", "three3"]
    for secret in secrets_of(settings):
        secret.forget()


async def test_nothing_is_described_before_the_first_use() -> None:
    described: list[str] = []

    def describe() -> tuple[ProviderInfo, ProviderSettings]:
        described.append("now")
        raise ConfigurationError("no such plugin")

    remote = AsyncRemote(Account("work", describe, lambda _: pytest.fail("no transport"), SystemClock()))

    assert (repr(remote), described) == ("AsyncRemote('work')", [])
    for timeout in (5, None):
        with pytest.raises(ConfigurationError, match="no such plugin"):
            await remote.conversation("c1", timeout=timeout)
    await remote.aclose()


async def test_only_so_many_conversations_are_remembered(remote: Any) -> None:
    account = remote._account
    for number in range(REMEMBERED + 10):
        account.remember(f"c{number}", "m1")
    account.remember("c10", "m2")

    assert len(account.seen) == REMEMBERED
    assert "c9" not in account.seen
    assert next(reversed(account.seen)) == "c10"


@pytest.mark.parametrize("messages", [[], [Message.user("x")]])
async def test_what_was_stored_without_an_id_is_no_baseline(remote: Any, messages: list[Message]) -> None:
    remote._account.remember("c1", "m1")

    remote._account.saw("c1", messages)

    assert "c1" not in remote._account.seen
