"""Says each check of a rule as a trader reads it: what was looked at, its value with a unit, and the bound.

A check is found by its code, a number that was only read by its name; one that is not listed here is shown as
it is.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

Scalar: TypeAlias = str | bool | int | float | None


class Measured(NamedTuple):
    """A check of a number against a bound. `form` is a key of `FORMS`."""

    label: str
    form: str


class Stated(NamedTuple):
    """A statement: what is said if the check passed, and if not; `{value}` stands for what was found."""

    passed: str
    failed: str


FORMS: Final = {
    "points": "{:.1f} points",
    "percent": "{:.1%}",
    "usd": "{:,.0f} USD",
    "eth": "{:.4f} ETH",
    "days": "{:.2f} days",
    "seconds": "{:.0f} s",
    "contracts": "{:,.0f} contracts",
    "times": "{:.2f} times",
    "delta": "{:.3f}",
    "count": "{:,.0f}",
    "number": "{:,.1f}",
}

CHECKS: Final[dict[str, Measured | Stated]] = {
    # May this cycle enter at all?
    "kill_switch_armed": Stated("the kill switch is not armed", "the kill switch is armed"),
    "suspended": Stated("entries are not suspended", "entries are suspended by {value}"),
    "max_open_positions": Measured("positions with a new one", "count"),
    "orders_in_doubt": Measured("orders whose outcome is unknown", "count"),
    "strategy_disabled": Stated(
        "trading is switched on", "trading is switched off (CERBERO_BITE_ENABLE_STRATEGY)"
    ),
    # Do the strategy's own results allow it?
    "pnl_unknown": Stated("the P&L is known", "an open position has no mark, so that the P&L is not known"),
    "drawdown_above_max": Measured("own P&L below its peak, of equity", "percent"),
    "loss_above_max": Measured("loss of the trades closed lately", "usd"),
    "losing_trades_in_a_row": Measured("losing trades in a row", "count"),
    "rest_after_stop": Measured("weeks since an exit by stop", "number"),
    # Are the data whole?
    "index_history_short": Stated("the index's history is whole", "only {value} hourly closes of the index"),
    "index_history_gap": Stated("the index's history is whole", "a gap in the index's {value} closes"),
    "index_history_not_current": Stated(
        "the index's history is fresh", "the index's {value} closes end too early"
    ),
    "funding_missing": Stated("funding is known: {value} a year", "no exchange's funding is known"),
    "chain_missing": Stated("the option chain is there", "the option chain is missing"),
    "chain_broken": Measured("broken quotes of the chain", "percent"),
    "forward_unknown": Stated("the forward is known", "the chain gives no forward"),
    "forward_off_index": Measured("forward off the index", "percent"),
    "atm_iv_below_dvol": Measured("at-the-money IV over DVOL", "times"),
    "atm_iv_above_dvol": Measured("at-the-money IV over DVOL", "times"),
    # Does the market allow it?
    "capital_below_min": Measured("equity", "usd"),
    "dvol_below_min": Measured("DVOL", "points"),
    "dvol_above_max": Measured("DVOL", "points"),
    "dvol_day_change": Measured("DVOL's rise in 24 h", "percent"),
    "vrp_below_min": Measured("DVOL above realised volatility", "points"),
    "macro_event": Stated("no event of the calendar is near", "an event is near, at {value}"),
    "funding_extreme": Measured("funding a year, absolute", "percent"),
    "eth_share": Measured("share of the holdings in ETH", "percent"),
    "liquidation_pressure": Stated("liquidation pressure is {value}", "liquidation pressure is {value}"),
    # Which spread?
    "funding_against_trend": Measured("funding a year", "percent"),
    "funding_not_calm": Measured("funding a year, absolute", "percent"),
    "dvol_low_for_condor": Measured("DVOL, for a condor", "points"),
    "forced": Stated("a person chose {value}", "a person chose {value}"),
    # Which strikes?
    "no_expiry_in_range": Stated("an expiry is in range", "no expiry is in range, of: {value}"),
    "broken_candidate": Stated("the quote is sound", "the quote is broken: {value}"),
    "no_short_in_delta_range": Stated(
        "a short leg is in range", "none of {value} strikes has the short delta"
    ),
    "no_long_leg_in_range": Stated("a long leg is in range", "no long leg of {value} strikes fits the width"),
    "no_liquid_pair": Stated("a pair is liquid", "no pair of {value} strikes is liquid enough"),
    "pair": Stated("short leg {value}", "no pair was found"),
    # Is it worth it?
    "credit_below_floor": Measured("credit over width", "percent"),
    "no_credit": Stated("there is a credit", "no credit at the touch: {value} ETH"),
    "cost_above_max": Measured("cost of trading, of the credit", "percent"),
    # How much?
    "budget_below_one": Measured("contracts that the risk budget carries", "count"),
    "venue_loss_above_max": Measured("contracts that the venue's equity carries", "count"),
    "margin_above_max": Measured("contracts that the margin carries", "count"),
    "equity_thin_for_one_contract": Measured("equity for one contract", "usd"),
    # Can each leg be traded?
    "open_interest_low": Measured("open interest", "contracts"),
    "volume_low": Measured("volume in 24 h", "contracts"),
    "touch_size_small": Measured("size at the touch", "contracts"),
    "quote_too_old": Measured("age of the quote", "seconds"),
    "spread_too_wide": Measured("spread, of mid", "percent"),
    "one_sided": Stated("bid and ask are there", "bid or ask is missing"),
    # Exits.
    "margin": Measured("maintenance margin, of venue equity", "percent"),
    "expiry": Measured("time to expiry", "days"),
    "profit": Measured("cost to close, of the credit", "percent"),
    "stop": Measured("cost to close, of the credit", "percent"),
    "dvol_rise_pts": Measured("DVOL's rise since entry", "points"),
    "dvol_rise_multiple": Measured("DVOL over that at entry", "times"),
    "delta": Measured("delta of the short leg", "delta"),
    "adverse_path": Measured("way gone to the short strike", "percent"),
    "adverse_return_4h": Measured("4-hour move against it", "percent"),
}

INPUTS: Final[dict[str, Measured]] = {
    "rv14_pct": Measured("realised volatility, 14 days", "points"),
    "funding_frac": Measured("funding a year", "percent"),
    "r30_frac": Measured("return of 30 days", "percent"),
    "dvol": Measured("DVOL", "points"),
    "entry_dvol": Measured("DVOL at entry", "points"),
    "dte": Measured("days to expiry", "days"),
    "return_4h": Measured("return of 4 hours", "percent"),
    "margin_use": Measured("maintenance margin, of venue equity", "percent"),
    "uses_most_margin": Measured("it uses the most margin", "count"),
    "pnl_usd": Measured("own P&L, marked", "usd"),
    "pnl_peak_usd": Measured("its peak", "usd"),
    "equity_usd": Measured("equity", "usd"),
    "since": Measured("counted since", "count"),
    "forward_usd": Measured("forward", "usd"),
    "spot_usd": Measured("index", "usd"),
    "atm_iv_pct": Measured("at-the-money IV", "points"),
    "width_usd": Measured("width", "usd"),
    "budget_usd": Measured("risk budget", "usd"),
    "worst_loss_usd": Measured("worst loss of one contract", "usd"),
    "worst_loss_eth": Measured("worst loss of one contract", "eth"),
    "venue_loss_max_eth": Measured("loss that the venue's equity allows", "eth"),
    "initial_margin_one_eth": Measured("initial margin of one contract", "eth"),
    "margin_free_eth": Measured("margin that is free", "eth"),
    "cost_eth": Measured("round-trip cost of one contract", "eth"),
    "half_spreads_eth": Measured("half spreads of all legs", "eth"),
    "fees_round_trip_eth": Measured("round-trip fees", "eth"),
    "sum_mean_abs_delta": Measured("sum of the mean deltas", "delta"),
    "delta_short_put": Measured("delta of the short put", "delta"),
    "delta_long_put": Measured("delta of the long put", "delta"),
    "delta_short_call": Measured("delta of the short call", "delta"),
    "delta_long_call": Measured("delta of the long call", "delta"),
    "width_frac_put": Measured("width of the puts, of spot", "percent"),
    "width_frac_call": Measured("width of the calls, of spot", "percent"),
    "breakeven_low_usd": Measured("lower breakeven", "usd"),
    "breakeven_high_usd": Measured("upper breakeven", "usd"),
    "pop": Measured("probability of profit", "percent"),
    "contracts": Measured("contracts", "count"),
    "contracts_max": Measured("contracts at most", "count"),
    "branch": Measured("spread", "count"),
    "expiry": Measured("expiry", "count"),
    "short_put": Measured("short put", "count"),
    "long_put": Measured("long put", "count"),
    "short_call": Measured("short call", "count"),
    "long_call": Measured("long call", "count"),
    "mid_eth": Measured("credit at mid, ETH", "eth"),
    "natural_eth": Measured("credit at the touch, ETH", "eth"),
    "limit_eth": Measured("first limit, ETH", "eth"),
    "floor_eth": Measured("worst limit, ETH", "eth"),
    "index_closes": Measured("hourly closes of the index", "count"),
    "venues": Measured("exchanges with funding", "count"),
    "quotes": Measured("quotes of the chain", "count"),
    "broken": Measured("broken quotes", "count"),
}

RULES: Final = {
    "blocked": "may enter",
    "protections": "own results",
    "inputs": "data whole",
    "market": "market",
    "bias": "direction",
    "agreement": "index and chain agree",
    "strikes": "strikes",
    "worth": "worth its cost",
    "sizing": "size",
    "liquidity": "liquidity",
    "combo": "order",
    "margin": "margin",
    "expiry": "time",
    "profit": "profit",
    "stop": "stop",
    "volatility": "volatility",
    "delta": "delta",
    "adverse": "move against it",
}
"""What each rule looks at, in the words of its heading."""

ENTRY_BOUNDS: Final = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}
EXIT_BOUNDS: Final = {">=": "closes from", "<=": "closes at or below"}


def check_line(
    code: str, value: Scalar, op: str, threshold: Scalar, *, passed: bool, exits: bool = False
) -> tuple[str, str]:
    """What was looked at, and what was found; the second is empty if the first says it all."""
    words = CHECKS.get(code)
    if isinstance(words, Stated):
        return (words.passed if passed else words.failed).format(value=plain(value)), ""
    bounds = EXIT_BOUNDS if exits else ENTRY_BOUNDS
    if words is None or not _is_number(value) or not _is_number(threshold):
        return (code if words is None else words.label), f"{plain(value)} {op} {plain(threshold)}"
    found, bound = compared(value, threshold, words.form)
    return words.label, f"{found}, {bounds.get(op, op)} {bound}"


def input_line(name: str, value: Scalar) -> tuple[str, str]:
    """A number that a rule read or derived: its name, and its value with a unit."""
    words = INPUTS.get(name)
    if words is None or not _is_number(value):
        return (name if words is None else words.label), plain(value)
    return words.label, FORMS[words.form].format(value)


def compared(value: Scalar, threshold: Scalar, form: str) -> tuple[str, str]:
    """Both numbers in one form, with more digits where rounding would make them look equal."""
    found, bound = FORMS[form].format(value), FORMS[form].format(threshold)
    if found == bound and value != threshold:
        return plain(value), plain(threshold)
    return found, bound


def plain(value: Scalar) -> str:
    """A value by itself: six digits, or yes, no and none."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
