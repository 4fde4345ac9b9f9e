"""`run.py calc`: prices, volatilities, P&L, fees, margins and Kelly's fraction, without an engine.

Every command takes its fields as options or, with `--stdin`, as one JSON object a line. It then answers each
line with one line, which is `{"error": …}` if the request can't be used; an `id` is echoed in both cases.
Numbers keep their full double precision.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, NoReturn

import typer

from cli.sentences import SentenceGroup
from cli.views.say import put, say
from core.errors import InputError

app = typer.Typer(
    cls=SentenceGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    help=(
        "Compute what an option is worth, implies, pays, costs and ties up. "
        "Example: run.py calc price --type put --forward 2500 --strike 2300 --dte 10.75 --iv 0.62"
    ),
)


TypeOption = Annotated[
    str | None, typer.Option("--type", metavar="put|call", help="Whether it is a put or a call.")
]
ForwardOption = Annotated[str | None, typer.Option(metavar="USD", help="The forward price of the expiry.")]
StrikeOption = Annotated[str | None, typer.Option(metavar="USD", help="The strike price of the option.")]
DteOption = Annotated[
    str | None, typer.Option(metavar="DAYS", help="How many days are left to expiry, fractional.")
]
IvOption = Annotated[
    str | None, typer.Option(metavar="FRACTION", help="The volatility a year, 0.62 for 62 %.")
]
AmountOption = Annotated[
    str | None,
    typer.Option(metavar="N", help="How many contracts of 1 ETH; negative if sold, or give --side. [1]"),
]
SideOption = Annotated[
    str | None, typer.Option(metavar="buy|sell", help="Whether it is bought or sold, instead of a sign.")
]
FeesOption = Annotated[bool, typer.Option("--fees", help="Charge the fees of entry and delivery as well.")]
StdinOption = Annotated[bool, typer.Option("--stdin", help="Read JSON lines instead of options.")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one line of JSON also on a terminal; in a pipe it always is.")
]


@app.command()
def price(
    option_type: TypeOption = None,
    forward: ForwardOption = None,
    strike: StrikeOption = None,
    dte: DteOption = None,
    iv: IvOption = None,
    stdin: StdinOption = False,
    as_json: JsonOption = False,
) -> None:
    """Price and greeks of one contract (Black-76 on the forward, r = 0, Act/365).

    Example: run.py calc price --type put --forward 2500 --strike 2300 --dte 10.75 --iv 0.62
    """
    fields = {"type": option_type, "forward": forward, "strike": strike, "dte": dte, "iv": iv}
    _run("price", fields, stdin=stdin, as_json=as_json)


@app.command()
def iv(
    option_type: TypeOption = None,
    forward: ForwardOption = None,
    strike: StrikeOption = None,
    dte: DteOption = None,
    price_eth: Annotated[
        str | None, typer.Option(metavar="ETH", help="The price of one contract, ETH.")
    ] = None,
    stdin: StdinOption = False,
    as_json: JsonOption = False,
) -> None:
    """Volatility that a price implies; null with a reason if there is none.

    Example: run.py calc iv --type put --forward 2500 --strike 2300 --dte 10.75 --price-eth 0.0125
    """
    fields = {"type": option_type, "forward": forward, "strike": strike, "dte": dte, "price_eth": price_eth}
    _run("iv", fields, stdin=stdin, as_json=as_json)


@app.command()
def pnl(
    option_type: TypeOption = None,
    strike: StrikeOption = None,
    price_eth: Annotated[
        str | None, typer.Option(metavar="ETH", help="The price of one contract at entry.")
    ] = None,
    settlement: Annotated[
        str | None, typer.Option(metavar="USD", help="The price at delivery, the index's mean.")
    ] = None,
    amount: AmountOption = None,
    side: SideOption = None,
    fees: FeesOption = False,
    stdin: StdinOption = False,
    as_json: JsonOption = False,
) -> None:
    """P&L at delivery of one option held from its entry price; in USD it is valued at the delivery price.

    Example: run.py calc pnl --type put --strike 2300 --price-eth 0.0125 --amount -2 --settlement 2200
    """
    fields = {"type": option_type, "strike": strike, "price_eth": price_eth, "settlement": settlement}
    _run(
        "pnl",
        {**fields, "amount": amount, "side": side, "fees": fees or None},
        stdin=stdin,
        as_json=as_json,
    )


@app.command()
def spread(
    leg: Annotated[
        list[str] | None,
        typer.Option(metavar="SIDE:TYPE:STRIKE[:AMOUNT]", help="Add a leg; give it once for each."),
    ] = None,
    credit_eth: Annotated[
        str | None, typer.Option(metavar="ETH", help="The credit of one combo, negative for a debit.")
    ] = None,
    settlement: Annotated[
        list[str] | None,
        typer.Option(
            "--settlement",
            "--settlements",
            metavar="USD",
            help="The price at delivery; give it once for each.",
        ),
    ] = None,
    forward: ForwardOption = None,
    dte: DteOption = None,
    iv: IvOption = None,
    fees: FeesOption = False,
    stdin: StdinOption = False,
    as_json: JsonOption = False,
) -> None:
    """P&L, breakevens, largest loss and, with forward, dte and iv, the probability of profit of several legs.

    The largest loss is over deliveries from half to twice the forward and over the settlements given, without
    a forward over the settlements and the strikes. With --stdin: legs, credit_eth, settlements, forward, dte,
    iv, fees; a leg may have its own iv and price_eth.

    Example: run.py calc spread --leg sell:put:2300 --leg buy:put:2100 --credit-eth 0.011 --settlement 2200
    """
    fields: dict[str, object] = {
        "legs": [_leg(written) for written in leg or []] or None,
        "settlements": settlement,
        "credit_eth": credit_eth,
        "forward": forward,
        "dte": dte,
        "iv": iv,
        "fees": fees or None,
    }
    _run("spread", fields, stdin=stdin, as_json=as_json)


@app.command()
def fees(
    price_eth: Annotated[
        str | None, typer.Option(metavar="ETH", help="The price of one contract, ETH.")
    ] = None,
    amount: AmountOption = None,
    side: SideOption = None,
    option_type: TypeOption = None,
    strike: StrikeOption = None,
    settlement: Annotated[
        str | None,
        typer.Option(
            metavar="USD", help="The price at delivery, which the delivery fee follows from as well."
        ),
    ] = None,
    stdin: StdinOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fee to trade an option, and to have it delivered.

    Example: run.py calc fees --price-eth 0.0125 --amount -2
    """
    fields = {"price_eth": price_eth, "amount": amount, "side": side, "type": option_type, "strike": strike}
    _run("fees", {**fields, "settlement": settlement}, stdin=stdin, as_json=as_json)


