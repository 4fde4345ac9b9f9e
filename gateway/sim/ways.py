"""What nobody has published of the venue, at choice: whoever trades there must be right either way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Final, Literal, Self, get_args

from core.errors import InputError
from core.plain_number import plain_number

TradesWay = Literal["full", "bare", "parent"]
MARGIN_MODELS: Final = ("segregated_sm", "segregated_pm", "cross_sm", "cross_pm")
FLAGS: Final = {"yes": True, "no": False}
SPAN: Final = "-"
MOST: Final = 1e9


@dataclass(frozen=True)
class Ways:
    """One way for the venue to be. Times are seconds of its clock."""

    trades: TradesWay = "full"
    """What a leg's row of the account's trades has: order, label and fee; none of them; or no row, and the
    fees in the parent's legs."""
    inverse: bool = False
    """A combo is handed out with every leg the other way round."""
    waives: bool = False
    """The legs of a combo's cheaper direction pay no fee."""
    active_after_s: tuple[float, float] = (0.3, 0.7)
    """A new combo can't be traded before."""
    quiet_after_s: float = 6 * 3600.0
    """A combo's book is closed if nobody has used it for so long."""
    combos_max: int = 100
    """So many books of combos may be open."""
    legs_late_ms: int = 1
    """Legs are stamped so long after the combo's own trade."""
    indexed_after_s: tuple[float, float] = (5.0, 60.0)
    """When a record leaves what is recent, it is in no list for so long."""
    delivered_after_s: float = 5.0
    """A delivery is in no list for so long."""
    worthless_rows: bool = True
    """An option that expires without worth has rows, too."""
    settling_s: float = 0.0
    """After 08:00 every method of an account is refused for so long."""
    counterparty: bool = True
    """Somebody trades with combos; on the real testnet nobody does."""
    locked_minutes: tuple[float, float] = (0.0, 0.0)
    """The minutes of each hour, from and to, in which the venue is shut for maintenance."""
    account_id: int = 10
    margin_model: str = "segregated_sm"

    @classmethod
    def parse(cls, pairs: Iterable[str]) -> Self:
        """Read `NAME=VALUE` pairs: yes or no, a number, two as `0.3-0.7`, or a word.

        Raises `InputError` with the name, what was found and what was expected.
        """
        plain = cls()
        names = {each.name for each in fields(cls)}
        changed: dict[str, object] = {}
        for pair in pairs:
            name, _, text = pair.partition("=")
            if name not in names or name in changed:
                raise InputError(
                    f"--way: expected NAME=VALUE, each NAME once and one of {', '.join(sorted(names))}; "
                    f"found {pair!r}"
                )
            changed[name] = _read(name, text, getattr(plain, name))
        return replace(plain, **changed)  # type: ignore[arg-type]


AT_ONCE = Ways(active_after_s=(0.0, 0.0), legs_late_ms=0, indexed_after_s=(0.0, 0.0), delivered_after_s=0.0)
"""Nothing takes time, as at the paper venue."""


def _read(name: str, text: str, like: object) -> object:
    """A value of the kind that the default is of."""
    words = {"trades": get_args(TradesWay), "margin_model": MARGIN_MODELS}.get(name, ())
    found: object = None
    match like:
        case str():
            found, expected = (text if text in words else None), " or ".join(words)
        case bool():
            found, expected = FLAGS.get(text), " or ".join(FLAGS)
        case tuple():
            ends, expected = [_amount(end) for end in text.split(SPAN)], "two numbers, such as 0.3-0.7"
            if len(ends) == len(like) and None not in ends:
                found = tuple(ends)
        case int():
            number, expected = _amount(text), "a whole number from 0 on"
            found = None if number is None or number % 1 else int(number)
        case _:
            found, expected = _amount(text), "a number from 0 on"
    if found is None:
        raise InputError(f"--way {name}: expected {expected}, found {text!r}")
    return found


def _amount(text: str) -> float | None:
    """A number that is not below 0."""
    found = plain_number(text)
    return found if found is not None and 0 <= found < MOST else None
