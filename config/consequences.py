"""What a wrong value of each setting costs, in a sentence: `run.py strategy explain KEY` shows it.

The figures behind them, and the commands that measured them, are in docs/strategy.md.
"""

from __future__ import annotations

from typing import Final

LEFT_OUT_MONDAY: Final = "too strict loses a Monday"
CONSEQUENCES: Final[dict[str, str]] = {
    "strategy.name": "Nothing: it only tells reports of several engines apart.",
    "strategy.max_open_positions": "More positions at a time lose together: they are all on ETH.",
    "entry.capital_min_usd": "Too low: one contract is 1 ETH, so most chains have no valid size.",
    "entry.dvol_min_pts": "Too low: credits do not cover what trading costs. Too high: it never trades.",
    "entry.dvol_max_pts": (
        "Too high: it sells into markets that gap through strikes. Too low: it never trades."
    ),
    "entry.dvol_day_change_max_frac": "Too high: it sells into a spike of volatility that goes on.",
    "entry.vrp_min_pts": "Too low: there is no premium left to collect. Too high: it never trades.",
    "entry.macro_before_h": "Too low: the market still digests an event. Too high: Mondays are lost.",
    "entry.macro_blackout_h": (
        "Too low: 48 h after a Monday 14:00 misses rate decisions. Too high: Mondays are lost."
    ),
    "entry.macro_country": "A wrong country: the events that move the market do not block.",
    "entry.funding_abs_max_frac": "Too high: crowded positions unwind against the spread.",
    "entry.funding_age_max_h": f"Too high: it trades on a rate that is gone; {LEFT_OUT_MONDAY}.",
    "entry.eth_share_max": "Too high: the portfolio is in ETH already, and a fall costs twice.",
    "bias.trend_min_frac": (
        "Too low: noise chooses the side. Too high: a trend counts as calm, and a condor is sold."
    ),
    "bias.funding_bound_frac": "Too high: the side that is sold stands against the crowd.",
    "bias.condor_dvol_min_pts": "Too low: two credits that together do not cover four legs' costs.",
    "strikes.dte_min": "Too low: the gamma of the last days. It has to stay above exits.expiry_dte.",
    "strikes.dte_max": "Too high: the position is still open on the next Monday.",
    "strikes.dte_target": "Too near to either end: some weeks have no expiry there.",
    "strikes.delta_min": "Too low: the credit is less than its costs.",
    "strikes.delta_max": "Too high: the short strike is reached too often.",
    "strikes.delta_target": "Higher takes more credit for more risk; neither is free.",
    "strikes.delta_scale": "Higher lets the width decide more than the delta.",
    "strikes.width_min_frac": "Too low: a narrow spread pays more in fees than it gets as credit.",
    "strikes.width_max_frac": "Too high: one contract's worst loss is beyond the risk budget.",
    "strikes.width_target_frac": "Wider risks more a contract, narrower pays more fees for the same credit.",
    "strikes.width_scale_frac": "Higher lets the delta decide more than the width.",
    "strikes.long_leg.by": "By delta the width, and with it the worst loss, varies from week to week.",
    "strikes.long_leg.delta_min": "Too low: the long leg is so far out that nobody quotes it.",
    "strikes.long_leg.delta_max": "Too high: the spread is narrow, and fees eat its credit.",
    "strikes.long_leg.delta_target": "It has to be below strikes.delta_target: the long leg is further out.",
    "strikes.long_leg.delta_scale": "Higher lets the short leg decide more.",
    "worth.credit_floor_of_delta": "Too low pays the market maker; at 1 no chain ever passes.",
    "worth.cost_max_of_credit": "Too high trades for the exchange's benefit; too low never trades.",
    "sizing.risk_per_trade": "Too high: a few full losses in a row take what a year earns.",
    "sizing.risk_total": "Too high: all positions can lose at once, because all are on ETH.",
    "sizing.cap_per_trade_eur": "Too high: one trade can lose that much, once in a while it does.",
    "sizing.kelly_cap": "Too high: overbetting shrinks the account even with an edge.",
    "sizing.dvol_reference_pts": "Too high: full size in markets that move fast.",
    "sizing.dvol_scale_min": "Too high: size hardly falls as volatility rises.",
    "sizing.dvol_scale_max": "Above 1: calm markets are sold beyond the risk budget.",
    "sizing.contracts_max": "Too high: more than the touch holds has to be filled, and closed.",
    "sizing.spot_low_frac": "Too high: the worst loss leaves out the crash that it is for.",
    "sizing.spot_high_frac": "Too low: the worst loss leaves out a rally.",
    "sizing.venue_loss_max": "Too high: one trade can take the account at the venue near its end.",
    "sizing.margin_use_max": "Too high: a move against the position meets the venue's liquidation.",
    "sizing.planning_spot_usd": (
        "Too low: config validate passes a capital that can't trade at today's price."
    ),
    "sizing.equity_spot_multiple": "Too low: the warning about thin capital comes too late.",
    "liquidity.open_interest_min": f"Too low: the exit is paid for twice; {LEFT_OUT_MONDAY}.",
    "liquidity.volume_24h_min": f"Too low: the exit is paid for twice; {LEFT_OUT_MONDAY}.",
    "liquidity.spread_short_max": f"Too high: the exit is paid for twice; {LEFT_OUT_MONDAY}.",
    "liquidity.spread_long_max": f"Too high: the exit is paid for twice; {LEFT_OUT_MONDAY}.",
    "liquidity.max_quote_age_s": "Too high: it decides on prices that are gone. Too low: no quote is fresh.",
    "anomalies.broken_max_frac": f"Too high: it trades on a broken chain; {LEFT_OUT_MONDAY}.",
    "anomalies.iv_min_pct": f"Too low: a misprint is traded; {LEFT_OUT_MONDAY}.",
    "anomalies.iv_max_pct": f"Too high: a misprint is traded; {LEFT_OUT_MONDAY}.",
    "anomalies.delta_gap_max": f"Too high: a quote of another time or unit is traded; {LEFT_OUT_MONDAY}.",
    "anomalies.clock_ahead_max_s": "Too high: times of the future count as fresh. Too low: none is.",
    "anomalies.equity_age_max_s": f"Too high: it sizes on money that is gone; {LEFT_OUT_MONDAY}.",
    "anomalies.equity_off_holdings_max_frac": "Too high: an equity in another unit sizes the trades.",
    "anomalies.fx_age_max_h": f"Too high: the cap in EUR is another one; {LEFT_OUT_MONDAY}.",
    "anomalies.basis_max_frac": f"Too high: strikes around a spot that does not exist; {LEFT_OUT_MONDAY}.",
    "anomalies.basis_max_frac_per_year": f"Too high: strikes around a wrong spot; {LEFT_OUT_MONDAY}.",
    "anomalies.atm_iv_over_dvol_min": (
        f"Too low: DVOL or the chain is wrong, and traded on; {LEFT_OUT_MONDAY}."
    ),
    "anomalies.atm_iv_over_dvol_max": (
        f"Too high: DVOL or the chain is wrong, and traded on; {LEFT_OUT_MONDAY}."
    ),
    "combo.price_aggression": "Higher gives away more at once; lower waits for fills that do not come.",
    "protections.drawdown_max_frac": (
        "Too low: usual swings stop it. Off: nobody stops a strategy that fails."
    ),
    "protections.drawdown_window_d": "Shorter forgets a peak, and with it a slow decline.",
    "protections.loss_max_multiple": "Too low: two usual losses stop it. Too high: it never acts.",
    "protections.loss_window_d": "Shorter forgets a loss before the next one comes.",
    "protections.losing_trades_max": "Too low: chance alone makes the streak. Too high: it never acts.",
    "protections.rest_weeks_after_stop": "Higher misses Mondays: most of them would have been quiet.",
    "exits.measure": "In USD a fall of ETH by itself makes a position look cheaper to close.",
    "exits.expiry_dte": "Too low: the gamma of the last days. 0 holds to the settlement.",
    "exits.profit_of_credit": "Lower holds the whole risk for very little more.",
    "exits.stop_cost_multiple": "Lower is stopped by noise; higher lets the loss reach the width.",
    "exits.dvol_rise_pts": "Higher stays short of volatility while it is repriced.",
    "exits.dvol_rise_multiple": "Higher stays short of volatility while it is repriced.",
    "exits.margin_warn": "Too low: it alerts in quiet weeks. Too high: you hear of it when it is late.",
    "exits.margin_exit": "Too high: the venue liquidates, at its price. Too low: it closes what is safe.",
    "exits.delta_max": "Lower closes needlessly; higher closes when it costs as much as the stop.",
    "exits.delta_max_condor": "At 0.35 it closed 74 % of the condors needlessly.",
    "exits.adverse_path": "Higher makes late exits, which cost as much as the stop.",
    "exits.adverse_path_condor": "Higher makes late exits, which cost as much as the stop.",
    "exits.adverse_return_4h": "Lower is closed by noise; higher sits through a crash of hours.",
    "exits.monitor_on_snapshot": "On: exits are seen within 15 minutes, and noise closes more of them.",
    "execution.environment": "The wrong one arms the switch: the token and this file have to agree.",
    "execution.reprice_s": "Lower gives way faster than the market asks; higher misses the fill.",
    "execution.reprice_steps": "Fewer steps give away more at each.",
    "execution.fill_timeout_s": "Higher leaves an order in a market that has moved.",
    "execution.exit_steps": "More steps make an exit later, fewer make it dearer.",
    "execution.exit_reprice_s": "Higher makes an exit later, lower makes it dearer.",
    "execution.permit_lifetime_s": (
        "Higher lets an order leave longer after an arming; lower expires on the way."
    ),
    "execution.clock_skew_max_s": "Higher takes stale answers for fresh; lower refuses every order.",
    "kill_switch.exits": (
        "With block a position stays open while you are away; with the other an exit still trades."
    ),
    "audit.anchor_path": "Without it nobody notices that the whole data folder was rolled back.",
    "limits.contracts_max": "Too high: a fault of the rules sends a larger order than you ever meant.",
    "limits.order_value_max_usd": "Too high: a fault of the rules sends a larger order than you ever meant.",
    "limits.collar_ticks": "Too high: a bad price is paid. Too low: exits in wide markets are refused.",
    "limits.collar_frac": "Too high: a bad price is paid. Too low: exits in wide markets are refused.",
    "limits.orders_per_hour": "Too high: a loop of orders goes on longer. Too low: repricing stops.",
    "limits.market_data_age_max_s": "Too high: an order passes on a price that is gone.",
    "limits.books_age_max_s": (
        "Too high: an order passes on books that are not true any more. Less than a minute above the reprice "
        "times is refused: no order would be repriced."
    ),
    "scheduler.entry_weekday": (
        "Another day has other expiries in range; all figures of the docs are of Mondays."
    ),
    "scheduler.entry_time": "Another hour has other spreads; 07:30 to 08:05 is the venue's maintenance.",
    "scheduler.monitor_times": "Fewer monitors see an exit later; each one more reacts to noise.",
    "scheduler.settlement_time": "Before 08:00 UTC nothing is delivered yet.",
    "scheduler.snapshot_every_min": "Higher shows older marks, and finds stale data later.",
    "scheduler.health_every_min": "Higher finds a dead router or a full disk later.",
    "scheduler.backup_every_min": "Higher loses more if the disk dies.",
    "scheduler.kelly_day": "Nothing: only when the recommendation is written.",
    "scheduler.grace_s": (
        "Higher decides on a market of another moment; lower misses a Monday after a restart."
    ),
    "scheduler.cycle_deadline_s": "Lower gives up on a slow host; higher decides late.",
    "kelly.prior_weight": "Lower believes in few lucky trades.",
    "kelly.trades_min": "Lower recommends from too few trades.",
}
"""By the setting's key, as it stands in `strategy.yaml` section by section."""

