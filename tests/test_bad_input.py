"""What cannot be meant is one clear error, and nothing is asked of the vendor, or nothing changes there."""

import math
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from omnilogue import (
    AsyncClient,
    AsyncRemote,
    AuthenticationError,
    ConfigurationError,
    Conversation,
    InvalidInputError,
    NotFoundError,
    OmnilogueError,
)
from omnilogue_mindcraft.emulator import API_KEY, MindCraftEmulator

pytestmark = pytest.mark.anyio

PROVIDERS = ("mindcraft", "archive", "memory")
STRANGE_IDS = {
    "unknown": "999999",
    "above": "../x",
    "path": "a/b",
    "query": "1?",
    "fragment": "1#",
    "encoded": "%2f",
    "address": "https://evil.example/1",
    "line ends": "1\r\nX-Injected: yes",
    "long": "9" * 100_000,
    "surrogate": "\ud800",
    "zero byte": "1\0",
    "digits of another script": "١٢",
}
HALF = "half \ud800 of a pair"

Act = Callable[[AsyncRemote, Any, str], Coroutine[Any, Any, object]]


async def listed(remote: AsyncRemote, conversation: Any, _: str) -> object:
    return [message async for message in remote.messages(conversation)]


VERBS: dict[str, Act] = {
    "conversation": lambda remote, conversation, _: remote.conversation(conversation),
    "update": lambda remote, conversation, _: remote.update(conversation, title="x"),
    "delete": lambda remote, conversation, _: remote.delete(conversation),
    "messages": listed,
    "message": lambda remote, conversation, message: remote.message(conversation, message),
    "append": lambda remote, conversation, _: remote.append(conversation, "x"),
    "edit": lambda remote, conversation, message: remote.edit(conversation, message, "x"),
    "delete_message": lambda remote, conversation, message: remote.delete_message(conversation, message),
    "clear": lambda remote, conversation, _: remote.clear(conversation),
    "send": lambda remote, conversation, _: remote.send(conversation, "x"),
    "regenerate": lambda remote, conversation, _: remote.regenerate(conversation),
}
OF_MESSAGES = ("message", "edit", "delete_message")


class Place(NamedTuple):
    """A remote with one conversation of one message, and how many requests its vendor saw."""

    remote: AsyncRemote
    conversation: Conversation
    message: str
    requests: Callable[[], int]

    async def contents(self) -> list[object]:
        """Give all there is at the vendor."""
        return [
            (item, [message async for message in self.remote.messages(item)])
            async for item in self.remote.conversations()
        ]


@pytest.fixture(scope="module")
def vendor() -> Iterator[MindCraftEmulator]:
    with MindCraftEmulator() as emulator:
        yield emulator


@pytest.fixture(params=PROVIDERS)
async def place(request: Any, vendor: MindCraftEmulator, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Place]:
    settings: dict[str, dict[str, Any]] = {
        "mindcraft": {**vendor.settings, "max_attempts": 1},
        "archive": {"path": str(tmp_path / "kept.db")},
        "memory": {},
    }
    async with AsyncClient(False, remotes={"work": {"provider": request.param, **settings[request.param]}}) as client:
        remote = client.remote()
        conversation = await remote.create(title="Trip")
        message = await remote.append(conversation, "hello")
        yield Place(remote, conversation, message.id or "", lambda: len(vendor.journal))
        await remote.delete(conversation)


async def refused(place: Place, action: Coroutine[Any, Any, object]) -> OmnilogueError:
    """Give the one error, in one line, after seeing that nothing changed."""
    before = await place.contents()
    with pytest.raises(OmnilogueError) as raised:
        await action
    assert await place.contents() == before
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 1000
    assert raised.value.code != "plugin_contract"
    return raised.value


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("identifier", STRANGE_IDS.values(), ids=STRANGE_IDS)
async def test_a_conversation_that_cannot_be_there_is_refused(place: Place, verb: str, identifier: str) -> None:
    error = await refused(place, VERBS[verb](place.remote, identifier, place.message))

    assert error.code in {"not_found", "invalid_input", "unsupported"}


@pytest.mark.parametrize("verb", OF_MESSAGES)
@pytest.mark.parametrize("identifier", STRANGE_IDS.values(), ids=STRANGE_IDS)
async def test_a_message_that_cannot_be_there_is_refused(place: Place, verb: str, identifier: str) -> None:
    error = await refused(place, VERBS[verb](place.remote, place.conversation, identifier))

    assert isinstance(error, (NotFoundError, InvalidInputError))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("identifier", ["", " ", "\n", None, 1, b"1"])
