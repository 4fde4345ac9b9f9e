"""Text that somebody else wrote: a venue, a tool server, whoever answers in their place.

It may hold anything: control characters that rewrite a terminal's line, a line that looks like one of ours,
markup, kilobytes of it. So it enters at one door (`actors/mcp/client.py`) and is *quoted* from then on: plain
printable ASCII on one line, of limited length, between the signs `⟪` and `⟫`, which it can't contain itself.
What stands between the signs never enters the audit log: state puts the text into a table of its own, and its
SHA-256 into the record (`⟪sha256:…⟫`).

`VenueText` is what code makes of a raw text. The types of texts in answers are in `core/contract/scalars.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

OPEN, CLOSE = "⟪", "⟫"
LENGTH_MAX = 300
"""Characters of a quoted text, escapes included."""
NAME_LENGTH_MAX = 100
DIGEST_SIGN = "sha256:"
CUT = "[...]"
_NAME = re.compile(r"[A-Za-z0-9_.:/+@#*-]*")
_PLAIN = re.compile(r"[\x20-\x7e]*")
_QUOTED = re.compile(f"{OPEN}([\\x20-\\x7e]*){CLOSE}")
_QUOTE = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}?")
"""Also a quote that was cut before its end: what follows the first sign is somebody else's."""
_REFERENCE = re.compile(f"{OPEN}{DIGEST_SIGN}([0-9a-f]{{64}}){CLOSE}")
_ESCAPED = re.compile(r"[^\x20-\x7e]")


class VenueText:
    """A raw text of somebody else. Its only way out is the quoted form, without secrets."""

    __slots__ = ("_quoted",)

    def __init__(self, raw: object, redact: Callable[[str], str]) -> None:
        # A long text is cut before it is worked on, too; a secret at the cut has to be masked before.
        self._quoted = quoted(redact(str(raw)[: 40 * LENGTH_MAX]))

    def __str__(self) -> str:
        return self._quoted

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(self._quoted, spec)


def quoted(text: str, length_max: int = LENGTH_MAX) -> str:
    """The text between the signs, escaped and cut. A text that is quoted already stays as it is."""
    found = _QUOTED.fullmatch(text)
    if found is not None and len(found[1]) <= length_max and not found[1].startswith(DIGEST_SIGN):
        return text
    plain = escaped(text)
    if plain.startswith(DIGEST_SIGN):
        # It must not be taken for the digest of another text.
        plain = f"\\x73{plain[1:]}"
    if len(plain) > length_max:
        plain = plain[: length_max - len(CUT)] + CUT
    return f"{OPEN}{plain}{CLOSE}"


def named(text: str) -> str:
    """A name as it is if it looks like one (an instrument, a label, an id), else quoted."""
    if len(text) <= NAME_LENGTH_MAX and _NAME.fullmatch(text):
        return text
    return quoted(text, NAME_LENGTH_MAX)


def spoken(text: str) -> str:
    """A quoted text without its signs: as the side that says it sends it."""
    found = _QUOTED.fullmatch(text)
    return text if found is None else found[1]


def escaped(text: str) -> str:
    r"""Plain printable ASCII: everything else as `\n`, `\xNN`, `\uNNNN` or `\UNNNNNNNN`."""
    return text if _PLAIN.fullmatch(text) else _ESCAPED.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")


def own_words(text: str) -> str:
    """A person's text, in which the signs mean nothing."""
    return text.replace(OPEN, "<<").replace(CLOSE, ">>")


def digest(text: str) -> str:
    """SHA-256 in hex of a text as it stands between the signs."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def without_texts(value: Any, take: Callable[[str, str], None]) -> Any:
    """The value with a reference in place of each quoted text, of which `take(digest, text)` is called."""

    def refer(found: re.Match[str]) -> str:
        if _REFERENCE.fullmatch(found[0]):
            return found[0]
        name = digest(found[1])
        take(name, found[1])
        return f"{OPEN}{DIGEST_SIGN}{name}{CLOSE}"

    return each_text(value, lambda text: _QUOTE.sub(refer, text) if OPEN in text else text)


def with_texts(value: Any, text_of: Callable[[str], str | None]) -> Any:
    """The opposite: each reference whose text is known becomes the quoted text again; others stay."""

    def restore(found: re.Match[str]) -> str:
        text = text_of(found[1])
        return found[0] if text is None else f"{OPEN}{text}{CLOSE}"

    return each_text(value, lambda text: _REFERENCE.sub(restore, text) if OPEN in text else text)


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """JSON values with each text changed, also the keys."""
    match value:
        case str():
            return change(value)
        case Mapping():
            return {each_text(key, change): each_text(one, change) for key, one in value.items()}
        case list():
            return [each_text(one, change) for one in value]
        case tuple():
            return tuple(each_text(one, change) for one in value)
        case _:
            return value
