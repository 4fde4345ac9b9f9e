"""The gateway's settings: which environment, whose key, where to listen, what is assumed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from core.errors import InputError
from core.plain_number import plain_number, plain_whole
from gateway.live.other_hosts.exchanges import SOURCES
from gateway.live.probe.report import why_not_enough
from gateway.live.venue.signing import ApiKey

PREFIX: Final = "CERBERO_GATEWAY_"
VARIABLES: Final[Mapping[str, str]] = {
    "ENVIRONMENT": "testnet or mainnet; default testnet",
    "MAINNET": "real-money, without which mainnet is refused",
    "TOKEN": "bearer token that the engine shows, at least 32 characters (secret)",
    "TOKEN_FILE": "file that holds the token in its place",
    "DERIBIT_ID": "id of the key; without it the gateway serves market data alone (secret)",
    "DERIBIT_ID_FILE": "file that holds the id in its place",
    "DERIBIT_SECRET": "secret of the key (secret)",
    "DERIBIT_SECRET_FILE": "file that holds the secret in its place",
    "DERIBIT_URL": "another host of Deribit's, or a simulated one on this machine; default by environment",
    "SIMULATED": "yes: the host on this machine may be called mainnet; default no",
    "OTHERS_URL": "a simulated host on this machine in place of all but Deribit's; default the real ones",
    "HOST": "address at which the gateway listens; default 127.0.0.1, this machine alone",
    "PORT": "TCP port; default 8790",
    "EXPOSE": "yes: HOST may be another address than this machine's own; default no",
    "STATE_DIR": "folder of the gateway's own record; default data-gateway",
    "TRADING": "no: orders are neither placed nor changed; default yes",
    "PROBED": "the report of `run.py gateway probe`, without which no order goes to mainnet",
    "REDUCE_ONLY_ON_COMBOS": "emulate: exits are held against positions here; send: the venue's flag too",
    "ALLOW_CROSS_MARGIN": "yes: an account whose margin is a sum over currencies may be used; default no",
    "HOLDINGS": "file of what is held beside the venue; without one the venue's equity is all",
    "CALENDAR": "file of economic events; default the shipped one",
    "FUNDING_SOURCES": "exchanges whose funding is read, with commas; default binance,okx,bybit",
    "LIQUIDATIONS": "okx, or assume:low, assume:medium, assume:high; default okx",
    "LIQ_MEDIUM_USD": "forced closes of a day that count as medium pressure, USD; default 15000000",
    "LIQ_HIGH_USD": "forced closes of a day that count as high pressure, USD; default 50000000",
}
"""Every variable without its prefix, with what it means."""
SECRETS: Final = ("TOKEN", "DERIBIT_ID", "DERIBIT_SECRET")
URLS: Final[Mapping[str, tuple[str, ...]]] = {
    "testnet": ("https://test.deribit.com",),
    "mainnet": ("https://www.deribit.com",),
}
"""The hosts that are Deribit's; the first is the default."""
BARE: Final = "without a path, such as http://127.0.0.1:8791"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
TOKEN_LENGTH_MIN: Final = 32
USD_MAX: Final = 10**12
REAL_MONEY: Final = "real-money"
_NAME_LENGTH_MAX: Final = 80
_ONE_WORD: Final = re.compile(r"[!-~]+")
_YES: Final = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False, "": False}


