"""Keeps secrets out of everything that is written: log lines, alerts, audit records, error texts, terminals.

A server may echo a secret in another spelling than it was sent in. A secret is found as it is and in upper or
lower case, in hex, and in base64 (also as a part of a longer text), each also if its characters are written
as JSON, Python, percent, HTML or quoted-printable escapes, several times over, or if its line was folded.
What can't be seen is listed in `docs/audit-log.md`: a hash, a cipher, a part of a secret, or another base.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from urllib.parse import parse_qsl, unquote, urlsplit

MASK = "***"
LENGTH_MIN = 4
"""Shorter values are not masked: they would blank out ordinary words and numbers."""
ENCODED_LENGTH_MIN = 8
"""Shorter parts of an encoded secret are not masked: they may be ordinary text."""
UNMISTAKABLE_LENGTH_MIN = 8
"""A shorter secret may be an ordinary value among data."""
DRAWN_LENGTH_MIN = 16
"""A part of a secret URL that is as long is masked also if it holds no digit."""
OWN_VARIABLES = "CERBERO_BITE_"
"""How the names of this project's variables begin."""
SECRET_ENDINGS = ("_TOKEN", "_CHAT_ID", "_KEY", "_PASSWORD", "_SECRET", "_HEARTBEAT_URL", "_WEBHOOK_URL")
FILE_ENDING = "_FILE"
"""Of a variable that names the file of a secret."""
CODE_POINT_MAX = 0x10FFFF
_ROUNDS_MAX = 4
"""So many escapes of escapes are undone; a further one is masked as a whole."""
_ESCAPE = re.compile(
    r"""\\+(?:u\{(?P<code>[0-9a-fA-F]{1,6})\}|u(?P<u>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8})
            |x(?P<x>[0-9a-fA-F]{2})|(?P<octal>[0-3][0-7]{2})|(?P<sign>[^\w\s\\]))
     |%(?:u(?P<percent_u>[0-9a-fA-F]{4})|(?P<percent>[0-9a-fA-F]{2}))
     |(?P<entity>&(?:\#0*[0-9]{1,7};?|\#[xX]0*[0-9a-fA-F]{1,6};?|[a-zA-Z]{2,8};))""",
    re.VERBOSE,
)
_QUOTED_PRINTABLE = re.compile(r"=(?:(?P<percent>[0-9a-fA-F]{2})|(?P<fold>\r?\n))")
_FOLDED = re.compile(r"(?P<fold>[ \t]*(?:\r\n?|\n)[ \t]*)")
_ESCAPES = (
    (("\\", "%", "&"), _ESCAPE),
    (("=",), _QUOTED_PRINTABLE),
    (("\r", "\n"), _FOLDED),
)
"""Signs without which there is no escape of the kind, and its form. The kinds are undone apart: `=ab` may be
one of the second, or the beginning of what `a=abc%2F` holds. Base64 for mail is folded."""
_SHAPES = (
    (("bearer", "basic"), re.compile(r"(?i)\b(bearer|basic)(?:\s+|%20)[^\s\"',;<>]{8,}"), rf"\1 {MASK}"),
)
"""What looks like a credential: words that it has, in lower case, its form, and what stands for it."""
_SLASHED_SHAPES = (
    (("/bot",), re.compile(r"(?i)/bot\d+(?::|%3a)[\w-]+"), f"/bot{MASK}"),
    ((":/",), re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}:/{1,3})[^\s/@\"'<>]+@"), rf"\1{MASK}@"),
)
"""Further ones. One sign is found to be missing faster than two, of which one is everywhere in JSON."""


class Redactor:
    """Masks the given secrets, in each spelling that is known, and anything that looks like a credential."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        kept = {secret for secret in secrets if len(secret) >= LENGTH_MIN}
        forms = {form for secret in kept for form in _forms(secret)}
        self._forms = tuple(sorted(forms, key=len, reverse=True))
        self._forms_bytes = tuple(form.encode("utf-8", "surrogatepass") for form in self._forms)
        parts = [_bounded(form) for form in self._forms]
        self._secrets = re.compile("|".join(parts)) if parts else None
        unmistakable = {one for one in kept if len(one) >= UNMISTAKABLE_LENGTH_MIN}
        self.of_unmistakable = self if unmistakable == kept else Redactor(unmistakable)
        """Masks only the secrets that can't be an ordinary value, so that data stay what they are."""

    @property
    def has_secrets(self) -> bool:
        """True if it was given anything to mask."""
        return self._secrets is not None

    def __call__(self, text: str) -> str:
        """The text with every secret replaced by `***`."""
        lowered = _lower(text)
        if self._secrets is not None:
            text = self._masked(text, lowered)
        for words, shape, mask in _SHAPES if "/" not in text else (*_SHAPES, *_SLASHED_SHAPES):
            if _has_any(lowered, words):
                text = shape.sub(mask, text)
        return text

    def may_be_in(self, content: bytes) -> bool:
        """False if the content surely holds no secret in any spelling: then it need not be looked at closely.

        It takes some milliseconds for a megabyte.
        """
        if any(sign in content for sign in (b"\\", b"%", b"&", b"=")):
            return True
        lowered = content.lower()
        if b"\n" in lowered or b"\r" in lowered:
            # What is folded is found without the spaces between its lines.
            lowered += lowered.translate(None, b"\r\n\t ")
        return any(form in lowered for form in self._forms_bytes)

    def _masked(self, text: str, lowered: str) -> str:
        if self._has(lowered):
            text = _without(text, self._spans(lowered))
        for signs, escape in _ESCAPES:
            if _has_any(text, signs) and self._has_below(text, escape):
                text = self._masked_below(text, escape)
        return text

    def _has(self, lowered: str) -> bool:
        return _has_any(lowered, self._forms)

    def _spans(self, lowered: str) -> list[tuple[int, int]]:
        return [] if self._secrets is None else [found.span() for found in self._secrets.finditer(lowered)]

    def _has_below(self, text: str, escape: re.Pattern[str]) -> bool:
        """Whether a secret shows once escapes are undone, round by round."""
        for _ in range(_ROUNDS_MAX):
            further = escape.sub(_undone, text)
            if further == text:
                return False
            text = further
            if self._has(_lower(text)):
                return True
        return False

    def _masked_below(self, text: str, escape: re.Pattern[str]) -> str:
        """Undo the escapes again, this time with the place of each character, and mask what a secret was."""
        undone, origin = text, [(at, at + 1) for at in range(len(text))]
        spans: list[tuple[int, int]] = []
        for _ in range(_ROUNDS_MAX):
            undone, origin = _unescaped(undone, origin, escape)
            spans += [(origin[begin][0], origin[end - 1][1]) for begin, end in self._spans(_lower(undone))]
        return _without(text, sorted(spans))


