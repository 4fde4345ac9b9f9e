"""Which charts the panels have, made anew only when what they show has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock
from typing import TypeVar

from page.charts import (
    Chart,
    account_chart,
    gates_chart,
    months_chart,
    path_chart,
    payoff_chart,
    realised_chart,
    smile_chart,
)
from page.drawn import DrawnChart, drawn
from page.panels.money import MoneyPanel
from page.panels.position import PositionPanel
from page.panels.why import WhyPanel

Facts = TypeVar("Facts")


class Drawings:
    """The charts of one page by name. Used by several threads."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[object, DrawnChart]] = {}
        self._lock = Lock()

    def of(
        self, position: PositionPanel, money: MoneyPanel, why: WhyPanel
    ) -> dict[str, tuple[DrawnChart, ...]]:
        """The charts of each panel, in the order in which they stand there."""
        return {
            "position": tuple(self._position(position)),
            "money": tuple(self._money(money)),
            "why": tuple(self._why(why)),
        }

    def _position(self, panel: PositionPanel) -> Iterator[DrawnChart]:
        """Of the first position: rule 1 lets no second one be opened unless a person has allowed it."""
        if not panel.positions:
            return
        first = panel.positions[0]
        if first.payoff is not None:
            yield self._chart("payoff-usd", first.payoff, lambda facts: payoff_chart(facts, "usd"))
            yield self._chart("payoff-eth", first.payoff, lambda facts: payoff_chart(facts, "eth"))
        if first.path:
            facts = (first.path, first.strikes_usd, first.short_usd)
            yield self._chart("path", facts, lambda facts: path_chart(*facts))

    def _money(self, panel: MoneyPanel) -> Iterator[DrawnChart]:
        if len(panel.account) > 1:
            yield self._chart("equity-usd", panel.account, lambda facts: account_chart(facts, "usd"))
            yield self._chart("equity-eth", panel.account, lambda facts: account_chart(facts, "eth"))
        if panel.curve:
            yield self._chart("drawdown", panel.curve, realised_chart)
        if panel.months:
            yield self._chart("months", panel.months, months_chart)

    def _why(self, panel: WhyPanel) -> Iterator[DrawnChart]:
        if panel.gates is not None and (panel.gates.dvol or panel.gates.rv14):
            yield self._chart("gates", panel.gates, gates_chart)
        if panel.smile:
            facts = (panel.smile, panel.smile_spot_usd)
            yield self._chart("smile", facts, lambda facts: smile_chart(*facts))

    def _chart(self, name: str, facts: Facts, make: Callable[[Facts], Chart]) -> DrawnChart:
        with self._lock:
            known = self._made.get(name)
            if known is None or known[0] != facts:
                known = (facts, drawn(make(facts)))
                self._made[name] = known
            return known[1]
