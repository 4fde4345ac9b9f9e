"""How often an interval from few trades promises a gain where there is none: `python -m <this module>`.

The trades are spreads held to expiry whose expected result is exactly zero: most win a little, few lose all.
"""

from __future__ import annotations

import random
import sys

from core.statistics.means import Sample
from tests.core.statistics.example_trades import trade

WIN_RATE = 10 / 11
WIN_USD, LOSS_USD = "10", "-100"
TRADES = (10, 14, 26, 52)
SAMPLES = 1000


def clears_zero(trades: int, samples: int, seed: int = 1) -> tuple[float, float]:
    """The share of samples whose interval lies above zero: as it is, and with one full loss added."""
    generator = random.Random(seed)
    plain = careful = 0
    for _ in range(samples):
        drawn = [
            trade(week, WIN_USD if generator.random() < WIN_RATE else LOSS_USD) for week in range(trades)
        ]
        mean = Sample(drawn).mean(lambda each: each.result)
        assert mean is not None
        plain += mean.interval is not None and mean.interval.low > 0.0
        careful += mean.proves_gain
    return plain / samples, careful / samples


def main() -> None:
    for trades in TRADES:
        plain, careful = clears_zero(trades, SAMPLES)
        sys.stdout.write(
            f"n = {trades}: {plain:.1%} of intervals above zero, with one full loss added {careful:.1%}\n"
        )


if __name__ == "__main__":
    main()
