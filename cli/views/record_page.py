"""What `data check` found in a recorded market, as a page of text that fits 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime

from cli.views.say import say
from core.how_many import how_many
from gateway.paper.record_found import AgainstFound, RecordFound, SpanFound
from gateway.paper.recorded_chains_check import ChainsFound

WIDTH = 80
LABEL = 12
HOLES_SHOWN = 10


def show_record(found: RecordFound) -> None:
    """Print the page on standard output."""
    for label, text in _lines(found):
        wrapped = textwrap.wrap(text, WIDTH - LABEL, break_long_words=False, break_on_hyphens=False) or [""]
        for place, line in enumerate(wrapped):
            say(f"{label if place == 0 else '':<{LABEL}}{line}".rstrip())


def _lines(found: RecordFound) -> Iterator[tuple[str, str]]:
    yield "record", found.folder
    if found.not_read:
        yield "not read", ", ".join(map(_printable, found.not_read))
    if found.chains is not None:
        yield from _chains_lines(found.chains)
    if found.replay is not None:
        replay = found.replay
        yield (
            "replay",
            f"{_time(replay.start)} to {_time(replay.end)}; "
            f"quotes on {replay.mondays_with_quotes} of {replay.mondays} Mondays at 14:00Z",
        )
    if found.chains is not None:
        yield from _holes_lines(found)
    yield "", ""
    yield from _market_lines(found)
    yield "", ""
    for label, texts in (("lacks", found.lacks), ("look at", found.warnings), ("problem", found.problems)):
        for text in texts:
            yield label, _printable(text)
    yield "usable", "yes" if found.usable else "no: it can't be replayed until each problem is mended"


def _chains_lines(chains: ChainsFound) -> Iterator[tuple[str, str]]:
    yield "span", f"{_time(chains.first)} to {_time(chains.last)}, {chains.days:,.1f} days"
    often = ""
    if chains.gap_median_h is not None and chains.gap_max_h is not None:
        often = f", one every {chains.gap_median_h:.1f} h (median), {chains.gap_max_h:,.1f} h at most"
    yield "snapshots", f"{chains.snapshots:,} in {how_many(chains.files, 'file')}{often}"
    yield (
        "contracts",
        f"{_range(chains.contracts_min, chains.contracts_max)} a snapshot, {chains.contracts_median:,.0f} "
        f"(median), in {_range(chains.expiries_min, chains.expiries_max)} expiries; "
        f"{chains.without_bid:.1%} without a bid, {chains.without_ask:.1%} without an ask",
    )
    yield (
        "tradable",
        f"{chains.tradable_expiry:,} snapshots with an expiry 9 to 15 days ahead"
        + (
            ""
            if chains.iv_within_quotes is None
            else f", {chains.iv_within_quotes:.1%} of its IVs within the quotes"
        ),
    )


def _holes_lines(found: RecordFound) -> Iterator[tuple[str, str]]:
    holes = sorted(found.holes, key=lambda hole: -hole.hours)
    if not holes:
        yield "holes", f"none longer than {found.max_gap_h:g} h"
        return
    total = sum(hole.hours for hole in holes)
    yield "holes", f"{len(holes)} longer than {found.max_gap_h:g} h, {total:,.1f} h in all, without quotes:"
    shown = sorted(holes[:HOLES_SHOWN], key=lambda hole: hole.last_snapshot)
    for hole in shown:
        yield "", f"{_time(hole.last_snapshot)} to {_time(hole.next_snapshot)}  {hole.hours:7,.1f} h"
    if len(holes) > HOLES_SHOWN:
        yield "", f"and {len(holes) - HOLES_SHOWN} shorter"


def _market_lines(found: RecordFound) -> Iterator[tuple[str, str]]:
    yield "index", _span(found.index_hourly, "hourly bars")
    index = found.index
    if index is not None:
        if index.off_median is not None and index.off_worst is not None:
            worst = f"{index.off_worst:.2%} at worst ({_time(index.off_worst_at)})"
            yield (
                "",
                f"{index.snapshots_with_own:,} snapshots have their own index; between its hours the file is "
                f"off by {index.off_median:.2%} (median), {worst}",
            )
        if index.basis_noise is not None and index.basis_noise_hourly is not None:
            yield (
                "",
                f"basis about 11 days out scatters by {index.basis_noise:.2%}, by the hourly file alone "
                f"{index.basis_noise_hourly:.2%}",
            )
    if found.forwards is not None:
        yield "forwards", f"off the index by {_against(found.forwards, percent=True)} of what is allowed"
    yield "DVOL", _span(found.dvol_hourly, "hourly bars")
    if found.iv_over_dvol is not None:
        yield "", f"at-the-money IV 9 to 15 days out is {_against(found.iv_over_dvol, percent=False)} of DVOL"
    for series in found.funding:
        yearly = f"{series.annual_median:+.1%} a year (median)"
        yield "funding", f"{_printable(series.exchange)}: {_span(series, 'rates')}, {yearly}"
    if not found.funding:
        yield "funding", "none"
    yield "events", _span(found.events, "events")


def _against(found: AgainstFound, *, percent: bool) -> str:
    form = "{:.0%}" if percent else "{:.2f}"
    least, middle, most = (form.format(value) for value in (found.least, found.median, found.most))
    return f"{least} to {most} (median {middle})"


def _span(span: SpanFound | None, what: str) -> str:
    return "none" if span is None else f"{_time(span.first)} to {_time(span.last)}, {span.rows:,} {what}"


def _time(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d %H:%MZ}"


def _range(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _printable(text: str) -> str:
    return text if text.isprintable() else repr(text)
