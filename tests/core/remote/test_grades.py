"""Grades decide before anything leaves."""

from typing import Any

import pytest

from omnilogue import InvalidInputError, LossRefusedError, Message, UnsupportedOperationError
from omnilogue.model import FilePart, Grade, ImagePart, ReasoningPart, TextPart
from omnilogue.provider import Feature, Features, lossy, native, unsupported
from omnilogue.remote.grades import effective

pytestmark = pytest.mark.anyio

NO = unsupported("the vendor has none")
IMAGE = ImagePart(url="https://example.com/a.png")
FILE = FilePart(file_id="f1")

REFUSED: dict[str, tuple[str, Any]] = {
    "conversations": ("list_conversations", lambda remote, it: remote.conversations().next_page()),
    "conversation": ("get_conversation", lambda remote, it: remote.conversation(it)),
    "create": ("create_conversation", lambda remote, it: remote.create(title="x")),
    "create with a model": ("choose_model", lambda remote, it: remote.create(model="m")),
    "update": ("update_conversation", lambda remote, it: remote.update(it, title="x")),
    "update of the model": ("choose_model", lambda remote, it: remote.update(it, model="m")),
    "update of metadata": ("conversation_metadata", lambda remote, it: remote.update(it, metadata={"a": 1})),
    "delete": ("delete_conversation", lambda remote, it: remote.delete(it)),
    "messages": ("list_messages", lambda remote, it: remote.messages(it).next_page()),
    "append": ("append_user", lambda remote, it: remote.append(it, "x")),
    "append of an answer": ("append_assistant", lambda remote, it: remote.append(it, "x", role="assistant")),
    "append of a developer": ("append_system", lambda remote, it: remote.append(it, "x", role="developer")),
    "append of metadata": (
        "message_metadata",
        lambda remote, it: remote.append(it, Message.user("x").model_copy(update={"metadata": {"a": 1}})),
    ),
    "append of an image": ("send_images", lambda remote, it: remote.append(it, Message(role="user", parts=(IMAGE,)))),
    "edit": ("edit_message", lambda remote, it: remote.edit(it, "m1", "x")),
    "delete_message": ("delete_message", lambda remote, it: remote.delete_message(it, "m1")),
    "send with a model": ("choose_model", lambda remote, it: remote.send(it, "x", model="m")),
    "send with metadata": ("message_metadata", lambda remote, it: remote.send(it, "x", metadata={"a": 1})),
    "send with tools": ("tool_calls", lambda remote, it: remote.send(it, "x", tools=[{"name": "t"}])),
    "send of an image": ("send_images", lambda remote, it: remote.send(it, ["look", IMAGE])),
    "send of a file": ("attach_files", lambda remote, it: remote.send(it, FILE)),
}

WITHOUT = {
    "list_conversations": ("get_conversation",),
    "get_conversation": ("list_conversations",),
    "update_conversation": ("create_conversation",),
    "conversation_metadata": ("create_conversation",),
    "delete_conversation": ("create_conversation",),
    "edit_message": ("append_assistant",),
    "delete_message": ("append_user",),
}
"""What must be missing besides, because the core makes the operation of it."""


@pytest.mark.parametrize("verb", REFUSED)
async def test_what_is_unsupported_is_refused_without_a_call(remote_of: Any, verb: str) -> None:
    operation, action = REFUSED[verb]
    remote = remote_of(rows={operation: NO, **dict.fromkeys(WITHOUT.get(operation, ()), NO)})

    with pytest.raises(UnsupportedOperationError) as raised:
        await action(remote, "c1")

    assert operation in str(raised.value)
    assert (raised.value.outcome, raised.value.provider) == ("not_sent", "fake")
    assert "the vendor has none" in str(raised.value)
    assert remote.vendor.calls == []


@pytest.mark.parametrize("consent", [False, (), ["title"], "title", None])
async def test_a_lossy_write_needs_consent_to_all_its_kinds(remote_of: Any, consent: Any) -> None:
    remote = remote_of(rows={"edit_message": lossy("rewritten", "citation", "title")})
    conversation = await remote.create()
    message = await remote.append(conversation, "hello")

    with pytest.raises(LossRefusedError) as raised:
        await remote.edit(conversation, message.id, "x", allow_loss=consent)

    assert "citation" in raised.value.losses
    assert raised.value.outcome == "not_sent"
    assert "edit_message" not in remote.vendor.calls


@pytest.mark.parametrize("consent", [True, ["citation"], ("citation", "title"), {"citation"}, "citation"])
async def test_a_lossy_write_goes_on_with_consent(remote_of: Any, consent: Any) -> None:
    remote = remote_of(rows={"edit_message": lossy("rewritten", "citation")})
    conversation = await remote.create()
    message = await remote.append(conversation, "hello")

    change = await remote.edit(conversation, message.id, "x", allow_loss=consent)

    assert change.grade is Grade.LOSSY
    assert change.message.text == "x"


async def test_inherent_losses_never_need_consent(remote_of: Any) -> None:
    remote = remote_of(rows={"append_user": lossy("its own time", "time", "id", "usage")})
    conversation = await remote.create()

    assert (await remote.append(conversation, "hello")).text == "hello"


