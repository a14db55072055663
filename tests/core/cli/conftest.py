"""The command line, run inside the test's own process."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, TypeAlias

import pytest

from omnilogue.cli.running import run
from omnilogue.model import Conversation, Message, Page, Reply
from omnilogue.provider import (
    Changes,
    Context,
    Draft,
    Features,
    Provider,
    ProviderInfo,
    Query,
    Turn,
    hookimpl,
    native,
    unsupported,
)
from omnilogue_memory.provider import Memory
from omnilogue_memory.settings import MemorySettings
from omnilogue_mindcraft.emulator import MindCraftEmulator


@dataclass(frozen=True)
class Result:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.document["error"]
        return error

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Stream(io.TextIOWrapper):
    """A standard stream that may pretend to be a terminal."""

    def __init__(self, content: bytes = b"", *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(content), encoding="ascii")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def seen(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode("utf-8")


Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration but the test's own, and a terminal of a known width."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    for name in ("NO_COLOR", "FORCE_COLOR", *(name for name in os.environ if name.startswith("OMNILOGUE_"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command line and give its result; streams are terminals only when asked for."""

    def called(
        *arguments: str,
        stdin: bytes = b"",
        stdin_terminal: bool = False,
        out_terminal: bool = False,
        err_terminal: bool = False,
    ) -> Result:
        out, err = Stream(terminal=out_terminal), Stream(terminal=err_terminal)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", Stream(stdin, terminal=stdin_terminal))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = run([*arguments])
        return Result(code, out.seen(), err.seen())

    return called


@pytest.fixture
def archive(cli: Cli) -> str:
    """The address of an archive that keeps one conversation."""
    cli("new", ":archive:kept.db", "--title", "Trip", "--meta", "team=blue", "--instructions", "Be brief.")
    return ":archive:kept.db"


@pytest.fixture
def kept(cli: Cli, archive: str) -> str:
    """The address of the conversation in the archive."""
    return cli("ls", archive).lines[0].split("\t")[0]


@pytest.fixture(scope="session")
def vendor() -> Iterator[MindCraftEmulator]:
    with MindCraftEmulator() as emulator:
        yield emulator


@pytest.fixture
def work(vendor: MindCraftEmulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a remote that answers."""
    vendor.clear_faults()
    monkeypatch.setenv("WORK_KEY", vendor.settings["api_key"])
    settings = {"PROVIDER": "mindcraft", "BASE_URL": vendor.url, "API_KEY": "env:WORK_KEY", "SETTLE": "0"}
    for name, value in settings.items():
        monkeypatch.setenv(f"OMNILOGUE_REMOTES__WORK__{name}", value)
    return "work:"


@pytest.fixture
def talk(cli: Cli, work: str) -> str:
    """The address of an empty conversation at the vendor that answers."""
    return cli("new", work, "--title", "Talk").out.strip()


class Lasting(Memory):
    """Memory that outlives a command, as a vendor does; all its accounts see the same."""

    conversations: ClassVar[dict[str, Conversation]] = {}
    messages: ClassVar[dict[str, dict[str, Message]]] = {}
    ids = count(1)

    def __init__(self, settings: MemorySettings, context: Context) -> None:
        super().__init__(settings, context)
        self._conversations, self._messages, self._ids = self.conversations, self.messages, self.ids


class Threads(Lasting):
    """It lists no conversations, deletes none, keeps no titles, and never changes a message."""

    features = Memory.features.replace(
        list_conversations=unsupported("it has no list"),
        create_conversation=native(fields=("metadata",)),
        update_conversation=native(fields=("metadata",)),
        delete_conversation=unsupported("it keeps all"),
        append_system=unsupported("it has no such role"),
        edit_message=unsupported("messages never change"),
        delete_message=unsupported("messages never change"),
        clear_messages=unsupported("messages never change"),
    )
    list_conversations = Provider.list_conversations
    delete_conversation = Provider.delete_conversation
    edit_message = Provider.edit_message
    delete_message = Provider.delete_message
    clear_messages = Provider.clear_messages


class Topics(Provider[MemorySettings]):
    """It answers every message that it is given, and so takes none without an answer."""

    features = Features(
        list_conversations=native(),
        get_conversation=native(),
        create_conversation=native(fields=("title", "model")),
        update_conversation=native(fields=("title", "model")),
        delete_conversation=native(),
        list_messages=native(),
        edit_message=native(),
        send=native(fields=("model",)),
        regenerate=native(fields=("model",)),
        choose_model=native(),
    )

    def __init__(self, settings: MemorySettings, context: Context) -> None:
        super().__init__(settings, context)
        self._vendor = Lasting(settings, context)

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Conversation]:
        return await self._vendor.list_conversations(cursor, query)

    async def get_conversation(self, conversation_id: str) -> Conversation:
        return await self._vendor.get_conversation(conversation_id)

    async def create_conversation(self, draft: Draft) -> Conversation:
        return await self._vendor.create_conversation(draft)

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        return await self._vendor.update_conversation(conversation_id, changes)

    async def delete_conversation(self, conversation_id: str) -> None:
        await self._vendor.delete_conversation(conversation_id)

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        return await self._vendor.list_messages(conversation_id, cursor, query)

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        return await self._vendor.edit_message(conversation_id, message_id, text)

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        return await self._vendor.send(conversation_id, turn)

    async def regenerate(self, conversation_id: str, message_id: str, turn: Turn) -> Reply:
        message = await self._vendor.get_message(conversation_id, message_id)
        other = await self._vendor.edit_message(conversation_id, message_id, f"{message.text} Or not.")
        return Reply(messages=(other,), effect="replaced")


Install: TypeAlias = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a provider as a distribution of its own, with a remote of the same name; gives the remote's address."""

    def installed(provider: type[Provider[Any]], settings: type[MemorySettings] = MemorySettings) -> str:
        name = provider.__name__.lower()
        module = ModuleType(f"{name}_plugin")

        @hookimpl
        def omnilogue_providers() -> Iterable[ProviderInfo]:
            return [ProviderInfo(name, provider.__name__, provider, settings)]

        vars(module).update(OMNILOGUE_HOOKS=1, omnilogue_providers=omnilogue_providers)
        folder = tmp_path / "site" / f"{name}-1.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[omnilogue]\n{name} = {module.__name__}\n")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.syspath_prepend(str(folder.parent))
        monkeypatch.setattr(Lasting, "conversations", {})
        monkeypatch.setattr(Lasting, "messages", {})
        monkeypatch.setattr(Lasting, "ids", count(1))
        monkeypatch.setenv(f"OMNILOGUE_REMOTES__{name.upper()}__PROVIDER", name)
        return f"{name}:"

    return installed


@pytest.fixture
def threads(install: Install) -> str:
    """The address of a remote whose vendor neither lists, deletes nor edits."""
    return install(Threads)


@pytest.fixture
def topics(install: Install) -> str:
    """The address of a remote whose vendor answers every message."""
    return install(Topics)


@pytest.fixture
def own_state(tmp_path: Path) -> Path:
    """The state file that is used when nothing else is said; it need not exist."""
    return tmp_path / "home" / "omnilogue" / "state.db"
