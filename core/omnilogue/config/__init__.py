"""Configuration: named remotes from a file, the environment and what the application gives."""

from .checking import provider_of, settings_for
from .configuration import Configuration, Origin, RemoteConfiguration, checked_name
from .keeping import keep_secret
from .loading import load
from .writing import add_remote, file_to_write, remove_remote

__all__ = [
    "Configuration",
    "Origin",
    "RemoteConfiguration",
    "add_remote",
    "checked_name",
    "file_to_write",
    "keep_secret",
    "load",
    "provider_of",
    "remove_remote",
    "settings_for",
]
