"""A vendor as a real HTTP server on loopback, with its own event loop in its own thread."""

import asyncio
import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, ClassVar, Self

from aiohttp import web

from omnilogue.emulator.answering import make_middleware
from omnilogue.emulator.faults import Fault, FaultPlan
from omnilogue.emulator.journal import Journal
from omnilogue.emulator.quirks import NoQuirks, turned

MAX_BODY = 64 << 20
START_TIMEOUT = 10.0
GRACE = 0.01  # seconds an answer may still take when the server is stopped; a stalled one never ends by itself


class Emulator(ABC):
    """A vendor that needs no account; a provider's emulator derives from it and gives `routes()`.

    It serves asynchronous and synchronous tests alike, and every method may be called from any thread.
    Quirks are keyword arguments; an unknown one, or a bad value, is `ValueError`. `model_word` is what a vendor that
    does not take any word calls a model.
    """

    provider: ClassVar[str] = ""
    Quirks: ClassVar[type[Any]] = NoQuirks
    base_path: ClassVar[str] = "/"
    credentials: ClassVar[Mapping[str, str]] = {}
    model_word: ClassVar[str] = ""
    quirks: Any

    def __init__(self, **quirks: Any) -> None:
        self.quirks = turned(self.Quirks, self.Quirks(), quirks)
        self.journal = Journal(self.base_path)
        self._plan = FaultPlan(self.base_path)
        self._url: str | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @abstractmethod
    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """Give the vendor's routes; handlers know nothing of faults and stream with `stream_pieces`."""

    @property
    def url(self) -> str:
        """The base URL; it stays the same after `stop`, so that a vendor that is down can be tested."""
        if self._url is None:
            raise RuntimeError(
                f"the {self.provider} emulator has no URL before it is started; call start() or use `with`"
            )
        return self._url

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a remote that talks to this emulator."""
        return {"base_url": self.url, **self.credentials}

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that have not run out yet."""
        return self._plan.armed()

    def configure(self, **quirks: Any) -> None:
        """Change some quirks while running; the others stay."""
        self.quirks = turned(self.Quirks, self.quirks, quirks)

    def fail_next(
        self,
        kind: str,
        *,
        times: int = 1,
        method: str | None = None,
        path: str | None = None,
        every: int | None = None,
        **details: Any,
    ) -> None:
        """Inject a fault into the next matching requests; the kinds and their details are in `faults.KINDS`.

        `path` is the beginning of the path behind the base; `every=N` hits each Nth matching request until
        `clear_faults`. An unknown kind or detail is `ValueError`.
        """
        method = method.upper() if method else None
        self._plan.add(Fault(kind, times=times, every=every, method=method, path=path, details=details))

    def clear_faults(self) -> None:
        """Forget the faults that are still armed."""
        self._plan.clear()

    def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Serve in a thread of its own; returns when the port is open, and raises `OSError` when it cannot be."""
        if self._thread is not None:
            raise RuntimeError(f"the {self.provider} emulator is running already, at {self._url}; stop it first")
        ready: Future[str] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(host, port, ready), name=f"{self.provider}-emulator", daemon=True
        )
        self._thread.start()
        try:
            self._url = ready.result(START_TIMEOUT)
        except BaseException:
            self._thread.join(START_TIMEOUT)
            self._thread = None
            raise

    def stop(self) -> None:
        """Close every connection and end the thread; harmless twice. What is stored stays."""
        thread, self._thread = self._thread, None
        if thread is None or self._loop is None or self._stopping is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop ended by itself
            self._loop.call_soon_threadsafe(self._stopping.set)
        thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, host: str, port: int, ready: "Future[str]") -> None:
        try:
            asyncio.run(self._serve(host, port, ready))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _serve(self, host: str, port: int, ready: "Future[str]") -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        middleware = make_middleware(base=self.base_path, journal=self.journal, plan=self._plan)
        app = web.Application(middlewares=[middleware], client_max_size=MAX_BODY)
        app.add_routes(self.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE)
        try:
            await runner.setup()
            await web.TCPSite(runner, host, port).start()
            name = f"[{host}]" if ":" in host else host
            ready.set_result(f"http://{name}:{runner.addresses[0][1]}{self.base_path}")
            await self._stopping.wait()
        finally:
            await runner.cleanup()
