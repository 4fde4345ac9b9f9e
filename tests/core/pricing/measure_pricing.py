"""Measures the errors of the pricing against 50 digits: `python -m tests.core.pricing.measure_pricing`."""

from __future__ import annotations

import sys
from itertools import product

from core.pricing.black76 import black76_price_eth, delta
from core.pricing.implied_vol import implied_vol
from core.values import OptionType
from tests.core.pricing.black_reference import exact_delta, exact_price_eth

MINUTE = 1.0 / (365 * 24 * 60)
FORWARD = 2000.0
TIMES = [
    15 * MINUTE,
    30 * MINUTE,
    60 * MINUTE,
    360 * MINUTE,
    1 / 365,
    3 / 365,
    10.75 / 365,
    30 / 365,
    0.25,
    1.0,
]
SIGMAS = [0.10, 0.20, 0.35, 0.60, 0.90, 1.50, 2.20, 3.00]
STRIKES = [600, 760, 900, 1200, 1500, 1800, 1900, 1950, 1980, 1990, 1995, 1999, 1999.99]
STRIKES += [2000, 2000.01, 2001, 2005, 2010, 2020, 2050, 2200, 2500, 3000, 4000, 5000, 6000]
PRICE_FLOOR_ETH = 1e-12


def main() -> None:
    relative = absolute = of_delta = of_vol = 0.0
    count = 0
    for t_years, sigma, strike, option_type in product(TIMES, SIGMAS, STRIKES, OptionType):
        market = (option_type, FORWARD, float(strike), t_years, sigma)
        exact = exact_price_eth(*market)
        error = abs(black76_price_eth(*market) - exact)
        count += 1
        if exact < PRICE_FLOOR_ETH:
            absolute = max(absolute, float(error))
            continue
        relative = max(relative, float(error / exact))
        true_delta = exact_delta(*market)
        of_delta = max(of_delta, float(abs(delta(*market) / true_delta - 1)))
        is_otm = (strike < FORWARD) == (option_type is OptionType.PUT)
        implied = implied_vol(option_type, FORWARD, float(strike), t_years, float(exact))
        # In the money the price itself has lost the digits that determine the volatility.
        if is_otm and exact < 0.5 * min(1.0, strike / FORWARD) and isinstance(implied, float):
            of_vol = max(of_vol, abs(implied / sigma - 1.0))
    sys.stdout.write(
        f"options                                   {count}\n"
        f"price, relative, from 1e-12 ETH on        {relative:.1e}\n"
        f"price, absolute, below 1e-12 ETH          {absolute:.1e}\n"
        f"delta, relative, same options             {of_delta:.1e}\n"
        f"volatility from the exact price, relative {of_vol:.1e}\n"
    )


if __name__ == "__main__":
    main()
