"""The way from threads to the event loop."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from ..errors import InvalidInputError
from ..remote.verb import CLOSE_SECONDS

T = TypeVar("T")


class _Running(NamedTuple):
    """A loop that runs, and what ends it."""

    loop: asyncio.AbstractEventLoop
    ended: asyncio.Event


class _Loop:
    """The event loop of a bridge, in a thread of its own; known to its finalizer, which must not know the bridge.

    Not a portal of anyio: that cancels again and again what was cancelled, and nothing could be stopped in peace.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._thread: threading.Thread | None = None
        self.running: _Running | None = None

    def require_here(self) -> None:
        """Refuse use in a forked child: the thread stayed with the parent."""
        if os.getpid() != self._process:
            raise InvalidInputError("this client was made before a fork; make a new one in the child")

    def start(self) -> asyncio.AbstractEventLoop:
        """Start the thread, the first time."""
        if self.running is None:
            ready: Future[_Running] = Future()
            self._thread = threading.Thread(target=_run, args=(ready,), name="omnilogue-portal", daemon=True)
            self._thread.start()
            self.running = ready.result()
        return self.running.loop

    def end(self) -> None:
        """Cancel what still runs and end the thread."""
        if self.running is None or os.getpid() != self._process:
            return
        if threading.current_thread() is self._thread:
            # The last reference may be let go over there, and no thread can wait for itself.
            threading.Thread(target=_end, args=(self.running, self._thread), daemon=True).start()
        else:
            _end(self.running, self._thread)


def _run(ready: Future[_Running]) -> None:
    try:
        asyncio.run(_serve(ready))
    except BaseException as error:
        if ready.done():
            raise
        ready.set_exception(error)


async def _serve(ready: Future[_Running]) -> None:
    ended = asyncio.Event()
    ready.set_result(_Running(asyncio.get_running_loop(), ended))
    await ended.wait()


def _end(running: _Running, thread: threading.Thread | None) -> None:
    with suppress(RuntimeError):  # it has ended by itself
        running.loop.call_soon_threadsafe(running.ended.set)
    if thread is not None:
        thread.join()


class Bridge:
    """The way to the event loop: opened at first use, shared by threads, closed with the client or by the collector."""

    def __init__(self) -> None:
        self._loop = _Loop()
        self._gate = threading.Lock()
        self._is_closed = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._finalizer = weakref.finalize(self, self._loop.end)

    def call(self, action: Callable[..., Awaitable[T]], *given: Any) -> T:
        """Run a coroutine function over there and give its result. Raises what it raises.

        Whoever stops waiting, by Ctrl-C for one, cancels it.
        """
        with self._gate:  # what was let in here is begun before the loop can end
            self.require_open()
            future = asyncio.run_coroutine_threadsafe(_held(self._tasks, action, *given), self._loop.start())
        return _awaited(future)

    def start(self, action: Callable[..., Awaitable[T]], *given: Any) -> asyncio.Task[T]:
        """Begin a task over there, from over there, that goes on by itself until it ends or the bridge does."""
        return asyncio.create_task(_held(self._tasks, action, *given))

    def require_open(self) -> None:
        """Refuse use after closing, and in a forked child."""
        self._loop.require_here()
        if self._is_closed:
            raise _closed()

    def close(self, last: Callable[[], Awaitable[None]] | None = None) -> None:
        """Let nobody in, end what is under way, do the `last` thing, end the thread; harmless twice."""
        with self._gate:
            is_first, self._is_closed = not self._is_closed, True
        try:
            if is_first and self._loop.running is not None:
                with suppress(InvalidInputError):  # nothing of it is here: this is a forked child
                    self._loop.require_here()
                    _awaited(asyncio.run_coroutine_threadsafe(_ended(self._tasks, last), self._loop.start()))
        finally:
            self._finalizer()


def _awaited(future: Future[T]) -> T:
    try:
        return future.result()
    except CancelledError:
        raise _closed() from None
    except BaseException:
        future.cancel()
        raise


async def _held(tasks: set[asyncio.Task[Any]], action: Callable[..., Awaitable[T]], *given: Any) -> T:
    """Do it in this task, which is known meanwhile: the loop itself keeps only weak references."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine runs in a task
    tasks.add(task)
    try:
        return await action(*given)
    finally:
        tasks.discard(task)


async def _ended(tasks: set[asyncio.Task[Any]], last: Callable[[], Awaitable[None]] | None) -> None:
    """Cancel tasks and wait until they have given back what they held, then do the last thing.

    One that was cancelled before may be about to stop its run: it is left in peace for as long as that may take.
    """
    for task in tasks:
        if not task.cancelling():
            task.cancel()
    if tasks:
        await asyncio.wait(set(tasks), timeout=CLOSE_SECONDS)
    while left := set(tasks):
        for task in left:
            task.cancel()
        await asyncio.wait(left)
    if last is not None:
        await last()


def _closed() -> InvalidInputError:
    return InvalidInputError("this client is closed")
