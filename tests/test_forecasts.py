"""What a message is expected to become on a remote is what the remote then has."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from omnilogue import AsyncClient, AsyncRemote
from omnilogue.mapping.expected import CopyOptions, expected, expected_draft
from omnilogue.migrate.digest import digest
from omnilogue.model import (
    AudioPart,
    Citation,
    Conversation,
    DataPart,
    FilePart,
    ImagePart,
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from omnilogue.remote.landing import Landing

pytestmark = pytest.mark.anyio

CITATIONS = tuple(Citation(start=0, end=4, quote="q" * 300, url=f"https://example.com/{n}") for n in range(2))
MANY = tuple(Citation(start=0, end=4, quote="q" * 900) for _ in range(30))
CITED = TextPart(text="Mild.", citations=CITATIONS)
PAIRS: dict[str, Any] = {f"key{n}": "v" * 500 for n in range(20)}
FULL: dict[str, Any] = {
    "id": "m1",
    "created_at": datetime(2020, 1, 1, tzinfo=UTC),
    "model": "m",
    "status": "partial",
    "usage": Usage(input_tokens=1),
    "metadata": {"a": 1, "long": "x" * 600, "k" * 70: "y", "json": "json:1"},
    "raw": {"mood": 1},
}
PARTS = (
    TextPart(text="e\u0301 \u202e\U0001f9f3\r\n"),
    ReasoningPart(text="hm"),
    ImagePart(name="a.png", data=b"png"),
    AudioPart(name="a.wav", data=b"wav"),
    FilePart(name="a.txt", data=b"txt"),
    ToolCallPart(id="c", name="clock", arguments={"b": 1, "a": [None]}),
    ToolResultPart(call_id="c", content={"time": "12:00"}),
    DataPart(kind="poll", value=[1]),
    TextPart(text="end"),
)
ROLES = ("user", "assistant", "system", "developer", "tool", "other:narrator")
CORPUS = [
    *(Message.of(role, f"I am {role}.") for role in ROLES),
    *(Message(role=role, parts=PARTS, **FULL) for role in ROLES),
    *(Message(role="user", parts=(part,)) for part in PARTS),
    *(
        Message(role="assistant", parts=(cited,), metadata=PAIRS)
        for cited in (CITED, TextPart(text="x", citations=MANY))
    ),
    Message(role="user"),
    Message.user(" \n"),
    Message.user("half a pair \ud83d"),
    Message(role="user", parts=(TextPart(text="x"),), metadata={"a": "\ud83d", "": 1, "_omnilogue": 2}),
    Message.user("\U0001f9f3" * (1024 * 1024 + 1)),
]
"""Messages that hold all that can be lost."""

CONVERSATION = Conversation(
    id="c1",
    title="T" * 600,
    instructions="Be brief.",
    model="m",
    metadata={"title": "x", "k" * 64: "y", **PAIRS},
    raw={"mood": [1]},
)


@pytest.fixture(params=["memory", "archive", "mindcraft", "minimax"])
def settings(request: pytest.FixtureRequest, omnilogue_emulator: Callable[..., Any], tmp_path: Path) -> dict[str, Any]:
    own = {"memory": {}, "archive": {"path": str(tmp_path / "a.db")}}
    provider = request.param
    return {"provider": provider, **(own[provider] if provider in own else omnilogue_emulator(provider).settings)}


async def test_a_remote_takes_what_is_expected_and_has_it_then(settings: dict[str, Any]) -> None:
    async with AsyncClient(False, remotes={"target": settings}, state="memory:") as client:
        remote = client.remote()
        draft = expected_draft(CONVERSATION, remote.features, CopyOptions()).draft
        made = await Landing.on(remote).create(draft)
        wanted = [becomes for message in CORPUS if (becomes := expected(message, remote.features).message)]
        for message in wanted:
            await remote.append(made, message)

        assert [told(message) for message in await listed(remote, made)] == [told(message) for message in wanted]
        kept = await remote.conversation(made.id)
        assert (kept.title, kept.metadata) == (draft.title, draft.metadata)
        assert kept.raw.items() >= draft.raw.items()


async def listed(remote: AsyncRemote, conversation: Conversation) -> list[Message]:
    return [message async for message in remote.messages(conversation)]


def told(message: Message) -> tuple[object, ...]:
    cited = sum([len(part.citations) for part in message.parts if isinstance(part, TextPart)])
    return digest(message), message.metadata, message.model, message.status, message.usage, cited
