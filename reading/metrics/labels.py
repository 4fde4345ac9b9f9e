"""The values of labels that no other part of the project lists; a label has no value outside its list."""

from __future__ import annotations

from enum import StrEnum


class ActorLabel(StrEnum):
    """The engine's actors. `other` stands for those of an engine of another version."""

    ALERTING = "alerting"
    KILL_SWITCH = "kill_switch"
    STATE = "state"
    AUDIT = "audit"
    ANCHOR = "anchor"
    MCP_ORDERS = "mcp.orders"
    EXECUTION = "execution"
    MCP_DERIBIT = "mcp.deribit"
    MCP_HYPERLIQUID = "mcp.hyperliquid"
    MCP_MACRO = "mcp.macro"
    MCP_SENTIMENT = "mcp.sentiment"
    MCP_PORTFOLIO = "mcp.portfolio"
    MARKET_DATA = "market_data"
    DECISION = "decision"
    HEALTH = "health"
    CONTROL = "control"
    HEARTBEAT = "heartbeat"
    PHONE = "phone"
    RECORDER = "recorder"
    SCHEDULER = "scheduler"
    OTHER = "other"

    @classmethod
    def of(cls, name: str) -> ActorLabel:
        """The actor of this name."""
        return cls(name) if name in _ACTORS else cls.OTHER


class SuspendedBy(StrEnum):
    """Who suspends entries: the source up to its colon, behind which a router or an actor may stand."""

    ACCOUNT = "account"
    ANCHOR = "anchor"
    BOOKS_DISK = "books_disk"
    CLOCK = "clock"
    DEAD_LETTER = "dead_letter"
    DISK = "disk"
    MARKET_DATA = "market_data"
    ORDER_IN_DOUBT = "order_in_doubt"
    PARKED = "parked"
    PROBE = "probe"
    STOPPING = "stopping"
    OTHER = "other"

    @classmethod
    def of(cls, source: str) -> SuspendedBy:
        """The kind of a suspension's source."""
        kind = source.partition(":")[0]
        return cls(kind) if kind in _SOURCES else cls.OTHER


class Protection(StrEnum):
    """The protections of `strategy.yaml`."""

    DRAWDOWN = "drawdown"
    LOSS = "loss"
    LOSING_TRADES = "losing_trades"
    REST_AFTER_STOP = "rest_after_stop"


class ReadPart(StrEnum):
    """What is read for a scrape: the engine's answer, and the books on disk."""

    STATUS = "status"
    BOOKS = "books"


_ACTORS = frozenset(ActorLabel)
_SOURCES = frozenset(SuspendedBy)
