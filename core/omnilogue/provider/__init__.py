"""All that the author of a provider reads: the contract, features, hooks and settings."""

from ..http.scope import note_run
from .contract import Changes, Context, Draft, Notes, Provider, Query, Turn
from .features import Feature, Features, Limits, emulated, lossy, native, unsupported
from .formats import Entries, Entry, Format, LossAction, Lost
from .hooks import Command, ProviderInfo, hookimpl
from .loading import PluginHealth, Plugins
from .scripted import ScriptedCall, scripted_calls, with_answers
from .settings import Busy, HttpProviderSettings, ProviderSettings, Secret, SendDefaults
from .tools import Tool, ToolLike, answers, arguments_of, tools_of
from .transforms import CopyContext, Transform

__all__ = [
    "Busy",
    "Changes",
    "Command",
    "Context",
    "CopyContext",
    "Draft",
    "Entries",
    "Entry",
    "Feature",
    "Features",
    "Format",
    "HttpProviderSettings",
    "Limits",
    "LossAction",
    "Lost",
    "Notes",
    "PluginHealth",
    "Plugins",
    "Provider",
    "ProviderInfo",
    "ProviderSettings",
    "Query",
    "ScriptedCall",
    "Secret",
    "SendDefaults",
    "Tool",
    "ToolLike",
    "Transform",
    "Turn",
    "answers",
    "arguments_of",
    "emulated",
    "hookimpl",
    "lossy",
    "native",
    "note_run",
    "scripted_calls",
    "tools_of",
    "unsupported",
    "with_answers",
]
