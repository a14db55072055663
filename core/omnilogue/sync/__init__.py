"""The same client for code without an event loop: one portal, one line per verb.

The portal is one thread with one event loop, started at first use. Lists cross the bridge page by page; a stream is
read by one task on the other side.
"""

from .bridge import Bridge
from .client import Client
from .reading import Pages, SyncReplyStream
from .remote import Remote

__all__ = ["Bridge", "Client", "Pages", "Remote", "SyncReplyStream"]
