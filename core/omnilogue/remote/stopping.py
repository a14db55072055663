"""Stopping what nobody waits for any more: the run of a verb that was left, and whatever a vendor is busy with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..errors import OmnilogueError
from ..http.scope import CURRENT
from ..log import logger
from ..model import Grade
from .account import Account
from .verb import Verb, grace


async def stop_left_run(account: Account, conversation_id: str) -> None:
    """Stop the run of the verb under way, where its id is known and the vendor can; never raises for a failure."""
    scope = CURRENT.get()
    run_id, scope.run_id = scope.run_id, None
    if run_id is not None:
        await _quietly(account, lambda: account.provider.stop(conversation_id, run_id))


async def stop_active_run(account: Account, conversation_id: str) -> None:
    """Stop the run that keeps a conversation busy, where the vendor tells which it is; never raises for a failure."""

    async def stop() -> None:
        if run_id := await account.provider.active_run(conversation_id):
            await account.provider.stop(conversation_id, run_id)

    await _quietly(account, stop)


async def _quietly(account: Account, stop: Callable[[], Awaitable[None]]) -> None:
    """Do it in a scope of its own: what becomes of it says nothing about the verb it is done for."""
    if account.provider.features.stop.grade is Grade.UNSUPPORTED:
        return
    seconds = grace()
    try:
        await Verb(account, "stop", seconds, seconds).step(stop)
    except OmnilogueError as error:
        logger().warning("run_not_stopped", remote=account.name, code=error.code)
