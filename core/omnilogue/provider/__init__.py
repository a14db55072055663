"""All that the author of a provider reads: the contract, features, hooks and settings."""

from .contract import Changes, Context, Draft, Notes, Provider, Query, Turn
from .features import Feature, Features, Limits, emulated, lossy, native, unsupported
from .formats import Entries, Entry, Format, LossAction, Lost
from .hooks import Command, ProviderInfo, hookimpl
from .loading import PluginHealth, Plugins
from .settings import Busy, HttpProviderSettings, ProviderSettings, Secret, SendDefaults
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
    "Secret",
    "SendDefaults",
    "Transform",
    "Turn",
    "emulated",
    "hookimpl",
    "lossy",
    "native",
    "unsupported",
]
