"""The only door to the network: one request in, one answer or one error of the tree out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Container, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TypeVar, Unpack

import httpx
from pydantic import TypeAdapter

from .._version import __version__
from ..errors import AuthenticationError, OmnilogueError
from . import failures
from .answer import Response, pieces, read, read_start, require_success, understand
from .auth import Auth, NoAuth
from .call import Base, Call, Description, header_value
from .clock import Clock
from .failures import ErrorTable
from .fetching import call_for_link
from .forms import EncodedForm
from .limits import BODY_BYTES, DOWNLOAD_BYTES, STREAM_BYTES, TooLarge, Undecodable
from .observing import Observer, tell_request, tell_retry
from .rate import Pace
from .retry import RetryPolicy
from .scope import CURRENT, note_pause
from .settings import HttpSettings
from .streams import EventParser, Parser, ServerEvent, TextParser, TextStream

T = TypeVar("T")

TRANSPORT_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, TooLarge, Undecodable)
CONNECT_SECONDS = 10.0
JSON, EVENTS, TEXT = b"application/json", b"text/event-stream", b"text/plain, application/json"
ANYTHING = b"*/*"
OUR_NAME = {"user-agent": f"omnilogue/{__version__}"}


@dataclass(slots=True)
class _Tries:
    """What is known over all attempts of one call."""

    started: float
    count: int = 0
    uncertain: bool = False
    refreshed: bool = False


class Http:
    """The door of one remote: keeps to its limits, repeats what may be repeated, names what failed."""

    def __init__(
        self,
        settings: HttpSettings,
        transport: Callable[[], httpx.AsyncBaseTransport],
        clock: Clock,
        *,
        prepare: Callable[[], Awaitable[None]] | None = None,
        observers: tuple[Observer, ...] = (),
    ) -> None:
        """`prepare` is awaited once, before the first request: secrets are looked up then."""
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._prepare = prepare
        self._observers = observers
        self._base = Base(settings.base_url)
        self._constant_headers: list[tuple[bytes, bytes]] = []
        self.pace = Pace(settings.rate, clock) if settings.rate else None
        """The remote's own pace, None without one; its sockets keep to it too."""
        self._max_attempts = settings.max_attempts
        self._was_asked = self._has_answered = False
        self._slots = asyncio.Semaphore(settings.max_connections)
        self._errors = ErrorTable()
        self._auth: Auth = NoAuth()
        silence = settings.read_timeout
        connect = min(CONNECT_SECONDS, silence)
        self._timeouts = {"connect": connect, "read": silence, "write": silence, "pool": None}

    def using(self, errors: ErrorTable, auth: Auth) -> Http:
        """Give this door to a provider, with its error table and its credentials."""
        self._errors, self._auth = errors, auth
        return self

    @property
    def never_answered(self) -> bool:
        """Whether a request was tried and none has ever got an answer of any kind."""
        return self._was_asked and not self._has_answered

    @contextmanager
    def tuned(self, *, rate: str | None, max_attempts: int) -> Iterator[None]:
        """Let long work go at another pace, and repeat what may be repeated more often; None keeps the pace.

        More patience is for a vendor that has answered before: an address that is wrong is soon told.
        Raises ValueError for what is no rate.
        """
        before = self.pace, self._max_attempts
        self.pace = Pace(rate, self._clock) if rate else self.pace
        self._max_attempts = max(self._max_attempts, max_attempts) if self._max_attempts > 1 else 1
        try:
            yield
        finally:
            self.pace, self._max_attempts = before

    async def request(
        self, method: str, path: str, *, shape: TypeAdapter[T] | None = None, **said: Unpack[Description]
    ) -> Response[T]:
        """Send one request and give its answer.

        `values` fill the `{names}` in `path` and are encoded here; `query` and `json` are what they say.
        `effect` says what repeating does: `read` (the default for GET) and `replace` may be repeated, `add` (the
        default for all else) only when it surely did not happen. `shape` is what the answer must look like.
        Statuses in `accept` are given back, not raised. `guessed` marks a path the vendor never documented: 404 and
        405 there are UnsupportedOperationError. `private` keeps the answer's body out of everything. `form` is sent in
        place of `json`. `raw` asks for the bytes of a file, which are given as they came. `aside` marks a write that
        is no part of the conversation: an upload that failed says nothing of the turn it was for.

        Raises the ProviderError that fits, InvalidInputError for what cannot be sent, ConfigurationError for a
        redirect or a path setting that is none.
        """
        call = self._base.describe(method, path, said)
        tries = _Tries(self._clock.monotonic())

        async def attempt() -> Response[T]:
            async with self._answer(call, tries, ANYTHING if call.raw else JSON) as answer:
                content = await read(answer, DOWNLOAD_BYTES if call.raw else BODY_BYTES)
            return understand(call, answer, content, shape, self._errors)

        return await self._repeated(call, tries, attempt)

    async def fetch(self, link: str, *, hosts: Container[str] = ()) -> bytes:
        """Give the bytes behind a link that the vendor gave, at most 64 MiB, without any credentials.

        Only https links of the vendor's own host and of `hosts` are fetched, and none into a private network.
        Raises what `request` raises, and ConfigurationError for a link that is not fetched.
        """
        settings = self._settings
        call = await call_for_link(link, settings.base_url, hosts, allow_http=settings.allow_http)
        tries = _Tries(self._clock.monotonic())

        async def attempt() -> bytes:
            async with self._answer(call, tries, ANYTHING) as answer:
                return await read(answer, BODY_BYTES)

        return await self._repeated(call, tries, attempt)

    @asynccontextmanager
    async def events(
        self, method: str, path: str, **said: Unpack[Description]
    ) -> AsyncIterator[AsyncIterator[ServerEvent]]:
        """Open a stream of server-sent events, described as for `request`.

        Until the first byte it is repeated like any request, then never. Leaving the context closes the connection.
        Raises what `request` raises, and StreamInterruptedError where the stream breaks.
        """
        call = self._base.describe(method, path, said)
        async with (
            self._opened(call, EVENTS, self._require_events) as (answer, tries, _),
            aclosing(self._parsed(call, pieces(answer, STREAM_BYTES), tries, EventParser())) as events,
        ):
            yield events

    @asynccontextmanager
    async def text(self, method: str, path: str, **said: Unpack[Description]) -> AsyncIterator[TextStream]:
        """Open an answer of plain text in UTF-8, described as for `request`, and give its pieces as they come.

        An answer in JSON is read whole first: one that the error table knows as a refusal is raised, any other comes
        as one piece. Until the first byte it is repeated like any request, then never. Leaving the context closes the
        connection. Raises what `request` raises, StreamInterruptedError where the answer breaks, and ProtocolError
        where it is no UTF-8.
        """
        call = self._base.describe(method, path, said)
        async with self._opened(call, TEXT, self._read_json) as (answer, tries, content):
            source = _whole(content) if content is not None else pieces(answer, STREAM_BYTES)
            async with aclosing(self._parsed(call, source, tries, TextParser())) as texts:
                yield TextStream(answer.headers.get("content-type", ""), texts)

    @asynccontextmanager
    async def _opened(
        self, call: Call, wanted: bytes, look: Callable[[Call, httpx.Response], Awaitable[T]]
    ) -> AsyncIterator[tuple[httpx.Response, _Tries, T]]:
        """Open an answer whose body is read later; `look` sees it before, while the request may still be repeated."""
        tries = _Tries(self._clock.monotonic())

        async def attempt() -> tuple[AsyncExitStack, httpx.Response, T]:
            async with AsyncExitStack() as opening:
                answer = await opening.enter_async_context(self._answer(call, tries, wanted))
                seen = await look(call, answer)
                return opening.pop_all(), answer, seen

        opened, answer, seen = await self._repeated(call, tries, attempt)
        try:
            yield answer, tries, seen
        finally:
            await opened.aclose()  # what went wrong in the caller's hands is not the connection's fault

    async def _repeated(self, call: Call, tries: _Tries, attempt: Callable[[], Awaitable[T]]) -> T:
        """Make attempts under the retry policy, and keep book of their outcome."""
        scope = CURRENT.get()
        before = scope.outcome
        scope.endpoint = call.endpoint

        async def counted() -> T:
            tries.count += 1
            if call.is_booked:
                scope.outcome = "unknown"
            try:
                answer = await self._with_refresh(tries, attempt)
            except OmnilogueError as error:
                self._complete(error, call, tries)
                scope.outcome = "unknown" if call.is_booked and tries.uncertain else before
                raise
            if call.is_booked:
                scope.outcome, scope.applied = "applied", True
            return answer

        attempts = self._max_attempts if self._has_answered else self._settings.max_attempts
        policy = RetryPolicy(self._clock, attempts, lambda error, seconds: self._tell_retry(call, error, seconds))
        return await policy.run(counted, call.effect, lambda: scope.left(self._clock.monotonic()))

    async def _with_refresh(self, tries: _Tries, attempt: Callable[[], Awaitable[T]]) -> T:
        """Renew the credentials once per call where the vendor refuses them and they can be renewed."""
        try:
            return await attempt()
        except AuthenticationError:
            if tries.refreshed:
                raise
            tries.refreshed = True
            if not await self._auth.refresh():
                raise
        tries.count += 1
        return await attempt()

    def _complete(self, error: OmnilogueError, call: Call, tries: _Tries) -> None:
        """Put on the error what only all attempts together tell."""
        error.attempts = tries.count
        error.elapsed = self._clock.monotonic() - tries.started
        error.endpoint = call.endpoint
        if tries.uncertain and error.code == "not_found":
            error.outcome = "applied"  # an earlier attempt of a delete did it
        elif tries.uncertain and error.code == "conflict":
            error.outcome = "unknown"  # what is in the way may be our own
        tries.uncertain = tries.uncertain or error.outcome == "unknown"

    @asynccontextmanager
    async def _answer(self, call: Call, tries: _Tries, wanted: bytes = JSON) -> AsyncIterator[httpx.Response]:
        """Make one attempt: give the answer with its body still unread, or raise what it means."""
        if self._prepare is not None:
            await self._prepare()
            self._prepare = None
        failure: OmnilogueError | None = None
        status: int | None = None
        async with self._slots:
            if self.pace and (delay := self.pace.delay()) > 0:
                await self._clock.sleep(delay)  # in here: starts that waited for a slot would come all at once
                note_pause(delay)
            request = self._build(call, wanted)
            started = self._clock.monotonic()
            try:
                answer = await self._transport().handle_async_request(request)
                status, self._has_answered = answer.status_code, True
                try:
                    await require_success(call, answer, self._errors)
                    yield answer
                finally:
                    await answer.aclose()
            except TRANSPORT_ERRORS as error:
                failure = failures.transport_failure(error, endpoint=call.endpoint, writes=call.writes)
            finally:
                self._was_asked = True
                self._tell_request(call, status, self._clock.monotonic() - started, tries)
        if failure is not None:
            raise failure  # out here, so that no request with its credentials hangs on the error

    def _build(self, call: Call, wanted: bytes) -> httpx.Request:
        """Make the request with all its headers; handed over as a stream, the library adds none of its own."""
        if call.host is not None:
            return self._build_for_link(call, call.host, wanted)
        headers = [(b"host", self._base.host), (b"accept", wanted), *self._constants(), *encoded(self._auth.headers())]
        headers.append((b"accept-encoding", b"gzip" if wanted is JSON else b"identity"))
        form = call.body if isinstance(call.body, EncodedForm) else None
        plain = call.body if isinstance(call.body, bytes) else b""
        if call.body is not None:
            headers.append((b"content-type", form.content_type if form else JSON))
        if call.body is not None or call.writes:
            headers.append((b"content-length", b"%d" % (form.length if form else len(plain))))
        return httpx.Request(
            call.method,
            call.address,
            headers=headers,
            stream=form or httpx.ByteStream(plain),
            extensions={"timeout": self._timeouts_left()},
        )

    def _build_for_link(self, call: Call, host: bytes, wanted: bytes) -> httpx.Request:
        """Make the request for a link: nothing in it tells who asks; TLS is for the link's name, not its address."""
        headers = [(b"host", host), (b"accept", wanted), (b"accept-encoding", b"identity"), *encoded(OUR_NAME)]
        name = httpx.URL(f"https://{host.decode('ascii')}").host
        extensions = {"timeout": self._timeouts_left(), "sni_hostname": name}
        return httpx.Request(
            call.method, call.address, headers=headers, stream=httpx.ByteStream(b""), extensions=extensions
        )

    def _constants(self) -> list[tuple[bytes, bytes]]:
        if not self._constant_headers:
            given = {name.lower(): secret.reveal() for name, secret in self._settings.headers.items()}
            credentials = {name.lower() for name in self._auth.headers()}  # sent once, and these win
            configured = {name: value for name, value in given.items() if name not in credentials}
            self._constant_headers = encoded({**OUR_NAME, **configured})
        return self._constant_headers

    def _timeouts_left(self) -> Mapping[str, float | None]:
        """Give the limits on the wire; a little later than the verb's own, which knows better what to say."""
        left = CURRENT.get().left(self._clock.monotonic())
        if left is None or left >= self._settings.read_timeout:
            return self._timeouts
        return {name: None if value is None else min(value, left + 1.0) for name, value in self._timeouts.items()}

    async def _require_events(self, call: Call, answer: httpx.Response) -> None:
        """See that the answer is a stream; an error told with status 200 is an error."""
        kind = answer.headers.get("content-type", "no content type").lower()
        if kind.startswith("text/event-stream"):
            return
        understand(call, answer, await read_start(answer), None, self._errors)
        raise failures.bad_response(f"{kind[:80]} instead of events", endpoint=call.endpoint, writes=call.writes)

    async def _read_json(self, call: Call, answer: httpx.Response) -> bytes | None:
        """Read an answer in JSON whole, and raise the refusal that it may be; None for any other answer."""
        if not answer.headers.get("content-type", "").lower().startswith("application/json"):
            return None
        content = await read(answer, BODY_BYTES)
        understand(call, answer, content, None, self._errors)
        return content

    async def _parsed(
        self, call: Call, source: AsyncGenerator[bytes, None], tries: _Tries, parser: Parser[T]
    ) -> AsyncGenerator[T, None]:
        """Give what a parser makes of a body, piece by piece; whatever breaks it is an error of the tree."""
        failure: OmnilogueError | None = None
        try:
            async with aclosing(source) as received:
                async for piece in received:
                    for item in parser.feed(piece):
                        yield item
            for item in parser.end():
                yield item
        except TRANSPORT_ERRORS as error:
            failure = failures.stream_failure(error, endpoint=call.endpoint, writes=call.writes)
        except UnicodeDecodeError:
            failure = failures.bad_response("it is no UTF-8", endpoint=call.endpoint, writes=call.writes)
        if failure is not None:
            self._complete(failure, call, tries)
            raise failure

    def _tell_request(self, call: Call, status: int | None, seconds: float, tries: _Tries) -> None:
        tell_request(self._observers, call.endpoint, status, seconds, tries.count)

    def _tell_retry(self, call: Call, error: OmnilogueError, seconds: float) -> None:
        tell_retry(self._observers, call.endpoint, error, seconds)


async def _whole(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content


def encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Give headers as they are sent. Raises ConfigurationError for a value that no header can hold."""
    return [
        (name.lower().encode("ascii"), header_value(name, value).encode("ascii")) for name, value in headers.items()
    ]
