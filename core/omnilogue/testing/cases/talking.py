"""Turns that are answered: stored once, answered once, in order; and asked again."""

from __future__ import annotations

import asyncio
from typing import Any

from ...errors import InvalidInputError, NotFoundError, OmnilogueError, UnsupportedOperationError
from ...model import Message, Reply
from ..case import case
from ..expecting import expect, expect_equal, expect_error
from ..scene import Scene
from ..verbs import TOOL

OPTIONS: dict[str, Any] = {
    "model": "another-model",
    "instructions": "Be brief.",
    "max_output_tokens": 64,
    "temperature": 0.5,
    "tools": [TOOL],
    "metadata": {"color": "blue"},
}
"""Each option of a turn with a value that can be meant."""

NEEDS = {"model": "choose_model", "metadata": "message_metadata", "tools": "tool_calls"}


@case("send")
async def send_stores_the_turn_and_its_reply_once(scene: Scene) -> None:
    """The conversation has the turn and the reply, each once; the reply tells what is stored."""
    conversation = await scene.conversation()
    reply = await scene.remote.send(conversation, f"Hello {scene.word}?", allow_loss=True)

    _expect_reply(reply)
    expect_equal(reply.effect, "new", "effect of a send")
    messages = await scene.messages(conversation)
    expect_equal([(messages[0].role, messages[0].text)], [("user", f"Hello {scene.word}?")], "the turn that is stored")
    _expect_stored(messages[1:], reply)


@case("send")
async def send_goes_on(scene: Scene) -> None:
    """A second turn comes behind the first, which stays as it was."""
    conversation = await scene.conversation()
    first = await scene.remote.send(conversation, "First?", allow_loss=True)
    before = await scene.said(conversation)
    second = await scene.remote.send(conversation, "Second?", allow_loss=True)

    said = await scene.said(conversation)
    expect_equal(said[: len(before)], before, "messages of the first turn after the second")
    expect_equal(said[len(before)], ("user", "Second?"), "the second turn")
    expect_equal(len(said), len(before) + 1 + len(second.messages), "messages after two turns")
    expect(first.messages[-1].id != second.messages[-1].id, "two replies have one id")


@case("send", "append_user")
async def send_follows_what_was_appended(scene: Scene) -> None:
    """A turn comes behind messages that were stored without an answer."""
    conversation, messages = await scene.filled(4)
    reply = await scene.remote.send(conversation, "And now?", allow_loss=True)

    found = await scene.messages(conversation)
    expect_equal([message.id for message in found[:4]], [message.id for message in messages], "messages before")
    expect_equal((found[4].role, found[4].text), ("user", "And now?"), "the turn")
    _expect_stored(found[5:], reply)


@case("send")
async def send_honours_or_refuses_each_option(scene: Scene) -> None:
    """An option of a turn works, or is refused by name and nothing is stored."""
    for name, value in OPTIONS.items():
        await _expect_option(scene, name, value)


async def _expect_option(scene: Scene, name: str, value: Any) -> None:
    conversation = await scene.conversation()
    given: Any = {name: value}
    fields = scene.row("send").limits.fields
    if (fields is None or name in fields) and (name not in NEEDS or scene.can(NEEDS[name])):
        reply = await scene.remote.send(conversation, "Hello?", **given, allow_loss=True)
        _expect_reply(reply)
        return
    requests = scene.requests
    with expect_error(f"a turn with {name}", UnsupportedOperationError) as caught:
        await scene.remote.send(conversation, "Hello?", **given, allow_loss=True)
    said = f"{caught[0]} {caught[0].operation}"
    expect(name in said or NEEDS.get(name, name) in said, f"the refusal does not name {name}: {said}")
    expect_equal(scene.requests, requests, f"requests after a refused {name}")
    expect_equal(await scene.said(conversation), [], f"messages after a refused {name}")


