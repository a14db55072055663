"""The client: remotes of a configuration, and others made at run time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, Unpack

from .config import Configuration, RemoteConfiguration, load, provider_of, settings_for
from .errors import ConfigurationError, InvalidInputError, NotFoundError
from .http import Clock, HttpSettings, Observer, SystemClock
from .model import Conversation, ConversationRef
from .provider import Plugins, ProviderInfo, ProviderSettings
from .remote import Account, AsyncRemote
from .remote.account import secrets_of
from .state import Ledger, Migration, Migrations, State

if TYPE_CHECKING:
    import httpx

    from .http.transport import Transports
    from .migrate.asked import CheckAsked, CopyAsked, PlanAsked, RetryAsked
    from .migrate.progress import Progress
    from .migrate.reports import CheckReport, CopyReport, MigrationReport, Plan, UndoReport
    from .migrate.stopping import Stop
    from .migrate.verbs import Copying

Address: TypeAlias = str | Conversation | ConversationRef | AsyncRemote
"""`work:`, `work:ID`, a conversation, a reference, or a remote."""


class AsyncClient:
    """Opens remotes by name. Made without I/O on the network; belongs to one event loop.

    `config` is a path, or False for neither files nor environment; `remotes` maps names to settings and wins over
    both; `state` is the URL of the state (`sqlite:///PATH`, `memory:`), by default the configured one, else the
    user's own; `transport` carries the requests of all remotes (tests, special networks); `clock` tells the time;
    with `plugins=False` only the built-in providers are seen. Raises ConfigurationError.
    """

    def __init__(
        self,
        config: str | os.PathLike[str] | Literal[False] | None = None,
        *,
        remotes: Mapping[str, Mapping[str, Any]] | None = None,
        state: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        plugins: bool = True,
    ) -> None:
        self._configuration = load(config, remotes=remotes)
        self._state = State(state or self._configuration.state)
        self._plugins = Plugins(outside=plugins)
        self._given_transport = transport
        self._clock = clock or SystemClock()
        self._transports: Transports | None = None
        self._observers: tuple[Observer, ...] | None = None
        self._open: dict[str, AsyncRemote] = {}
        self._closed = False

    @property
    def configuration(self) -> Configuration:
        """The configuration as it was read: where it came from, its remotes, the default."""
        return self._configuration

    @property
    def plugins(self) -> Plugins:
        """The plugins this client sees."""
        return self._plugins

    @property
    def state(self) -> State:
        """What Omnilogue itself keeps for this client's remotes."""
        return self._state

    async def resolve(
        self, address: str | Conversation | ConversationRef, remote: str | None = None
    ) -> ConversationRef:
        """Give the conversation an address names, where it lives now: after a rebuild it has another id.

        With `remote`, its copy on that remote. Raises InvalidInputError for what is no address of a conversation,
        NotFoundError for one that was deleted here, or has no copy there.
        """
        name, conversation_id = split_address(address) if isinstance(address, str) else (address.remote, address.id)
        if conversation_id is None:
            raise InvalidInputError(f"{address} names no conversation", hint=f"write it like {address}ID")
        found = await self.remote(name).resolve(conversation_id)
        return found if remote in {None, name} else await self._copy_of(found, self.remote(remote))

    async def _copy_of(self, conversation: ConversationRef, target: AsyncRemote) -> ConversationRef:
        """Give the copy of a conversation on another remote. Raises NotFoundError."""
        from .remote.landing import Landing

        here = Landing.on(self.remote(conversation.remote)).identity
        link = Ledger(self._state, here, Landing.on(target).identity).link(conversation.id)
        if link is None or link.target is None:
            raise NotFoundError(f"no copy of {conversation} on {target.name!r} is known")
        return await target.resolve(link.target)

    # Copying

    async def plan(
        self, source: Address, target: Address, *, progress: Progress | None = None, **options: Unpack[PlanAsked]
    ) -> Plan:
        """Tell what a copy would bring, lose, take and cost; both ends are read and neither is written to.

        `source` is `work:` or `work:ID`, `target` a remote; the options are `PlanAsked`, `progress` a function that
        gets `CopyProgress`. Raises any error of the tree.
        """
        here, there, given = self._ends(source, target, options)
        return await self._copying(progress).plan(here, there, given)

    async def copy(
        self,
        source: Address | None = None,
        target: Address | None = None,
        *,
        plan: Plan | None = None,
        progress: Progress | None = None,
        stop: Stop | None = None,
        **options: Unpack[CopyAsked],
    ) -> CopyReport:
        """Bring the target up to date; going on where an earlier copy of the same selection ended.

        With `plan` both ends and options are those of the plan, unless an option is given again. `stop.ask()` ends the
        run after the message in flight; what is left stays pending, and the same copy goes on with it.
        Raises LossRefusedError where more would be lost than was allowed: nothing is written then; StateError while
        another process copies over this pair, or where an end is no longer what was planned for. Conversations that
        cannot be copied are in `dead` of the report.
        """
        if plan is not None:
            if source is not None or target is not None:
                raise InvalidInputError("a plan names its own source and target", hint="leave them out")
            source, target = plan.source, plan.target
        if source is None or target is None:
            raise InvalidInputError("a copy needs a source and a target, or a plan")
        here, there, given = self._ends(source, target, options)
        return await self._copying(progress, stop).copy(here, there, given, plan)

    async def retry(
        self,
        migration: str,
        *,
        progress: Progress | None = None,
        stop: Stop | None = None,
        **options: Unpack[RetryAsked],
    ) -> CopyReport:
        """Try the dead letters of a migration again. Raises NotFoundError for one nobody knows."""
        found = Migrations(self._state).get(migration)
        return await self._copying(progress, stop).retry(found, *self._ends_of(found), options)

    async def check(
        self, source: Address, target: Address, *, progress: Progress | None = None, **options: Unpack[CheckAsked]
    ) -> CheckReport:
        """Compare two remotes, conversation by conversation; works without a ledger too.

        The options are `CheckAsked`. Raises any error of the tree.
        """
        here, there, given = self._ends(source, target, options)
        return await self._copying(progress).check(here, there, given)

    async def undo(self, migration: str, *, progress: Progress | None = None) -> UndoReport:
        """Take back what a migration made and what has not changed since; what stays is in `kept` of the report.

        Raises NotFoundError for one nobody knows.
        """
        found = Migrations(self._state).get(migration)
        return await self._copying(progress).undo(found, *self._ends_of(found))

    async def migrations(self) -> list[MigrationReport]:
        """Tell all migrations, the newest first. Raises StateError."""
        from .migrate import verbs

        return verbs.migrations(self._state)

    async def migration(self, migration: str, *, messages: bool = False) -> MigrationReport:
        """Tell one migration, conversation by conversation; `messages` adds the map of message ids.

        Raises NotFoundError, StateError.
        """
        from .migrate import verbs

        return verbs.migration(self._state, migration, messages=messages)

    def _copying(self, progress: Progress | None, stop: Stop | None = None) -> Copying:
        from .migrate.progress import silent
        from .migrate.verbs import Copying

        return Copying(self._state, self._clock, self._plugins.transform, progress or silent, stop)

    def _ends_of(self, migration: Migration) -> tuple[AsyncRemote, AsyncRemote]:
        """Give the remotes of the accounts a migration was made for, whatever they are called by now."""
        return (
            self._of_account(migration.source, migration.source_account),
            self._of_account(migration.target, migration.target_account),
        )

    def _of_account(self, name: str, account: str) -> AsyncRemote:
        from .remote.landing import Landing

        accounts = {other: each.settings.get("account") or other for other, each in self._configuration.remotes.items()}
        accounts |= {other: Landing.on(remote).identity for other, remote in self._open.items()}
        if accounts.get(name, name) == account:
            return self.remote(name)
        for other, its_account in accounts.items():
            if its_account == account:
                return self.remote(other)
        raise ConfigurationError(
            f"no remote is the account {account!r} that the migration was made for",
            hint=f"configured: {', '.join(self._configuration.remotes) or 'none'}; `account` of a remote names it",
        )

    def _ends(
        self, source: Address, target: Address, options: Mapping[str, Any]
    ) -> tuple[AsyncRemote, AsyncRemote, dict[str, Any]]:
        """Give both remotes and the options; an id in the source's address chooses that conversation alone."""
        here, conversation_id = _end(source)
        there, none = _end(target)
        if none is not None:
            raise InvalidInputError(f"{target} names a conversation, and a target is a remote", hint="leave the id out")
        given = dict(options)
        if conversation_id is not None:
            if given.get("id") or given.get("ids_from") is not None:
                raise InvalidInputError(
                    f"{here}:{conversation_id} is one conversation already", hint=f"write {here}: to name others"
                )
            given["id"] = (conversation_id,)
        return self.remote(here), self.remote(there), given

    # Remotes

    def remote(self, name: str | None = None) -> AsyncRemote:
        """Give a configured remote, the default one without a name. Raises ConfigurationError for an unknown one.

        `:PROVIDER:PATH` is made on the spot, for a provider that keeps its conversations in a file.
        """
        self._require_open()
        name = self._default_name() if name is None else name
        if name not in self._open:
            self._open[name] = AsyncRemote(self._account(self._configured(name)))
        return self._open[name]

    def _configured(self, name: str) -> RemoteConfiguration:
        configured = self._configuration.remotes.get(name)
        if configured is None and name.startswith(":"):
            if split_address(name) != (name, None):
                raise InvalidInputError(f"{name!r} is no remote", hint="a remote is written like :PROVIDER:PATH")
            _, provider, path = name.split(":")
            configured = RemoteConfiguration(name, provider, {"path": path})
        if configured is None:
            known = ", ".join(self._configuration.remotes) or "none"
            file = f"; a file is :PROVIDER:{name}" if "/" in name or "." in name else ""
            raise ConfigurationError(f"there is no remote {name!r}", hint=f"configured: {known}{file}")
        return configured

    def connect(self, provider: str, *, name: str, **settings: Any) -> AsyncRemote:
        """Give a remote no file knows: one tenant, its own key.

        Text that looks like a reference (`env:NAME`, `file:PATH`, `keyring:...`) is one; a `pydantic.SecretStr` is
        always the value, which is how a key that somebody else typed should be passed. `command:` is refused here.
        Remotes with equal transport settings share connections, never credentials. Raises ConfigurationError.
        """
        self._require_open()
        if name in self._configuration.remotes or name in self._open:
            raise InvalidInputError(
                f"there is a remote {name!r} already", hint="choose another name, or close it first"
            )
        given = load(False, remotes={name: {"provider": provider, **settings}}).remotes[name]
        account = self._account(given)
        _refuse_commands(account)
        remote = AsyncRemote(account)
        remote.features  # noqa: B018  # settings that cannot be meant are refused here, not at the first verb
        self._open[name] = remote
        return remote

    async def aclose(self) -> None:
        """Close all remotes and their connections; harmless twice."""
        self._closed = True
        try:
            for remote in list(self._open.values()):
                await remote.aclose()
        finally:
            self._state.close()
            if self._transports is not None:
                await self._transports.aclose()

    async def __aenter__(self) -> Self:
        self._require_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _account(self, configured: RemoteConfiguration) -> Account:
        def describe() -> tuple[ProviderInfo, ProviderSettings]:
            info = provider_of(configured, self._plugins)
            return info, settings_for(configured, info)

        return Account(
            configured.name,
            describe,
            self._transport,
            self._clock,
            state=self._state,
            observers=self._all_observers,
            on_close=lambda: self._open.pop(configured.name, None),
        )

    def _transport(self, settings: HttpSettings) -> httpx.AsyncBaseTransport:
        if self._transports is None:
            from .http.transport import Transports

            self._transports = Transports(self._given_transport)
        return self._transports.for_settings(settings)

    def _all_observers(self) -> tuple[Observer, ...]:
        if self._observers is None:
            self._observers = self._plugins.observers()
        return self._observers

    def _default_name(self) -> str:
        if self._configuration.default is None:
            names = ", ".join(self._configuration.remotes) or "none"
            raise ConfigurationError(
                "there is no default remote", hint=f'name one, or set default = "..."; configured: {names}'
            )
        return self._configuration.default

    def _require_open(self) -> None:
        if self._closed:
            raise InvalidInputError("this client is closed")


