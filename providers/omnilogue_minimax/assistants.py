"""The assistant that answers: the one of the settings, or one made here for each pair of model and instructions."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

from omnilogue.provider import Notes, Turn

from .calls import Calls, Fields
from .options import Options
from .settings import MiniMaxSettings
from .tools import tool_fields

NAME = "omnilogue"
"""What assistants made here are called, so that their owner knows them."""


class Assistants:
    """Gives what a run needs to know of its assistant."""

    def __init__(self, calls: Calls, settings: MiniMaxSettings, notes: Notes) -> None:
        self._calls = calls
        self._settings = settings
        self._notes = notes
        self._known: dict[str, str] = {}
        self._making = asyncio.Lock()

    async def run_fields(self, turn: Turn, options: Options) -> dict[str, Any]:
        """Give the fields of a run that say who answers.

        A given assistant is overruled in the run, by fields known from public code; one made here has model and
        instructions itself, so that its runs have documented fields only (api-138565985). Tools are the run's own,
        known from public code, because an assistant for each set of them would be one too many.
        """
        tools = tool_fields(turn.tools, options.vendor_tools)
        if self._settings.assistant_id:
            fields = {
                "assistant_id": self._settings.assistant_id,
                "model": turn.model,
                "instructions": turn.instructions,
            }
            return {**{name: value for name, value in fields.items() if value}, **tools}
        voice = options.assistant_fields()
        found = await self._id(turn.model or self._settings.model, turn.instructions or "", voice)
        return {"assistant_id": found, **tools}

    async def _id(self, model: str, instructions: str, voice: Fields) -> str:
        key = note_key(model, instructions, voice)
        if key not in self._known:
            async with self._making:  # two turns at once must not make two assistants
                if key not in self._known:
                    self._known[key] = await self._remembered(key) or await self._made(key, model, instructions, voice)
        return self._known[key]

    async def _remembered(self, key: str) -> str | None:
        """Give the one noted earlier, where the vendor still has it."""
        noted = self._notes.get(key)
        return noted if isinstance(noted, str) and await self._calls.has_assistant(noted) else None

    async def _made(self, key: str, model: str, instructions: str, voice: Fields) -> str:
        fields = {"model": model, "name": NAME, "instructions": instructions, **voice}
        made = await self._calls.create_assistant({name: value for name, value in fields.items() if value})
        self._notes.set(key, made.id)
        return made.id


def note_key(model: str, instructions: str, voice: Fields | None = None) -> str:
    """Give the key an assistant is noted under; instructions may be long, so it is a digest."""
    told = json.dumps([model, instructions, *([voice] if voice else [])], ensure_ascii=False).encode("utf-8")
    return f"assistant:{hashlib.sha256(told).hexdigest()}"
