"""Conversations one by one: created, read, changed, deleted."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from ...errors import InvalidInputError, LossRefusedError, NotFoundError, UnsupportedOperationError
from ...model import Conversation
from ...provider import Draft
from ...remote import markers
from ...remote.landing import Landing
from ..case import case
from ..expecting import expect, expect_equal, expect_error
from ..scene import NAME, Scene

FIELDS: dict[str, Any] = {
    "title": "A trip \u2013 \u91cc\u65af\u672c",
    "instructions": "Be brief.\nAnswer in one line.",
    "model": "another-model",
    "metadata": {"color": "blue", "depth": {"list": [1, "two", None], "yes": True}},
}


def _taken(scene: Scene, operation: str) -> dict[str, Any]:
    return {name: value for name, value in FIELDS.items() if scene.takes(operation, name)}


def _expect_fields(scene: Scene, found: Conversation, wanted: dict[str, Any], what: str) -> None:
    """Compare each field; a model is told by the vendor's own word for it."""
    for name, value in wanted.items():
        expect_equal(getattr(found, name), scene.vendor_model(value) if name == "model" else value, f"{name} of {what}")


@case("create_conversation")
async def create_conversation_keeps_what_it_is_given(scene: Scene) -> None:
    """A new conversation has an id, belongs to the remote, and has each field as it was given."""
    fields = _taken(scene, "create_conversation")
    made = await scene.conversation(**fields)

    expect(isinstance(made.id, str) and made.id.strip(), "the new conversation has no id")
    expect_equal(made.remote, NAME, "remote of the new conversation")
    expect_equal(str(made.ref), f"{NAME}:{made.id}", "address of the new conversation")
    _expect_fields(scene, made, fields, "the new conversation")
    expect_equal(made.pinned, False, "pin of the new conversation")


@case("create_conversation")
async def create_conversation_keeps_vendor_fields_where_it_says_so(scene: Scene) -> None:
    """What another vendor told of a conversation, which a copy brings, is kept where the limits name it."""
    if "raw" not in (scene.row("create_conversation").limits.fields or ()):
        return
    draft = Draft(title="A trip", raw={"mood": {"good": [True, None]}})
    made = await Landing.on(scene.remote).create(draft, markers.new())
    scene.keep(made)

    expect_equal(made.raw, draft.raw, "raw of the new conversation")
    expect_equal((await scene.remote.conversation(made)).raw, draft.raw, "raw that is read")


@case("create_conversation")
async def create_conversation_needs_no_fields(scene: Scene) -> None:
    """A conversation can be created without saying anything of it, and is empty."""
    made = await scene.remote.create(allow_loss=True)
    scene.keep(made)

    expect_equal(made.metadata, {}, "metadata nobody gave")
    expect_equal(await scene.said(made), [], "messages of a new conversation")


@case("create_conversation")
async def create_conversation_refuses_what_it_does_not_keep(scene: Scene) -> None:
    """A field that is not honoured is refused by name, and nothing is created."""
    for name, value in FIELDS.items():
        if not scene.takes("create_conversation", name):
            requests = scene.requests
            with expect_error(f"create with {name}", UnsupportedOperationError) as caught:
                scene.keep(await scene.remote.create(**{name: value}, allow_loss=True))
            said = f"{caught[0]} {caught[0].operation}"
            expect(name in said, f"the refusal does not name {name}: {said}")
            expect_equal(scene.requests, requests, f"requests after a refused {name}")


@case("create_conversation")
async def create_conversation_asks_before_it_keeps_in_vain(scene: Scene) -> None:
    """A field that is kept and that no reply heeds needs consent, and without it nothing is created."""
    for name in scene.row("create_conversation").limits.unheeded or ():
        requests = scene.requests
        with expect_error(f"create with {name}", LossRefusedError) as caught:
            scene.keep(await scene.remote.create(**{name: FIELDS[name]}))
        expect(name in caught[0].losses, f"the refusal names {caught[0].losses}, and not {name}")
        expect_equal(scene.requests, requests, f"requests after a refused {name}")
        made = await scene.conversation(**{name: FIELDS[name]})
        expect_equal(getattr(made, name), FIELDS[name], f"{name} that was consented to")


@case("get_conversation", "create_conversation")
async def get_conversation_gives_what_was_stored(scene: Scene) -> None:
    """A conversation that is read has what it was created with; it can be named by id, reference and value."""
    fields = _taken(scene, "create_conversation")
    made = await scene.conversation(**fields)

    for name in (made.id, made.ref, made):
        found = await scene.remote.conversation(name)
        expect_equal(found.ref, made.ref, "reference of the conversation that was read")
        _expect_fields(scene, found, fields, "the conversation that was read")


@case("get_conversation", "create_conversation")
async def get_conversation_has_times_in_utc(scene: Scene) -> None:
    """Times are aware and in UTC, and a change is not before the beginning."""
    made = await scene.conversation()
    for conversation in (made, await scene.remote.conversation(made)):
        for moment in (conversation.created_at, conversation.updated_at):
            expect(moment is None or moment.tzinfo is UTC, f"{moment!r} is not in UTC")
        if conversation.created_at and conversation.updated_at:
            expect(conversation.created_at <= conversation.updated_at, "it was changed before it was created")


