"""The one error tree. A class only where a caller acts differently; the cause is its `code`.

OmnilogueError
|- ConfigurationError         config, secret
|- InvalidInputError          invalid_input
|- UnsupportedOperationError  unsupported
|- LossRefusedError           loss_refused
|- PluginError                plugin_load, plugin_contract, plugin_version, plugin_duplicate
|- ProviderError              vendor_error; the vendor, or the way to it:
|  |- AuthenticationError     auth
|  |- PermissionDeniedError   forbidden
|  |- QuotaExceededError      quota
|  |- NotFoundError           not_found
|  |- ConflictError           conflict
|  |  `- ConversationBusyError  busy
|  |- BadRequestError         bad_request, content_too_large, context_too_long
|  |- ContentFilteredError    content_filtered
|  |- RateLimitError          rate_limit
|  |- UnavailableError        server, connect_failed, connection_lost, tls, circuit_open
|  |- RequestTimeoutError     timeout, deadline
|  |- ProtocolError           bad_response, too_large, pagination
|  |- StreamInterruptedError  stream_broken
|  |- RunFailedError          run_failed
|  `- OutcomeUnknownError     outcome_unknown
|- StateError                 storage, ledger_corrupt, ledger_locked, ledger_version, ledger_mismatch
`- MigrationError             source_changed, verification, partial, no_change
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from .log import printable, redact

if TYPE_CHECKING:
    from .model import Reply

Outcome: TypeAlias = Literal["not_sent", "rejected", "unknown", "applied"]
"""What became of a write: it never left, was refused, may have happened, or has happened."""

READS = frozenset({"list_conversations", "get_conversation", "list_messages", "get_message", "download"})
"""Operations that change nothing."""

VENDOR_TEXT_LIMIT = 2048
"""How many characters of a vendor's own text an error keeps."""

VENDOR_WORD_LIMIT = 200
"""How many characters of a vendor's request id an error keeps."""


class OmnilogueError(Exception):
    """The root of the tree: what happened, to what, what to do, in one line.

    All attributes are always there, with empty defaults. `endpoint` is method, host and path template;
    `retry_after` and `elapsed` are seconds; `partial` is the part of a reply that came before a stream broke.
    """

    codes: ClassVar[tuple[str, ...]] = ("error",)
    """The codes this class can carry; the first is the default."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        provider: str = "",
        operation: str = "",
        endpoint: str = "",
        http_status: int | None = None,
        vendor_code: str | None = None,
        vendor_message: str = "",
        request_id: str | None = None,
        retry_after: float | None = None,
        outcome: Outcome | None = None,
        retryable: bool = False,
        attempts: int = 0,
        elapsed: float = 0.0,
        partial: Reply | None = None,
        hint: str = "",
        losses: tuple[str, ...] = (),
    ) -> None:
        self.message = printable(redact(message))
        super().__init__(self.message)
        self.code = code or self.codes[0]
        self.provider = provider
        self.operation = operation
        self.endpoint = endpoint
        self.http_status = http_status
        self.vendor_code = vendor_code
        self.vendor_message = printable(redact(vendor_message))[:VENDOR_TEXT_LIMIT]
        self.request_id = printable(redact(request_id))[:VENDOR_WORD_LIMIT] if request_id else None
        self.retry_after = retry_after
        self.outcome = outcome
        self.retryable = retryable
        self.attempts = attempts
        self.elapsed = elapsed
        self.partial = partial
        self.hint = printable(redact(hint))
        self.losses = losses

    @property
    def is_safe_to_retry(self) -> bool:
        """Whether repeating the call cannot double anything: it only reads, or surely changed nothing."""
        return self.outcome in {"not_sent", "rejected"} or (self.outcome is None and self.operation in READS)

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, vars(self))

    def to_dict(self) -> dict[str, Any]:
        """Give the machine form, as `--json` prints it under `error`."""
        return {name: getattr(self, name) for name in _DOCUMENT_KEYS}


_DOCUMENT_KEYS = (
    "code",
    "message",
    "provider",
    "operation",
    "http_status",
    "vendor_code",
    "request_id",
    "retryable",
    "outcome",
    "retry_after",
    "attempts",
    "hint",
)


def _rebuild(kind: type[OmnilogueError], message: str, state: Mapping[str, Any]) -> OmnilogueError:
    error = kind(message)
    vars(error).update(state)
    return error


class ConfigurationError(OmnilogueError):
    """A setting, a file or a secret reference is wrong."""

    codes: ClassVar[tuple[str, ...]] = ("config", "secret")


class InvalidInputError(OmnilogueError):
    """What the caller gave cannot be meant; nothing was sent."""

    codes: ClassVar[tuple[str, ...]] = ("invalid_input",)


class UnsupportedOperationError(OmnilogueError):
    """The remote cannot do this; the message names the operation or the option."""

    codes: ClassVar[tuple[str, ...]] = ("unsupported",)


class LossRefusedError(OmnilogueError):
    """The operation would lose something nobody consented to; `losses` names the kinds."""

    codes: ClassVar[tuple[str, ...]] = ("loss_refused",)


class PluginError(OmnilogueError):
    """A plugin cannot be loaded, or breaks the contract."""

    codes: ClassVar[tuple[str, ...]] = ("plugin_load", "plugin_contract", "plugin_version", "plugin_duplicate")


class ProviderError(OmnilogueError):
    """The vendor refused or failed, or the way to it did. As itself: a vendor code nobody documents."""

    codes: ClassVar[tuple[str, ...]] = ("vendor_error",)


class AuthenticationError(ProviderError):
    """The vendor does not accept the credentials."""

    codes: ClassVar[tuple[str, ...]] = ("auth",)


class PermissionDeniedError(ProviderError):
    """The account may not do this."""

    codes: ClassVar[tuple[str, ...]] = ("forbidden",)


class QuotaExceededError(ProviderError):
    """Money, points or the plan are used up."""

    codes: ClassVar[tuple[str, ...]] = ("quota",)


class NotFoundError(ProviderError):
    """There is no such conversation or message."""

    codes: ClassVar[tuple[str, ...]] = ("not_found",)


class ConflictError(ProviderError):
    """The state at the vendor does not allow it."""

    codes: ClassVar[tuple[str, ...]] = ("conflict",)


class ConversationBusyError(ConflictError):
    """Another write to this conversation is under way, or has taken the place of this one."""

    codes: ClassVar[tuple[str, ...]] = ("busy",)


class BadRequestError(ProviderError):
    """The vendor does not accept what was sent."""

    codes: ClassVar[tuple[str, ...]] = ("bad_request", "content_too_large", "context_too_long")


class ContentFilteredError(ProviderError):
    """The vendor's content filter stopped the text."""

    codes: ClassVar[tuple[str, ...]] = ("content_filtered",)


