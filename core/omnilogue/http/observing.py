"""Telling of each request and retry: to the log, and to whoever observes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import OmnilogueError
from ..log import is_on, logger


class Observer:
    """Sees each request and retry; derive and override what is wanted. Never sees a body or a credential."""

    def on_request(self, endpoint: str, status: int | None, seconds: float) -> None:
        """Take note of a request that is over; `status` is None where no answer came.

        The opening of a websocket is a request too, with the status 101 where it succeeded.
        """

    def on_retry(self, endpoint: str, error: OmnilogueError, seconds: float) -> None:
        """Take note that a request will be repeated after so many seconds."""


def tell_request(
    observers: tuple[Observer, ...], endpoint: str, status: int | None, seconds: float, attempt: int
) -> None:
    """Tell of a request that is over."""
    if is_on(logging.DEBUG):
        values = {"endpoint": endpoint, "status": status, "seconds": round(seconds, 4)}
        logger().debug("request", **values, attempt=attempt)
    for observer in observers:
        with _harmless(observer):
            observer.on_request(endpoint, status, seconds)


def tell_retry(observers: tuple[Observer, ...], endpoint: str, error: OmnilogueError, seconds: float) -> None:
    """Tell of a request that will be repeated."""
    logger().info("retry", endpoint=endpoint, code=error.code, seconds=round(seconds, 3))
    for observer in observers:
        with _harmless(observer):
            observer.on_retry(endpoint, error, seconds)


@contextmanager
def _harmless(observer: Observer) -> Iterator[None]:
    """Let no fault of an observer become one of the request."""
    try:
        yield
    except Exception as error:
        logger().warning("observer_failed", observer=type(observer).__qualname__, error=type(error).__name__)