@case("send")
async def send_refuses_options_nobody_knows(scene: Scene) -> None:
    """An option that is none of ours, and one that is none of the vendor's, is refused, and nothing is stored."""
    conversation = await scene.conversation()
    wrong: tuple[dict[str, Any], ...] = (
        {"no_such_option": 1},
        {"options": {"no_such_option": 1}},
        {"busy": "perhaps"},
        {"max_output_tokens": 0},
        {"temperature": "warm"},
        {"timeout": 0},
    )
    for given in wrong:
        with expect_error(f"a turn with {given}", InvalidInputError, UnsupportedOperationError):
            await scene.remote.send(conversation, "Hello?", **given, allow_loss=True)
    expect_equal(await scene.said(conversation), [], "messages after refused options")


@case("choose_model")
async def choose_model_is_told_by_what_it_made(scene: Scene) -> None:
    """A model that was chosen is that of the conversation, and of a reply that names one."""
    if scene.takes("create_conversation", "model"):
        made = await scene.conversation(model="another-model")
        expect_equal(made.model, scene.vendor_model("another-model"), "model of a conversation")
    if scene.can("send") and "model" in (scene.row("send").limits.fields or ("model",)):
        reply = await scene.remote.send(await scene.conversation(), "Hello?", model="third-model", allow_loss=True)
        names = {None, "third-model", scene.vendor_model("third-model")}
        expect(reply.messages[-1].model in names, f"the reply is of {reply.messages[-1].model!r}")


@case("send")
async def send_waits_for_its_turn(scene: Scene) -> None:
    """Two turns sent to one conversation at once come one after the other, each with its reply."""
    conversation = await scene.conversation()
    asked = ["First at once?", "Second at once?"]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(scene.remote.send(conversation, text, allow_loss=True)) for text in asked]

    said = await scene.said(conversation)
    expect_equal(sorted(text for role, text in said if role == "user"), asked, "turns that were sent at once")
    for text, task in zip(asked, tasks, strict=True):
        place = said.index(("user", text))
        expect_equal(said[place + 1], ("assistant", task.result().messages[0].text), f"what follows {text!r}")


@case("send")
async def send_to_two_conversations_at_once(scene: Scene) -> None:
    """Turns sent to two conversations at once stay apart."""
    both = [await scene.conversation() for _ in range(2)]
    async with asyncio.TaskGroup() as group:
        for conversation in both:
            group.create_task(scene.remote.send(conversation, f"Are you {conversation.id}?", allow_loss=True))

    for conversation in both:
        said = await scene.said(conversation)
        expect_equal(said[0], ("user", f"Are you {conversation.id}?"), "the turn of one of two conversations")
        expect_equal([role for role, _ in said].count("user"), 1, "turns of one of two conversations")


@case("regenerate", "send")
async def regenerate_gives_another_answer(scene: Scene) -> None:
    """The turn stays, there is a reply, and its effect tells what became of the old one."""
    conversation = await scene.conversation()
    old = await scene.remote.send(conversation, "Hello?", allow_loss=True)
    before = await scene.messages(conversation)
    reply = await scene.remote.regenerate(conversation, allow_loss=True)

    _expect_reply(reply)
    await expect_effect(scene, conversation.id, before, old, reply)


@case("regenerate", "send")
async def regenerate_takes_the_last_reply_by_its_id(scene: Scene) -> None:
    """The last reply may be named; another message is made again too, or refused, and nothing is lost."""
    conversation = await scene.conversation()
    first = await scene.remote.send(conversation, "First?", allow_loss=True)
    old = await scene.remote.send(conversation, "Second?", allow_loss=True)
    before = await scene.messages(conversation)
    reply = await scene.remote.regenerate(conversation, old.messages[-1].id, allow_loss=True)
    await expect_effect(scene, conversation.id, before, old, reply)

    said = await scene.said(conversation)
    try:
        await scene.remote.regenerate(conversation, first.messages[-1].id, allow_loss=True)
    except UnsupportedOperationError:
        expect_equal(await scene.said(conversation), said, "messages after a refused regenerate")


