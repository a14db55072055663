"""What an application's tests use memory for: replies that are told beforehand, and faults."""

from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from omnilogue import (
    AsyncClient,
    AsyncRemote,
    ConfigurationError,
    ConversationBusyError,
    LossRefusedError,
    Message,
    NotFoundError,
    OmnilogueError,
    OutcomeUnknownError,
    RateLimitError,
    StreamInterruptedError,
    UnsupportedOperationError,
)
from omnilogue.errors import BY_CODE, ProviderError
from omnilogue.model import FilePart
from omnilogue.provider import Features, Provider, ProviderInfo, ProviderSettings, native
from omnilogue.remote.grades import effective

pytestmark = pytest.mark.anyio


def remote_with(settings: Mapping[str, Any]) -> AsyncRemote:
    return AsyncClient(False, remotes={"chat": {"provider": "memory", "settle": 0, **settings}}).remote()


async def said(remote: AsyncRemote, conversation: Any) -> list[tuple[str, str]]:
    return [(message.role, message.text) async for message in remote.messages(conversation)]


async def test_without_replies_it_echoes_with_a_number() -> None:
    remote = remote_with({})
    conversation = await remote.create()

    assert (await remote.send(conversation, "Where to?")).text == "Answer 1 to: Where to?"
    assert (await remote.send(conversation, "And then?")).text == "Answer 2 to: And then?"
    assert (await remote.regenerate(conversation)).text == "Answer 3 to: And then?"


async def test_replies_are_given_in_turn_over_and_over() -> None:
    remote = remote_with({"replies": ["Lisbon.", "Rome."]})
    conversation, other = await remote.create(), await remote.create()

    texts = [(await remote.send(place, "Where to?")).text for place in (conversation, other, conversation)]

    assert texts == ["Lisbon.", "Rome.", "Lisbon."]


async def test_a_streamed_reply_comes_word_by_word() -> None:
    remote = remote_with({"replies": ["To Lisbon, in May."]})
    conversation = await remote.create()

    async with remote.stream(conversation, "Where to?") as stream:
        pieces = [piece async for piece in stream.text()]

    assert pieces == ["To", " Lisbon,", " in", " May."]
    assert stream.reply.usage is not None
    assert (stream.reply.usage.input_tokens, stream.reply.usage.output_tokens) == (2, 4)


async def test_a_fault_fails_the_next_send_only_and_stores_nothing() -> None:
    remote = remote_with({"faults": ["rate_limit"]})
    conversation = await remote.create()

    with pytest.raises(RateLimitError) as caught:
        await remote.send(conversation, "Where to?")

    assert (caught.value.outcome, caught.value.retryable, caught.value.provider) == ("rejected", True, "memory")
    assert caught.value.is_safe_to_retry
    assert await said(remote, conversation) == []
    assert (await remote.send(conversation, "Where to?")).text == "Answer 1 to: Where to?"


async def test_faults_come_in_turn() -> None:
    remote = remote_with({"faults": ["quota", "server", "content_filtered"]})
    conversation = await remote.create()
    codes = []
    for _ in range(3):
        with pytest.raises(ProviderError) as caught:
            await remote.send(conversation, "Where to?")
        codes.append(caught.value.code)

    assert codes == ["quota", "server", "content_filtered"]


async def test_a_broken_stream_brings_half_of_the_reply_and_leaves_the_turn() -> None:
    remote = remote_with({"replies": ["one two three four"], "faults": ["stream_broken"]})
    conversation = await remote.create()

    pieces: list[str] = []
    with pytest.raises(StreamInterruptedError) as caught:
        async with remote.stream(conversation, "Count?") as stream:
            pieces += [piece async for piece in stream.text()]

    assert caught.value.partial is not None
    assert caught.value.partial.text == "one two"
    assert await said(remote, conversation) == [("user", "Count?")]
    assert (await remote.regenerate(conversation)).text == "one two three four"


async def test_an_unknown_outcome_is_told_and_not_repeated() -> None:
    remote = remote_with({"faults": ["outcome_unknown"]})
    conversation = await remote.create()

    with pytest.raises(OutcomeUnknownError) as caught:
        await remote.send(conversation, "Where to?")

    assert (caught.value.outcome, caught.value.is_safe_to_retry) == ("unknown", False)
    assert await said(remote, conversation) == []


CODES = sorted(code for code, kind in BY_CODE.items() if issubclass(kind, ProviderError) and code != "busy")


@pytest.mark.parametrize("code", CODES)
async def test_every_code_of_a_vendor_can_be_asked_for(code: str) -> None:
    remote = remote_with({"faults": [code]})
    conversation = await remote.create()

    with pytest.raises(OmnilogueError) as caught:
        await remote.send(conversation, "Where to?", timeout=5)

    assert (caught.value.code, type(caught.value)) == (code, BY_CODE[code])


async def test_a_busy_vendor_is_waited_for_unless_that_is_refused() -> None:
    remote = remote_with({"faults": ["busy", "busy"]})
    conversation = await remote.create()

    with pytest.raises(ConversationBusyError):
        await remote.send(conversation, "Where to?", busy="reject")
    assert (await remote.send(conversation, "Where to?")).text == "Answer 1 to: Where to?"


