"""What a sweep shows: first the sentence, then what stands beside it, then the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cli.views.output import show_fields, show_table, usd_text
from cli.views.say import say
from core.how_many import how_many
from lab.research.answer import Answer
from lab.research.axes import SettingAxis, short_name
from lab.research.confirm import Confirmed
from lab.research.executor import PointTask
from lab.research.null_rate import NullRate
from lab.research.points import Impossible, Point, named
from lab.research.sensitivity import HeatMap, Paired
from lab.research.sweep import Swept
from lab.research.walk import Walked

ROWS_MAX = 40
"""So many points are shown, the best first; the answer's file has them all."""


def show_answer(
    answer: Answer | None,
    swept: Swept,
    axes: Sequence[SettingAxis],
    points: Sequence[Point],
    impossible: Sequence[Impossible],
    rate: NullRate | None,
) -> None:
    """Print the answer."""
    if answer is None:
        say("no point was run over all its markets: there is nothing to judge")
    else:
        say(answer.verdict.sentence, *answer.verdict.told(rate), "")
        _points(answer, axes, points)
        _kinds(answer)
        _sensitivity(answer, axes)
        for heat in answer.heat_maps:
            _heat_map(heat)
        if answer.neighbourhood is not None:
            say("", answer.neighbourhood.sentence)
    say("")
    show_fields(_runs(swept, impossible))


def show_walks(walks: Sequence[Walked], axes: Sequence[SettingAxis], points: Sequence[Point]) -> None:
    """Print what was chosen in training, and what it made after it."""
    names = {point.number: short_name(axes, point.values) for point in points}
    for each in walks:
        say("", each.sentence)
        show_table(
            ("training", "chosen", "trades", "mean r", "test", "trades", "mean r", "P&L USD"),
            (
                (
                    f"{leg.train_from} to {leg.train_to}",
                    f"{leg.chosen}: {names[leg.chosen]}",
                    str(leg.train_trades),
                    f"{leg.train_mean_r:+.4f}",
                    f"{leg.test_from} to {leg.test_to}",
                    str(leg.test_trades),
                    f"{leg.test_mean_r:+.4f}",
                    usd_text(leg.test_pnl_usd),
                )
                for leg in each.legs
            ),
            empty="no fold",
        )


def show_confirmed(confirmed: Sequence[Confirmed]) -> None:
    """Print what the engine itself made of the best points, and each difference to the road of the rules."""
    say("", "through the actors")
    show_table(
        ("point", "market", "span", "trades", "mean r a trade", "P&L USD", "differences"),
        (
            (
                str(each.number),
                each.market,
                f"{each.began:%Y-%m-%d} to {each.ended:%Y-%m-%d}"
                + (" (holdout)" if each.behind_holdout else ""),
                str(each.trades),
                "-" if each.mean_trade_r is None else f"{each.mean_trade_r:+.4f}",
                each.pnl_usd,
                str(len(each.differences) + each.more),
            )
            for each in confirmed
        ),
        empty="nothing was run to its end",
    )
    for each in confirmed:
        for text in each.differences:
            say(f"point {each.number}, {each.market}: {text}")
        if each.more:
            say(f"point {each.number}, {each.market}: {how_many(each.more, 'more difference')}")


def _points(answer: Answer, axes: Sequence[SettingAxis], points: Sequence[Point]) -> None:
    names = {point.number: short_name(axes, point.values) for point in points}
    ordered = sorted(
        answer.figures, key=lambda each: (each.mean_r is None, -(each.mean_r or 0.0), each.number)
    )
    show_table(
        ("point", "settings", "trades", "won", "mean r a week", "P&L USD", "drawdown USD", "stopped"),
        (
            (
                str(each.number),
                names[each.number],
                str(each.trades),
                str(each.won),
                "-" if each.mean_r is None else f"{each.mean_r:+.4f}",
                usd_text(each.pnl_usd),
                f"{each.drawdown_usd:,.2f}",
                str(each.stopped),
            )
            for each in ordered[:ROWS_MAX]
        ),
        empty="no point",
    )
    if len(ordered) > ROWS_MAX:
        say(f"in the answer's file: {how_many(len(ordered) - ROWS_MAX, 'more point')}")


def _kinds(answer: Answer) -> None:
    say("", f"kinds of point {answer.chosen}, without a verdict")
    show_table(
        ("kind", "trades", "won", "mean r a trade", "P&L USD"),
        (
            (
                each.kind.value,
                str(each.trades),
                str(each.won),
                f"{each.mean_trade_r:+.4f}",
                usd_text(each.pnl_usd),
            )
            for each in answer.kinds
            if each.number == answer.chosen
        ),
        empty="no trade",
    )


def _sensitivity(answer: Answer, axes: Sequence[SettingAxis]) -> None:
    if not answer.changes:
        return
    say("", f"one setting changed at a time from point {answer.chosen}, over the same markets")
    show_table(
        ("settings", "P&L USD", "trades", "drawdown USD"),
        (
            (
                short_name(axes, each.values),
                _paired(each.pnl_usd),
                _paired(each.trades),
                _paired(each.drawdown_usd),
            )
            for each in answer.changes
        ),
        empty="nothing else was run",
    )


def _paired(found: Paired) -> str:
    error = "" if found.error is None else f" ± {found.error:,.2f}"
    return f"{found.mean:+,.2f}{error}"


def _heat_map(heat: HeatMap) -> None:
    say("", f"mean r a week: {heat.y} down, {heat.x} across")
    show_table(
        ("", *heat.xs),
        (
            (label, *("-" if cell is None else f"{cell:+.4f}" for cell in row))
            for label, row in zip(heat.ys, heat.cells, strict=True)
        ),
        empty="no point",
    )


def _runs(swept: Swept, impossible: Sequence[Impossible]) -> Iterator[tuple[str, str]]:
    yield "runs", f"{swept.asked} asked, {swept.known} on record before, {swept.ran} run now"
    if not swept.is_whole:
        yield "not whole", "some are missing; with --out the same command goes on from here"
    by_reason: dict[str, list[PointTask]] = {}
    for raised in swept.failed:
        by_reason.setdefault(raised.why, []).append(raised.task)
    for why, tasks in by_reason.items():
        more = f", and {len(tasks) - 1} more" if len(tasks) > 1 else ""
        yield "failed", f"{named(tasks[0].values)}, {tasks[0].plan.market.name}{more}: {why}"
    for each in impossible:
        yield "can't work", f"{each.name}: {each.why}"