OF_VARIABLES: Final[dict[str, str]] = {
    "CERBERO_BITE_MCP_URL": (
        "A host that does not answer: no entry, and after ten minutes the switch is armed. A host of "
        "somebody else gets your token."
    ),
    "CERBERO_BITE_MCP_TOKEN": (
        "The start is refused. One of another environment or account arms the switch and blocks exits too."
    ),
    "CERBERO_BITE_MCP_BOT_TAG": "Nothing at the venue; the host's own log names another bot.",
    "CERBERO_BITE_TELEGRAM_BOT_TOKEN": "Nobody is told anything: alerts wait, and status shows the error.",
    "CERBERO_BITE_TELEGRAM_CHAT_ID": (
        "Nobody is told, or somebody else is: alerts name positions and amounts."
    ),
    "CERBERO_BITE_TELEGRAM_API_URL": "Nobody is told; a host of somebody else gets the bot's token.",
    "CERBERO_BITE_TELEGRAM_COMMANDS": (
        "act where read was meant: whoever has your phone can arm, pause and, with a one-time code, close."
    ),
    "CERBERO_BITE_TELEGRAM_TOTP_FILE": "The start is refused; without the file /close is refused.",
    "CERBERO_BITE_WEBHOOK_URL": "Nobody is told, or whoever owns that URL is.",
    "CERBERO_BITE_WEBHOOK_FORMAT": "The service refuses what is posted, and nobody is told.",
    "CERBERO_BITE_INSTANCE_NAME": "Alerts of two engines can't be told apart.",
    "CERBERO_BITE_ALLOW_HTTP": (
        "true where others listen: they read token and orders, and can send their own."
    ),
    "CERBERO_BITE_CA_FILE": (
        "The start is refused if it holds no certificates; an authority that is not yours can pose as the "
        "host."
    ),
    "SSL_CERT_FILE": "The same; and a public host, such as Telegram's, is not reached.",
    "CERBERO_BITE_ENABLE_DATA_ANALYSIS": (
        "false: no snapshots, so that protections and margin are looked at only when the engine decides."
    ),
    "CERBERO_BITE_ENABLE_STRATEGY": "false: open positions are not watched, and no exit is sent.",
    "CERBERO_BITE_DATA_DIR": "Another folder has other books: the engine knows none of its positions there.",
    "CERBERO_BITE_ALERT_DIGEST_AT": "What is not urgent comes at a bad hour; nothing is lost.",
    "CERBERO_BITE_ALERT_QUIET_HOURS": (
        "Too long: all but what is CRITICAL waits, also that an exit is late."
    ),
    "CERBERO_BITE_TIME_ZONE": "Digest and quiet hours are off by the difference.",
    "CERBERO_BITE_RECORD_DAYS": (
        "0: no backtest on what this engine saw; a large number fills the disk by about 1 MB a day, until "
        "512 MiB are free."
    ),
    "CERBERO_BITE_METRICS_HOST": (
        "0.0.0.0 where others reach the machine: they read equity, positions and P&L."
    ),
    "CERBERO_BITE_PAGE_EXPOSE": (
        "yes on a network of others: they read what the page says, and may take over its cookie and arm."
    ),
    "CERBERO_BITE_ON_REFUSAL": (
        "Exit in a container that is restarted: a refused token is tried again for ever. Wait under systemd: "
        "the unit looks as if it ran."
    ),
    **dict.fromkeys(
        (
            "CERBERO_BITE_MCP_TOKEN_FILE",
            "CERBERO_BITE_TELEGRAM_BOT_TOKEN_FILE",
            "CERBERO_BITE_TELEGRAM_CHAT_ID_FILE",
            "CERBERO_BITE_WEBHOOK_URL_FILE",
            "CERBERO_BITE_HEARTBEAT_URL_FILE",
        ),
        "A file that others can read, or that is not there: the start is refused.",
    ),
    "CERBERO_BITE_HEARTBEAT_URL": (
        "Nobody notices that the engine is dead; whoever knows the URL can beat in its place."
    ),
}
"""What a wrong value of each environment variable costs."""
