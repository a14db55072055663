"""The way from threads to the event loop."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import InvalidInputError

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

T = TypeVar("T")


class _Loop:
    """The event loop of a bridge, in a thread of its own; known to its finalizer, which must not know the bridge.

    Not anyio's `start_blocking_portal`: its generator, collected at the end of a forked child, waits for a thread that
    stayed with the parent.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._thread: threading.Thread | None = None
        self.portal: BlockingPortal | None = None

    def require_here(self) -> None:
        """Refuse use in a forked child: the thread stayed with the parent."""
        if os.getpid() != self._process:
            raise InvalidInputError("this client was made before a fork; make a new one in the child")

    def start(self) -> BlockingPortal:
        """Start the thread, the first time."""
        if self.portal is None:
            ready: Future[BlockingPortal] = Future()
            self._thread = threading.Thread(target=_run, args=(ready,), name="omnilogue-portal", daemon=True)
            self._thread.start()
            self.portal = ready.result()
        return self.portal

    def end(self) -> None:
        """Cancel what still runs and end the thread."""
        if self.portal is None or os.getpid() != self._process:
            return
        if threading.current_thread() is self._thread:
            # The last reference may be let go over there, and no thread can wait for itself.
            threading.Thread(target=_end, args=(self.portal, self._thread), daemon=True).start()
        else:
            _end(self.portal, self._thread)


def _run(ready: Future[BlockingPortal]) -> None:
    try:
        asyncio.run(_serve(ready))
    except BaseException as error:
        if ready.done():
            raise
        ready.set_exception(error)


async def _serve(ready: Future[BlockingPortal]) -> None:
    from anyio.from_thread import BlockingPortal

    async with BlockingPortal() as portal:
        ready.set_result(portal)
        await portal.sleep_until_stopped()


def _end(portal: BlockingPortal, thread: threading.Thread | None) -> None:
    with suppress(RuntimeError):  # it has ended by itself
        portal.call(portal.stop, True)
    if thread is not None:
        thread.join()


class Bridge:
    """The way to the event loop: opened at first use, shared by threads, closed with the client or by the collector."""

    def __init__(self) -> None:
        self._loop = _Loop()
        self._opening = threading.Lock()
        self._finalizer = weakref.finalize(self, self._loop.end)

    def call(self, action: Callable[..., Awaitable[T]], *given: Any) -> T:
        """Run a coroutine function over there and give its result. Raises what it raises.

        Whoever stops waiting, by Ctrl-C for one, cancels it.
        """
        with self._opening:
            self.require_open()
            portal = self._loop.start()
        try:
            future = portal.start_task_soon(action, *given)
        except RuntimeError:  # closed by another thread since
            raise _closed() from None
        try:
            return future.result()
        except CancelledError:
            raise _closed() from None
        except BaseException:
            future.cancel()
            raise

    def require_open(self) -> None:
        """Refuse use after closing, and in a forked child."""
        self._loop.require_here()
        if not self._finalizer.alive:
            raise _closed()

    @property
    def is_used(self) -> bool:
        """Whether anything has been run over it."""
        return self._loop.portal is not None

    def close(self) -> None:
        """End the thread; harmless twice."""
        self._finalizer()


def _closed() -> InvalidInputError:
    return InvalidInputError("this client is closed")
