"""Commands that plugins bring, loaded only when one is called: a broken plugin cannot hurt any other command."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cyclopts import Group

from ..errors import OmnilogueError, PluginError

if TYPE_CHECKING:
    from cyclopts import App

FROM_PLUGINS = Group("From plugins", sort_key=6)


def add_plugin_command(app: App, name: str, arguments: list[str]) -> None:
    """Add the command of this name where a plugin brings one. Raises PluginError where it cannot be used."""
    if "--no-plugins" in arguments:
        return
    from ..provider import Plugins

    found = [command for command in Plugins().commands() if command.name == name]
    if len(found) > 1:
        raise PluginError(f"{len(found)} plugins bring a command {name!r}; uninstall one", code="plugin_duplicate")
    for command in found:
        try:
            app.command(_guarded(name, command.function), name=name, group=FROM_PLUGINS)
            app[name].assemble_argument_collection()
        except Exception as error:  # whatever a plugin lets out is its own fault
            raise _broken(name, error) from None


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Make every error a plugin's command lets out one of the tree."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                return await function(*args, **kwargs)
            except (OmnilogueError, OSError):
                raise
            except Exception as error:
                raise _broken(name, error) from error

    else:

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except (OmnilogueError, OSError):
                raise
            except Exception as error:
                raise _broken(name, error) from error

    return guarded


def _broken(name: str, error: Exception) -> PluginError:
    return PluginError(
        f"the command {name!r} of a plugin failed: {type(error).__name__}: {error}",
        code="plugin_contract",
        hint="this is a fault of the plugin; tell its author",
    )