async def test_what_is_no_id_never_leaves(place: Place, verb: str, identifier: Any) -> None:
    before = place.requests()

    with pytest.raises(InvalidInputError, match="is no conversation id"):
        await VERBS[verb](place.remote, identifier, place.message)

    assert place.requests() == before


@pytest.mark.parametrize("verb", OF_MESSAGES)
async def test_an_empty_message_id_is_never_the_whole_conversation(place: Place, verb: str) -> None:
    before = place.requests()

    with pytest.raises(InvalidInputError, match="is no message id"):
        await VERBS[verb](place.remote, place.conversation, "")

    assert place.requests() == before


@pytest.mark.parametrize("verb", VERBS)
async def test_a_conversation_of_another_remote_is_refused(place: Place, verb: str) -> None:
    before = place.requests()

    with pytest.raises(InvalidInputError, match="is a conversation of 'other'"):
        await VERBS[verb](place.remote, place.conversation.model_copy(update={"remote": "other"}), place.message)

    assert place.requests() == before


WRONG: dict[str, Callable[[Place], Coroutine[Any, Any, object]]] = {
    "empty append": lambda at: at.remote.append(at.conversation, ""),
    "white append": lambda at: at.remote.append(at.conversation, " \n"),
    "append of nothing": lambda at: at.remote.append(at.conversation, []),
    "append of None": lambda at: at.remote.append(at.conversation, None),  # type: ignore[call-overload]
    "append of a number": lambda at: at.remote.append(at.conversation, 5),  # type: ignore[call-overload]
    "append of bytes": lambda at: at.remote.append(at.conversation, b"x"),  # type: ignore[arg-type]
    "append of half a pair": lambda at: at.remote.append(at.conversation, HALF),
    "append of too much": lambda at: at.remote.append(at.conversation, "x" * (64 * 1024 * 1024 + 1)),
    "append in a role nobody has": lambda at: at.remote.append(at.conversation, "x", role="emperor"),
    "empty edit": lambda at: at.remote.edit(at.conversation, at.message, ""),
    "edit to half a pair": lambda at: at.remote.edit(at.conversation, at.message, HALF),
    "edit to too much": lambda at: at.remote.edit(at.conversation, at.message, "x" * (64 * 1024 * 1024 + 1)),
    "title of half a pair": lambda at: at.remote.create(title=HALF),
    "title that is no text": lambda at: at.remote.create(title=5),  # type: ignore[arg-type]
    "metadata of half a pair": lambda at: at.remote.create(metadata={"a": HALF}),
    "key of half a pair": lambda at: at.remote.create(metadata={HALF: 1}),
    "metadata that is no number": lambda at: at.remote.create(metadata={"a": math.nan}),
    "metadata without end": lambda at: at.remote.create(metadata={"a": math.inf}),
    "metadata that is no JSON": lambda at: at.remote.create(metadata={"a": object()}),  # type: ignore[dict-item]
    "metadata that is no mapping": lambda at: at.remote.create(metadata=["a"]),  # type: ignore[arg-type]
    "metadata under our key": lambda at: at.remote.create(metadata={"_omnilogue": "x"}),
    "update of nothing": lambda at: at.remote.update(at.conversation),
    "update to no number": lambda at: at.remote.update(at.conversation, metadata={"a": math.nan}),
    "update of a pin that is none": lambda at: at.remote.update(at.conversation, pinned="maybe"),  # type: ignore[arg-type]
    "timeout of nothing": lambda at: at.remote.conversation(at.conversation, timeout=0),
    "timeout in the past": lambda at: at.remote.conversation(at.conversation, timeout=-1),
    "timeout that is no number": lambda at: at.remote.conversation(at.conversation, timeout=math.nan),
    "timeout that is text": lambda at: at.remote.conversation(at.conversation, timeout="1"),  # type: ignore[arg-type]
    "limit below zero": lambda at: listed_with(at, limit=-1),
    "order nobody knows": lambda at: listed_with(at, order="random"),
    "send of nothing": lambda at: at.remote.send(at.conversation, ""),
    "send of None": lambda at: at.remote.send(at.conversation, None),  # type: ignore[arg-type]
    "send of no parts": lambda at: at.remote.send(at.conversation, ()),
    "send of half a pair": lambda at: at.remote.send(at.conversation, HALF),
    "send of too much": lambda at: at.remote.send(at.conversation, "x" * (64 * 1024 * 1024 + 1)),
    "send with no tokens": lambda at: at.remote.send(at.conversation, "x", max_output_tokens=0),
    "send too hot": lambda at: at.remote.send(at.conversation, "x", temperature=math.inf),
    "send of a number": lambda at: at.remote.send(at.conversation, 5),  # type: ignore[arg-type]
    "send with an option nobody knows": lambda at: at.remote.send(at.conversation, "x", colour="red"),  # type: ignore[call-arg]
    "send while busy in a way nobody knows": lambda at: at.remote.send(at.conversation, "x", busy="shove"),  # type: ignore[arg-type]
}


