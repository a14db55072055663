"""The client without an event loop: the same verbs, from any thread, and nothing left behind."""

import asyncio
import gc
import inspect
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from omnilogue import (
    AsyncClient,
    AsyncRemote,
    Client,
    ConversationBusyError,
    CopyProgress,
    InvalidInputError,
    NotFoundError,
    RateLimitError,
    Remote,
    ReplyStream,
    Stop,
    StreamInterruptedError,
)
from omnilogue.remote import Listing
from omnilogue.sync import Pages, SyncReplyStream
from omnilogue_ichati.emulator import IChatiEmulator
from omnilogue_minimax.emulator import MiniMaxEmulator

SETTINGS = {"chat": {"provider": "memory", "replies": ["one two three four five"]}}


@pytest.fixture
def remote() -> Iterator[Remote]:
    with Client(False, remotes=SETTINGS) as client:
        yield client.remote()


def threads() -> set[threading.Thread]:
    return set(threading.enumerate())


# The same names, options and types


TWINS = [(AsyncClient, Client), (AsyncRemote, Remote), (Listing, Pages), (ReplyStream, SyncReplyStream)]
NAMES = {"aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__", "__aiter__": "__iter__"}
NAMES |= {"__anext__": "__next__"}
TYPES = {
    r"\bListing\b": "Pages",
    r"\bReplyStream\b": "SyncReplyStream",
    r"\bAsyncRemote\b": "Remote",
    r"\bAsyncGenerator\[(\w+), None\]": r"Iterator[\1]",
    r"\bT\b": "R",
}


def public(kind: type) -> dict[str, Any]:
    """Give what a class offers, also by inheritance, under the names without an event loop."""
    found = {name: inspect.getattr_static(kind, name) for name in dir(kind)}
    wanted = {name: value for name, value in found.items() if not name.startswith("_") or name in NAMES}
    return {NAMES.get(name, name): value for name, value in wanted.items()}


def without_loop(annotation: Any) -> Any:
    for pattern, replacement in TYPES.items():
        annotation = re.sub(pattern, replacement, annotation) if isinstance(annotation, str) else annotation
    return annotation


def signature(function: Any) -> list[tuple[str, Any, Any, Any]]:
    function = function.fget if isinstance(function, property) else function
    said = inspect.signature(function)
    rows = [(each.name, each.kind, each.default, without_loop(each.annotation)) for each in said.parameters.values()]
    return [*rows, ("return", None, None, without_loop(said.return_annotation))]


@pytest.mark.parametrize(("with_loop", "without"), TWINS)
def test_both_offer_the_same(with_loop: type, without: type) -> None:
    dunder = {"__enter__", "__exit__", "__iter__", "__next__"}
    offered = {name for name in dir(without) if not name.startswith("_") or name in dunder & vars(without).keys()}

    assert offered - {"complete"} == public(with_loop).keys() - {"complete"}


@pytest.mark.parametrize(
    ("with_loop", "without", "name"),
    [(one, two, name) for one, two in TWINS for name in public(one) if not name.startswith("__")],
)
def test_both_take_and_give_the_same(with_loop: type, without: type, name: str) -> None:
    twin = inspect.getattr_static(without, name)

    assert signature(twin) == signature(public(with_loop)[name])
    assert isinstance(twin, property) == isinstance(public(with_loop)[name], property)
    assert not inspect.iscoroutinefunction(twin)


def test_both_clients_are_made_alike() -> None:
    assert signature(Client.__init__) == signature(AsyncClient.__init__)


# Verbs


