"""Providers that can do little, and say so, pass; so do those that lose something and say what."""

from collections.abc import Callable

import pytest

from omnilogue.errors import BadRequestError
from omnilogue.model import OPERATIONS, Reply
from omnilogue.provider import Context, Provider, Turn, lossy, native, unsupported
from omnilogue.testing import Report, conform
from omnilogue.testing.case import Case
from omnilogue.testing.cases import CASES
from omnilogue_memory.provider import KEPT_FIELDS, Memory
from omnilogue_memory.settings import MemorySettings

pytestmark = pytest.mark.anyio


def failures(report: Report) -> dict[str, str]:
    return {item.case: item.reason for item in report.items if item.status != "passed"}


class WithoutExtras(Memory):
    """Has no call for what the core can make itself."""

    get_conversation = Provider.get_conversation
    get_message = Provider.get_message
    clear_messages = Provider.clear_messages
    send = Provider.send
    features = Memory.features.replace(
        get_conversation=unsupported("not here"),
        get_message=unsupported("not here"),
        clear_messages=unsupported("not here"),
        send=unsupported("it streams only"),
        regenerate=unsupported("no such call"),
    )

    def __init__(self, settings: MemorySettings, context: Context) -> None:
        super().__init__(settings, context)
        vars(self).update(
            get_conversation=lambda *given: Memory.get_conversation(self, *given),
            get_message=lambda *given: Memory.get_message(self, *given),
        )


class AlwaysAnswers(Memory):
    """Stores nothing without answering it, takes plain text, and has no metadata and no models."""

    append = Provider.append
    delete_message = Provider.delete_message
    features = Memory.features.replace(
        **{
            operation: unsupported("it answers whatever it is told")
            for operation in ("append_user", "append_assistant", "append_system", "delete_message")
        },
        **{
            operation: unsupported("plain text only")
            for operation in (
                *("conversation_metadata", "message_metadata", "choose_model", "attach_files"),
                *("send_images", "send_audio", "tool_calls", "citations"),
            )
        },
        create_conversation=native(fields=("title",)),
        update_conversation=native(fields=("title",)),
        send=native(fields=()),
        stream=native(fields=()),
        regenerate=unsupported("no such call"),
    )

    def __init__(self, settings: MemorySettings, context: Context) -> None:
        super().__init__(settings, context)
        vars(self).update(append=lambda *given: Memory.append(self, *given))


class LosesCitations(Memory):
    """Loses something with an edit, and asks before."""

    features = Memory.features.replace(
        edit_message=lossy("the message is written anew", "citation", "time"),
        delete_message=lossy("the others are written anew", "usage"),
    )


class KeepsForEver(Memory):
    """Changes and deletes nothing; what can be stored anew is built anew."""

    delete_conversation = Provider.delete_conversation
    delete_message = Provider.delete_message
    clear_messages = Provider.clear_messages
    edit_message = Provider.edit_message
    features = Memory.features.replace(
        **{
            operation: unsupported("what is written stays")
            for operation in ("delete_conversation", "delete_message", "clear_messages", "edit_message")
        }
    )


class Threads(Memory):
    """Lists, renames, deletes and changes nothing; has metadata, appends and answers what is stored."""

    list_conversations = Provider.list_conversations
    delete_conversation = Provider.delete_conversation
    edit_message = Provider.edit_message
    delete_message = Provider.delete_message
    clear_messages = Provider.clear_messages
    features = Memory.features.replace(
        **{
            operation: unsupported("the vendor has no such call")
            for operation in (
                *("list_conversations", "delete_conversation", "edit_message", "delete_message", "clear_messages"),
                *("append_system", "tool_calls", "citations", "send_audio"),
            )
        },
        create_conversation=native(fields=("metadata",)),
        update_conversation=native(fields=("metadata",)),
        append_user=native(parts=("text", "file", "image"), fields=KEPT_FIELDS),
        append_assistant=native(parts=("text",), fields=KEPT_FIELDS),
        send=native(empty_turn=True, fields=("model", "instructions", "metadata"), parts=("text", "file", "image")),
        stream=native(empty_turn=True, fields=("model", "instructions", "metadata"), parts=("text", "file", "image")),
    )


class Topics(Memory):
    """Answers whatever it is told; edits a message and makes a reply again, and deletes whole conversations only."""

    get_message = Provider.get_message
    append = Provider.append
    delete_message = Provider.delete_message
    clear_messages = Provider.clear_messages
    features = Memory.features.replace(
        **{
            operation: unsupported("the vendor has no such call")
            for operation in (
                *("get_message", "append_user", "append_assistant", "append_system", "delete_message"),
                *("clear_messages", "conversation_metadata", "message_metadata", "attach_files", "send_images"),
                *("send_audio", "tool_calls", "citations"),
            )
        },
        create_conversation=native(fields=("title",)),
        update_conversation=native(fields=("title", "pinned")),
        send=native(fields=("model",), parts=("text",)),
        stream=native(fields=("model",), parts=("text",)),
        regenerate=native(fields=("model",)),
    )

    def __init__(self, settings: MemorySettings, context: Context) -> None:
        super().__init__(settings, context)
        vars(self).update(
            append=lambda *given: Memory.append(self, *given),
            get_message=lambda *given: Memory.get_message(self, *given),
        )

    async def regenerate(self, conversation_id: str, message_id: str, turn: Turn) -> Reply:
        old = await Memory.get_message(self, conversation_id, message_id)
        if old.role != "assistant":
            raise BadRequestError("only a reply can be made again", outcome="rejected")
        new = await self.edit_message(conversation_id, message_id, f"{old.text} Again.")
        return Reply(messages=(new,), effect="replaced")


@pytest.mark.parametrize("provider", [WithoutExtras, AlwaysAnswers, LosesCitations, KeepsForEver, Threads, Topics])
async def test_who_says_what_it_cannot_passes(provider: type[Memory], install: Callable[..., str]) -> None:
    report = await conform(install(provider))

    assert failures(report) == {}
    assert report.ok


async def test_an_unsupported_operation_is_proven_to_be_refused(install: Callable[..., str]) -> None:
    report = await conform(install(AlwaysAnswers))

    remarks = {item.case: item.reason for item in report.items}
    remark = "delete_message is unsupported, and refused as declared"
    assert remarks["delete_message_removes_exactly_one"] == remark
    assert remarks["edit_message_changes_exactly_one"] == ""


def test_every_operation_has_a_case_that_needs_nothing_else() -> None:
    # A case that needs several operations proves the refusal of the first it cannot have, and nothing of the others.
    scaffolding = {"send", "stream", "append_user"}  # without a turn there is nothing to stop, to hear or to make again
    alone = {case.operations[0] for case in CASES if case.operations and set(case.operations[1:]) <= scaffolding}

    assert alone == set(OPERATIONS)


def test_every_case_says_what_it_is_about() -> None:
    names = [case.name for case in CASES]

    assert len(set(names)) == len(names)
    assert all(isinstance(case, Case) and case.sentence.endswith(".") and case.name.isidentifier() for case in CASES)
    assert all(set(case.operations) <= set(OPERATIONS) for case in CASES)
