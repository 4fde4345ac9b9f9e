"""Text that can be written and read anywhere: in a file, a socket, a database, on a terminal.

What is shown to a person must say what it says: a control character could rewrite the line before it, a line
break could forge a line of ours, and a character without width or with another direction could hide what
stands there. All of them are shown as escapes.
"""

from __future__ import annotations

import re
from datetime import timedelta

_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN_MAX = 80
_BYTES_FROM, _BYTES_TO = 0xDC80, 0xDCFF
"""A byte of the command line that is no UTF-8 is one of these characters in Python; none can be encoded."""
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Counted among letters and marks, though nothing of them is seen."""


def encodable(text: str) -> str:
    r"""The text with every such byte as `\xNN`, and any other surrogate as `\uNNNN`."""
    return _SURROGATE.sub(_escape, text)


def visible(text: str) -> str:
    r"""The text on one line, with every character that is not seen as an escape such as `\n` or `\u202e`.

    Python calls a character printable unless it is a control, a format (direction, no width), a separator
    other than the space, a surrogate, or none at all.
    """
    if text.isprintable() and (text.isascii() or _UNSEEN.search(text) is None):
        return text
    return "".join(map(_seen, text))


def all_seen(text: str) -> str:
    """The text, if it shows what it is: some character is seen, and none is hidden, obeyed by a terminal or
    without width. Raises ValueError that names the first one that is not."""
    if not text.strip():
        raise ValueError(f"expected characters that can be seen, found {shown(text)}")
    for place, character in enumerate(text, start=1):
        if (escape := _seen(character)) != character:
            raise ValueError(
                f"expected characters that can be seen, found {escape} at character {place}; write it anew"
            )
    return text


def _seen(character: str) -> str:
    if _SURROGATE.match(character):
        return encodable(character)
    if character.isprintable() and _UNSEEN.match(character) is None:
        return character
    return character.encode("unicode_escape").decode("ascii")


def shown(value: object) -> str:
    """A value that was found instead of the expected one, as Python writes it, short enough for a message."""
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}… ({len(text)} characters)"


def duration(lasted: timedelta) -> str:
    """`45 s`, `14 min`, `3 h 5 min`, `2 d 3 h`; `0 s` if the clock was set back meanwhile."""
    seconds = max(0, round(lasted.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    hours, days = minutes // 60, minutes // 1440
    if hours == 0:
        return f"{minutes} min"
    if days == 0:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if _BYTES_FROM <= code <= _BYTES_TO else f"\\u{code:04x}"
