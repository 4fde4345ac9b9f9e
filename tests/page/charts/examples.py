"""Charts of made-up values, one of each kind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from core.pricing.inverse import SignedLeg
from core.statistics.account import AccountPoint
from core.statistics.performance import Group
from core.values import OptionType, Side
from page.charts import (
    Chart,
    HeatFacts,
    LineFacts,
    PathPoint,
    PayoffFacts,
    PayoffLeg,
    SmilePoint,
    VolatilityFacts,
    account_chart,
    gates_chart,
    heat_chart,
    months_chart,
    parallel_chart,
    path_chart,
    payoff_chart,
    realised_chart,
    smile_chart,
)

START = datetime(2026, 1, 5, 14, tzinfo=UTC)
CONDOR = PayoffFacts(
    legs=(
        PayoffLeg(SignedLeg(OptionType.PUT, 2800.0, -2.0), 62.0),
        PayoffLeg(SignedLeg(OptionType.PUT, 2600.0, 2.0), 68.0),
        PayoffLeg(SignedLeg(OptionType.CALL, 3400.0, -2.0), 58.0),
        PayoffLeg(SignedLeg(OptionType.CALL, 3600.0, 2.0), 60.0),
    ),
    cash_eth=0.0368,
    spot_usd=3048.52,
    forward_over_spot=1.002,
    dvol_pts=61.4,
    t_years=9.0 / 365.0,
)


def days(*values: float) -> list[tuple[datetime, float]]:
    return [(START + timedelta(days=day), value) for day, value in enumerate(values)]


def month(name: str, pnl_usd: str) -> Group:
    return Group(
        name=name,
        trades=3,
        wins=2,
        pnl_eth=Decimal("0.01234567"),
        pnl_usd=Decimal(pnl_usd),
        win_rate=None,
        mean_result=None,
    )


GATES = VolatilityFacts(
    dvol=days(58.0, 61.25, 64.5),
    rv14=days(51.0, 52.5, 70.0),
    premium=days(7.0, 8.75, -5.5),
    dvol_min_pts=40.0,
    dvol_max_pts=85.0,
    premium_min_pts=0.0,
)
PATH = [
    PathPoint(START + timedelta(hours=hour), 3000.0 + 10.0 * hour, None if hour == 2 else 0.001 * hour, -3.5)
    for hour in range(5)
]
ACCOUNT = [
    AccountPoint(START + timedelta(weeks=week), 10.0 + 0.01 * week, 3000.0 - 50.0 * week) for week in range(4)
]
SMILE = [
    SmilePoint(date(2026, 1, 16), 2600.0, OptionType.PUT, 68.0, Side.BUY),
    SmilePoint(date(2026, 1, 16), 2800.0, OptionType.PUT, 62.0, Side.SELL),
    SmilePoint(date(2026, 1, 16), 3400.0, OptionType.CALL, 58.0, None),
    SmilePoint(date(2026, 1, 16), 3400.0, OptionType.PUT, 58.5, None),
    SmilePoint(date(2026, 1, 23), 2800.0, OptionType.PUT, 61.0, None),
]


HEAT = HeatFacts(
    name="heat-1",
    x="exits.profit_of_credit",
    y="strikes.delta_target",
    xs=("0.4", "0.5"),
    ys=("0.18", "0.2"),
    cells=((0.012, -0.003), (None, 0.021)),
)
LINES = (
    LineFacts("point 1", (0.0, 0.0), ("0.4", "0.18"), 0.012),
    LineFacts("point 2", (1.0, 0.0), ("0.5", "0.18"), -0.003),
    LineFacts("point 4", (1.0, 1.0), ("0.5", "0.2"), 0.021),
)


def every_chart() -> tuple[Chart, ...]:
    return (
        payoff_chart(CONDOR, "usd"),
        payoff_chart(CONDOR, "eth"),
        path_chart(PATH, (2600.0, 2800.0), (2800.0,)),
        account_chart(ACCOUNT, "usd"),
        account_chart(ACCOUNT, "eth"),
        realised_chart(days(0.0, 120.0, -40.0, 80.0)),
        months_chart([month("2026-01", "120.5"), month("2026-02", "-33.25")]),
        gates_chart(GATES),
        smile_chart(SMILE, 3048.52),
        heat_chart(HEAT),
        parallel_chart(("exits.profit_of_credit", "strikes.delta_target"), LINES),
    )