def test_a_conversation_from_its_beginning_to_its_end(remote: Remote) -> None:
    conversation = remote.create(title="Trip", metadata={"color": "blue"})
    conversation = remote.update(conversation, title="Long trip")
    stored = remote.append(conversation, "Be brief.", "system")
    reply = remote.send(conversation, "Where to?")
    another = remote.regenerate(conversation)

    assert [message.text for message in remote.messages(conversation)] == ["Be brief.", "Where to?", another.text]
    assert another.effect == "superseded"
    assert reply.text == "one two three four five"
    assert remote.edit(conversation, stored.id or "", "Be long.").conversation == conversation.ref
    assert remote.message(conversation, stored.id or "").text == "Be long."
    remote.delete_message(conversation, stored.id or "")
    remote.clear(conversation)
    assert list(remote.messages(conversation)) == []
    assert [found.title for found in remote.conversations()] == ["Long trip"]
    assert remote.check().ok
    remote.delete(conversation)
    with pytest.raises(NotFoundError):
        remote.conversation(conversation)


def test_errors_come_out_as_they_are() -> None:
    with Client(False, remotes={"chat": {"provider": "memory", "faults": ["rate_limit"]}}) as client:
        remote = client.remote()
        conversation = remote.create()

        with pytest.raises(RateLimitError, match="a fault that was asked for"):
            remote.send(conversation, "Hello?")


def test_a_list_is_read_page_by_page(remote: Remote) -> None:
    conversation = remote.create()
    remote.append(conversation, [remote_message(number) for number in range(60)])
    pages = remote.messages(conversation)

    assert len(pages.next_page() or []) == 50
    assert pages.complete is None
    assert [message.text for message in pages] == [str(number) for number in range(50, 60)]
    assert pages.next_page() is None
    assert pages.complete


def remote_message(number: int) -> Any:
    from omnilogue import Message

    return Message.user(str(number))


def test_a_remote_made_at_run_time_is_closed_by_itself(remote: Remote) -> None:
    with Client(False) as client:
        tenant = client.connect("memory", name="tenant")
        tenant.create()
        tenant.close()
        tenant.close()

        with pytest.raises(InvalidInputError, match="closed"):
            tenant.create()


# Streams


def test_a_stream_gives_its_events_and_then_its_reply(remote: Remote) -> None:
    conversation = remote.create()
    with remote.stream(conversation, "Hello?") as stream:
        events = [event.type for event in stream]

        assert events == ["reply_started", *["text_delta"] * 5, "reply_completed"]
        assert stream.reply.text == "one two three four five"
        assert list(stream) == []


def test_a_stream_gives_its_text_in_pieces(remote: Remote) -> None:
    conversation = remote.create()
    with remote.stream(conversation, "Hello?") as stream:
        assert "".join(stream.text()) == stream.reply.text
    with remote.stream_regenerate(conversation) as stream:
        assert "".join(stream.text()) == stream.reply.text


def test_a_stream_that_is_left_early_frees_the_conversation(remote: Remote) -> None:
    conversation = remote.create()
    with remote.stream(conversation, "Hello?") as stream:
        next(stream)
    with pytest.raises(InvalidInputError, match="not open"):
        next(stream)

    assert remote.send(conversation, "Still there?", busy="reject", timeout=10).text


def test_a_stream_keeps_others_out_until_it_is_left(remote: Remote) -> None:
    conversation = remote.create()
    with remote.stream(conversation, "Hello?"), pytest.raises(ConversationBusyError):
        remote.send(conversation, "Me too?", busy="reject")
    with remote.stream(conversation, "Hello?"):
        busy = remote.stream(conversation, "Me too?", busy="reject")
        with pytest.raises(ConversationBusyError), busy:
            pass

    assert remote.send(conversation, "Now?", busy="reject").text


def test_a_stream_that_breaks_gives_what_came_and_then_its_error() -> None:
    with Client(False, remotes={"chat": {**SETTINGS["chat"], "faults": ["stream_broken"]}}) as client:
        remote = client.remote()
        conversation = remote.create()
        with remote.stream(conversation, "Hello?") as stream:
            with pytest.raises(StreamInterruptedError) as caught:
                list(stream)
            with pytest.raises(StreamInterruptedError):
                next(stream)

        assert caught.value.partial is not None
        assert caught.value.partial.text == "one two"
        assert remote.send(conversation, "Once more?", busy="reject").text