@case("regenerate", "append_user")
async def regenerate_answers_a_turn_that_has_no_reply(scene: Scene) -> None:
    """A stored turn without a reply is answered, or that is refused; the turn is not doubled."""
    conversation = await scene.conversation()
    await scene.remote.append(conversation, "Hello?", allow_loss=True)
    try:
        reply = await scene.remote.regenerate(conversation, allow_loss=True)
    except (InvalidInputError, UnsupportedOperationError):
        expect_equal(await scene.said(conversation), [("user", "Hello?")], "messages after a refused regenerate")
        return
    expect_equal(reply.effect, "new", "effect where there was no reply")
    messages = await scene.messages(conversation)
    expect_equal((messages[0].role, messages[0].text), ("user", "Hello?"), "the turn")
    _expect_stored(messages[1:], reply)


@case("regenerate")
async def regenerate_needs_something_to_answer(scene: Scene) -> None:
    """An empty conversation has nothing to answer, and stays empty."""
    conversation = await scene.conversation()
    with expect_error("a regenerate of an empty conversation", InvalidInputError, NotFoundError, OmnilogueError):
        await scene.remote.regenerate(conversation, allow_loss=True)
    expect_equal(await scene.said(conversation), [], "messages of an empty conversation after a regenerate")


async def expect_effect(scene: Scene, conversation_id: str, before: list[Message], old: Reply, reply: Reply) -> None:
    """Compare what a reply says of the old one with what is listed."""
    after = await scene.messages(scene.remote_ref(conversation_id))
    ids = [message.id for message in after]
    olds, news = [message.id for message in old.messages], [message.id for message in reply.messages]
    kept = [message.id for message in before if message.id not in olds]
    expect_equal([identifier for identifier in ids if identifier not in {*olds, *news}], kept, "the other messages")
    if reply.effect == "superseded":
        expect_equal(ids, [*kept, *news], "messages where the old reply is superseded")
        expect(not set(olds) & set(news), "a superseded reply has the id of the new one")
    elif reply.effect == "replaced":
        expect_equal((ids, news), ([*kept, *olds], olds), "messages where the old reply is replaced")
    else:
        expect_equal(reply.effect, "added", "effect of a regenerate")
        expect(set(olds) | set(news) <= set(ids), "a reply is missing where another was added")
    texts = {message.id: message.text for message in after}
    for message in reply.messages:
        expect_equal(texts.get(message.id), message.text, "text of the new reply")


def _expect_reply(reply: Reply) -> None:
    """A reply says something, in messages of the assistant, and is whole."""
    expect(reply.messages, "the reply has no messages")
    expect_equal({message.role for message in reply.messages}, {"assistant"}, "roles of a reply")
    expect(reply.text.strip(), "the reply says nothing")
    expect(reply.status in {"complete", "partial"}, f"the reply is {reply.status}")
    counts = reply.usage.model_dump(exclude_none=True).values() if reply.usage else ()
    expect(all(isinstance(count, int) and count >= 0 for count in counts), "tokens of the reply are no counts")


def _expect_stored(stored: list[Message], reply: Reply) -> None:
    expect_equal(
        [(message.id, message.role, message.text) for message in stored],
        [(message.id, message.role, message.text) for message in reply.messages],
        "the reply as it is stored",
    )


CASES = (
    send_stores_the_turn_and_its_reply_once,
    send_goes_on,
    send_follows_what_was_appended,
    send_honours_or_refuses_each_option,
    send_refuses_options_nobody_knows,
    choose_model_is_told_by_what_it_made,
    send_waits_for_its_turn,
    send_to_two_conversations_at_once,
    regenerate_gives_another_answer,
    regenerate_takes_the_last_reply_by_its_id,
    regenerate_answers_a_turn_that_has_no_reply,
    regenerate_needs_something_to_answer,
)
