"""The only door to the network: transport, request, retry, limits, clock, server-sent events, text."""

from .answer import Response
from .auth import Auth, KeyAuth, NoAuth
from .clock import Clock, SystemClock
from .failures import ErrorTable
from .forms import Form
from .request import Http, Observer
from .retry import Effect
from .secret import Secret
from .settings import HttpSettings
from .streams import ServerEvent, TextStream

__all__ = [
    "Auth",
    "Clock",
    "Effect",
    "ErrorTable",
    "Form",
    "Http",
    "HttpSettings",
    "KeyAuth",
    "NoAuth",
    "Observer",
    "Response",
    "Secret",
    "ServerEvent",
    "SystemClock",
    "TextStream",
]
