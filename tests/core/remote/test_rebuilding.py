"""A conversation is built anew without ever being lost."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnilogue import (
    AsyncRemote,
    ConflictError,
    Conversation,
    LossRefusedError,
    Message,
    NotFoundError,
    OmnilogueError,
    PluginError,
    ProtocolError,
    RequestTimeoutError,
    StateError,
    UnavailableError,
    UnsupportedOperationError,
)
from omnilogue.model import FilePart, Grade, TextPart
from omnilogue.provider import native, unsupported
from omnilogue.remote import markers

pytestmark = pytest.mark.anyio

NO = unsupported("no")
LINES = ["u:one", "a:two", "u:three"]


async def talk(remote: AsyncRemote, **fields: Any) -> tuple[Conversation, list[str]]:
    """Create a conversation with three messages, and give it with their ids."""
    made = await remote.create(title="T", **fields)
    lines = [Message.user("one"), Message.assistant("two"), Message.user("three")]
    return made, [message.id or "" for message in await remote.append(made, lines)]


async def listed(remote: AsyncRemote) -> list[str]:
    return [conversation.id async for conversation in remote.conversations()]


# What comes out


@pytest.mark.parametrize("is_poor", [False, True])
async def test_an_edit_keeps_all_but_the_text(vendor: Any, poor: Any, texts: Any, is_poor: bool) -> None:
    remote = (poor if is_poor else vendor).remote()
    made, old_ids = await talk(remote, instructions="I", metadata={"a": 1})

    change = await remote.edit(made, old_ids[1], "zwei", allow_loss=True)

    assert await texts(remote, change.conversation) == ["u:one", "a:zwei", "u:three"]
    new_ids = [message.id async for message in remote.messages(change.conversation)]
    assert change.id_map == dict(zip(old_ids, new_ids, strict=True))
    assert change.conversation.id != made.id
    assert change.grade is Grade.LOSSY
    assert change.message is not None
    assert (change.message.id, change.message.text) == (new_ids[1], "zwei")
    found = await remote.conversation(made)
    assert (found.id, found.title, found.instructions) == (change.conversation.id, "T", "I")
    assert found.metadata == {"a": 1}
    assert await listed(remote) == [change.conversation.id]


async def test_a_delete_and_a_clear_say_what_became_of_each_message(vendor: Any, texts: Any) -> None:
    remote = vendor.remote()
    made, old_ids = await talk(remote)

    change = await remote.delete_message(made, old_ids[1], allow_loss=True)
    assert await texts(remote, made) == ["u:one", "u:three"]
    assert [change.id_map[old] is None for old in old_ids] == [False, True, False]
    assert change.message is None
    cleared = await remote.clear(made, allow_loss=True)
    assert await texts(remote, made) == []
    assert list(cleared.id_map.values()) == [None, None]
    assert (await remote.conversation(made)).title == "T"


async def test_the_old_one_goes_where_the_vendor_deletes_and_is_hidden_where_not(vendor: Any, poor: Any) -> None:
    for behind in (vendor, poor):
        remote = behind.remote()
        made, old_ids = await talk(remote)
        change = await remote.edit(made, old_ids[0], "x", allow_loss=True)

        assert await listed(remote) == [change.conversation.id]
        assert (made.id in behind.conversations) == (behind is poor)
        if behind is poor:
            assert poor.texts(made.id) == LINES


async def test_metadata_parts_pin_and_origin_stay_and_our_key_is_seen_by_nobody(vendor: Any) -> None:
    remote = vendor.remote()
    made = await remote.create()
    file = FilePart(name="a.txt", media_type="text/plain", data=b"a", size=1)
    line = Message(role="user", parts=(TextPart(text="one"), file), metadata={"n": [1]})
    stored = await remote.append(made, line)
    await remote.update(made, pinned=True)
    origin = '{"m":"0011","o":{"provider":"acme","remote":"old","conversation_id":"7","message_id":"8"}}'
    kept = vendor.messages[made.id][stored.id]
    vendor.messages[made.id][stored.id] = kept.model_copy(update={"metadata": {"n": [1], markers.KEY: origin}})

    change = await remote.edit(made, stored.id or "", "two", allow_loss=True)

    found = [message async for message in remote.messages(made)]
    assert [(message.text, message.metadata) for message in found] == [("two", {"n": [1]})]
    assert found[0].parts[1] == file
    assert found[0].origin is not None
    assert found[0].origin.remote == "old"
    assert (await remote.conversation(made)).pinned
    raw = vendor.messages[change.conversation.id][found[0].id]
    assert markers.of(raw) not in {None, "0011"}
    assert markers.KEY not in found[0].metadata


async def test_only_what_was_consented_to_is_lost(vendor: Any, texts: Any) -> None:
    remote = vendor.remote()
    made, old_ids = await talk(remote)
    calls = len(vendor.calls)

    with pytest.raises(LossRefusedError) as raised:
        await remote.edit(made, old_ids[0], "x")
    assert set(raised.value.losses) == {"citation", "model", "status", "vendor_fields"}
    with pytest.raises(LossRefusedError) as raised:
        await remote.clear(made, allow_loss=["citation"])
    assert raised.value.losses == ("vendor_fields",)
    assert len(vendor.calls) == calls
    await remote.clear(made, allow_loss=["vendor_fields"])
    assert await texts(remote, made) == []


async def test_redirects_go_on_through_every_rebuild(vendor: Any, texts: Any) -> None:
    remote = vendor.remote()
    made, old_ids = await talk(remote)
    places = [made.id]
    first = old_ids[0]
    for number in range(3):
        change = await remote.edit(places[number % len(places)], first, f"edit {number}", allow_loss=True)
        first = change.id_map[first] or ""
        places.append(change.conversation.id)

    for place in places:
        assert (await remote.resolve(place)).id == places[-1]
        assert (await texts(remote, place))[0] == "u:edit 2"
    await remote.append(made, "four")
    await remote.send(places[1], "five")
    assert (await texts(remote, places[-1]))[3:5] == ["u:four", "u:five"]


async def test_old_message_ids_are_explained_by_reads_and_writes(vendor: Any) -> None:
    remote = vendor.remote()
    made, old_ids = await talk(remote)
    await remote.edit(made, old_ids[0], "x", allow_loss=True)
    change = await remote.delete_message(made, (await anext(aiter(remote.messages(made)))).id or "", allow_loss=True)
    now = change.id_map[list(change.id_map)[1]]

    uses: tuple[Any, ...] = (
        lambda old: remote.message(made, old),
        lambda old: remote.edit(made, old, "y", allow_loss=True),
        lambda old: remote.delete_message(change.conversation, old, allow_loss=True),
    )
    for use in uses:
        with pytest.raises(NotFoundError, match=rf"built anew, and it is '{now}' now; Change.id_map"):
            await use(old_ids[1])
        with pytest.raises(NotFoundError, match=r"built anew, and it was left out; Change.id_map"):
            await use(old_ids[0])
        with pytest.raises(NotFoundError) as raised:
            await use("m999")
        assert "id_map" not in str(raised.value)


async def test_processes_that_share_a_state_follow_the_same_redirect(poor: Any, texts: Any) -> None:
    one, other = poor.remote(), poor.remote()
    made, old_ids = await talk(one)
    assert await texts(other, made) == LINES

    change = await one.edit(made, old_ids[0], "eins", allow_loss=True)

    assert (await other.resolve(made)) == change.conversation
    await other.append(made, "four")
    assert await texts(one, made) == ["u:eins", "a:two", "u:three", "u:four"]


async def test_a_regenerate_says_that_the_old_reply_stays(vendor_of: Any, caplog: Any) -> None:
    remote = vendor_of().remote()
    made = await remote.create()
    old = await remote.send(made, "hello")

    reply = await remote.regenerate(made)

    assert reply.effect == "added"
    assert [message.id async for message in remote.messages(made)][-2:] == [
        old.messages[-1].id,
        reply.messages[-1].id,
    ]
    assert caplog.records == []
    assert "stays" in remote.features.regenerate.note


async def test_five_hundred_messages_are_built_anew_in_order(vendor: Any) -> None:
    remote = vendor.remote()
    made = await remote.create()
    lines = [Message.of(("user", "assistant")[n % 2], f"line {n}") for n in range(500)]
    stored = await remote.append(made, lines)

    change = await remote.edit(made, stored[250].id or "", "changed", allow_loss=True)

    found = [message async for message in remote.messages(made)]
    expected = [f"line {n}" for n in range(500)]
    expected[250] = "changed"
    assert [message.text for message in found] == expected
    assert [change.id_map[message.id or ""] for message in stored] == [message.id for message in found]


# What is refused


async def test_what_cannot_be_stored_again_is_refused_before_anything_is_created(vendor_of: Any) -> None:
    vendor = vendor_of(append_system=NO, append_assistant=native(parts=("text",)), append_user=native(text_bytes=9))
    remote = vendor.remote()
    for role, part in (
        ("system", TextPart(text="x")),
        ("assistant", FilePart(file_id="f")),
        ("other:judge", TextPart(text="x")),
        ("user", TextPart(text="x" * 10)),
    ):
        made, old_ids = await talk(remote)
        place = {"id": "odd", "role": role, "parts": (part,)}
        vendor.messages[made.id]["odd"] = vendor.messages[made.id][old_ids[0]].model_copy(update=place)
        vendor.calls.clear()

        with pytest.raises(OmnilogueError) as raised:
            await remote.edit(made, old_ids[0], "x", allow_loss=True)

        assert type(raised.value).__name__ in {"UnsupportedOperationError", "InvalidInputError"}
        assert "create_conversation" not in vendor.calls
        await remote.delete_message(made, "odd", allow_loss=True)  # without it there is nothing in the way


async def test_a_text_that_no_append_takes_is_refused_without_a_call(vendor_of: Any) -> None:
    vendor = vendor_of(append_user=native(text_bytes=9))
    remote = vendor.remote()
    made, old_ids = await talk(remote)
    vendor.calls.clear()

    with pytest.raises(OmnilogueError, match="takes 9"):
        await remote.edit(made, old_ids[0], "x" * 10, allow_loss=True)
    assert vendor.calls == []


async def test_a_vendor_that_stores_no_answers_only_clears(vendor_of: Any, texts: Any) -> None:
    vendor = vendor_of(append_user=NO, append_assistant=NO, append_system=NO, edit_message=native())
    remote = vendor.remote()
    made = await remote.create(title="T")
    await remote.send(made, "hello")

    with pytest.raises(UnsupportedOperationError):
        await remote.delete_message(made, "m1", allow_loss=True)
    change = await remote.clear(made, allow_loss=True)

    assert await texts(remote, made) == []
    assert (await remote.conversation(made)).title == "T"
    assert set(change.id_map.values()) == {None}
    assert list(vendor.conversations) == [change.conversation.id]
    assert "append" not in vendor.calls


# What goes wrong


def lost(outcome: Any = "rejected") -> OmnilogueError:
    return UnavailableError("no answer", code="server", outcome=outcome)


FAULTS: dict[str, Any] = {
    "an error": lost,
    "a fault of the plugin": lambda: ZeroDivisionError("oops"),
    "a cancellation": asyncio.CancelledError,
}


@pytest.mark.parametrize("is_applied", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("verb", ["edit", "delete_message", "clear"])
@pytest.mark.parametrize("name", ["vendor", "poor"])
async def test_a_failure_at_any_call_leaves_one_of_both_whole(
    request: pytest.FixtureRequest, verb: str, fault: str, is_applied: bool, name: str
) -> None:
    is_poor, behind = name == "poor", request.getfixturevalue(name)
    for call in range(1, 12):
        remote = behind.remote()
        made, old_ids = await talk(remote)
        before = set(behind.conversations)
        behind.fail_at(call, FAULTS[fault](), applied=is_applied)
        error: BaseException | None = None
        try:
            await changed(remote, verb, made, old_ids)
        except (OmnilogueError, asyncio.CancelledError) as caught:
            error = caught
        calls = list(behind.calls)
        behind.heal()

        seen = behind.remote()
        now = (await seen.resolve(made)).id
        assert behind.texts(now) == (LINES if now == made.id else AFTER[verb])
        is_late = isinstance(error, asyncio.CancelledError) and calls[-1] == "delete_conversation" and not is_poor
        assert (now == made.id) == (error is not None) or is_late
        if len(calls) < call:
            assert error is None
            return
        if is_applied and calls[call - 1] == "create_conversation":
            continue  # its answer was lost, and with it the id of what is left over
        orphans = set(behind.conversations) - before - {now}
        assert set(await listed(seen)) & {*orphans, made.id, now} == {now}
        if error is not None:
            assert orphans <= (set(behind.conversations) if is_poor else set())
        if isinstance(error, OmnilogueError) and "create_conversation" in calls:
            assert error.hint.startswith("the conversation is unchanged")
            assert all(f"work:{name} was begun and is left over" in error.hint for name in orphans)
            assert error.outcome == "not_sent" or calls[call - 1] == "create_conversation"
    raise AssertionError("the verb never ends")


AFTER = {"edit": ["u:one", "a:zwei", "u:three"], "delete_message": ["u:one", "u:three"], "clear": []}


async def changed(remote: AsyncRemote, verb: str, made: Conversation, old_ids: list[str]) -> Any:
    if verb == "clear":
        return await remote.clear(made, allow_loss=True)
    if verb == "edit":
        return await remote.edit(made, old_ids[1], "zwei", allow_loss=True)
    return await remote.delete_message(made, old_ids[1], allow_loss=True)


async def test_a_begun_one_that_cannot_be_taken_away_is_named(vendor: Any, texts: Any) -> None:
    remote = vendor.remote()
    made, old_ids = await talk(remote)
    before = set(vendor.conversations)
    real = vendor.played

    async def played(call: str, do: Any) -> Any:
        if call in {"append", "delete_conversation"}:
            raise lost()
        return await real(call, do)

    vendor.played = played
    with pytest.raises(UnavailableError) as raised:
        await remote.edit(made, old_ids[0], "x", allow_loss=True)

    (orphan,) = set(vendor.conversations) - before
    assert f"work:{orphan} was begun and is left over" in str(raised.value)
    assert (await texts(remote, made), await listed(remote)) == (LINES, [made.id])


async def test_an_old_one_that_cannot_be_deleted_is_hidden_and_told(vendor: Any, caplog: Any) -> None:
    remote = vendor.remote()
    for error in (lost(), ZeroDivisionError("oops")):
        made, old_ids = await talk(remote)
        vendor.fail_at(await calls_of_an_edit(vendor), error)

        change = await remote.edit(made, old_ids[0], "x", allow_loss=True)

        vendor.heal()
        assert vendor.calls[-1] == "delete_conversation"
        assert made.id in vendor.conversations
        assert made.id not in await listed(remote)
        assert (await remote.resolve(made)) == change.conversation
        assert caplog.records[-1].__dict__["event"] == "old_conversation_stays"


async def calls_of_an_edit(vendor: Any) -> int:
    remote = vendor.remote()
    made, old_ids = await talk(remote)
    vendor.calls.clear()
    await remote.edit(made, old_ids[0], "x", allow_loss=True)
    return len(vendor.calls)


async def test_a_state_that_fails_at_the_redirect_leaves_the_old_one(
    vendor: Any, texts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = vendor.remote()
    made, old_ids = await talk(remote)

    def full(*_: object) -> None:
        raise StateError("the disk is full", code="storage")

    with monkeypatch.context() as patched:
        patched.setattr("omnilogue.state.Kept.redirect", full)
        with pytest.raises(StateError, match=r"disk is full.*unchanged") as raised:
            await remote.edit(made, old_ids[0], "x", allow_loss=True)

    assert raised.value.is_safe_to_retry
    assert (await texts(remote, made), list(vendor.conversations)) == (LINES, [made.id])
    await remote.edit(made, old_ids[0], "x", allow_loss=True)


@pytest.mark.parametrize("is_applied", [False, True])
@pytest.mark.parametrize("is_poor", [False, True])
async def test_a_process_that_is_killed_leaves_one_of_both_whole(
    vendor: Any, poor: Any, killed: type[BaseException], is_applied: bool, is_poor: bool
) -> None:
    behind = poor if is_poor else vendor
    for call in range(1, 12):
        made, old_ids = await talk(behind.remote())
        behind.fail_at(call, killed(), applied=is_applied)
        is_killed = False
        try:
            await changed(behind.remote(), "edit", made, old_ids)
        except killed:
            is_killed = True
        calls = list(behind.calls)
        behind.heal()

        remote = behind.remote()
        now = (await remote.resolve(made)).id
        assert behind.texts(now) == (LINES if now == made.id else AFTER["edit"])
        if not (is_applied and calls[-1] == "create_conversation"):
            ours = {identifier for identifier in await listed(remote) if identifier in behind.conversations}
            assert now in ours
            assert made.id == now or made.id not in ours
        assert behind.texts((await changed(remote, "edit", *(await again(remote, made)))).conversation.id)
        if not is_killed:
            return
    raise AssertionError("the verb never ends")


async def again(remote: AsyncRemote, made: Conversation) -> tuple[Conversation, list[str]]:
    return made, [message.id or "" async for message in remote.messages(made)]


async def test_a_rebuild_that_takes_too_long_names_what_is_left_over(poor: Any, texts: Any) -> None:
    remote = poor.remote()
    made, old_ids = await talk(remote)
    real = poor.played

    async def played(call: str, do: Any) -> Any:
        if call == "append":
            await asyncio.sleep(60)
        return await real(call, do)

    poor.played = played
    with pytest.raises(RequestTimeoutError, match=r"unchanged; work:c\d+ was begun and is left over") as raised:
        await remote.edit(made, old_ids[0], "x", allow_loss=True, timeout=0.05)
    assert raised.value.outcome == "not_sent"
    assert await texts(remote, made) == LINES


async def test_whoever_cancels_does_not_wait_for_the_clearing_up(vendor: Any, texts: Any) -> None:
    remote = vendor.remote()
    made, old_ids = await talk(remote)
    real, begun = vendor.played, asyncio.Event()

    async def played(call: str, do: Any) -> Any:
        if call in {"append", "delete_conversation"}:
            begun.set()
            await asyncio.sleep(60)
        return await real(call, do)

    vendor.played = played
    task = asyncio.create_task(remote.edit(made, old_ids[0], "x", allow_loss=True))
    await begun.wait()
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=1.0)
    assert task in done
    assert task.cancelled()
    assert await texts(remote, made) == LINES


async def test_a_plugin_that_stores_something_else_is_not_trusted(vendor: Any, texts: Any) -> None:
    remote = vendor.remote()
    made, old_ids = await talk(remote)
    real = vendor.played

    async def played(call: str, do: Any) -> Any:
        found = await real(call, do)
        if call == "append":
            identifier = list(vendor.conversations)[-1]
            vendor.messages[identifier].popitem()
        return found

    vendor.played = played
    with pytest.raises(ProtocolError, match="does not hold what was stored"):
        await remote.edit(made, old_ids[0], "x", allow_loss=True)
    assert (await texts(remote, made), list(vendor.conversations)) == (LINES, [made.id])


async def test_what_somebody_writes_meanwhile_is_not_lost(vendor: Any, texts: Any) -> None:
    remote = vendor.remote()
    made, old_ids = await talk(remote)
    stranger = vendor.remote(state="memory:")
    real = vendor.played

    async def played(call: str, do: Any) -> Any:
        found = await real(call, do)
        if call == "create_conversation":
            vendor.played = real
            await stranger.append(made.id, "meanwhile")
        return found

    vendor.played = played
    with pytest.raises(ConflictError, match="written to while it was built anew"):
        await remote.edit(made, old_ids[0], "x", allow_loss=True)
    assert await texts(remote, made) == [*LINES, "u:meanwhile"]
    assert list(vendor.conversations) == [made.id]


async def test_two_processes_that_rebuild_at_once_lose_nothing(poor: Any, texts: Any) -> None:
    one, other = poor.remote(), poor.remote()
    made, old_ids = await talk(one)
    real = poor.played

    async def played(call: str, do: Any) -> Any:
        await asyncio.sleep(0.001)
        return await real(call, do)

    poor.played = played
    results = await asyncio.gather(
        one.edit(made, old_ids[0], "eins", allow_loss=True),
        other.edit(made, old_ids[2], "drei", allow_loss=True),
        return_exceptions=True,
    )

    failures = [result for result in results if isinstance(result, BaseException)]
    assert [type(failure) for failure in failures] == [ConflictError]
    said = await texts(one, made)
    assert said == await texts(other, made)
    assert said in (["u:eins", *LINES[1:]], [*LINES[:2], "u:drei"])


# At once


async def test_a_send_that_waits_goes_on_with_the_one_that_took_its_place(vendor: Any, texts: Any) -> None:
    remote = vendor.remote()
    made, old_ids = await talk(remote)

    edit = asyncio.create_task(remote.edit(made, old_ids[0], "x", allow_loss=True))
    await asyncio.sleep(0)
    reply, _ = await asyncio.gather(remote.send(made, "four"), remote.append(made.id, "five"))

    change = await edit
    said = await texts(remote, change.conversation)
    assert said[:3] == ["u:x", "a:two", "u:three"]
    assert sorted(said[3:]) == sorted(["u:four", f"a:{reply.text}", "u:five"])


async def test_rebuilds_of_one_conversation_come_one_after_the_other(vendor: Any, texts: Any) -> None:
    remote = vendor.remote()
    made, _ = await talk(remote)

    await asyncio.gather(*(remote.clear(made, allow_loss=True) for _ in range(5)), remote.append(made, "new"))

    assert await listed(remote) == [(await remote.resolve(made)).id]
    assert len(vendor.conversations) == 1


async def test_a_write_that_waits_for_a_deletion_is_told(vendor: Any) -> None:
    remote = vendor.remote()
    made, old_ids = await talk(remote)

    delete = asyncio.create_task(remote.delete(made))
    await asyncio.sleep(0)
    with pytest.raises(NotFoundError):
        await remote.edit(made, old_ids[0], "x", allow_loss=True)
    await delete


async def test_nothing_is_lost_where_the_door_was_never_opened(vendor: Any) -> None:
    remote = vendor.remote()
    made, old_ids = await talk(remote)
    vendor.fail_at(1, ZeroDivisionError("oops"))

    with pytest.raises(PluginError, match="oops"):
        await remote.edit(made, old_ids[0], "x", allow_loss=True)
    assert "create_conversation" not in vendor.calls


# As a list

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["edit", "delete", "clear", "append", "answer"]), st.integers(0, 9), st.text("ab ", min_size=1)
    ),
    max_size=12,
)


@pytest.mark.parametrize("is_poor", [False, True])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_sequence_of_changes_equals_that_of_a_list(vendor: Any, poor: Any, is_poor: bool, steps: Any) -> None:
    asyncio.run(played_as_a_list((poor if is_poor else vendor).remote(), steps))


async def played_as_a_list(remote: AsyncRemote, steps: list[tuple[str, int, str]]) -> None:
    made = await remote.create(title="T")
    model: list[str] = []
    for step, number, word in steps:
        text = f"{word}."
        ids = [message.id or "" async for message in remote.messages(made)]
        place = number % len(model) if model else 0
        if step == "append" or (not model and step in {"edit", "delete"}):
            await remote.append(made, text)
            model.append(f"u:{text}")
        elif step == "answer":
            await remote.append(made, text, role="assistant")
            model.append(f"a:{text}")
        elif step == "edit":
            await remote.edit(made, ids[place], text, allow_loss=True)
            model[place] = f"{model[place][:2]}{text}"
        elif step == "delete":
            await remote.delete_message(made, ids[place], allow_loss=True)
            del model[place]
        else:
            await remote.clear(made, allow_loss=True)
            model.clear()
        said = [f"{message.role[0]}:{message.text}" async for message in remote.messages(made)]
        assert said == model
    assert (await remote.conversation(made)).title == "T"