def test_a_stream_is_entered_once(remote: Remote) -> None:
    conversation = remote.create()
    with remote.stream(conversation, "Hello?") as stream:
        with pytest.raises(InvalidInputError, match="entered once"):
            stream.__enter__()
        assert [event.type for event in stream][-1] == "reply_completed"
    with pytest.raises(InvalidInputError, match="not open"):
        next(remote.stream(conversation, "Hello?"))


def test_streams_leave_no_task(remote: Remote) -> None:
    conversation = remote.create()
    for _ in range(5):
        with remote.stream(conversation, "Hello?") as stream:
            next(stream)

    async def others() -> int:
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    before = remote._bridge.call(others)
    with remote.stream(conversation, "Hello?"):
        assert remote._bridge.call(others) == before + 1
    assert remote._bridge.call(others) == before


def test_a_client_closed_in_a_stream_ends_it() -> None:
    client = Client(False, remotes=SETTINGS)
    remote = client.remote()
    with remote.stream(remote.create(), "Hello?") as stream:
        client.close()
        with pytest.raises(InvalidInputError, match="closed"):
            list(stream)


CLOSING = """
def begun():
    client = Client(False, remotes={"chat": {"provider": "ichati", **SETTINGS}})
    remote, is_begun, ends = client.remote(), threading.Event(), []
    conversation = remote.create()
    def read():
        try:
            with remote.stream(conversation, "Some words to be said again?") as stream:
                for _ in stream:
                    is_begun.set()
        except InvalidInputError as error:
            ends.append(str(error))
    reader = threading.Thread(target=read)
    reader.start()
    is_begun.wait(10)
    return client, reader, ends

for number in range(10):
    client, reader, ends = begun()
    threading.Event().wait(number / 300)
    client.close()
    reader.join(10)
    assert ends == ["this client is closed"], ends
"""


def test_a_client_closed_while_another_thread_streams_is_quiet() -> None:
    with IChatiEmulator(piece_delay=0.02, piece_bytes=2) as vendor:
        run = ended(f"import threading\nSETTINGS = {vendor.settings!r}\n" + CLOSING)

    assert (run.returncode, run.stderr) == (0, "")


def test_a_client_closed_in_a_stream_stops_the_run() -> None:
    with MiniMaxEmulator() as vendor:
        vendor.configure(piece_delay=0.02)
        client = Client(False, remotes={"chat": {"provider": "minimax", **vendor.settings}})
        remote = client.remote()
        conversation = remote.create()
        with remote.stream(conversation, "Hello?") as stream:
            _ = [next(stream), next(stream)]
            client.close()

        assert [run.status for run in vendor.store.runs(conversation.id)] == ["cancelled"]


INTERRUPTED = """
import signal, threading
from omnilogue_minimax.emulator import MiniMaxEmulator

with MiniMaxEmulator() as vendor:
    vendor.configure(polls=1_000_000)

    def interrupt():
        while not vendor.journal.requests("threads/run/retrieve"):
            threading.Event().wait(0.01)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    try:
        with Client(False, remotes={"chat": {"provider": "minimax", **vendor.settings}}) as client:
            remote = client.remote()
            conversation = remote.create()
            remote.send(conversation, "Hello?")
    except KeyboardInterrupt:
        print(*[run.status for run in vendor.store.runs(conversation.id)])
"""


def test_a_send_that_is_interrupted_stops_its_run() -> None:
    run = ended(INTERRUPTED)

    assert (run.stdout, run.stderr) == ("cancelled\n", "")


# Threads, loops, the end