def _end(address: Address) -> tuple[str, str | None]:
    """Give the remote's name and the conversation's id of one end of a copy."""
    if isinstance(address, AsyncRemote):
        return address.name, None
    if not isinstance(address, str):
        return address.remote, address.id
    return split_address(address if ":" in address else f"{address}:")


def _refuse_commands(account: Account) -> None:
    """Settings made at run time may come from a tenant: they never run anything, however deep a secret stands."""
    for secret in secrets_of(account.settings):
        if secret.is_reference and secret.reference.startswith("command:"):
            raise ConfigurationError(
                f"{account.name}: {secret.reference} would run a command",
                hint="commands are allowed in configuration files only",
            )


def split_address(address: str) -> tuple[str, str | None]:
    """Give the remote's name and the conversation's id, None without one: `work:ID`, `work:`, `:PROVIDER:PATH:ID`.

    Raises InvalidInputError for what is no address, also for an empty id after a path: it never means the whole.
    """
    if address.startswith(":"):
        parts = address[1:].split(":", 2)
        if len(parts) < 2 or not all(parts):
            raise InvalidInputError(
                f"{address!r} is no address", hint="write it like :archive:PATH or :archive:PATH:ID"
            )
        return ":" + ":".join(parts[:2]), parts[2] if len(parts) > 2 else None
    name, colon, identifier = address.partition(":")
    if not colon or not name:
        raise InvalidInputError(f"{address!r} is no address", hint="write it like work: or work:ID")
    return name, identifier or None
