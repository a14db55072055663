"""Who calls the agent: the API key, or a device token that is renewed when it has expired."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from omnilogue.http import Secret
from omnilogue.http.scope import CURRENT, Scope

from .calls import Calls
from .settings import MindCraftSettings


class Credentials:
    """The token of the socket. API keys do not expire; device tokens do, after seven days."""

    def __init__(self, settings: MindCraftSettings, calls: Calls) -> None:
        self._settings = settings
        self._calls = calls
        self._renewed: Secret | None = None
        self._refresh = settings.refresh_token
        self._turn = asyncio.Lock()

    async def token(self) -> str:
        """Give what proves who calls."""
        secret = self._renewed or self._settings.device_token or self._settings.api_key
        await secret.load()
        return secret.reveal()

    async def renew(self, refused: str) -> bool:
        """Get another token in place of one that was refused; False where there is none to be had."""
        device_token = self._settings.device_token
        if device_token is None:
            return False
        async with self._turn:
            if await self.token() != refused:
                return True  # another turn has done it
            if self._refresh is not None:
                await self._refresh.load()
                await self._renew_by(self._refresh)
            elif device_token.is_reference:
                device_token.forget()
            return await self.token() != refused

    async def _renew_by(self, refresh_token: Secret) -> None:
        """Renew by a call, in a scope of its own: what becomes of it says nothing about the turn it is for."""
        mark = CURRENT.set(Scope(CURRENT.get().expires))
        try:
            access, refresh = await self._calls.renew_token(refresh_token.reveal())
        finally:
            CURRENT.reset(mark)
        if self._renewed is not None:
            self._renewed.forget()
        self._renewed = Secret(SecretStr(access))
        if refresh:
            refresh_token.forget()
            self._refresh = Secret(SecretStr(refresh))

    def forget(self) -> None:
        """Drop what was got here."""
        for secret in (self._renewed, self._refresh):
            if secret is not None:
                secret.forget()
