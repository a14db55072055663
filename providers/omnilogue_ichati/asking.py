"""What a turn is asked with: the model, and the two options that only this vendor has."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from omnilogue.errors import ConfigurationError, InvalidInputError
from omnilogue.provider import Turn

from .mapping import model_number
from .settings import IChatiSettings


class Options(BaseModel):
    """Options of this vendor: https://docs.ichati.cn/backend/chat shows the second for a regenerate only."""

    model_config = ConfigDict(strict=True, extra="forbid")

    enable_memory: bool | None = None
    enable_google_results: bool | None = None


def fields_of(turn: Turn, settings: IChatiSettings) -> dict[str, Any]:
    """Give the fields that a send and a regenerate have in common, without the series.

    Raises InvalidInputError for an option or a model that is none, ConfigurationError where nobody names a model.
    """
    options = _options(turn)
    memory = settings.enable_memory if options.enable_memory is None else options.enable_memory
    fields: dict[str, Any] = {"modelId": _model(turn, settings), "enableMemory": memory}
    if options.enable_google_results is not None:
        fields["enableGoogleResults"] = options.enable_google_results
    return fields


def _options(turn: Turn) -> Options:
    try:
        return Options.model_validate(turn.options)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = ".".join(str(step) for step in first["loc"])
        raise InvalidInputError(f"options: {name}: {first['msg']}", outcome="not_sent") from None


def _model(turn: Turn, settings: IChatiSettings) -> int:
    if turn.model is not None:
        return model_number(turn.model)
    if settings.model_id is None:
        raise ConfigurationError("no model is named", outcome="not_sent", hint="set model_id, or give model=")
    return settings.model_id