class LiveSettings(BaseModel):
    """All that a gateway is told. Secrets have no text of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Literal["testnet", "mainnet"]
    base_url: str
    token: SecretStr
    key: ApiKey | None
    host: str
    port: int
    state_dir: Path
    trading: bool = True
    probed: Path | None = None
    """The probe's report, without which no order goes to the real mainnet."""
    sends_reduce_only: bool = False
    """Whether the venue's own flag is sent on combos, too; positions are looked at in any case."""
    allow_cross_margin: bool = False
    holdings: Path | None = None
    calendar: Path | None
    others_url: str | None
    """A host on this machine that stands for all that are not Deribit's, each below its own name."""
    funding_sources: tuple[str, ...]
    liquidations: str
    """`okx`, or the level that is assumed."""
    medium_usd: Decimal
    high_usd: Decimal

    @property
    def is_simulated(self) -> bool:
        """Whether the venue is one of this machine's own."""
        return _on_this_machine(self.base_url)

    @property
    def why_no_trading(self) -> str | None:
        """Why no order is placed, whatever the key may do; None if orders may be."""
        if not self.trading:
            return f"{PREFIX}TRADING=no"
        if self.environment == "mainnet" and not self.is_simulated:
            return why_not_enough(self.probed)
        return None

    @property
    def exposed(self) -> bool:
        """Whether other machines may reach it."""
        return self.host not in LOOPBACK


def settings_from(env: Mapping[str, str], secret: Callable[[Mapping[str, str], str], str]) -> LiveSettings:
    """The settings of the environment. Raises `InputError` naming variable, expectation and what was found.

    `secret` reads a variable, or the file that stands in its place.
    """
    unknown = sorted(name for name in env if name.startswith(PREFIX) and name[len(PREFIX) :] not in VARIABLES)
    if unknown:
        near = get_close_matches(unknown[0].removeprefix(PREFIX)[:_NAME_LENGTH_MAX], VARIABLES, n=1)
        hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
        raise InputError(f"{unknown[0]}: expected one of the gateway's variables, found an unknown one{hint}")

    def said(name: str, default: str = "") -> str:
        return env.get(f"{PREFIX}{name}", "").strip() or default

    def secrecy(name: str) -> str:
        return secret(env, f"{PREFIX}{name}").strip()

    environment = _one_of("ENVIRONMENT", said("ENVIRONMENT", "testnet"), ("testnet", "mainnet"))
    if environment == "mainnet" and said("MAINNET") != REAL_MONEY:
        raise InputError(f"{PREFIX}MAINNET: expected {REAL_MONEY} beside mainnet, found something else")
    host, exposed = said("HOST", "127.0.0.1"), _yes("EXPOSE", said("EXPOSE"))
    if host not in LOOPBACK and not exposed:
        raise InputError(
            f"{PREFIX}HOST: expected an address of this machine alone, found {host!r}; "
            f"{PREFIX}EXPOSE=yes allows it"
        )
    sources = tuple(each.strip() for each in said("FUNDING_SOURCES", ",".join(SOURCES)).split(","))
    for source in sources:
        _one_of("FUNDING_SOURCES", source, tuple(SOURCES))
    if len(set(sources)) < len(sources):
        raise InputError(f"{PREFIX}FUNDING_SOURCES: expected each exchange once, found {', '.join(sources)}")
    return LiveSettings(
        environment="mainnet" if environment == "mainnet" else "testnet",
        base_url=_base_url(said("DERIBIT_URL"), environment, simulated=_yes("SIMULATED", said("SIMULATED"))),
        token=_token(secrecy("TOKEN")),
        key=_key(secrecy("DERIBIT_ID"), secrecy("DERIBIT_SECRET")),
        host=host,
        port=_port(said("PORT", "8790")),
        state_dir=Path(said("STATE_DIR", "data-gateway")),
        trading=_yes("TRADING", said("TRADING", "yes")),
        sends_reduce_only=_one_of(
            "REDUCE_ONLY_ON_COMBOS", said("REDUCE_ONLY_ON_COMBOS", "emulate"), ("emulate", "send")
        )
        == "send",
        allow_cross_margin=_yes("ALLOW_CROSS_MARGIN", said("ALLOW_CROSS_MARGIN")),
        holdings=Path(said("HOLDINGS")) if said("HOLDINGS") else None,
        probed=Path(said("PROBED")) if said("PROBED") else None,
        calendar=Path(said("CALENDAR")) if said("CALENDAR") else None,
        others_url=_others_url(said("OTHERS_URL")),
        funding_sources=sources,
        liquidations=_liquidations(said("LIQUIDATIONS", "okx")),
        **_levels(said("LIQ_MEDIUM_USD", "15000000"), said("LIQ_HIGH_USD", "50000000")),
    )


