"""What every answer says to the browser about what it may do with the page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # plotly puts styles on the elements that it draws, and a style element of its own into the page; they
        # can't send anything anywhere, because no image, font or address of another origin is allowed.
        "style-src 'self' 'unsafe-inline'",
        # plotly's picture export makes its picture in the browser.
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # With `no-referrer` a browser sends `Origin: null` with the form that arms, which is refused.
        "Referrer-Policy": "same-origin",
        # A page at another port of this machine would share a process with this one, if it opened it. What
        # `Cross-Origin-Opener-Policy` adds to that costs a new process after the answer: only ARM has it.
        "Origin-Agent-Cluster": "?1",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        "Cache-Control": "no-store",
    }
)
ALONE: Final[Mapping[str, str]] = MappingProxyType({"Cross-Origin-Opener-Policy": "same-origin"})
"""For what acts: who opened the window loses hold of it there."""
