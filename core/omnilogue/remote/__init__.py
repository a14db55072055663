"""Remotes: configured accounts and their verbs."""

from .account import Account
from .checking import RemoteCheck
from .options import UNSET, Content, ConversationLike, SendOptions, Timeout, Unset
from .reading import Listing
from .remote import AsyncRemote
from .stream import ReplyStream

__all__ = [
    "UNSET",
    "Account",
    "AsyncRemote",
    "Content",
    "ConversationLike",
    "Listing",
    "RemoteCheck",
    "ReplyStream",
    "SendOptions",
    "Timeout",
    "Unset",
]
