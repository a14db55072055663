"""Messages stored without an answer: each role, lists, batches, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ...errors import InvalidInputError, UnsupportedOperationError
from ...model import Message, Usage
from ..case import Case, case
from ..expecting import expect, expect_equal, expect_error
from ..scene import Scene

FIELDS: dict[str, Any] = {
    "metadata": {"topic": "fields"},
    "run_id": "a-run",
    "model": "a-model",
    "status": "partial",
    "usage": Usage(input_tokens=3, output_tokens=4),
    "created_at": datetime(2020, 2, 2, 2, 2, 2, tzinfo=UTC),
    "raw": {"mood": "good"},
}
"""What surrounds a message, besides its place in the tree."""

MOST = 600
"""The largest batch that is filled to see the next one."""


def _stores(role: str) -> Case:
    """Make the case of one role."""

    async def stores(scene: Scene) -> None:
        conversation = await scene.conversation()
        stored = await scene.remote.append(conversation, f"I am {role}.", role, allow_loss=True)

        expect_equal((stored.role, stored.text), (role, f"I am {role}."), "the message an append gives")
        expect(stored.id and stored.conversation_id == conversation.id, "the message an append gives has no place")
        listed = await scene.messages(conversation)
        expect_equal([message.id for message in listed], [stored.id], "messages after one append")
        expect_equal((listed[0].role, listed[0].text), (role, f"I am {role}."), "the message that is listed")

    stores.__name__ = f"append_{role}_stores_one_message"
    stores.__doc__ = f"A {role} message is stored once, as it was given, and nothing is generated."
    return case(f"append_{role}")(stores)


@case("append_user", "append_assistant", "append_system")
async def append_keeps_the_order_of_a_list(scene: Scene) -> None:
    """A list is stored in its order, and given back as it is then listed."""
    conversation = await scene.conversation()
    roles = ("system", "user", "assistant", "user", "user", "assistant")
    lines = [Message.of(role, f"Line {number}") for number, role in enumerate(roles)]
    stored = await scene.remote.append(conversation, lines, allow_loss=True)

    expect_equal(_lines(stored), _lines(lines), "what an append of a list gives")
    listed = await scene.messages(conversation)
    expect_equal(_lines(listed), _lines(lines), "what is listed after an append of a list")
    expect_equal([message.id for message in listed], [message.id for message in stored], "ids, given and listed")


@case("append_user")
async def append_user_takes_more_than_a_batch(scene: Scene) -> None:
    """A list longer than one call takes is stored whole, and one after the other."""
    conversation = await scene.conversation()
    count = min(scene.row("append_user").limits.batch or 10, MOST) + 2
    lines = [Message.user(f"Line {number}") for number in range(count)]
    await scene.remote.append(conversation, lines, allow_loss=True)
    await scene.remote.append(conversation, "The last line", allow_loss=True)

    expect_equal(await scene.said(conversation), [*_lines(lines), ("user", "The last line")], "messages")


@case("append_user")
async def append_user_stores_equal_messages_twice(scene: Scene) -> None:
    """Two messages that say the same are two messages, in one list and in two."""
    conversation = await scene.conversation()
    await scene.remote.append(conversation, [Message.user("Again"), Message.user("Again")], allow_loss=True)
    await scene.remote.append(conversation, "Again", allow_loss=True)

    listed = await scene.messages(conversation)
    expect_equal(_lines(listed), [("user", "Again")] * 3, "messages that say the same")
    expect_equal(len({message.id for message in listed}), 3, "ids of messages that say the same")


@case("append_user")
async def append_user_refuses_nothing(scene: Scene) -> None:
    """An empty list, empty text and a message without content are mistakes, and nothing is stored."""
    conversation = await scene.conversation()
    requests = scene.requests
    wrong: tuple[Any, ...] = ([], "", " \n", Message(role="user"), [Message.user("Fine"), Message.user("")])
    for content in wrong:
        with expect_error(f"an append of {content!r}", InvalidInputError):
            await scene.remote.append(conversation, content, allow_loss=True)
    expect_equal(scene.requests, requests, "requests after refused appends")
    expect_equal(await scene.said(conversation), [], "messages after refused appends")


@case("append_user")
async def append_takes_the_roles_it_says(scene: Scene) -> None:
    """A role beyond the common ones is stored where the limits name it, else refused by name."""
    conversation = await scene.conversation()
    roles = scene.row("append_user").limits.roles or ()
    expected: list[tuple[str, str]] = []
    for role, name in (("tool", "tool"), ("other:narrator", "other:*")):
        if role in roles or name in roles:
            expected.append((role, "A line."))
            await scene.remote.append(conversation, "A line.", role, allow_loss=True)
            continue
        requests = scene.requests
        with expect_error(f"an append as {role}", UnsupportedOperationError) as caught:
            await scene.remote.append(conversation, "A line.", role, allow_loss=True)
        expect(role in str(caught[0]), f"the refusal does not name the role: {caught[0]}")
        expect_equal(scene.requests, requests, f"requests after a refused {role}")
    expect_equal(await scene.said(conversation), expected, "messages after appends of rare roles")


@case("append_system")
async def append_system_takes_developers_too(scene: Scene) -> None:
    """A developer's message is stored like a system message, as one or the other."""
    conversation = await scene.conversation()
    await scene.remote.append(conversation, "Be brief.", "developer", allow_loss=True)
    said = await scene.said(conversation)
    expect(said in ([("developer", "Be brief.")], [("system", "Be brief.")]), f"a developer's message became {said}")


