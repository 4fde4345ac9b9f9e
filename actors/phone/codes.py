"""The one-time codes of the phone, remembered in the books before anything is done with them."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from actors.runtime import Address, Context
from core.messages.base import Refused
from core.messages.protocols import StateProtocol
from core.messages.state import GetSystem, SetSystem
from core.totp import CodeState, CodeVerdict, judge

CODES_KEY: Final = "phone_codes"
ASK_S: Final = 4.0


class BooksSilentError(Exception):
    """The books do not say, or do not take, what is remembered of codes: then no code is good."""


class Codes:
    """Judges codes. Raises BooksSilentError, RuntimeFault if the books can't be asked."""

    def __init__(self, ctx: Context, state: Address[StateProtocol], secret: bytes) -> None:
        self._ctx = ctx
        self._state = state
        self._secret = secret

    def judge(self, code: str) -> tuple[CodeVerdict, CodeState]:
        """Whether the code is good. That it was tried is on disk when this returns."""
        now = self._ctx.now()
        before = self._remembered()
        verdict, after = judge(self._secret, code, now, before)
        if after != before:
            request = SetSystem(
                request_id=f"phone-{self._ctx.uuid()}",
                key=CODES_KEY,
                value=after.model_dump_json(),
                at=now,
            )
            answer = self._ctx.ask(request.to(self._state), timeout_s=ASK_S)
            if isinstance(answer, Refused):
                raise BooksSilentError(", ".join(answer.reasons))
        return verdict, after

    def _remembered(self) -> CodeState:
        answer = self._ctx.ask(GetSystem(key=CODES_KEY).to(self._state), timeout_s=ASK_S)
        if isinstance(answer, Refused):
            raise BooksSilentError(", ".join(answer.reasons))
        if answer.value is None:
            return CodeState()
        try:
            return CodeState.model_validate_json(answer.value)
        except ValidationError as error:
            raise BooksSilentError(f"{CODES_KEY} in the books can't be read: {error}") from error