def test_threads_share_a_client(remote: Remote) -> None:
    conversations = [remote.create(title=str(number)) for number in range(8)]

    def talk(number: int) -> list[str]:
        remote.send(conversations[number], f"I am {number}")
        return [message.text for message in remote.messages(conversations[number]) if message.role == "user"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(talk, range(8))) == [[f"I am {number}"] for number in range(8)]


def test_threads_that_write_to_one_conversation_wait_for_each_other(remote: Remote) -> None:
    conversation = remote.create()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: remote.send(conversation, f"Turn {number}"), range(8)))

    roles = [message.role for message in remote.messages(conversation)]
    assert roles == ["user", "assistant"] * 8


def test_the_first_use_by_many_threads_starts_one_loop() -> None:
    before = threads()
    with Client(False, remotes=SETTINGS) as client, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.remote().create(), range(16)))
        assert len([thread for thread in threads() - before if "portal" in thread.name]) == 1
        assert len(list(client.remote().conversations())) == 16


@pytest.mark.anyio
async def test_it_works_in_the_threads_of_a_running_loop() -> None:
    def talk() -> str:
        with Client(False, remotes=SETTINGS) as client:
            remote = client.remote()
            return remote.send(remote.create(), "Hello?").text

    assert await asyncio.gather(*(asyncio.to_thread(talk) for _ in range(4))) == ["one two three four five"] * 4


def test_closing_twice_is_harmless_and_ends_the_thread() -> None:
    before = threads()
    client = Client(False, remotes=SETTINGS)
    remote = client.remote()
    remote.create()
    assert threads() > before
    client.close()
    client.close()

    assert threads() == before
    for use in (remote.create, client.remote, client.__enter__, lambda: client.connect("memory", name="tenant")):
        with pytest.raises(InvalidInputError, match="closed"):
            use()


def test_closing_without_use_starts_nothing() -> None:
    before = threads()
    with Client(False, remotes=SETTINGS) as client:
        remote = client.remote()
        assert remote.features.send.grade == "native"

    assert threads() == before
    with pytest.raises(InvalidInputError, match="closed"):
        remote.create()


def test_closing_ends_what_other_threads_wait_for() -> None:
    client = Client(False, remotes=SETTINGS)
    remote = client.remote()
    conversation = remote.create()
    with ThreadPoolExecutor(1) as pool, remote.stream(conversation, "Hello?"):
        waiting = pool.submit(remote.send, conversation, "Me too?")
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.1)
        client.close()

        assert isinstance(waiting.exception(timeout=10), InvalidInputError)


def test_a_forgotten_client_ends_with_the_collector() -> None:
    before = threads()
    client = Client(False, remotes=SETTINGS)
    client.remote().create()
    del client
    gc.collect()

    assert_ended(before)


def assert_ended(before: set[threading.Thread]) -> None:
    """The last reference may be let go over there, and the thread ends a moment later."""
    for thread in threads() - before:
        thread.join(timeout=10)
    assert threads() == before


def test_a_client_forgotten_in_its_own_loop_ends_too() -> None:
    before = threads()
    client = Client(False, remotes=SETTINGS)
    client.remote().create()
    held, bridge = [client], client._bridge
    call: Callable[..., Any] = bridge.call
    del client, bridge

    async def forget() -> None:
        held.clear()

    loop = call.__self__._loop.running.loop  # type: ignore[attr-defined]  # a bound method
    future = asyncio.run_coroutine_threadsafe(forget(), loop)
    del call
    future.result(timeout=10)
    gc.collect()
    assert_ended(before)


