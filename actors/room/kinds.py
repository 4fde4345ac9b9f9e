"""Whether a message is one of many: asked of every message, so it is found out once for each class."""

from __future__ import annotations


class OneOf(dict[type, bool]):
    """As `isinstance` with all of these classes, which tries one after the other: a class is looked up."""

    __slots__ = ("kinds",)

    def __init__(self, kinds: tuple[type, ...]) -> None:
        super().__init__()
        self.kinds = kinds

    def __missing__(self, kind: type) -> bool:
        known = self[kind] = issubclass(kind, self.kinds)
        return known

    def __call__(self, message: object) -> bool:
        return self[type(message)]