class RateLimitError(ProviderError):
    """Too many requests; `retry_after` tells how many seconds to wait, where the vendor says so."""

    codes: ClassVar[tuple[str, ...]] = ("rate_limit",)


class UnavailableError(ProviderError):
    """The vendor, or the way to it, is down."""

    codes: ClassVar[tuple[str, ...]] = ("server", "connect_failed", "connection_lost", "tls", "circuit_open")


class RequestTimeoutError(ProviderError):
    """No answer in time; `deadline` is the caller's own limit for the whole operation."""

    codes: ClassVar[tuple[str, ...]] = ("timeout", "deadline")


class ProtocolError(ProviderError):
    """The vendor's answer cannot be understood, or is larger than allowed."""

    codes: ClassVar[tuple[str, ...]] = ("bad_response", "too_large", "pagination")


class StreamInterruptedError(ProviderError):
    """A stream ended before the reply did; `partial` holds what came."""

    codes: ClassVar[tuple[str, ...]] = ("stream_broken",)


class RunFailedError(ProviderError):
    """The vendor took the turn but gave no reply."""

    codes: ClassVar[tuple[str, ...]] = ("run_failed",)


class OutcomeUnknownError(ProviderError):
    """A write may or may not have happened, and the vendor could not tell."""

    codes: ClassVar[tuple[str, ...]] = ("outcome_unknown",)


class StateError(OmnilogueError):
    """The local state cannot be read or written."""

    codes: ClassVar[tuple[str, ...]] = (
        "storage",
        "ledger_corrupt",
        "ledger_locked",
        "ledger_version",
        "ledger_mismatch",
    )


class MigrationError(OmnilogueError):
    """A copy could not be finished as planned, or had nothing to do where that is asked to be an error."""

    codes: ClassVar[tuple[str, ...]] = ("source_changed", "verification", "partial", "no_change")


def _classes(root: type[OmnilogueError]) -> list[type[OmnilogueError]]:
    return [root, *(found for child in root.__subclasses__() for found in _classes(child))]


BY_CODE: Mapping[str, type[OmnilogueError]] = {code: kind for kind in _classes(OmnilogueError) for code in kind.codes}
"""The class that carries a code; what error tables of providers are resolved with."""
