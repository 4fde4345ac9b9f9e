"""Text that can be written: to a file, a socket, a database or a terminal, all of which are UTF-8."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN_MAX = 80
_BYTES_FROM, _BYTES_TO = 0xDC80, 0xDCFF
"""A byte of the command line that is no UTF-8 is one of these characters in Python; none can be encoded."""


def encodable(text: str) -> str:
    r"""The text with every such byte as `\xNN`, and any other surrogate as `\uNNNN`."""
    return _SURROGATE.sub(_escape, text)


def shown(value: object) -> str:
    """A value that was found instead of the expected one, as Python writes it, short enough for a message."""
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}… ({len(text)} characters)"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if _BYTES_FROM <= code <= _BYTES_TO else f"\\u{code:04x}"