def ended(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script that must end by itself, soon."""
    head = "import os, sys\nfrom omnilogue import Client, InvalidInputError\n"
    head += f"client = Client(False, remotes={SETTINGS!r})\nremote = client.remote()\nconversation = remote.create()\n"
    run = [sys.executable, "-W", "error", "-c", head + script]
    return subprocess.run(run, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize(
    "script",
    [
        "",
        "stream = remote.stream(conversation, 'Hello?')\nstream.__enter__()\nnext(stream)",
        "client.loop = client",
        "import threading\nthreading.Thread(target=remote.send, args=(conversation, 'Hello?')).start()",
        "raise SystemExit(0)",
    ],
)
def test_a_client_that_is_not_closed_does_not_keep_the_interpreter(script: str) -> None:
    run = ended(script)

    assert (run.returncode, run.stderr) == (0, "")


FORK = """
import warnings
warnings.simplefilter("ignore")  # later versions warn of any fork beside a thread
child = os.fork()
if child == 0:
    try:
        remote.create()
    except InvalidInputError as error:
        print(error, flush=True)
    client.close()
    with Client(False, remotes={"mine": {"provider": "memory"}}) as mine:
        print(mine.remote().create(title="In the child").title, flush=True)
    sys.exit(0)
status = os.waitpid(child, 0)[1]
print(os.waitstatus_to_exitcode(status), remote.send(conversation, "Still there?").text, flush=True)
client.close()
"""


def test_a_forked_child_is_refused_and_its_parent_goes_on() -> None:
    run = ended(FORK)

    assert run.stdout.splitlines() == [
        "this client was made before a fork; make a new one in the child",
        "In the child",
        "0 one two three four five",
    ]
    assert run.returncode == 0


# Copying


def test_a_copy_from_its_plan_to_its_undo(tmp_path: Path) -> None:
    remotes: dict[str, dict[str, Any]] = {
        **SETTINGS,
        "kept": {"provider": "archive", "path": str(tmp_path / "kept.db")},
    }
    events: list[CopyProgress] = []
    with Client(False, remotes=remotes, state="memory:") as client:
        source, target = client.remote("chat"), client.remote("kept")
        source.send(source.create(title="Trip"), "Where to?")

        plan = client.plan(source, target)
        report = client.copy(plan=plan, progress=events.append)
        migration = report.migration or ""

        assert (plan.messages.new, report.messages.copied, report.dead) == (2, 2, ())
        assert {event.phase for event in events} == {"plan", "copy"}
        assert client.check("chat:", "kept:", one_way=True).is_clean
        assert client.retry(migration).messages.copied == 0
        assert [each.migration for each in client.migrations()] == [migration]
        items = client.migration(migration, messages=True).items or ()
        assert [len(item.message_ids or {}) for item in items] == [2]
        assert client.undo(migration).deleted == (items[0].target,)
        assert list(target.conversations()) == []


def test_a_copy_that_was_asked_to_stop_writes_nothing_more(tmp_path: Path) -> None:
    remotes: dict[str, dict[str, Any]] = {
        **SETTINGS,
        "kept": {"provider": "archive", "path": str(tmp_path / "kept.db")},
    }
    stop = Stop()
    with Client(False, remotes=remotes, state="memory:") as client:
        source = client.remote("chat")
        source.create(title="Trip")
        stop.ask()

        report = client.copy(source, "kept", stop=stop)

        assert (report.migration, report.sentence) == (None, "Stopped; nothing was copied.")
        assert list(client.remote("kept").conversations()) == []
        assert client.copy(source, "kept").sentence.startswith("Copied 0 messages of 1 conversation")


def test_one_conversation_goes_with_no_other_ids(tmp_path: Path) -> None:
    with Client(False, remotes={**SETTINGS, "other": {"provider": "memory"}}, state="memory:") as client:
        for options in ({"id": "2"}, {"ids_from": tmp_path / "ids.txt"}):
            with pytest.raises(InvalidInputError, match="chat:1 is one conversation already"):
                client.copy("chat:1", "other:", **options)


def test_a_plan_names_its_own_ends() -> None:
    with Client(False, remotes={**SETTINGS, "other": {"provider": "memory"}}, state="memory:") as client:
        plan = client.plan("chat:", "other:")

        with pytest.raises(InvalidInputError, match="names its own source"):
            client.copy("chat:", plan=plan)
