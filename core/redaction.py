"""Keeps secrets out of everything that is written: log lines, alerts, audit records, error texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "***"
LENGTH_MIN = 4
"""Shorter values are not masked: they would blank out ordinary words and numbers."""
_SHAPES = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;]{8,}"), rf"\1 {MASK}"),
    (re.compile(r"/bot\d+:[\w-]+"), f"/bot{MASK}"),
)


class Redactor:
    """Masks the given secrets, their URL-quoted forms, and anything that looks like a credential."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {
            form for secret in secrets if len(secret) >= LENGTH_MIN for form in (secret, quote(secret, ""))
        }
        parts = [_bounded(form) for form in sorted(forms, key=len, reverse=True)]
        self._secrets = re.compile("|".join(parts)) if parts else None

    def __call__(self, text: str) -> str:
        """The text with every secret replaced by `***`."""
        if self._secrets is not None:
            text = self._secrets.sub(MASK, text)
        for shape, mask in _SHAPES:
            text = shape.sub(mask, text)
        return text


def _bounded(secret: str) -> str:
    """A secret of digits only (a chat id) matches as a whole number, not inside a longer one."""
    if re.fullmatch(r"-?\d+", secret):
        return rf"(?<!\d){re.escape(secret)}(?!\d)"
    return re.escape(secret)
