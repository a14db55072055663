"""What verbs can be given, and what it becomes."""

from typing import Any

import pytest

from omnilogue import Conversation, InvalidInputError, Message, TextPart
from omnilogue.model import ConversationRef, ImagePart
from omnilogue.remote import options

pytestmark = pytest.mark.anyio

IMAGE = ImagePart(url="https://example.com/a.png")


async def test_the_applications_words_for_models_become_the_vendors(remote_of: Any) -> None:
    remote = remote_of(models={"fast": "abab6.5s-chat"})

    conversation = await remote.create(model="fast")
    assert conversation.model == "abab6.5s-chat"
    assert (await remote.update(conversation, model="slow")).model == "slow"
    await remote.send(conversation, "hello", model="fast")
    assert remote.vendor.turns[-1].model == "abab6.5s-chat"


async def test_the_remotes_defaults_go_with_each_turn_unless_others_are_given(remote_of: Any) -> None:
    defaults = {"model": "fast", "max_output_tokens": 800, "temperature": 0.5, "instructions": "Be brief."}
    remote = remote_of(models={"fast": "abab"}, defaults=defaults)
    conversation = await remote.create()

    await remote.send(conversation, "hello")
    await remote.send(conversation, "hello", temperature=0, max_output_tokens=10, model="own")
    await remote.send(conversation, "hello", model=None, instructions="")

    first, second, third = remote.vendor.turns
    assert (first.model, first.max_output_tokens, first.temperature) == ("abab", 800, 0.5)
    assert (second.model, second.max_output_tokens, second.temperature) == ("own", 10, 0)
    assert (third.model, third.instructions) == ("abab", None)
    assert first.instructions == "Be brief."


@pytest.mark.parametrize("busy", ["reject", "cancel"])
async def test_a_default_way_to_be_busy_is_taken(remote_of: Any, busy: str) -> None:
    asked = options.asked("send", "x", {}, remote_of(defaults={"busy": busy})._account.settings)

    assert asked.busy == busy


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("hello", (TextPart(text="hello"),)),
        (TextPart(text="hello"), (TextPart(text="hello"),)),
        (IMAGE, (IMAGE,)),
        (["look", IMAGE], (TextPart(text="look"), IMAGE)),
        (("a", "b"), (TextPart(text="a"), TextPart(text="b"))),
    ],
)
async def test_content_is_text_a_part_or_a_list_of_them(content: Any, parts: tuple[Any, ...]) -> None:
    assert options.parts_of(content) == parts


@pytest.mark.parametrize("content", ["", " \n\t", [], [""], None, 5, b"x", {"a": 1}, object(), [5], Message.user("x")])
async def test_what_is_no_content_is_refused(content: Any) -> None:
    with pytest.raises(InvalidInputError):
        options.parts_of(content)


async def test_text_is_counted_in_bytes() -> None:
    parts = options.parts_of(["海", "海"])

    options.require_text(parts, 6)
    with pytest.raises(InvalidInputError, match="6 bytes"):
        options.require_text(parts, 5)


@pytest.mark.parametrize(
    "given",
    ["c1", ConversationRef(remote="work", id="c1"), Conversation(id="c1", remote="work"), Conversation(id="c1")],
)
async def test_a_conversation_may_be_given_in_three_ways(given: Any) -> None:
    assert options.conversation_id("work", given) == "c1"


async def test_an_option_nobody_knows_is_named_with_those_that_are(remote: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"knows no option 'colour'.*temperature"):
        await remote.send("c1", "x", colour="red")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"temperature": -1}, "temperature"),
        ({"temperature": "warm"}, "temperature"),
        ({"model": 5}, "model"),
        ({"tools": [{"a": 1}]}, "a tool has no 'a'"),
        ({"tools": [{"name": "clock", "parameters": {"a": float("nan")}}]}, "tool clock"),
        ({"tools": [{"name": "clock", "description": "\ud800"}]}, "surrogate"),
        ({"metadata": {"_omnilogue": "x"}}, "metadata keys"),
        ({"metadata": {"": "x"}}, "metadata keys"),
        ({"busy": "maybe"}, "busy"),
    ],
)
async def test_an_option_that_cannot_be_meant_is_named(remote: Any, given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        await remote.send("c1", "x", **given)

    assert remote.vendor.calls == []


async def test_an_error_about_input_never_shows_the_input(remote: Any) -> None:
    with pytest.raises(InvalidInputError) as raised:
        await remote.create(title=["canary"])

    assert "canary" not in str(raised.value)


async def test_a_role_nobody_has_is_refused(remote: Any) -> None:
    with pytest.raises(InvalidInputError, match="role"):
        await remote.append("c1", "x", role="emperor")