async def test_a_lossy_read_needs_no_consent(remote_of: Any) -> None:
    remote = remote_of(rows={"list_messages": lossy("no branches", "branch", order=("asc", "desc"))})
    conversation = await remote.create()

    assert [message async for message in remote.messages(conversation)] == []


@pytest.mark.parametrize("verb", ["send", "stream", "regenerate"])
async def test_an_option_that_is_not_honoured_is_named(remote_of: Any, verb: str) -> None:
    remote = remote_of(rows={"send": native(fields=("model",), empty_turn=True), "stream": native(fields=("model",))})
    conversation = await remote.create()
    given = {"temperature": 0.0, "model": "m"}

    actions = {
        "send": lambda: remote.send(conversation, "hello", **given),
        "stream": lambda: remote.stream(conversation, "hello", **given).__aenter__(),
        "regenerate": lambda: remote.regenerate(conversation, **given),
    }

    with pytest.raises(UnsupportedOperationError, match="does not take temperature"):
        await actions[verb]()


async def test_a_field_that_nobody_keeps_is_named(remote_of: Any) -> None:
    remote = remote_of(rows={"update_conversation": native(fields=())})

    with pytest.raises(UnsupportedOperationError, match="update_conversation does not take pinned"):
        await remote.update("c1", pinned=True)


@pytest.mark.parametrize(
    ("role", "roles", "is_taken"),
    [
        ("tool", ("tool",), True),
        ("tool", (), False),
        ("other:judge", ("other:*",), True),
        ("other:judge", ("other:judge",), True),
        ("other:judge", ("tool",), False),
        ("developer", (), True),
    ],
)
async def test_roles_are_taken_where_they_are_listed(
    remote_of: Any, role: str, roles: tuple[str, ...], is_taken: bool
) -> None:
    remote = remote_of(rows={"append_user": native(roles=roles)})
    conversation = await remote.create()

    if is_taken:
        assert (await remote.append(conversation, "x", role=role)).role == role
    else:
        with pytest.raises(UnsupportedOperationError, match=f"the role '{role}'"):
            await remote.append(conversation, "x", role=role)


async def test_parts_of_a_type_that_is_not_stored_are_refused(remote_of: Any) -> None:
    remote = remote_of(rows={"append_assistant": native(parts=("text",))})
    message = Message(role="assistant", parts=(ReasoningPart(text="hm"), TextPart(text="yes")))

    with pytest.raises(UnsupportedOperationError, match="append_assistant does not take reasoning parts"):
        await remote.append("c1", message)


async def test_one_bad_message_of_a_list_refuses_all(remote_of: Any, texts: Any) -> None:
    remote = remote_of(rows={"append_assistant": NO})
    conversation = await remote.create()

    with pytest.raises(UnsupportedOperationError):
        await remote.append(conversation, [Message.user("a"), Message.assistant("b")])

    assert await texts(remote, conversation) == []


MADE: dict[str, tuple[dict[str, Feature], str, Grade]] = {
    "one by the list": ({"list_conversations": native()}, "get_conversation", Grade.EMULATED),
    "one message by the list": ({"list_messages": native()}, "get_message", Grade.EMULATED),
    "clear by deletes": ({"delete_message": native()}, "clear_messages", Grade.EMULATED),
    "send by stream": ({"stream": native()}, "send", Grade.EMULATED),
    "stream by send": ({"send": native()}, "stream", Grade.EMULATED),
    "stop by leaving": ({"stream": native()}, "stop", Grade.EMULATED),
    "regenerate by an empty turn": ({"send": native(empty_turn=True)}, "regenerate", Grade.EMULATED),
    "nothing of nothing": ({"send": native()}, "regenerate", Grade.UNSUPPORTED),
    "what is native stays": ({"list_messages": native(), "get_message": native()}, "get_message", Grade.NATIVE),
    "losses stay losses": ({"delete_message": lossy("rebuilt", "id")}, "clear_messages", Grade.LOSSY),
}


@pytest.mark.parametrize("case", MADE)
async def test_what_the_core_makes_has_the_grade_of_its_making(case: str) -> None:
    declared, operation, grade = MADE[case]

    row = effective(Features(**declared))[operation]

    assert row.grade is grade
    assert row.losses == (("id",) if grade is Grade.LOSSY else ())


async def test_asking_again_takes_no_metadata() -> None:
    row = effective(Features(send=native(empty_turn=True))).regenerate

    assert row.limits.fields is not None
    assert "metadata" not in row.limits.fields
    assert "model" in row.limits.fields


async def test_a_file_larger_than_what_is_kept_is_refused_without_a_call(remote_of: Any) -> None:
    remote = remote_of(rows={"attach_files": native(file_bytes=3)})
    conversation = await remote.create()
    large = FilePart(name="a.bin", size=4)
    remote.vendor.calls.clear()

    for action in (remote.append(conversation, Message(role="user", parts=(large,))), remote.send(conversation, large)):
        with pytest.raises(InvalidInputError, match=r"a\.bin has 4 bytes; .* takes 3"):
            await action

    assert remote.vendor.calls == []
