"""Finds a key that stands twice in one JSON object: parsers keep one of the two values and say nothing."""

from __future__ import annotations

import json

_SPACES = (b" ", b"\n", b"\t", b"\r")
_CONTAINERS = frozenset((dict, list))


def repeated_key(text: bytes, parsed: dict[str, object]) -> str | None:
    """A key that the valid JSON `text` has twice in one object, or None. `parsed` is what was read of it.

    Where no quotation mark is followed by white space, every key ends with `":`, so that as many of these as
    there are keys in what was read mean that no key was lost. Only otherwise the text is read once more.
    """
    if not _is_spaced(text) and text.count(b'":') == _keys_in(parsed):
        return None
    found: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                found.append(key)
            seen.add(key)

    json.loads(text, object_pairs_hook=look)
    return found[0] if found else None


def _is_spaced(text: bytes) -> bool:
    """Whether a quotation mark is followed by white space. Single bytes are found sooner than pairs."""
    return any(space in text and b'"' + space in text for space in _SPACES)


def _keys_in(value: dict[str, object] | list[object]) -> int:
    """The number of keys in all objects; the depth is bounded by the parser."""
    keys, inner = (len(value), value.values()) if isinstance(value, dict) else (0, value)
    if _CONTAINERS.isdisjoint(map(type, inner)):
        return keys
    return keys + sum([_keys_in(each) for each in inner if isinstance(each, dict | list)])
