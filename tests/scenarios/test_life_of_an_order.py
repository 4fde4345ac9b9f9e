"""The life of an order, from the entry's slot to the profit of its exit, by the messages that were sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from actors.runtime import Envelope
from core.messages.mcp import Fetch
from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import PositionState
from tests.scenarios.playing import TO_EXIT, Played, assert_laws_hold, play

ENTRY = "entry-20260105T140000Z"
EXIT = "monitor-20260106T120000Z"
EVERY_COMMIT = {"AppendAudit", "AuditAt", "BooksChanged"}
ENTRY_SENT = [
    "scheduler -> decision: JobDue",
    "decision -> state: OpenCycle",
    "state -> decision: CycleOpened",
    "decision asks state: GetBooks",
    "decision asks kill_switch: GetKillSwitch",
    "decision -> market_data: FetchSnapshot",
    "market_data -> decision: Snapshot",
    "decision asks kill_switch: GetKillSwitch",
    "decision asks state: GetBooks",
    "decision asks state: GetSystem",
    "decision asks state: GetTradeResults",
    "decision -> state: RecordDecision",
    "state -> decision: Recorded",
    "decision -> execution: PlaceCombo",
    "execution -> state: GetPosition",
    "state -> execution: PositionRead",
    "execution -> kill_switch: VenueChecked",
    "execution -> kill_switch: MarksChanged",
    "execution -> state: GetBooks",
    "state -> execution: BooksRead",
    "execution asks kill_switch: RequestPermit",
    "execution -> state: RecordInstruction",
    "state -> execution: Recorded",
    "execution -> state: RecordSent",
    "state -> execution: Recorded",
    "execution -> mcp.orders: SendOrder",
    "mcp.orders -> kill_switch: PermitSpent",
    "mcp.orders -> execution: OrderAccepted",
    "execution -> state: RecordOrder",
    "state -> execution: Recorded",
]
EDITED = [
    "execution -> kill_switch: VenueChecked",
    "execution -> kill_switch: MarksChanged",
    "execution -> state: GetBooks",
    "state -> execution: BooksRead",
    "execution asks kill_switch: RequestPermit",
    "execution -> state: RecordEdit",
    "state -> execution: Recorded",
    "execution -> mcp.orders: EditOrder",
    "mcp.orders -> kill_switch: PermitSpent",
    "mcp.orders -> execution: OrderAccepted",
]
BOOKED = ["execution -> state: RecordOrder", "state -> execution: Recorded"]
ENTRY_ENDED = [
    "execution -> decision: OrderFinal",
    "decision -> state: CloseCycle",
    "decision asks state: GetPosition",
    "state -> decision: Recorded",
]
EXIT_SENT = [
    "scheduler -> decision: JobDue",
    "decision asks state: GetBooks",
    "decision -> state: OpenCycle",
    "state -> decision: CycleOpened",
    "decision asks state: GetBooks",
    "decision -> market_data: FetchSnapshot",
    "market_data -> decision: Snapshot",
    "decision -> state: RecordDecision",
    "decision asks state: GetBooks",
    "state -> decision: Recorded",
    "decision asks kill_switch: GetKillSwitch",
    "decision -> execution: ClosePosition",
    *ENTRY_SENT[ENTRY_SENT.index("execution -> state: GetPosition") :],
    "execution -> decision: ExitStarted",
]
EXIT_ENDED = ["execution -> decision: OrderFinal", "execution -> decision: PositionClosed"]


@pytest.fixture(scope="module")
def life(folder: Path) -> Played:
    """One entry, a night, one exit."""
    return play(folder / "life", TO_EXIT)


def sent(envelopes: Iterable[Envelope]) -> list[str]:
    """Who told whom what, without what follows every commit, reads of the venue, alerts, own timers, and the
    high of the P&L, which nothing waits for."""
    lines = []
    for envelope in envelopes:
        what = type(envelope.message).__name__
        sender = "-" if envelope.sender is None else envelope.sender.name
        names = {sender, envelope.to.name}
        reads = what in ("Fetch", "Fetched") or (sender, what) == ("market_data", "MarksChanged")
        if str(getattr(envelope.message, "request_id", "")).startswith("highs-"):
            continue
        if len(names) == 1 or reads or "alerting" in names or what in EVERY_COMMIT:
            continue
        how = "->" if envelope.reply_to is None else "asks"
        lines.append(f"{sender} {how} {envelope.to.name}: {what}")
    return lines


def test_an_entry_is_decided_recorded_permitted_and_sent_in_this_order(life: Played) -> None:
    assert sent(life.envelopes(ENTRY))[: len(ENTRY_SENT)] == ENTRY_SENT


def test_an_order_that_rests_is_edited_under_a_permit_of_its_own_until_it_fills(life: Played) -> None:
    rest = sent(life.envelopes(ENTRY))[len(ENTRY_SENT) :]
    assert rest == [*(EDITED + BOOKED) * 2, *BOOKED, *ENTRY_ENDED]


def test_an_exit_takes_the_same_way_out(life: Played) -> None:
    lines = sent(life.envelopes(EXIT))
    assert lines[: len(EXIT_SENT)] == EXIT_SENT
    rest = lines[len(EXIT_SENT) :]
    assert rest[: len(EDITED + BOOKED)] == EDITED + BOOKED
    assert [line for line in rest if line in EXIT_ENDED] == EXIT_ENDED
    assert rest[-2:] == ["decision -> state: CloseCycle", "state -> decision: Recorded"]


def test_the_market_is_read_whole_and_the_chain_comes_last(life: Played) -> None:
    reads = [
        (envelope.to.name, envelope.message.tool)
        for envelope in life.envelopes(ENTRY)
        if isinstance(envelope.message, Fetch) and envelope.sender and envelope.sender.name == "market_data"
    ]
    assert {router for router, _ in reads} == {
        "mcp.deribit",
        "mcp.hyperliquid",
        "mcp.macro",
        "mcp.sentiment",
        "mcp.portfolio",
    }
    assert reads[-1] == ("mcp.deribit", "get_options_chain")


def test_no_order_leaves_before_its_instruction_is_in_the_audit_file(life: Played) -> None:
    for correlation in (ENTRY, EXIT):
        names = [type(envelope.message).__name__ for envelope in life.envelopes(correlation)]
        recorded, left = names.index("RecordInstruction"), names.index("SendOrder")
        assert "AuditAt" in names[recorded:left]


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (2, 3))])
def test_everything_that_an_entry_led_to_carries_its_cycle_as_correlation(
    folder: Path, life: Played, seed: int
) -> None:
    """From each order back to the job: what was told by whom, and from an answer of state to its request.

    State answers many requests after one commit, so that an answer's own cause may be another's request.
    """
    played = life if seed == 1 else play(folder / f"correlation-{seed}", TO_EXIT, seed=seed)
    trace = played.trace.items()
    caused = {envelope.id: envelope for envelope in trace}
    requests = {
        (envelope.to.name, request_id): envelope
        for envelope in trace
        if (request_id := getattr(envelope.message, "request_id", None)) is not None
    }
    orders = [each for each in trace if type(each.message).__name__ in ("SendOrder", "EditOrder")]
    assert orders
    for order in orders:
        story = order
        while type(story.message).__name__ != "JobDue":
            answered = story.sender is not None and story.sender.name == "state"
            asked = requests.get(("state", getattr(story.message, "request_id", None))) if answered else None
            if asked is not None:
                story = asked
            else:
                assert story.causation is not None
                story = caused[story.causation]
            assert story.correlation == order.correlation


def test_the_books_agree_with_the_venue_afterwards(life: Played) -> None:
    assert_laws_hold(life)
    [trade] = life.trades
    assert (trade.state, trade.exit_rule) == (PositionState.CLOSED, "profit")
    assert trade.pnl_eth == sum(flow.amount_eth for flow in life.ledger.cash_flows) > 0
    outcomes = {(cycle.job, cycle.slot.hour): cycle.outcome for cycle in life.cycles}
    assert outcomes[Job.ENTRY, 14] is CycleOutcome.ENTERED
    assert outcomes[Job.MONITOR, 12] is CycleOutcome.EXITED


def test_the_page_tells_the_life_of_an_order_as_it_was(life: Played, repository: Path) -> None:
    """docs/architecture.md: of the messages in its table, those that this run had came in the table's order,
    and it leaves out none."""
    page = (repository / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("## The life of an order")[2].partition("The way out")[0]
    cells = [row.split("|")[3] for row in table.splitlines() if re.match(r"\| \d+ \|", row)]
    told = [name for cell in cells for name in re.findall(r"`([A-Z]\w+)", cell)]
    names = [type(envelope.message).__name__ for envelope in life.envelopes(ENTRY)]
    rest = iter(names)
    for name in told:
        assert name not in names or name in rest, f"{name} did not come where the table has it"
    assert {line.rpartition(" ")[2] for line in ENTRY_SENT + EDITED + BOOKED + ENTRY_ENDED} <= set(told)
