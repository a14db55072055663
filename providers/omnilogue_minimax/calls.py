"""MiniMax's calls over HTTP, one method each: what is sent and what must come back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Container, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias, TypeVar

from pydantic import TypeAdapter

from omnilogue.errors import NotFoundError, UnsupportedOperationError
from omnilogue.http import Form, Http, Response, ServerEvent

from .settings import MiniMaxSettings
from .wire import (
    ASSISTANT,
    ASSISTANT_CHANGED,
    ASSISTANTS,
    DONE,
    FILE,
    FILES,
    MESSAGE,
    MESSAGES,
    RUN,
    RUNS,
    STEP,
    STEPS,
    THREAD,
    THREAD_CHANGED,
    Assistant,
    AssistantList,
    File,
    MessageList,
    MessageRow,
    Run,
    RunList,
    Step,
    StepList,
    Thread,
)

T = TypeVar("T")

Fields: TypeAlias = Mapping[str, Any]
Params: TypeAlias = Mapping[str, str | int]

STEPS_READ = 100
"""How many steps of a run are read; a run rarely has ten."""

NO_ASSISTANT = (404, 2013, 1000)
"""How the vendor says that an assistant is not there; the last two are inferred."""


class Calls:
    """The calls of one account."""

    def __init__(self, http: Http, settings: MiniMaxSettings) -> None:
        self._http = http
        self._paths = settings.paths
        self._get_params = settings.get_params
        self._group: Params = {"GroupId": settings.group_id} if settings.group_id else {}

    async def create_thread(self, stored: Mapping[str, str]) -> Thread:
        """Create a conversation (api-138515846)."""
        body = {"metadata": stored} if stored else {}
        answer = await self._if_in_service(
            self._http.request("POST", self._paths.thread_create, query=self._group, json=body, shape=THREAD)
        )
        return answer.value

    async def thread(self, thread_id: str) -> Thread:
        """Read a conversation; the page exists and is not public, the form is that of public code."""
        return (await self._get(self._paths.thread_retrieve, {"thread_id": thread_id}, THREAD)).value

    async def modify_thread(self, thread_id: str, stored: Mapping[str, str]) -> Thread | None:
        """Change a conversation's metadata; public code names it `id` here. None where the answer does not show it."""
        answer = await self._http.request(
            "POST",
            self._paths.thread_modify,
            query=self._group,
            json={"id": thread_id, "metadata": stored},
            shape=THREAD_CHANGED,
            effect="replace",
            guessed=True,
        )
        return answer.value.thread

    async def add_message(self, thread_id: str, fields: Fields) -> MessageRow:
        """Store a message; nothing is generated. The path is that of public code."""
        answer = await self._http.request(
            "POST",
            self._paths.message_add,
            query=self._group,
            json={"thread_id": thread_id, **fields},
            shape=MESSAGE,
            guessed=True,
        )
        return answer.value

    async def message(self, thread_id: str, message_id: str) -> MessageRow:
        """Read one message (api-138564922)."""
        params = {"thread_id": thread_id, "message_id": message_id}
        return (await self._get(self._paths.message_retrieve, params, MESSAGE)).value

    async def messages(self, thread_id: str, *, order: str, limit: int, after: str | None = None) -> MessageList:
        """List messages (api-138565496); order, limit and cursor are known from public code."""
        params: dict[str, str | int] = {"thread_id": thread_id, "limit": limit, "order": order}
        if after is not None:
            params["after"] = after
        return (await self._get(self._paths.message_list, params, MESSAGES)).value

    async def create_run(self, thread_id: str, fields: Fields) -> Run:
        """Have a conversation answered (api-138565985)."""
        answer = await self._http.request(
            "POST", self._paths.run_create, query=self._group, json={"thread_id": thread_id, **fields}, shape=RUN
        )
        return answer.value

    async def run(self, thread_id: str, run_id: str) -> Run:
        """See how far a run is (api-138567154)."""
        return (await self._get(self._paths.run_retrieve, {"thread_id": thread_id, "run_id": run_id}, RUN)).value

    async def runs(self, thread_id: str, *, limit: int = 20) -> RunList:
        """List the newest runs (api-138568367); order and limit are known from public code."""
        params: Params = {"thread_id": thread_id, "limit": limit, "order": "desc"}
        return (await self._get(self._paths.run_list, params, RUNS)).value

    async def submit_outputs(self, thread_id: str, run_id: str, outputs: Sequence[Mapping[str, str]]) -> Run:
        """Tell a run what its tools said, all in one call (api-138569449)."""
        body = {"thread_id": thread_id, "run_id": run_id, "tool_outputs": outputs}
        answer = await self._http.request("POST", self._paths.run_submit, query=self._group, json=body, shape=RUN)
        return answer.value

    async def steps(self, thread_id: str, run_id: str) -> StepList:
        """List the steps of a run (api-138573028); that it takes an order like other lists is inferred."""
        params: Params = {"thread_id": thread_id, "run_id": run_id, "limit": STEPS_READ, "order": "asc"}
        return (await self._get(self._paths.step_list, params, STEPS)).value

    async def step(self, thread_id: str, run_id: str, step_id: str) -> Step:
        """Read one step of a run (api-138571932)."""
        params = {"thread_id": thread_id, "run_id": run_id, "step_id": step_id}
        return (await self._get(self._paths.step_retrieve, params, STEP)).value

    async def cancel_run(self, thread_id: str, run_id: str) -> None:
        """Stop a run; known from public code."""
        await self._http.request(
            "POST",
            self._paths.run_cancel,
            query=self._group,
            json={"thread_id": thread_id, "run_id": run_id},
            shape=DONE,
            effect="replace",
            guessed=True,
        )

    def stream_run(self, body: Fields) -> AbstractAsyncContextManager[AsyncIterator[ServerEvent]]:
        """Store a turn and have it answered piece by piece; known from public code."""
        return self._http.events(
            "POST", self._paths.run_stream, query=self._group, json=body, effect="add", guessed=True
        )

    async def create_assistant(self, fields: Fields) -> Assistant:
        """Create an assistant (doc-3512479). It changes no conversation and a second one harms nothing: repeatable."""
        answer = await self._if_in_service(
            self._http.request(
                "POST",
                self._paths.assistant_create,
                query=self._group,
                json=fields,
                shape=ASSISTANT,
                effect="read",
            )
        )
        return answer.value

    async def has_assistant(self, assistant_id: str) -> bool:
        """Whether an assistant is there (api-138503985); the one call whose page puts the id into the query."""
        params = {"assistant_id": assistant_id}
        answer = await self._get(self._paths.assistant_retrieve, params, ASSISTANT, accept=NO_ASSISTANT, in_query=True)
        return answer.value is not None

    async def assistant(self, assistant_id: str) -> Assistant:
        """Read an assistant (api-138503985)."""
        params = {"assistant_id": assistant_id}
        return (await self._get(self._paths.assistant_retrieve, params, ASSISTANT, in_query=True)).value

    async def assistants(self, *, limit: int, after: str | None = None) -> AssistantList:
        """List assistants (api-138507936), oldest first; the cursor is known from public code."""
        params: dict[str, str | int] = {"limit": limit, "order": "asc", **({"after": after} if after else {})}
        return (await self._get(self._paths.assistant_list, params, ASSISTANTS)).value

    async def modify_assistant(self, assistant_id: str, fields: Fields) -> Assistant | None:
        """Change an assistant; public code names it `id` here. None where the answer does not show it."""
        body = {"id": assistant_id, **fields}
        answer = await self._changed(self._paths.assistant_modify, body, ASSISTANT_CHANGED)
        return answer.value.assistant

    async def delete_assistant(self, assistant_id: str) -> None:
        """Delete an assistant; known from public code."""
        await self._changed(self._paths.assistant_delete, {"assistant_id": assistant_id}, DONE)

    async def _changed(self, path: str, body: Fields, shape: TypeAdapter[T]) -> Response[T]:
        return await self._http.request(
            "POST", path, query=self._group, json=body, shape=shape, effect="replace", guessed=True
        )

    # Files; the pages put what they are asked for into the query.

    async def upload(self, form: Form) -> File:
        """Upload a file (api-138576734). It is no part of any conversation until a message names it."""
        answer = await self._http.request(
            "POST", self._paths.file_upload, query=self._group, form=form, shape=FILE, aside=True
        )
        return answer.value.file

    async def files(self, purpose: str | None = None) -> list[File]:
        """List files (api-138576734)."""
        query = {**self._group, **({"purpose": purpose} if purpose else {})}
        answer = await self._http.request("GET", self._paths.file_list, query=query, shape=FILES)
        return answer.value.files or []

    async def file(self, file_id: str) -> File:
        """Read what is known of a file."""
        query = {**self._group, "file_id": file_id}
        return (await self._http.request("GET", self._paths.file_retrieve, query=query, shape=FILE)).value.file

    async def file_content(self, file_id: str) -> bytes:
        """Read the bytes of a file; that the answer is nothing else is inferred."""
        query = {**self._group, "file_id": file_id}
        return (await self._http.request("GET", self._paths.file_content, query=query, raw=True)).content

    async def delete_file(self, file_id: str) -> None:
        """Delete a file; its id is a number where files are named."""
        named = int(file_id) if file_id.isascii() and file_id.isdecimal() else file_id
        await self._http.request(
            "POST",
            self._paths.file_delete,
            query=self._group,
            json={"file_id": named},
            shape=DONE,
            effect="replace",
            aside=True,
        )

    async def _get(
        self,
        path: str,
        params: Params,
        shape: TypeAdapter[T],
        *,
        accept: Container[int] = (),
        in_query: bool = False,
    ) -> Response[T]:
        """Send a GET whose parameters stand in the body, as documented, in the query, as in public code, or in both."""
        shown = params if in_query or self._get_params != "body" else {}
        body = params if self._get_params != "query" else None
        return await self._http.request(
            "GET", path, query={**self._group, **shown}, json=body, shape=shape, accept=accept
        )

    async def _if_in_service(self, request: Awaitable[Response[T]]) -> Response[T]:
        """Await a call that needs nothing to exist: there 404 means that the vendor has ended the whole service."""
        try:
            return await request
        except NotFoundError as error:
            if error.http_status != 404:
                raise
            raise UnsupportedOperationError(
                f"{error.endpoint} answered 404: the Assistants service is not available here",
                endpoint=error.endpoint,
                http_status=404,
                request_id=error.request_id,
                outcome=error.outcome,
                hint="the vendor may have ended it, or base_url names another host",
            ) from None
