"""The probe: asks every question of the testnet once, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from core.errors import InputError
from gateway.live.deadline import Deadline
from gateway.live.errors import OutsideError
from gateway.live.probe.asking import ProbeCalls
from gateway.live.probe.questions import QUESTIONS, LaterError, ProbeClock, Probed, ProbeQuestion
from gateway.live.probe.report import ProbeAnswer, ProbeOutcome, ProbeReport, write_report
from gateway.live.probe.spreads import COIN
from gateway.live.settings import LiveSettings
from gateway.live.sources import LiveSources
from gateway.live.venue.methods import Method
from gateway.live.version import VERSION

Tell = Callable[[ProbeAnswer], None]


def probed(settings: LiveSettings, folder: Path, *, waits: bool, tell: Tell) -> ProbeReport:
    """Ask, and write report and answers. Raises `InputError` if it may not be asked here."""

    async def run() -> ProbeReport:
        sources = LiveSources(settings)
        try:
            await sources.start(Deadline.within())
            return await probe(sources, folder, waits=waits, tell=tell)
        finally:
            await sources.close()

    return asyncio.run(run())


async def probe(sources: LiveSources, folder: Path, *, waits: bool, tell: Tell) -> ProbeReport:
    """Ask through sources that have started. Raises `InputError` if it may not be asked here."""
    settings = sources.settings
    if settings.environment != "testnet":
        raise InputError(f"probe: expected the testnet, found {settings.environment}")
    if sources.trading is None or sources.trading.off is not None:
        why = "there is no key" if sources.trading is None else sources.trading.off
        raise InputError(f"probe: expected a key that may trade, found none: {why}")
    ask = ProbeCalls(sources)
    await _require_empty(ask)
    of, answers = Probed(ask, ProbeClock(sources.monotonic_s, asyncio.sleep), waits), []
    try:
        for question in QUESTIONS:
            answer = await _answered(question, of)
            tell(answer)
            answers.append(answer)
    finally:
        ask.question = "the end"
        await ask(Method.CANCEL_ALL, currency=COIN, kind="any")
    report = ProbeReport(
        client=VERSION,
        environment=settings.environment,
        simulated=settings.is_simulated,
        account=sources.account,
        asked_at=sources.clock.now().isoformat(timespec="seconds"),
        answers=tuple(sorted(answers, key=lambda each: int(each.number[1:]))),
    )
    kept = [
        {
            "question": each.question,
            "method": each.method,
            "params": dict(each.params),
            "result": each.told.result,
            "refused": each.told.words or None,
        }
        for each in ask.fixtures
    ]
    write_report(folder, report, kept)
    return report


async def _require_empty(ask: ProbeCalls) -> None:
    """Raise `InputError` if somebody trades in this account."""
    ask.question = "the start"
    orders = await ask.result(Method.GET_OPEN_ORDERS, currency=COIN)
    held = [row for row in await ask.result(Method.GET_POSITIONS, currency=COIN) if row["size"]]
    if orders or held:
        raise InputError(
            f"probe: expected an account without orders and positions, found {len(orders)} and {len(held)}"
        )


async def _answered(question: ProbeQuestion, of: Probed) -> ProbeAnswer:
    of.ask.question = question.number
    outcome, seen, text = ProbeOutcome.ANSWERED, {}, ""
    try:
        seen = await question.asked(of)
    except LaterError as error:
        outcome, text = ProbeOutcome.OPEN, f"wants {error}"
    except OutsideError as error:
        outcome, text = ProbeOutcome.FAILED, str(error)
    return ProbeAnswer(number=question.number, question=question.about, outcome=outcome, seen=seen, text=text)
