"""Whether a message is one of many: asked of every message, so it is found out once for each class."""

from __future__ import annotations


class OneOf:
    """As `isinstance` with all of these classes, which tries one after the other."""

    __slots__ = ("_known", "kinds")

    def __init__(self, kinds: tuple[type, ...]) -> None:
        self.kinds = kinds
        self._known: dict[type, bool] = {}

    def __call__(self, message: object) -> bool:
        kind = type(message)
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = issubclass(kind, self.kinds)
        return known
