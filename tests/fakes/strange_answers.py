"""Answers that no sound server sends: drawn from a model's schema, altered in some fields, or in some bytes.

`answers_of` draws a whole answer by the JSON schema of its model; `altered` puts strange values into a good
one, which gets further into the engine; `damaged` alters bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Final

from hypothesis import strategies as st
from pydantic import BaseModel

STRANGE: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    -0.0,
    5e-324,
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
    2**53 + 1,
    10**30,
    10**4200,
    "",
    " ",
    "-0",
    "NaN",
    "sNaN",
    "-Infinity",
    "1e308",
    "1e-308",
    "1E+1000000000",
    "1E-1000000000",
    "9" * 60,
    "0." + "0" * 60 + "1",
    "1_000",
    "\u0661\u0662",
    " 1",
    "0x10",
    "true",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999-14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "1969-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z",
    "2026-01-12T14:00:00",
    "2026-W03-1T14:00:00Z",
    "1768226400",
    "2026-01-12T14:00:00.123456789Z",
    "\ud800",
    "\x00\x1b[31m\u202e",
    "x" * 100_000,
    "ETH-6JUL26-" + "9" * 5000 + "-P",
    "ETH-31FEB26-3000-C",
    "ETH-PERPETUAL",
    [],
    [[[[]]]],
    ["1", "2"],
    {},
    {"error": "x"},
)
"""Values at the edges of every type of the contract, and of none of them."""
_MAX_LENGTH = 4


def answers_of(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """JSON by the model's schema; any place in it may hold a strange value instead."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    return _drawn(schema, definitions)


def _drawn(schema: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    strange = st.sampled_from(STRANGE)
    return st.integers(0, 15).flatmap(lambda n: strange if n == 0 else _sound(schema, definitions))


def _sound(schema: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _sound(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return st.one_of([_sound(one, definitions) for one in schema["anyOf"]])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "object":
            fields = {name: _drawn(one, definitions) for name, one in schema.get("properties", {}).items()}
            needed = set(schema.get("required", ()))
            return st.fixed_dictionaries(
                {name: field for name, field in fields.items() if name in needed},
                optional={name: field for name, field in fields.items() if name not in needed},
            )
        case "array":
            if "prefixItems" in schema:
                return st.tuples(*(_drawn(one, definitions) for one in schema["prefixItems"])).map(list)
            return st.lists(_drawn(schema["items"], definitions), max_size=_MAX_LENGTH)
        case "number":
            return st.floats(-1e6, 1e6) | st.integers(-1000, 1000)
        case "integer":
            return st.integers(-10, 10)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "string" if schema.get("format") == "date-time":
            return st.datetimes().map(lambda moment: moment.isoformat() + "Z")
        case "string":
            return st.sampled_from(["ETH", "0.0125", "3000", "-2", "ETH-23JAN26-2700-P", "p-1:e1", "US"])
        case other:
            raise AssertionError(f"a schema of type {other!r} that no strategy is made for: {schema}")


@st.composite
def altered(draw: st.DrawFn, good: Any, most: int = 3) -> Any:
    """A copy of `good`: up to `most` places are replaced or removed or, in a list, repeated or moved."""
    changed = deepcopy(good)
    for _ in range(draw(st.integers(1, most))):
        places = list(_places(changed))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        how = draw(st.sampled_from(("replace", "replace", "replace", "remove", "repeat", "move")))
        if how == "replace" or (how in ("repeat", "move") and not isinstance(holder, list)):
            holder[key] = deepcopy(draw(st.sampled_from(STRANGE)))
        elif how == "remove":
            del holder[key]
        elif how == "repeat":
            holder.insert(draw(st.integers(0, len(holder))), deepcopy(holder[key]))
        else:
            holder.insert(draw(st.integers(0, len(holder) - 1)), holder.pop(key))
    return changed


def _places(value: Any) -> Sequence[tuple[Any, Any]]:
    """Every place below `value`; of a long list its first, middle and last rows stand for all."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        for key, below in value.items():
            found += [(value, key), *_places(below)]
    elif isinstance(value, list):
        for key in sorted({0, len(value) // 2, len(value) - 1} & set(range(len(value)))):
            found += [(value, key), *_places(value[key])]
    return found


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """The bytes with some of them replaced, removed, inserted or repeated, or cut off."""
    changed = bytearray(body)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(changed) - 1, 0)))
        length = draw(st.integers(1, 40))
        match draw(st.sampled_from(("replace", "remove", "insert", "repeat", "cut"))):
            case "replace":
                changed[at : at + 1] = draw(st.binary(min_size=1, max_size=2))
            case "remove":
                del changed[at : at + length]
            case "insert":
                changed[at:at] = draw(st.binary(min_size=1, max_size=4) | st.sampled_from(_PIECES))
            case "repeat":
                changed[at:at] = changed[at : at + length]
            case _:
                del changed[at:]
    return bytes(changed)


_PIECES = (
    b"NaN",
    b"-Infinity",
    b"1e400",
    b"[[[[",
    b'"',
    b"\\ud800",
    b"\xff\xfe",
    b'"error":"x",',
    b"9" * 400,
)


def wire(answer: object) -> bytes:
    """The JSON text; unlike strict JSON it may hold NaN, and surrogates are escaped."""
    return json.dumps(answer).encode()
