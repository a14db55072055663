"""Settings of every provider that speaks HTTP."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from .address import is_loopback, split_base_url
from .rate import parse_rate
from .secret import Secret

OWN_HEADERS = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding"}
)
"""Headers that are made for each request; a second one beside them would be understood differently by everyone."""


def _checked_rate(rate: str | None) -> str | None:
    if rate is not None:
        parse_rate(rate)
    return rate


class HttpSettings(BaseModel):
    """How a remote reaches its vendor; lengths of time are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = Field(description="Where the vendor answers, with its base path.")
    read_timeout: float = Field(default=30.0, gt=0, description="Longest silence on the wire, seconds.")
    max_attempts: int = Field(
        default=3, ge=1, le=20, description="Attempts of a request that may be repeated; 1 = none again."
    )
    rate: Annotated[str | None, AfterValidator(_checked_rate)] = Field(
        default=None, description='Most requests in a span of time: "8/s", "500/min".'
    )
    max_connections: int = Field(default=16, ge=1, le=1000, description="Requests of this remote at once.")
    proxy: str | None = Field(default=None, description="Proxy for this remote; without it, that of the environment.")
    verify: bool | Path = Field(default=True, description="Check certificates; a path names a CA bundle.")
    allow_http: bool = Field(default=False, description="Allow plain http beyond this machine.")
    headers: dict[str, Secret] = Field(default_factory=dict, description="Headers sent with every request.")

    @model_validator(mode="after")
    def _checked(self) -> Self:
        scheme, host = split_base_url(self.base_url)
        if scheme == "http" and not (self.allow_http or is_loopback(host)):
            raise ValueError("base_url is plain http; use https, or set allow_http = true")
        for name in self.headers:
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                raise ValueError(f"headers: {name!r} is no header name")
            if name.lower() in OWN_HEADERS:
                raise ValueError(f"headers: {name!r} is what each request sets itself")
        return self
