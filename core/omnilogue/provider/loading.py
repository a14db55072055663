"""Finding plugins and loading them one by one: a broken one is named and stops nothing else."""

from __future__ import annotations

import contextlib
import difflib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar, cast

import pluggy

from ..errors import ConfigurationError, InvalidInputError, PluginError
from ..http import Observer
from ..log import redact_pattern
from . import hooks
from .contract import Provider, overrides
from .formats import Format
from .hooks import Command, ProviderInfo
from .transforms import Transform

T = TypeVar("T")
N = TypeVar("N", Format, Transform)

OUR_DISTRIBUTION = "omnilogue"

METHODS = {
    "list_conversations": "list_conversations",
    "get_conversation": "get_conversation",
    "create_conversation": "create_conversation",
    "update_conversation": "update_conversation",
    "delete_conversation": "delete_conversation",
    "list_messages": "list_messages",
    "get_message": "get_message",
    "append_user": "append",
    "append_assistant": "append",
    "append_system": "append",
    "edit_message": "edit_message",
    "delete_message": "delete_message",
    "clear_messages": "clear_messages",
    "send": "send",
    "stream": "stream",
    "stop": "stop",
    "regenerate": "regenerate",
}
"""The method behind each operation that has one."""

HOOKS: dict[str, type[Any]] = {
    "omnilogue_formats": Format,
    "omnilogue_transforms": Transform,
    "omnilogue_observers": Observer,
    "omnilogue_commands": Command,
}
"""The hooks of extensions, and what each gives."""

NAMED = {"omnilogue_formats": "format", "omnilogue_transforms": "transform"}
"""Hooks whose objects are asked for by name, and the word for one of them."""


@dataclass(frozen=True, slots=True)
class PluginHealth:
    """How one entry point fares: `status` is `ok` or `broken`, with the reason in `error`."""

    name: str
    distribution: str
    version: str
    status: str
    error: str | None = None


class Plugins:
    """The plugins of one client; nothing is imported before it is asked for."""

    def __init__(self, *, outside: bool = True) -> None:
        """With `outside=False` only what comes with Omnilogue itself is seen."""
        self._outside = outside
        self._installed: dict[str, list[EntryPoint]] = {}
        self._modules: dict[tuple[str, str], Any] = {}
        self._presented: dict[str, list[tuple[EntryPoint, Any]]] = {}

    def provider_names(self) -> list[str]:
        """Give the names that can be asked for, without importing any."""
        return sorted({entry.name for entry in self._entries(hooks.PROVIDERS)})

    def provider(self, name: str) -> ProviderInfo:
        """Load one provider. Raises ConfigurationError for an unknown name, PluginError for a broken one."""
        entry = self._chosen(name)
        module = self._module(entry)
        found = [info for info in _call(module, "omnilogue_providers", entry) if isinstance(info, ProviderInfo)]
        if [info.name for info in found] != [name]:
            named = ", ".join(info.name for info in found) or "none"
            raise _broken(entry, f"its hook must present the provider {name!r} and presents {named}", "plugin_contract")
        check_contract(found[0])
        return found[0]

    def observers(self) -> tuple[Observer, ...]:
        """Give all observers; a broken plugin is left out, `health` tells why."""
        return tuple([item for _, item in self._collected("omnilogue_observers")])

    def commands(self) -> tuple[Command, ...]:
        """Give all commands; a broken plugin is left out, `health` tells why."""
        return tuple([item for _, item in self._collected("omnilogue_commands")])

    def formats(self) -> tuple[Format, ...]:
        """Give the formats that can be asked for; a broken plugin is left out, `health` tells why."""
        found = self._collected("omnilogue_formats")
        return tuple([item for entry, item in found if self._rivals("omnilogue_formats", entry, item) is None])

    def format(self, name: str) -> Format:
        """Give a format. Raises InvalidInputError for an unknown name, PluginError for one that two plugins bring."""
        return self._named("omnilogue_formats", Format, name)

    def transform(self, name: str) -> Transform:
        """Give a transform. Raises InvalidInputError for an unknown name, PluginError for one that two bring."""
        return self._named("omnilogue_transforms", Transform, name)

    def health(self) -> list[PluginHealth]:
        """Load everything and tell how each entry fares."""
        checks: list[tuple[EntryPoint, Callable[[EntryPoint], object]]] = [
            *((entry, self._named_provider) for entry in self._entries(hooks.PROVIDERS)),
            *((entry, self._extension) for entry in self._entries(hooks.EXTENSIONS)),
        ]
        return [_health(entry, check) for entry, check in checks]

    def _named_provider(self, entry: EntryPoint) -> ProviderInfo:
        if self._chosen(entry.name) != entry:
            raise _broken(entry, f"the name {entry.name!r} belongs to a built-in provider", "plugin_duplicate")
        return self.provider(entry.name)

    def _extension(self, entry: EntryPoint) -> None:
        module = self._module(entry)
        for hook, kind in HOOKS.items():
            for item in _call(module, hook, entry):
                if not isinstance(item, kind):
                    reason = f"{hook} gives {type(item).__name__}, which is no {kind.__name__}"
                    raise _broken(entry, reason, "plugin_contract")
        for hook in NAMED:
            for owner, item in self._collected(hook):
                if owner == entry and (rivals := self._rivals(hook, entry, item)):
                    raise _broken(entry, rivals, "plugin_duplicate")

    def _collected(self, hook: str) -> list[tuple[EntryPoint, Any]]:
        """Give what all plugins present by one hook, asked once."""
        if hook not in self._presented:
            found = self._presented[hook] = []
            for entry in self._entries(hooks.EXTENSIONS):
                with contextlib.suppress(PluginError):
                    presented = _call(self._module(entry), hook, entry)
                    found += [(entry, item) for item in presented if isinstance(item, HOOKS[hook])]
        return self._presented[hook]

    def _named(self, hook: str, kind: type[N], name: str) -> N:
        """Choose by name: a built-in wins, two outsiders of one name are both refused."""
        found = self._collected(hook)
        named = [(entry, item) for entry, item in found if item.name == name]
        if not named:
            raise _unknown(NAMED[hook], name, sorted({item.name for _, item in found}))
        entry, item = next((one for one in named if _is_ours(one[0])), named[0])
        if reason := self._rivals(hook, entry, item):
            raise _broken(entry, reason, "plugin_duplicate")
        return cast("N", item)

    def _rivals(self, hook: str, entry: EntryPoint, item: Any) -> str | None:
        """Tell why this object cannot be asked for by its name, None where it can."""
        if _is_ours(entry):
            return None
        others = [one for one in self._collected(hook) if one[1].name == item.name and one[1] is not item]
        if any(_is_ours(other) for other, _ in others):
            return f"the name {item.name!r} belongs to a built-in {NAMED[hook]}"
        if not others:
            return None
        rivals = " and ".join(sorted({_distribution(entry), *(_distribution(other) for other, _ in others)}))
        return f"the {NAMED[hook]} {item.name!r} is brought twice, by {rivals}; uninstall one"

    def _entries(self, group: str) -> list[EntryPoint]:
        if group not in self._installed:  # looking through all that is installed takes a while
            self._installed[group] = [one for one in entry_points(group=group) if self._outside or _is_ours(one)]
        return self._installed[group]

    def _chosen(self, name: str) -> EntryPoint:
        """Compare names before importing: a built-in wins, two outsiders of one name are both refused."""
        named = [entry for entry in self._entries(hooks.PROVIDERS) if entry.name == name]
        if not named:
            known = ", ".join(self.provider_names())
            raise ConfigurationError(f"there is no provider {name!r}", hint=f"installed: {known}")
        ours = [entry for entry in named if _is_ours(entry)]
        if not ours and len(named) > 1:
            rivals = " and ".join(sorted(_distribution(entry) for entry in named))
            raise _broken(named[0], f"{rivals} both bring it; uninstall one", "plugin_duplicate")
        return (ours or named)[0]

    def _module(self, entry: EntryPoint) -> Any:
        key = (entry.group, entry.value)
        if key not in self._modules:
            self._modules[key] = _import(entry)
        return self._modules[key]