@case("append_user")
async def append_refuses_a_role_that_is_none(scene: Scene) -> None:
    """A word that is no role of the model is a mistake."""
    conversation = await scene.conversation()
    for role in ("narrator", "", "User"):
        with expect_error(f"an append as {role!r}", InvalidInputError):
            await scene.remote.append(conversation, "A line.", role, allow_loss=True)
    expect_equal(await scene.said(conversation), [], "messages after refused roles")


def _keeps_fields(role: str) -> Case:
    """Make the case of the fields of one role's messages."""

    async def keeps_fields(scene: Scene) -> None:
        operation = f"append_{role}"
        conversation, first = await scene.conversation(), Message.of(role, "The first line")
        root, _ = await scene.remote.append(conversation, [first, Message.of(role, "The second line")], allow_loss=True)
        given = Message.of(role, "The third line").model_copy(update={**FIELDS, "parent_id": root.id})
        if not scene.can("message_metadata"):
            given = given.model_copy(update={"metadata": {}})
        await scene.remote.append(conversation, given, allow_loss=True)

        kept = (await scene.messages(conversation))[-1]
        expect_equal((kept.role, kept.text), (role, given.text), "the message that is listed last")
        declared = scene.row(operation).limits.fields
        for name in (*FIELDS, "parent_id"):
            is_declared = declared is None or name in declared
            is_kept = _is_kept(getattr(given, name), getattr(kept, name))
            expect(is_kept or not is_declared, f"{operation} declares to keep {name}, and it is not kept")
            expect(is_declared or not is_kept or not getattr(given, name), f"{operation} keeps {name}, undeclared")

    keeps_fields.__name__ = f"append_{role}_keeps_the_fields_it_names"
    keeps_fields.__doc__ = f"Of what surrounds a message of role {role}, exactly what the limits name is stored."
    return case(f"append_{role}")(keeps_fields)


def _is_kept(given: Any, kept: Any) -> bool:
    """Whether a field is there; vendors may add to what they keep as a mapping."""
    return kept.items() >= given.items() if isinstance(given, dict) else bool(kept == given)


def _lines(messages: list[Message]) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in messages]


CASES = (
    *(_stores(role) for role in ("user", "assistant", "system")),
    append_keeps_the_order_of_a_list,
    append_user_takes_more_than_a_batch,
    append_user_stores_equal_messages_twice,
    append_user_refuses_nothing,
    *(_keeps_fields(role) for role in ("user", "assistant", "system")),
    append_takes_the_roles_it_says,
    append_system_takes_developers_too,
    append_refuses_a_role_that_is_none,
)
