"""The person who runs a command."""

from __future__ import annotations

import os

from core.text import encodable


def operator_name() -> str:
    """Who asks, for the audit log."""
    return encodable(os.environ.get("USER") or f"uid {os.getuid()}")