def _import(entry: EntryPoint) -> Any:
    """Import a plugin's module, guarded: it may raise, leave or print."""
    module = _guarded(entry, entry.load, "cannot be imported")
    version = getattr(module, "OMNILOGUE_HOOKS", None)
    if version != hooks.VERSION:
        said = "says nothing" if version is None else f"says {version!r}"
        raise _broken(entry, f"it {said} about OMNILOGUE_HOOKS; this version takes {hooks.VERSION}", "plugin_version")
    return module


def _call(module: Any, hook: str, entry: EntryPoint) -> list[Any]:
    """Call one hook of one module and give what it presents."""
    manager = pluggy.PluginManager("omnilogue")
    manager.add_hookspecs(hooks)

    def present() -> list[Any]:
        manager.register(module)
        manager.check_pending()
        presented: list[Iterable[Any]] = getattr(manager.hook, hook)()
        return [item for items in presented for item in items]

    found: list[Any] = _guarded(entry, present, f"fails in {hook}")
    return found


def _guarded(entry: EntryPoint, action: Callable[[], T], what: str) -> T:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return action()
    except PluginError:
        raise
    except (Exception, SystemExit) as error:  # whatever a plugin lets out is its own fault, not ours
        reason = f"{what}: {type(error).__name__}: {error}"
    raise _broken(entry, reason, "plugin_load")


def _broken(entry: EntryPoint, reason: str, code: str) -> PluginError:
    return PluginError(
        f"plugin {entry.name!r} of {_distribution(entry)}: {reason}", code=code, hint="`omnilogue plugins` shows all"
    )


def _unknown(what: str, name: str, known: list[str]) -> InvalidInputError:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
    return InvalidInputError(f"there is no {what} {name!r}", hint=hint)


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown distribution"


def _is_ours(entry: EntryPoint) -> bool:
    return _distribution(entry) == OUR_DISTRIBUTION


def _health(entry: EntryPoint, check: Callable[[EntryPoint], object]) -> PluginHealth:
    error = None
    try:
        check(entry)
    except PluginError as broken:
        error = broken.message
    version = entry.dist.version if entry.dist else ""
    return PluginHealth(entry.name, _distribution(entry), version, "broken" if error else "ok", error)


def check_contract(info: ProviderInfo) -> None:
    """Compare what a provider declares with the methods it has. Raises PluginError [plugin_contract]."""
    provider = info.provider
    if not (isinstance(provider, type) and issubclass(provider, Provider) and hasattr(provider, "features")):
        raise PluginError(f"provider {info.name!r}: no Provider class with features", code="plugin_contract")
    for pattern in provider.secret_patterns:
        redact_pattern(pattern)
    if not overrides(provider, "list_messages"):
        raise PluginError(f"provider {info.name!r}: list_messages is required", code="plugin_contract")
    for operation, method in METHODS.items():
        declared = provider.features[operation].grade != "unsupported"
        if declared and not overrides(provider, method):
            raise PluginError(
                f"provider {info.name!r}: {operation} is declared and {method}() is missing", code="plugin_contract"
            )
    for method in sorted(set(METHODS.values())):
        rows = [provider.features[name].grade for name, own in METHODS.items() if own == method]
        if overrides(provider, method) and set(rows) == {"unsupported"}:
            raise PluginError(f"provider {info.name!r}: {method}() is there and not declared", code="plugin_contract")