async def test_a_fault_that_is_no_code_is_refused_with_those_there_are() -> None:
    remote = remote_with({"faults": ["rate_limits"]})

    with pytest.raises(ConfigurationError, match="'rate_limits' is no error code; known: auth"):
        await remote.create()


async def test_nothing_is_kept_after_closing() -> None:
    async with AsyncClient(False, remotes={"chat": {"provider": "memory"}}) as client:
        await client.remote().create(title="Trip")
    async with AsyncClient(False, remotes={"chat": {"provider": "memory"}}) as client:
        assert [found async for found in client.remote().conversations()] == []


async def test_two_remotes_share_nothing() -> None:
    settings = {"provider": "memory"}
    async with AsyncClient(False, remotes={"one": settings, "two": settings}) as client:
        await client.remote("one").create(title="Trip")

        assert [found async for found in client.remote("two").conversations()] == []


# Like another provider

KEEPS_LITTLE = Features(
    get_conversation=native(),
    create_conversation=native(fields=()),
    list_messages=native(),
    append_user=native(),
    append_assistant=native(),
    send=native(fields=("model",)),
    regenerate=native(),
    choose_model=native(),
)


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider `odd` that memory can be like."""
    provider = type("Odd", (Provider,), {"features": KEEPS_LITTLE})
    info = ProviderInfo("odd", "Odd", provider, ProviderSettings)
    monkeypatch.setattr("omnilogue_memory.provider.Plugins", lambda: SimpleNamespace(provider={"odd": info}.get))


def like(name: str) -> AsyncClient:
    return AsyncClient(False, remotes={"chat": {"provider": "memory", "like": name}}, state="memory:")


@pytest.mark.parametrize("name", ["archive", "mindcraft", "memory"])
async def test_it_has_the_grades_of_the_one_it_is_like(name: str) -> None:
    async with like(name) as client, AsyncClient(False) as other:
        remote = client.remote()
        declared = other.plugins.provider(name).provider.features
        assert {row: remote.features[row] for row in remote.features} == dict(effective(declared))
        made = await remote.create(title="T")
        await remote.append(made, "hello")
        assert await said(remote, made) == [("user", "hello")]


async def test_it_keeps_of_a_message_what_the_other_keeps() -> None:
    async with like("minimax") as client:
        remote = client.remote()
        made = await remote.create()
        given = Message.user("hi").model_copy(update={"model": "m", "metadata": {"a": "1"}, "raw": {"b": 2}})
        stored = await remote.append(made, given)

        assert (stored.text, stored.metadata, stored.model, stored.raw) == ("hi", {"a": "1"}, None, {})


@pytest.mark.parametrize("name", ["archive", "mindcraft"])
async def test_what_the_other_refuses_it_refuses(name: str) -> None:
    async with like(name) as client:
        remote = client.remote()
        made = await remote.create()
        refused: dict[str, Callable[[], Awaitable[object]]] = {
            "archive": lambda: remote.send(made, "hello"),
            "mindcraft": lambda: remote.append(made, Message(role="user", parts=(FilePart(file_id="f"),))),
        }
        with pytest.raises(UnsupportedOperationError):
            await refused[name]()


@pytest.mark.usefixtures("odd")
async def test_it_is_completed_by_the_state_as_the_other_would_be() -> None:
    async with like("odd") as client:
        remote = client.remote()
        with pytest.raises(LossRefusedError, match="instructions"):
            await remote.create(title="T", instructions="I")
        made = await remote.create(title="T", metadata={"a": 1})
        message = await remote.append(made, "hello")
        change = await remote.edit(made, message.id or "", "hi", allow_loss=True)

        assert change.conversation != made.ref
        assert [item.title async for item in remote.conversations()] == ["T"]
        reply = await remote.send(made, "And?")
        again = await remote.regenerate(made)
        assert (again.effect, again.messages[0].id) == ("replaced", reply.messages[0].id)
        assert again.text != reply.text
        await remote.delete(made)
        with pytest.raises(NotFoundError, match="deleted here"):
            await remote.conversation(made)


async def test_there_must_be_such_a_provider() -> None:
    async with like("nobody") as client:
        with pytest.raises(ConfigurationError, match="nobody"):
            _ = client.remote().features


async def test_a_scripted_reply_calls_a_tool_and_says_what_it_said() -> None:
    def clock(zone: str = "UTC") -> str:
        return f"12:00 {zone}"

    scripted = 'It is [tool clock {"zone": "CET"}] and [tool clock], not [tool sundial].'
    async with AsyncClient(False, remotes={"chat": {"provider": "memory", "replies": [scripted]}}) as client:
        remote = client.remote()
        conversation = await remote.create()
        reply = await remote.send(conversation, "What time is it?", tools=[clock])
        plain = await remote.send(conversation, "And now?")

        assert reply.text == "It is 12:00 CET and 12:00 UTC, not [tool sundial]."
        assert [part.type for part in reply.messages[0].parts] == [*("tool_call", "tool_result") * 2, "text"]
        assert plain.text == scripted
