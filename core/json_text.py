"""JSON in one form: no spaces, keys sorted, no NaN. Equal values are equal texts, so texts can be hashed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol


class _Encoder(Protocol):
    def __call__(self, value: object, level: int, /) -> tuple[str, ...]: ...


def writer(*, ascii_only: bool) -> Callable[[object], str]:
    """A function that writes a value. It raises ValueError for NaN and infinities, TypeError for what is no
    JSON, RecursionError for a value within itself."""
    settings = json.JSONEncoder(
        separators=(",", ":"),
        sort_keys=True,
        ensure_ascii=ascii_only,
        allow_nan=False,
        check_circular=False,
    )
    quoted = json.encoder.encode_basestring_ascii if ascii_only else json.encoder.encode_basestring
    # What `JSONEncoder.encode` makes anew for each value, in half of the time that a short one takes.
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return settings.encode
    encoder: _Encoder = make(None, settings.default, quoted, None, ":", ",", True, False, False)
    return lambda value: "".join(encoder(value, 0))
