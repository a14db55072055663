"""What only MiniMax has: files, assistants, runs and their steps; reached by `remote.vendor_as(MiniMaxVendor)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omnilogue.errors import ProtocolError
from omnilogue.model import FilePart

from .calls import Calls
from .files import form_of, require_content
from .settings import MiniMaxSettings
from .wire import Assistant, File, Run, Step

PAGE = 100
"""Rows of a page; the largest that a documented sample shows."""


class MiniMaxVendor:
    """The calls beyond conversations, with the same connection, retries and errors. Nothing of it is portable.

    Values are what the vendor sends; fields without a name here are in `model_extra`.
    """

    def __init__(self, calls: Calls, settings: MiniMaxSettings) -> None:
        self._calls = calls
        self._settings = settings

    # Files

    async def upload_file(self, part: FilePart, *, purpose: str | None = None) -> File:
        """Upload a file (api-138576734); `purpose` is that of the settings unless given. A repeat makes a second one.

        Raises InvalidInputError for more than 512 MiB.
        """
        require_content(part)
        return await self._calls.upload(form_of(part, purpose or self._settings.file_purpose))

    async def files(self, *, purpose: str | None = None) -> list[File]:
        """List files, of one purpose or all (api-138576734)."""
        return await self._calls.files(purpose)

    async def file(self, file_id: str) -> File:
        """Give what is known of a file. Raises NotFoundError."""
        return await self._calls.file(file_id)

    async def file_content(self, file_id: str) -> bytes:
        """Give the bytes of a file; that the answer is nothing but these is inferred. Raises NotFoundError."""
        return await self._calls.file_content(file_id)

    async def delete_file(self, file_id: str) -> None:
        """Delete a file; messages go on naming it."""
        await self._calls.delete_file(file_id)

    # Assistants

    async def create_assistant(self, *, model: str, **fields: Any) -> Assistant:
        """Create an assistant (doc-3512479).

        `fields` are `name, description, instructions, tools, file_ids, metadata, rolemeta, t2a_option`.
        """
        return await self._calls.create_assistant({"model": model, **fields})

    async def assistant(self, assistant_id: str) -> Assistant:
        """Give an assistant (api-138503985). Raises NotFoundError."""
        return await self._calls.assistant(assistant_id)

    async def assistants(self) -> list[Assistant]:
        """List all assistants (api-138507936), page by page. Raises ProtocolError for pages that repeat."""
        found: dict[str, Assistant] = {}
        after: str | None = None
        while True:
            page = await self._calls.assistants(limit=PAGE, after=after)
            fresh = {row.id: row for row in page.data or () if row.id not in found}
            found |= fresh
            if not page.has_more:
                return list(found.values())
            if not fresh:
                raise ProtocolError("the vendor gives the page again that it gave before", code="pagination")
            after = list(fresh)[-1]

    async def modify_assistant(self, assistant_id: str, **fields: Any) -> Assistant:
        """Change fields of an assistant, by a call known from public code; what is left out stays."""
        changed = await self._calls.modify_assistant(assistant_id, fields)
        return changed if changed is not None else await self._calls.assistant(assistant_id)

    async def delete_assistant(self, assistant_id: str) -> None:
        """Delete an assistant, by a call known from public code; its runs and messages stay."""
        await self._calls.delete_assistant(assistant_id)

    # Runs

    async def runs(self, conversation_id: str, *, limit: int = 20) -> list[Run]:
        """List the newest runs of a conversation, newest first (api-138568367)."""
        return (await self._calls.runs(conversation_id, limit=limit)).data or []

    async def run(self, conversation_id: str, run_id: str) -> Run:
        """Give a run (api-138567154). Raises NotFoundError."""
        return await self._calls.run(conversation_id, run_id)

    async def cancel_run(self, conversation_id: str, run_id: str) -> None:
        """Stop a run, by a call known from public code."""
        await self._calls.cancel_run(conversation_id, run_id)

    async def submit_tool_outputs(
        self, conversation_id: str, run_id: str, outputs: Mapping[str, str] | Sequence[tuple[str, str]]
    ) -> Run:
        """Tell a run what its tools said, by the ids of their calls, all in one call (api-138569449).

        It is not repeated after a lost answer: read the run before you do it again.
        """
        told = [{"tool_call_id": call_id, "output": output} for call_id, output in dict(outputs).items()]
        return await self._calls.submit_outputs(conversation_id, run_id, told)

    async def steps(self, conversation_id: str, run_id: str) -> list[Step]:
        """List the first steps of a run (api-138573028)."""
        return (await self._calls.steps(conversation_id, run_id)).data or []

    async def step(self, conversation_id: str, run_id: str, step_id: str) -> Step:
        """Give one step of a run (api-138571932). Raises NotFoundError."""
        return await self._calls.step(conversation_id, run_id, step_id)
