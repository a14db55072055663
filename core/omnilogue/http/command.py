"""Running the command that prints a secret: no shell, little time, little output, nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

COMMAND_SECONDS = 10.0
"""How long a command may take."""

OUTPUT_BYTES = 64 * 1024
"""How much a command may print."""

_REAP_SECONDS = 1.0


async def output_of(argv: list[str]) -> str:
    """Give what a command prints. Raises OSError, LookupError or ValueError where it prints no secret.

    What it prints on standard error goes nowhere, because it may show the secret. It runs in a session of its own:
    it cannot ask at the terminal, and is killed with its children when it takes too long or nobody waits any more.
    """
    if not argv:
        raise LookupError("there is no command")
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            output = await _read(process)
            status = await process.wait()
    except TimeoutError:
        await _kill(process)
        raise LookupError(f"the command took longer than {COMMAND_SECONDS:g} s") from None
    except BaseException:
        await _kill(process)
        raise
    if status:
        raise LookupError(f"the command ended with {status}")
    return output.decode("utf-8")


async def _read(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None  # noqa: S101  # it was asked for
    output = b""
    while piece := await process.stdout.read(OUTPUT_BYTES):
        output += piece
        if len(output) > OUTPUT_BYTES:
            raise ValueError("it prints too much for a secret")
    return output


async def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    assert process.stdout is not None  # noqa: S101  # it was asked for
    with contextlib.suppress(TimeoutError):  # a child that left the group may still hold the pipe
        async with asyncio.timeout(_REAP_SECONDS):
            await process.wait()
            while await process.stdout.read(OUTPUT_BYTES):
                pass  # to its end: only then is the pipe closed