async def listed_with(place: Place, **given: Any) -> object:
    return [message async for message in place.remote.messages(place.conversation, **given)]


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_cannot_be_meant_is_refused_before_a_request(place: Place, wrong: str) -> None:
    before, requests = await place.contents(), place.requests()
    asked_for_contents = place.requests() - requests

    with pytest.raises(OmnilogueError) as raised:
        await WRONG[wrong](place)

    assert raised.value.code in {"invalid_input", "unsupported"}
    assert str(raised.value).isprintable()
    assert place.requests() == requests + asked_for_contents
    assert await place.contents() == before


def remote_of(vendor: MindCraftEmulator, **settings: Any) -> dict[str, dict[str, Any]]:
    return {"work": {"provider": "mindcraft", **vendor.settings, **settings}}


async def test_a_wrong_key_is_told(vendor: MindCraftEmulator) -> None:
    wrong = API_KEY[:-1] + "0"

    async with AsyncClient(False, remotes=remote_of(vendor, api_key=wrong)) as client:
        with pytest.raises(AuthenticationError) as raised:
            await client.remote().create(title="Trip")

    assert raised.value.outcome == "rejected"
    assert wrong not in repr(raised.value.to_dict())


@pytest.mark.parametrize("key", ["MC-ключ-0123456789", "MC-0123\r\nX-Injected: yes", "MC-0123 ", "MC-\ud800-01234"])
async def test_a_key_that_no_header_can_hold_never_leaves(vendor: MindCraftEmulator, key: str) -> None:
    before = len(vendor.journal)

    async with AsyncClient(False, remotes=remote_of(vendor, api_key=key)) as client:
        with pytest.raises(ConfigurationError) as raised:
            await client.remote().create(title="Trip")

    assert len(vendor.journal) == before
    assert raised.value.code == "secret"
    assert key not in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"api_key": "env:NOBODY_SET_THIS"}, "env:NOBODY_SET_THIS"), ({"api_key": "file:/no/such/file"}, "no such file")],
)
async def test_a_missing_key_is_told_by_its_reference(
    vendor: MindCraftEmulator, settings: dict[str, str], words: str
) -> None:
    before = len(vendor.journal)

    async with AsyncClient(False, remotes=remote_of(vendor, **settings)) as client:
        with pytest.raises(ConfigurationError, match=words):
            await client.remote().create(title="Trip")

    assert len(vendor.journal) == before


@pytest.mark.parametrize("name", ["other", "", "work:", ":archive:", ":archive", "::", ":archive:a:b", "../x"])
async def test_a_remote_nobody_knows_is_refused(vendor: MindCraftEmulator, name: str) -> None:
    async with AsyncClient(False, remotes=remote_of(vendor)) as client:
        with pytest.raises((ConfigurationError, InvalidInputError)) as raised:
            client.remote(name)

    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    "settings",
    [
        {"api_kee": "x"},
        {"base_url": "not an address"},
        {"base_url": "http://chat.example.com/"},
        {"rate": "often"},
        {"timeout": -1},
        {"persist": "nowhere"},
        {"settle": "soon"},
        {"models": ["fast"]},
        {"defaults": {"colour": "red"}},
    ],
    ids=str,
)
async def test_a_wrong_setting_is_told_at_first_use(vendor: MindCraftEmulator, settings: dict[str, Any]) -> None:
    before = len(vendor.journal)

    async with AsyncClient(False, remotes=remote_of(vendor, **settings)) as client:
        with pytest.raises(ConfigurationError, match=next(iter(settings))):
            await client.remote().create(title="Trip")

    assert len(vendor.journal) == before