@case("get_conversation", "create_conversation")
async def get_conversation_tells_its_last_message(scene: Scene) -> None:
    """Where a conversation names its head, that is the last message."""
    made, _ = await scene.filled(2)

    found = await scene.remote.conversation(made)
    last = (await scene.messages(made))[-1]
    expect(found.head_id in {None, last.id}, f"the head is {found.head_id!r}, and the last message {last.id!r}")


@case("update_conversation")
async def update_conversation_changes_only_what_is_given(scene: Scene) -> None:
    """Each field can be changed by itself; all others, and the messages, stay."""
    made, messages = await scene.filled(2, **_taken(scene, "create_conversation"))
    expected = {name: getattr(made, name) for name in FIELDS}
    changes: dict[str, Any] = {"title": "Renamed \U0001f9f3", "instructions": "Be long.", "model": "third-model"}
    for name, value in changes.items():
        if scene.takes("update_conversation", name):
            expected[name] = value
            changed = await scene.remote.update(made, **{name: value}, allow_loss=True)
            expect_equal(changed.ref, made.ref, f"reference after {name} was changed")
            _expect_fields(scene, changed, expected, f"the answer when {name} was changed")
            if scene.can("get_conversation"):
                found = await scene.remote.conversation(made)
                _expect_fields(scene, found, expected, f"what is read after {name} changed")
    said = [(message.role, message.text) for message in messages]
    expect_equal(await scene.said(made), said, "messages after the changes")


@case("update_conversation")
async def update_conversation_takes_fields_away(scene: Scene) -> None:
    """A field that is set to None is gone."""
    made = await scene.conversation(**_taken(scene, "create_conversation"))
    for name in ("title", "instructions"):
        if scene.takes("update_conversation", name):
            taken: dict[str, Any] = {name: None}
            changed = await scene.remote.update(made, **taken, allow_loss=True)
            expect_equal(getattr(changed, name), None, f"{name} after it was taken away")


@case("update_conversation")
async def update_conversation_pins_where_it_says_so(scene: Scene) -> None:
    """A pin can be set and taken away, or is refused by name."""
    made = await scene.conversation()
    if scene.takes("update_conversation", "pinned"):
        for pinned in (True, False):
            changed = await scene.remote.update(made, pinned=pinned, allow_loss=True)
            expect_equal(changed.pinned, pinned, "pin after it was changed")
        return
    with expect_error("a pin", UnsupportedOperationError) as caught:
        await scene.remote.update(made, pinned=True, allow_loss=True)
    expect("pinned" in str(caught[0]), f"the refusal does not name the pin: {caught[0]}")


@case("update_conversation")
async def update_conversation_refuses_nothing_to_do(scene: Scene) -> None:
    """An update that says nothing is a mistake, and no request leaves for it."""
    made = await scene.conversation()
    requests = scene.requests
    with expect_error("an update without a field", InvalidInputError):
        await scene.remote.update(made, allow_loss=True)
    expect_equal(scene.requests, requests, "requests after it")


@case("delete_conversation")
async def delete_conversation_removes_only_that_one(scene: Scene) -> None:
    """A deleted conversation is gone for every verb, and the others stay."""
    kept, said = await scene.filled(2)
    gone, _ = await scene.filled(2)
    await scene.remote.delete(gone, allow_loss=True)

    with expect_error("messages of what was deleted", NotFoundError):
        await scene.said(gone)
    if scene.can("get_conversation"):
        with expect_error("reading what was deleted", NotFoundError):
            await scene.remote.conversation(gone)
    if scene.can("list_conversations"):
        expect_equal(scene.mine(await scene.listed()), [kept.id], "what is listed after the delete")
    expect_equal(len(await scene.said(kept)), len(said), "messages of the other conversation")


@case("delete_conversation")
async def delete_conversation_twice_is_not_found(scene: Scene) -> None:
    """What is gone cannot be deleted once more."""
    gone = await scene.conversation()
    await scene.remote.delete(gone, allow_loss=True)
    with expect_error("a second delete", NotFoundError):
        await scene.remote.delete(gone, allow_loss=True)


CASES = (
    create_conversation_keeps_what_it_is_given,
    create_conversation_keeps_vendor_fields_where_it_says_so,
    create_conversation_needs_no_fields,
    create_conversation_refuses_what_it_does_not_keep,
    create_conversation_asks_before_it_keeps_in_vain,
    get_conversation_gives_what_was_stored,
    get_conversation_has_times_in_utc,
    get_conversation_tells_its_last_message,
    update_conversation_changes_only_what_is_given,
    update_conversation_takes_fields_away,
    update_conversation_pins_where_it_says_so,
    update_conversation_refuses_nothing_to_do,
    delete_conversation_removes_only_that_one,
    delete_conversation_twice_is_not_found,
)