@app.command()
def margin(
    option_type: TypeOption = None,
    forward: ForwardOption = None,
    strike: StrikeOption = None,
    price_eth: Annotated[
        str | None, typer.Option(metavar="ETH", help="The mark price of one contract.")
    ] = None,
    amount: AmountOption = None,
    side: SideOption = None,
    stdin: StdinOption = False,
    as_json: JsonOption = False,
) -> None:
    """Standard margin, initial and maintenance; a bought option needs its premium.

    Example: run.py calc margin --type put --forward 2500 --strike 2300 --price-eth 0.0125 --amount -2
    """
    fields = {"type": option_type, "forward": forward, "strike": strike, "price_eth": price_eth}
    _run("margin", {**fields, "amount": amount, "side": side}, stdin=stdin, as_json=as_json)


@app.command()
def kelly(
    outcome: Annotated[
        list[str] | None,
        typer.Option(metavar="P:R", help="Add an outcome: its probability, and P&L over the stake."),
    ] = None,
    stdin: StdinOption = False,
    as_json: JsonOption = False,
) -> None:
    """Growth-optimal fraction of a bet with these outcomes, within [0, 1].

    Example: run.py calc kelly --outcome 0.7:0.5 --outcome 0.3:-1
    """
    outcomes = [_split("--outcome", written, ("p", "r")) for written in outcome or []]
    _run("kelly", {"outcomes": outcomes or None}, stdin=stdin, as_json=as_json)


def _run(command: str, fields: Mapping[str, object], *, stdin: bool, as_json: bool) -> None:
    given = {name: value for name, value in fields.items() if value is not None}
    if stdin and given:
        _fail(f"--stdin: expected no other field, found {', '.join(given)}")
    # Imported here so that `run.py --help` does not wait for the mathematics.
    from cli.calc.answers import answer

    if stdin:
        _answer_lines(sys.stdin.buffer, lambda request: answer(command, request))
        return
    try:
        result = answer(command, given)
    except InputError as error:
        _fail(str(error))
    if as_json or not _is_terminal():
        say(_json(result))
        return
    for name, value in result.items():
        say(f"{name:20}  {value if isinstance(value, str) else json.dumps(value)}")


def _answer_lines(lines: Iterable[bytes], respond: Callable[[object], dict[str, object]]) -> None:
    for line in lines:
        if not line.strip():
            continue
        try:
            request = json.loads(line)
            try:
                written = _json(respond(request))
            except InputError as error:
                echoed = {"id": request["id"]} if isinstance(request, dict) and "id" in request else {}
                written = _json({**echoed, "error": str(error)})
        except (ValueError, RecursionError) as error:
            written = _json({"error": f"expected a line of JSON, {error}"})
        put(f"{written}\n")


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _leg(written: str) -> dict[str, str]:
    names = ("side", "type", "strike", "amount")
    return _split("--leg", written, names[: max(3, written.count(":") + 1)])


def _split(option: str, written: str, names: tuple[str, ...]) -> dict[str, str]:
    parts = written.split(":")
    if len(parts) != len(names):
        _fail(f"{option}: expected {':'.join(names)}, found {written!r}")
    return dict(zip(names, parts, strict=True))


def _json(result: Mapping[str, object]) -> str:
    return json.dumps(result, allow_nan=False)


def _fail(message: str) -> NoReturn:
    say(f"error: {message}", err=True)
    raise typer.Exit(2)
