"""What a schema of pydantic expected and what it found, in our words."""

from __future__ import annotations

from typing import Final

from pydantic_core import ErrorDetails

from core.how_many import how_many
from core.text import shown

_INPUT: Final = "Input should be "
_FORMS: Final = {
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "a time of day such as 14:00",
    r"^[A-Z]{2}$": "two capital letters such as US",
    "^/.": "a path that begins with /",
}
"""What the patterns of our settings ask for."""


def wrong_by(details: ErrorDetails) -> str:
    """`expected …, found …` of one fault."""
    context, found = details.get("ctx", {}), details["input"]
    match details["type"]:
        case "value_error":
            return str(context["error"])
        case "json_invalid":
            return f"expected JSON: {context['error']}"
        case "missing":
            return "expected a value, found none"
        case "extra_forbidden":
            return "unknown key"
        case "too_short":
            least = how_many(context["min_length"], "item")
            return f"expected at least {least}, found {context['actual_length']}"
        case "too_long":
            most = how_many(context["max_length"], "item")
            return f"expected at most {most}, found {context['actual_length']}"
        case "string_too_short":
            return f"expected at least {how_many(context['min_length'], 'character')}, found {shown(found)}"
        case "string_too_long":
            return f"expected at most {how_many(context['max_length'], 'character')}, found {shown(found)}"
        case "string_pattern_mismatch":
            pattern = context["pattern"]
            return f"expected {_FORMS.get(pattern, f'a text like {pattern}')}, found {shown(found)}"
        case _:
            expected = details["msg"].removeprefix(_INPUT).removeprefix("a valid ")
            return f"expected {expected}, found {shown(found)}"
