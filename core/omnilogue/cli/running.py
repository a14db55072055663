"""Running one command line: parsed, performed, with every ending told in one way and as an exit code."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import inspect
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

from cyclopts import CycloptsError

from ..errors import OmnilogueError
from . import exits
from .app import build, command_names, tidy_help
from .arguments import arrange, command_word, says_json
from .extending import add_plugin_command
from .hints import advise
from .logs import logging_to_stderr
from .misread import explained
from .output import as_json, prepare_streams
from .session import Session
from .terminal import clean
from .unwritable import give_up

if TYPE_CHECKING:
    from cyclopts import App


BUG = "please report it; -vv shows where"

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Errors of writing; of a file that has a name they tell its name."""

SERVING = ("emulate",)
"""Commands that a signal ends as they are meant to end, so that nothing is told about it."""

COPYING = ("plan", "copy", "check", "undo", "retry")
"""Commands whose errors tell themselves what allows it, or gives it more time."""


class Terminated(BaseException):
    """The process was asked to end by SIGTERM."""


def run(arguments: list[str], *, owns_process: bool = False) -> int:
    """Run one command line and give its exit code. With `owns_process` signals and the collector are set for it."""
    prepare_streams()
    try:
        return _told(arguments, owns_process=owns_process)
    except OSError as error:
        return give_up(error)
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):  # the library that prints help leaves so
            return give_up(leaving.__context__)
        raise


def _told(arguments: list[str], *, owns_process: bool) -> int:
    try:
        with _terminating() if owns_process else contextlib.nullcontext():
            return _perform(arguments, owns_process=owns_process)
    except OmnilogueError as error:
        failure = error
    except (KeyboardInterrupt, Terminated) as signalled:
        is_terminated = isinstance(signalled, Terminated)
        if command_word(arguments) not in SERVING:
            words = ("stopped by SIGTERM", "terminated") if is_terminated else ("interrupted", "interrupted")
            _tell(OmnilogueError(words[0], code=words[1]), arguments)
        return exits.TERMINATED if is_terminated else exits.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        if isinstance(error, OSError):
            sys.stdout.flush()  # raises again where it is the result that cannot be written
            if error.errno in NO_ROOM and error.filename is None:  # it was that, and what could not be is gone
                raise
        if "-vv" in arguments:
            traceback.print_exc()
        failure = OmnilogueError(f"a fault of Omnilogue itself: {type(error).__name__}: {error}", hint=BUG)
    _tell(failure, arguments)
    return exits.exit_code(failure)


def _tell(error: OmnilogueError, arguments: list[str]) -> None:
    """Tell an error in one line, or as the one document."""
    if command_word(arguments) not in COPYING:
        advise(error)
    sys.stdout.flush()
    if says_json(arguments):
        sys.stdout.write(as_json({"error": error.to_dict()}, indent=2) + "\n")
        sys.stdout.flush()
    else:
        sys.stderr.write(f"omnilogue: {clean(str(error))}\n")


def _perform(arguments: list[str], *, owns_process: bool) -> int:
    command, bound = _parsed(arguments)
    if owns_process:
        gc.enable()
    session = _session(command, bound)
    if session is None:
        return _called(command, bound)
    session.check()
    if owns_process:
        _settle_collector()
    with logging_to_stderr(session.verbose, quiet=session.quiet):
        result = _committed(session, lambda: command(*bound.args, **bound.kwargs))
    return result if isinstance(result, int) else 0


def _parsed(arguments: list[str]) -> tuple[Callable[..., Any], inspect.BoundArguments]:
    """Find the command and its arguments. Raises InvalidInputError for what cannot be meant."""
    name = command_word(arguments)
    app = build(name)
    if name is not None and not name.startswith(("-", "_")) and name not in command_names():
        add_plugin_command(app, name, arguments)
    try:
        words = arrange(app, arguments)
        _tidy(app, words)
        command, bound, _ = app.parse_args(words)
    except CycloptsError as error:
        where = f"omnilogue {name}" if name is not None and name in app else "omnilogue"
        problem = explained(error, f"`{where} --help` shows how")
    else:
        return command, bound
    raise problem


def _tidy(app: App, words: list[str]) -> None:
    """Make the help of the command that is called, and of those it belongs to, fit to be read."""
    current = app
    for word in words:
        if word.startswith("-") or word not in current:
            return
        current = current[word]
        tidy_help(current)


def _session(command: Callable[..., Any], bound: inspect.BoundArguments) -> Session | None:
    """Give the session of one of our commands, None for help and for a plugin's command."""
    for name, parameter in inspect.signature(command).parameters.items():
        if isinstance(parameter.default, Session):
            session: Session = bound.arguments.setdefault(name, type(parameter.default)())
            return session
    return None


def _called(command: Callable[..., Any], bound: inspect.BoundArguments) -> int:
    """Show help, or run a plugin's command; an int it gives is the exit code, text is printed."""
    result = command(*bound.args, **bound.kwargs)
    if inspect.iscoroutine(result):
        result = _in_loop(result)
    if isinstance(result, str):
        sys.stdout.write(clean(result) + "\n")
    sys.stdout.flush()
    return result if isinstance(result, int) else 0


def _committed(session: Session, action: Callable[[], Any]) -> Any:
    """Run a command and bring out what it printed, or nothing of it where it fails and the result is a file."""
    try:
        result = action()
        if inspect.iscoroutine(result):
            result = _in_loop(_closing(session, result))
        session.output.commit()
    except BaseException:
        if session.out is not None and "output" in session.__dict__:
            session.output.discard()
        raise
    return result


async def _closing(session: Session, command: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await command
    finally:
        await session.aclose()


def _in_loop(command: Coroutine[Any, Any, Any]) -> Any:
    """Run in an event loop; SIGTERM cancels as Ctrl-C does, so that everything is closed in order."""
    terminated = False

    async def watched() -> Any:
        task = asyncio.current_task()

        def cancel(*_: object) -> None:
            nonlocal terminated
            terminated = True
            if task:
                task.get_loop().call_soon_threadsafe(task.cancel)

        before = signal.getsignal(signal.SIGTERM)
        if before is not _raise_terminated:
            return await command
        signal.signal(signal.SIGTERM, cancel)
        try:
            return await command
        finally:
            signal.signal(signal.SIGTERM, before)

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError:
        if terminated:
            raise Terminated from None
        raise


@contextlib.contextmanager
def _terminating() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise_terminated(*_: object) -> None:
    raise Terminated


def _settle_collector() -> None:
    """Load what every command needs, then keep it out of the collector's way."""
    from .. import client  # noqa: F401  # only its import counts

    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
