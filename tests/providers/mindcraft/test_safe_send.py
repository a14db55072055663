"""Answers that get lost where the client stores them itself: what was shown is told, and never made again."""

from typing import Any

import pytest

from omnilogue import OmnilogueError

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("kind", "outcome"), [("drop_before", "applied"), ("drop_after", None)])
async def test_a_reply_that_was_shown_and_not_stored_is_told_and_never_made_again(
    place_of: Any, both: Any, kind: str, outcome: str | None
) -> None:
    place = place_of("mindcraft-client")
    async with place.connected() as client:
        remote = client.remote()
        conversation = await remote.create()
        place.vendor.fail_next(kind, every=2, method="POST", path="message/")  # the turn, then its answer
        failure: OmnilogueError | None = None
        try:
            said = await both[1](remote, conversation, "hello")
        except OmnilogueError as error:
            failure, said = error, error.partial.text if error.partial else ""
        place.vendor.clear_faults()

        assert (failure and failure.outcome) == outcome
        assert said
        assert len(place.vendor.journal.requests("chat/completions")) == 1
        stored = [(message.role, message.text) async for message in remote.messages(conversation)]
        assert stored == [("user", "hello"), *([] if failure else [("assistant", said)])]
