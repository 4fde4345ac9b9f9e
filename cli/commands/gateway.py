"""`gateway`: the tool servers of the contract on this machine, over the real venues' own interfaces."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    DEFAULT_STRATEGY,
    SEED_MAX,
    StrategyFile,
    named_path,
    number_option,
    whole_option,
)
from cli.sentences import SentenceGroup
from cli.views.say import DATA_DIR_VARIABLE, say

HELP = """Serve the real market to the engine until Ctrl-C, from Deribit and from hosts that want no key.

It listens where CERBERO_GATEWAY_HOST and CERBERO_GATEWAY_PORT say. Without a key it serves market data
alone, and the engine watches.

Example: run.py gateway
"""
DEMO_DAYS, DEMO_SEED, DEMO_DIR = 3, 45, Path("data-demo")
"""The market of that seed has an entry on the first Monday, which closes with a gain within these days."""
PROBE_DIR, SIM_DIR = Path("probe"), Path("data-sim")
app = typer.Typer(cls=SentenceGroup, rich_markup_mode=None, invoke_without_command=True, help=HELP)


@app.callback()
def serve(context: typer.Context) -> None:
    """What the group does by itself; its help is `HELP`."""
    if context.invoked_subcommand is not None:
        return
    from config import secret_from_env
    from gateway.live.process import Serving, run
    from gateway.live.settings import settings_from

    def announce(ready: Serving) -> None:
        say(f"CERBERO_BITE_MCP_URL={ready.url}")
        say(f"# {ready.environment}, account {ready.account}; CERBERO_BITE_MCP_TOKEN is the gateway's token")
        for line in ready.assumptions:
            say(f"# assumes: {line}")
        for line in ready.warnings:
            say(f"warning: {line}", err=True)
        sys.stdout.flush()

    settings = settings_from(os.environ, secret_from_env)
    if settings.exposed:
        say(f"warning: {settings.host} is reached by other machines, without TLS", err=True)
    run(settings, announce)


@app.command()
def check() -> None:
    """Start as the gateway does, read everything once, place nothing, and show what works.

    Exit code 1 if something does not.

    Example: run.py gateway check
    """
    from cli.views.output import show_table
    from config import secret_from_env
    from core.errors import FoundWrongError
    from gateway.live.check import checked
    from gateway.live.settings import settings_from

    report = checked(settings_from(os.environ, secret_from_env))
    say(f"{report.environment}, account {report.account}")
    show_table(
        ("what", "works", "found", "took"),
        [(row.what, "yes" if row.ok else "NO", row.found, f"{row.took_ms:.0f} ms") for row in report.rows],
        empty="nothing was read",
    )
    for line in report.assumptions:
        say(f"assumes: {line}")
    for line in report.warnings:
        say(f"warning: {line}")
    bad = [row.what for row in report.rows if not row.ok]
    if bad:
        raise FoundWrongError(f"gateway: {len(bad)} of {len(report.rows)} reads failed: {', '.join(bad)}")


@app.command()
def probe(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", parser=named_path, help="Where report and answers go."),
    ] = PROBE_DIR,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Leave out what takes half an hour (P6).")
    ] = False,
) -> None:
    """Ask the testnet what nobody has published of it, and write what it does into a report.

    It makes combos, places orders for one contract and cancels them, and may buy one combo and sell it again:
    on the testnet alone, in an account that holds nothing. Trading on mainnet wants the report
    (CERBERO_GATEWAY_PROBED).

    Example: run.py gateway probe --out probe
    """
    from config import secret_from_env
    from core.errors import FoundWrongError
    from gateway.live.probe.report import REPORT_NAME, ProbeAnswer, ProbeOutcome
    from gateway.live.probe.run import probed
    from gateway.live.settings import settings_from

    def tell(answer: ProbeAnswer) -> None:
        words = answer.text or ", ".join(f"{name} {value}" for name, value in answer.seen.items())
        say(f"{answer.number} {answer.outcome}: {answer.question}: {words}")

    report = probed(settings_from(os.environ, secret_from_env), out, waits=not no_wait, tell=tell)
    say(f"written: {out / REPORT_NAME}, of {report.environment}, account {report.account}")
    failed = report.numbered(ProbeOutcome.FAILED)
    if failed:
        raise FoundWrongError(f"probe: {len(failed)} of {len(report.answers)} failed: {', '.join(failed)}")


@app.command()
def calendar(
    check: Annotated[
        bool, typer.Option("--check", help="Show what is wrong or differs, and end with 1 if anything is.")
    ] = False,
    imported: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="FILE",
            parser=named_path,
            help="A statistics office's calendar file (ICS), or a table of the Federal Reserve's meetings.",
        ),
    ] = None,
    source: Annotated[
        str, typer.Option("--source", metavar="TEXT", help="Where FILE was taken from, as its address.")
    ] = "",
) -> None:
    """Show how far the calendar of events reaches, check it, or take it further by an agency's own file.

    The calendar is that of CERBERO_GATEWAY_CALENDAR, or the shipped one. With --import the new calendar goes
    to standard output, and what changes to standard error; with --check beside it, only what differs is
    shown.

    Example: run.py gateway calendar --import bls.ics --source https://www.bls.gov/schedule/ > calendar.yaml
    """
    from core.errors import FoundWrongError, InputError
    from gateway.live.events.calendar import family_ends, read_calendar
    from gateway.live.events.calendar_import import (
        as_yaml,
        differences,
        holes,
        read_agency_file,
        taken_further,
    )

    named = os.environ.get("CERBERO_GATEWAY_CALENDAR", "").strip()
    known, now = read_calendar(Path(named) if named else None), datetime.now(UTC)
    wrong: list[str] = []
    if imported is not None:
        found = read_agency_file(imported)
        wrong = differences(known, found)
        for line in wrong:
            say(line, err=not check)
        if not check:
            if not source.strip():
                raise InputError("--source: expected where FILE was taken from, found nothing")
            new = taken_further(known, found, source.strip(), now.date())
            say(f"ends {new.valid_through}, before {known.valid_through}", err=True)
            say(*as_yaml(new).rstrip().split("\n"))
            return
        say(f"{len(found.releases)} known releases, {len(found.others)} other names in {imported}")
    else:
        for name, end in sorted(family_ends(known.events).items()):
            say(f"{name}: until {end}")
        say(f"calendar: {known.valid_from} to {known.valid_through}, verified on {known.verified_on}")
        warning = known.warning(now)
        wrong = [*holes(known), *([] if warning is None else [warning])]
        for line in wrong:
            say(f"warning: {line}")
    if check and wrong:
        raise FoundWrongError(f"calendar: {len(wrong)} found: {wrong[0]}")


@app.command()
def token() -> None:
    """Make a new token for the gateway and the engine.

    Example: run.py gateway token
    """
    import secrets

    say(secrets.token_urlsafe(32))


@app.command()
def sim(
    port: Annotated[int, whole_option(0, 65535, text="The TCP port on loopback; 0 takes a free one.")] = 8791,
    seed: Annotated[
        int, whole_option(-SEED_MAX, SEED_MAX, text="The seed that the market's path is drawn from.")
    ] = 7,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METHOD:KIND[:NUMBER][@SHARE]",
            help="Have calls fail; without a share the next one alone. Give it once for each.",
        ),
    ] = None,
    way: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Set what nobody knows of the real venue; give it once for each."
        ),
    ] = None,
    data_dir: Annotated[
        Path,
        typer.Option(
            "--data-dir", metavar="DIR", parser=named_path, help="The folder of the venue's own account."
        ),
    ] = SIM_DIR,
) -> None:
    """Simulate Deribit and the hosts beside it on this machine, in real time, to try the gateway offline.

    The market is the paper venue's model market. A key of the environment, CERBERO_GATEWAY_DERIBIT_ID and
    CERBERO_GATEWAY_DERIBIT_SECRET, is known there. A venue that is started again goes on with its account.

    Example: run.py gateway sim --fault "*:slow:2@0.1" --way counterparty=no
    """
    from cli.data_folder import private_files
    from config import secret_from_env
    from gateway.sim.faults import Fault
    from gateway.sim.keys import SimKey
    from gateway.sim.server import SimChoices, run
    from gateway.sim.ways import Ways

    def announce(url: str) -> None:
        say(f"CERBERO_GATEWAY_DERIBIT_URL={url}")
        say(f"CERBERO_GATEWAY_OTHERS_URL={url}")
        say(f"# model seed {seed}, a testnet, account in {data_dir}; known keys: {len(options.keys)}")
        sys.stdout.flush()

    names = ("CERBERO_GATEWAY_DERIBIT_ID", "CERBERO_GATEWAY_DERIBIT_SECRET")
    client_id, secret = (secret_from_env(os.environ, name).strip() for name in names)
    options = SimChoices(
        seed=seed,
        keys=(SimKey(client_id, secret),) if client_id and secret else (),
        ways=Ways.parse(way or ()),
        faults=tuple(Fault.parse(text) for text in fault or ()),
        data_dir=data_dir,
    )
    with private_files():
        run(port, options, announce)


@app.command()
def demo(
    days: Annotated[float, number_option(0.01, 365, text="How many market days to play.")] = DEMO_DAYS,
    seed: Annotated[
        int, whole_option(-SEED_MAX, SEED_MAX, text="The seed that the model market is drawn from.")
    ] = DEMO_SEED,
    strategy: StrategyFile = DEFAULT_STRATEGY,
    data_dir: Annotated[
        Path,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            parser=named_path,
            envvar=DATA_DIR_VARIABLE,
            help="The folder of the engine's and the gateway's record, which a new run empties.",
        ),
    ] = DEMO_DIR,
) -> None:
    """Trade for some market days through the gateway, against a simulated Deribit, and show what came of it.

    Engine, gateway and venue run in one process, on a clock that jumps; nothing is reached over a network.

    Example: run.py gateway demo --days 3
    """
    from cli.live_demo import run_demo

    run_demo(strategy, data_dir, seed, days)
