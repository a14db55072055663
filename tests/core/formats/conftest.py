"""Entries without a remote, and remotes that keep what they are given."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue import AsyncClient, AsyncRemote
from omnilogue.provider import Entry, Format

Written: TypeAlias = Callable[..., bytes]
Read: TypeAlias = Callable[[Format, bytes], list[Entry]]
Remotes: TypeAlias = Callable[..., AsyncRemote]


class Given:
    """Entries as an export gives them."""

    def __init__(self, entries: Sequence[Entry], *, complete: bool = True) -> None:
        self.complete: bool | None = None
        self._entries = entries
        self._in_the_end = complete

    async def __aiter__(self) -> AsyncIterator[Entry]:
        for entry in self._entries:
            yield entry
        self.complete = self._in_the_end


@pytest.fixture(scope="session")
def written() -> Written:
    """Write entries in a format and give the bytes."""

    def write(form: Format, *entries: Entry, complete: bool = True) -> bytes:
        file = io.BytesIO()
        assert form.write is not None

        async def run() -> None:
            assert form.write is not None
            await form.write(Given(entries, complete=complete), file)

        asyncio.run(run())
        return file.getvalue()

    return write


@pytest.fixture(scope="session")
def read() -> Read:
    """Read bytes in a format and give the entries."""

    def entries(form: Format, content: bytes) -> list[Entry]:
        async def run() -> list[Entry]:
            assert form.read is not None
            return [entry async for entry in form.read(io.BytesIO(content))]

        return asyncio.run(run())

    return entries


@pytest.fixture
async def client(tmp_path: Path, anyio_backend: str) -> AsyncIterator[AsyncClient]:
    """A client whose state is its own."""
    async with AsyncClient(False, state=f"sqlite:///{tmp_path}/state.db") as opened:
        yield opened


@pytest.fixture
def archive(client: AsyncClient, tmp_path: Path) -> Remotes:
    """Make an archive by name."""

    def made(name: str, **settings: Any) -> AsyncRemote:
        return client.connect("archive", name=name, path=str(tmp_path / f"{name}.db"), **settings)

    return made


@pytest.fixture
def memory(client: AsyncClient) -> Remotes:
    """Make a remote in memory by name."""

    def made(name: str, **settings: Any) -> AsyncRemote:
        return client.connect("memory", name=name, **settings)

    return made
