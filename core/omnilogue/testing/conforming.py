"""Running the whole suite on one provider, without pytest: what `omnilogue conform` does."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Literal

from ..errors import OmnilogueError
from ..log import printable, redact
from ..model.values import Value
from ..provider import Plugins
from .case import Case, perform
from .cases import CASES
from .expecting import UnmetError
from .staging import settings_on_the_spot


class CaseResult(Value):
    """How one case went; `reason` is why it failed, or what is remarkable about its success."""

    case: str
    status: Literal["passed", "failed", "skipped"]
    reason: str = ""


class Report(Value):
    """How a provider did in all cases; `ok` when none failed."""

    provider: str
    ok: bool
    items: tuple[CaseResult, ...] = ()


async def conform(provider: str, *, settings: Mapping[str, Any] | None = None, plugins: bool = True) -> Report:
    """Prove that a provider does what it declares, case by case.

    Without settings it is tried against its emulator, on a temporary file where its settings need a `path`, else
    with none. With `plugins=False` only built-in providers are known. Conversations are created and deleted.
    Raises ConfigurationError for an unknown provider, PluginError for a broken one.
    """
    found = Plugins(outside=plugins)
    info = found.provider(provider)
    with settings_on_the_spot(info, found) if settings is None else nullcontext(settings) as given:
        items = [await _result(case, provider, given, plugins=plugins) for case in CASES]
    return Report(provider=provider, ok=all(item.status != "failed" for item in items), items=tuple(items))


async def _result(case: Case, provider: str, settings: Mapping[str, Any], *, plugins: bool) -> CaseResult:
    try:
        remark = await perform(case, provider, settings, plugins=plugins)
    except (UnmetError, OmnilogueError) as error:
        kind = "" if isinstance(error, UnmetError) else f"{type(error).__name__}: "
        return CaseResult(case=case.name, status="failed", reason=printable(redact(f"{kind}{error}")))
    except TimeoutError:
        return CaseResult(case=case.name, status="failed", reason="it took too long")
    except Exception as error:  # an author wants to read of every case, whatever one of them let out
        return CaseResult(
            case=case.name, status="failed", reason=printable(redact(f"{type(error).__name__} came out: {error}"))
        )
    return CaseResult(case=case.name, status="passed", reason=remark)
