"""`state …`: the books as they are on disk, read beside an engine or without; what changes them is apart."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.commands import state_changes
from cli.options import (
    DEFAULT_DATA_DIR,
    DEFAULT_STRATEGY,
    ROWS_MAX,
    AsJson,
    DataDir,
    StrategyFile,
    whole_option,
)
from cli.sentences import SentenceGroup
from cli.views.say import say

app = typer.Typer(
    cls=SentenceGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Read the books, rebuild them from the log, or restore them from a backup. Example: run.py state "
    "positions --data-dir data",
)
Limit = Annotated[int, whole_option(1, ROWS_MAX, "-n", "--limit", text="Show only the newest so many.")]


@app.command()
def positions(
    everything: Annotated[
        bool, typer.Option("--all", help="Show closed and cancelled positions as well.")
    ] = False,
    strategy: StrategyFile = DEFAULT_STRATEGY,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Show live positions: strikes, time, distance, P&L, risk, and each exit beside its threshold.

    They stand at the marks of the newest stored snapshot. The thresholds are those of --strategy, if that
    file is there; the running engine's own are in run.py status.

    Example: run.py state positions --all
    """
    from cli.views.output import eth_text, show_json, show_table, time_text, usd_text
    from cli.views.painted import page_width, show_lines
    from cli.views.position_lines import position_lines
    from config import load_strategy
    from reading.books import stored_positions
    from reading.json_forms import position_json
    from reading.position_views import stored_views

    found = stored_positions(data_dir, everything=everything)
    exits = load_strategy(strategy).strategy.exits if strategy.exists() else None
    stored = stored_views(data_dir, found, exits)
    if as_json:
        views = {view.position.position_id: view.model_dump(mode="json") for view in stored.views}
        show_json(
            [{**position_json(position), "view": views.get(position.position_id)} for position in found]
        )
        return
    for view in stored.views:
        show_lines(position_lines(view, page_width()))
    if stored.problem is not None:
        say(f"their value is not known: {stored.problem}")
    elif stored.marked_at is not None:
        say(f"at the marks of {time_text(stored.marked_at)}")
    past = [position for position in found if not position.is_live]
    if stored.views and not past:
        return
    show_table(
        ("position", "kind", "state", "contracts", "entered", "closed", "exit", "P&L ETH", "P&L USD"),
        (
            (
                position.position_id,
                position.kind.value,
                position.state.value,
                str(position.contracts),
                time_text(position.entered_at),
                time_text(position.closed_at),
                position.exit_rule or "-",
                eth_text(position.pnl_eth),
                usd_text(position.pnl_usd),
            )
            for position in past
        ),
        empty="no positions" if everything else "no open positions",
    )


@app.command()
def orders(limit: Limit = 50, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Show instructions and what became of their orders.

    Example: run.py state orders -n 10
    """
    from cli.views.output import show_json, show_table, time_text
    from reading.books import stored_orders
    from reading.json_forms import order_json

    found = stored_orders(data_dir, limit)
    if as_json:
        show_json([order_json(instruction, order) for instruction, order in found])
        return
    show_table(
        ("label", "kind", "state", "filled", "limit ETH", "created", "reason"),
        (
            (
                instruction.label,
                instruction.kind.value,
                order.state.value,
                f"{order.filled_amount}/{order.amount}",
                f"{order.limit_eth:f}",
                time_text(instruction.created_at),
                order.reason or "",
            )
            for instruction, order in found
        ),
        empty="no orders",
    )


@app.command()
def cycles(limit: Limit = 50, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Show cycles with their outcomes and reasons.

    Example: run.py state cycles -n 20 --json
    """
    from cli.views.output import show_json, show_table, time_text
    from reading.books import stored_cycles
    from reading.json_forms import cycle_json

    found = stored_cycles(data_dir, limit)
    if as_json:
        show_json([cycle_json(row) for row in found])
        return
    show_table(
        ("cycle", "job", "slot", "outcome", "reasons"),
        (
            (
                row.cycle_id,
                row.job.value,
                time_text(row.slot),
                "under way" if row.outcome is None else row.outcome.value,
                ", ".join(row.reasons),
            )
            for row in found
        ),
        empty="no cycles",
    )


@app.command()
def trades(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Show every position that ever had a fill, with credit, fees and, once it is closed, P&L.

    What an open one is worth is in `state positions`. Example: run.py state trades --json
    """
    from cli.views.output import eth_text, show_json, show_table, time_text
    from cli.views.trade_cells import result_cells
    from reading.books import stored_trades
    from reading.json_forms import trade_json

    found = stored_trades(data_dir)
    if as_json:
        show_json([trade_json(position) for position in found])
        return
    show_table(
        (
            "trade",
            "kind",
            "contracts",
            "entered",
            "closed",
            "exit",
            "credit ETH",
            "fees ETH",
            "P&L ETH",
            "P&L USD",
        ),
        (
            (
                position.position_id,
                position.kind.value,
                str(position.contracts_opened),
                time_text(position.entered_at),
                time_text(position.closed_at),
                position.exit_rule or "-",
                eth_text(position.credit_eth),
                f"{position.fees_eth:f}",
                *result_cells(position),
            )
            for position in found
        ),
        empty="no trades",
    )


@app.command()
def texts(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Show what venues said in their own words, by the SHA-256 that stands in the audit log for it.

    Example: run.py state texts --json
    """
    from cli.views.output import show_json, show_table, time_text
    from reading.books import stored_texts

    found = stored_texts(data_dir)
    if as_json:
        show_json([{"sha256": one.sha256, "text": one.text, "at": one.at.isoformat()} for one in found])
        return
    show_table(
        ("sha256", "said last", "text"),
        ((one.sha256, time_text(one.at), one.text) for one in found),
        empty="no texts",
    )


app.add_typer(state_changes.app)
