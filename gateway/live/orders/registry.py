"""Which labels were ever sent, and what became of them: a label is taken for ever, and never sent twice.

A row is on disk, synced, before the first byte of its request leaves. It is `sending` until an answer is
known; what is found so at a start was under way when the process ended, and is as much in doubt as `doubt`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple

from core.contract import PlaceComboOrder
from core.errors import InputError
from gateway.live.orders.combo_signs import Oriented
from gateway.live.store import StateFolder

ACCOUNT: Final = "account"
COLUMNS: Final = "label, request, instrument, c, state, order_id, said, valid_until_ms"


class LabelState(StrEnum):
    """What is known of a label that was sent."""

    SENDING = "sending"
    PLACED = "placed"
    REFUSED = "refused"
    DOUBT = "doubt"
    ABSENT = "absent"
    """Looked for often enough, after the venue would have refused it as late: it was never placed."""

    @property
    def is_open(self) -> bool:
        """Whether nobody knows yet."""
        return self in (LabelState.SENDING, LabelState.DOUBT)


class Registered(NamedTuple):
    """One label."""

    label: str
    request: PlaceComboOrder
    oriented: Oriented
    state: LabelState
    order_id: str | None
    said: str
    """The words of a refusal, or of what left it in doubt."""
    valid_until_ms: int


class Registry:
    """The labels of one account, in the state folder."""

    def __init__(self, folder: StateFolder, now_ms: Callable[[], int]) -> None:
        self._folder = folder
        self._now_ms = now_ms

    def bind(self, account: str) -> None:
        """Hold the folder to this account. Raises `InputError` if it is another's."""
        known = self._folder.fact(ACCOUNT)
        if known is not None and known != account:
            raise InputError(f"state directory: it holds the labels of {known}, the key is of {account}")
        self._folder.put_fact(ACCOUNT, account)

    def get(self, label: str) -> Registered | None:
        """What is known of a label; None if it was never sent."""
        return self._one("label", label)

    def of_order(self, order_id: str) -> Registered | None:
        """The label under which the venue has that order; None for an order of somebody else."""
        return self._one("order_id", order_id)

    def in_doubt(self) -> list[Registered]:
        """Every label whose outcome is unknown, in order of their names."""
        return self._rows("state IN ('sending', 'doubt') ORDER BY label", ())

    def begin(self, request: PlaceComboOrder, oriented: Oriented, valid_until_ms: int) -> None:
        """Take the label, durably. Raises an error of the database if it is taken."""
        c = oriented.c if oriented.is_combo else f"{oriented.c}!"
        row = (
            request.label,
            request.model_dump_json(),
            oriented.instrument,
            str(c),
            LabelState.SENDING.value,
            None,
            "",
            valid_until_ms,
            self._now_ms(),
        )
        self._folder.db.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def placed(self, label: str, order_id: str) -> None:
        """The venue has it, under this id."""
        self._set(label, LabelState.PLACED, order_id, "")

    def refused(self, label: str, said: str) -> None:
        """The venue does not have it and never will; these were the words."""
        self._set(label, LabelState.REFUSED, None, said)

    def doubt(self, label: str, said: str) -> None:
        """Nobody knows."""
        self._set(label, LabelState.DOUBT, None, said)

    def absent(self, label: str) -> None:
        """It was looked for and is not there."""
        self._set(label, LabelState.ABSENT, None, "looked for and not found")

    def _set(self, label: str, state: LabelState, order_id: str | None, said: str) -> None:
        self._folder.db.execute(
            "UPDATE orders SET state = ?, order_id = ?, said = ?, changed_at_ms = ? WHERE label = ?",
            (state.value, order_id, said, self._now_ms(), label),
        )

    def _one(self, column: str, value: str) -> Registered | None:
        found = self._rows(f"{column} = ?", (value,))
        return found[0] if found else None

    def _rows(self, where: str, values: tuple[str, ...]) -> list[Registered]:
        found = self._folder.db.execute(f"SELECT {COLUMNS} FROM orders WHERE {where}", values)  # noqa: S608
        return [
            Registered(
                label,
                PlaceComboOrder.model_validate_json(request),
                Oriented(instrument, Fraction(c.rstrip("!")), is_combo=not c.endswith("!")),
                LabelState(state),
                order_id,
                said,
                until_ms,
            )
            for label, request, instrument, c, state, order_id, said, until_ms in found
        ]