def secrets_of(env: Mapping[str, str]) -> tuple[str, ...]:
    """The values of this project's environment variables that are secret by their names."""
    found: list[str] = []
    for name, value in env.items():
        if name.startswith(OWN_VARIABLES) and name.endswith(SECRET_ENDINGS):
            found.append(value.strip())
            if name.endswith("_URL"):
                found += secrets_in_url(value.strip())
    return tuple(found)


def secret_files_of(env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The secret variables whose value is in a file, each with the name of that file."""
    return tuple(
        (name.removesuffix(FILE_ENDING), value.strip())
        for name, value in env.items()
        if name.startswith(OWN_VARIABLES)
        and name.endswith(tuple(ending + FILE_ENDING for ending in SECRET_ENDINGS))
        and value.strip()
    )


def secrets_in_url(url: str) -> tuple[str, ...]:
    """What is secret of a URL that is a key itself: all of it, and each part of path and query that looks
    drawn by lot. Words such as `api` are left, because they stand in other texts too."""
    try:
        parts = urlsplit(url)
        values = [value for _, value in parse_qsl(parts.query)]
    except ValueError:
        return (url,)
    pieces = (unquote(piece) for piece in (*parts.path.split("/"), *values))
    return tuple(dict.fromkeys((url, *(piece for piece in pieces if _is_drawn(piece)))))


def _is_drawn(piece: str) -> bool:
    length = len(piece)
    return length >= DRAWN_LENGTH_MIN or (
        length >= UNMISTAKABLE_LENGTH_MIN and any(character.isdigit() for character in piece)
    )


def _forms(secret: str) -> Iterator[str]:
    """Every spelling of a secret but escapes, in lower case."""
    yield _lower(secret)
    for spelled in dict.fromkeys((secret, secret.lower(), secret.upper())):
        yield from _encoded(spelled)


def _encoded(secret: str) -> Iterator[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    encoded = [raw.hex()]
    for shift in range(3):
        # In a longer text the secret begins at any of three places of a group; the characters at both ends
        # also depend on its neighbours.
        text = base64.b64encode(b"\0" * shift + raw).decode()
        begin = (0, 2, 3)[shift]
        whole = (len(raw) + shift) // 3 * 4
        encoded += [text[begin:whole], text[begin:whole].replace("+", "-").replace("/", "_")]
    yield from (_lower(form) for form in encoded if len(form) >= ENCODED_LENGTH_MIN)


def _has_any(text: str, parts: tuple[str, ...]) -> bool:
    # A loop, because each text that is written comes by, and hardly any holds one.
    for part in parts:  # noqa: SIM110
        if part in text:
            return True
    return False


def _lower(text: str) -> str:
    """Lower case, each character by one: places stay as they are."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := one.lower()) == 1 else one for one in text)


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with the mask in place of each span; the spans are sorted, and may overlap."""
    parts, at = [], 0
    for begin, end in spans:
        if begin >= at:
            parts += [text[at:begin], MASK]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def _unescaped(
    text: str, origin: list[tuple[int, int]], escape: re.Pattern[str]
) -> tuple[str, list[tuple[int, int]]]:
    """One round of escapes undone, and where each character of the result stood in the first text."""
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    at = 0
    for found in escape.finditer(text):
        begin, end = found.span()
        parts.append(text[at:begin])
        places += origin[at:begin]
        undone = _undone(found)
        parts.append(undone)
        places += [(origin[begin][0], origin[end - 1][1])] * len(undone)
        at = end
    parts.append(text[at:])
    places += origin[at:]
    return "".join(parts), places


def _undone(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "entity":
            return unescape(found[0])
        case "sign":
            return found["sign"]
        case "fold":
            return ""
        case "octal":
            return chr(int(found["octal"], 8))
        case digits:
            code = int(found[digits or 0], 16)
            return chr(code) if code <= CODE_POINT_MAX else found[0]


def _bounded(secret: str) -> str:
    """A secret of digits only (a chat id) matches as a whole number, not inside a longer one."""
    if _is_number(secret):
        return rf"(?<!\d){re.escape(secret)}(?!\d)"
    return re.escape(secret)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+", text) is not None