def _one_of(name: str, found: str, allowed: tuple[str, ...]) -> str:
    if found not in allowed:
        raise InputError(f"{PREFIX}{name}: expected one of {', '.join(allowed)}, found {found!r}")
    return found


def _yes(name: str, found: str) -> bool:
    if found.lower() not in _YES:
        raise InputError(f"{PREFIX}{name}: expected yes or no, found {found!r}")
    return _YES[found.lower()]


def _base_url(given: str, environment: str, *, simulated: bool) -> str:
    known = URLS[environment]
    if not given:
        return known[0]
    if given.rstrip("/") in known:
        return given.rstrip("/")
    if _on_this_machine(given):
        if environment == "testnet" or simulated:
            return given.rstrip("/")
        raise InputError(
            f"{PREFIX}DERIBIT_URL: expected {known[0]} for mainnet, found a host on this machine; "
            f"{PREFIX}SIMULATED=yes allows it"
        )
    raise InputError(
        f"{PREFIX}DERIBIT_URL: expected {' or '.join(known)}, or a host on this machine, {BARE}, "
        f"found {given!r}"
    )


def _others_url(given: str) -> str | None:
    if given and not _on_this_machine(given):
        raise InputError(f"{PREFIX}OTHERS_URL: expected a host on this machine, {BARE}, found {given!r}")
    return given.rstrip("/") or None


def _on_this_machine(url: str) -> bool:
    """Whether it is a bare address of this machine: no path, no user, nothing behind a question mark."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    bare = f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")
    return parts.scheme in ("http", "https") and parts.hostname in LOOPBACK and url.rstrip("/") == bare


def _token(found: str) -> SecretStr:
    if len(found) < TOKEN_LENGTH_MIN or _ONE_WORD.fullmatch(found) is None:
        raise InputError(
            f"{PREFIX}TOKEN: expected at least {TOKEN_LENGTH_MIN} printable characters without spaces, "
            f"found {len(found)}; `run.py gateway token` makes one"
        )
    return SecretStr(found)


def _key(client_id: str, secret: str) -> ApiKey | None:
    if bool(client_id) != bool(secret):
        missing = "DERIBIT_SECRET" if client_id else "DERIBIT_ID"
        raise InputError(f"{PREFIX}{missing}: expected both id and secret of the key, found one of them")
    if not client_id:
        return None
    for name, found in (("DERIBIT_ID", client_id), ("DERIBIT_SECRET", secret)):
        if _ONE_WORD.fullmatch(found) is None or "," in found:
            raise InputError(f"{PREFIX}{name}: expected printable characters without spaces, found others")
    return ApiKey(SecretStr(client_id), SecretStr(secret))


def _port(found: str) -> int:
    number = plain_whole(found)
    if number is None or not 0 <= number <= 65_535:
        raise InputError(f"{PREFIX}PORT: expected a whole number from 0 to 65535, found {found!r}")
    return number


def _liquidations(found: str) -> str:
    if found == "okx":
        return found
    level = found.removeprefix("assume:")
    if level == found or level not in ("low", "medium", "high"):
        raise InputError(f"{PREFIX}LIQUIDATIONS: expected okx or assume:low, found {found!r}")
    return level


def _levels(medium: str, high: str) -> dict[str, Decimal]:
    found = {}
    for name, text in (("medium_usd", medium), ("high_usd", high)):
        number = plain_number(text)
        if number is None or not 0 < number <= USD_MAX:
            raise InputError(
                f"{PREFIX}LIQ_{name.upper()}: expected USD above 0 and up to {USD_MAX:,}, found {text!r}"
            )
        found[name] = Decimal(text)
    if found["medium_usd"] >= found["high_usd"]:
        raise InputError(f"{PREFIX}LIQ_HIGH_USD: expected above LIQ_MEDIUM_USD, found {high}")
    return found
