"""Providers that can do little, and say so, pass; so do those that lose something and say what."""

from collections.abc import Callable

import pytest

from omnilogue.model import OPERATIONS
from omnilogue.provider import Context, Provider, lossy, native, unsupported
from omnilogue.testing import Report, conform
from omnilogue.testing.case import Case
from omnilogue.testing.cases import CASES
from omnilogue_memory.provider import Memory
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


@pytest.mark.parametrize("provider", [WithoutExtras, AlwaysAnswers, LosesCitations, KeepsForEver])
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
