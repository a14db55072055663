"""The only door to the network: transport, request, retry, limits, clock, server-sent events, text, websockets."""

from .address import socket_address
from .answer import Response
from .auth import Auth, KeyAuth, NoAuth
from .clock import Clock, SystemClock
from .failures import ErrorTable
from .forms import Form
from .observing import Observer
from .request import Http
from .retry import Effect
from .secret import Secret
from .settings import HttpSettings
from .sockets import Socket, Sockets
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
    "Socket",
    "Sockets",
    "SystemClock",
    "TextStream",
    "socket_address",
]
