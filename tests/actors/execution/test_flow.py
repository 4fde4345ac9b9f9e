"""Flows: generators resumed by the message that they wait for."""

from __future__ import annotations

import pytest

from actors.execution.flow import Came, Flow, Flows, Wait, done_key


def waiting(seen: list[object], *keys: str) -> Flow[str]:
    came = yield Wait(keys)
    seen.append((came.key, came.event))
    return "end"


def test_flow_is_resumed_by_the_first_of_its_keys_only() -> None:
    flows, seen = Flows(), list[object]()
    flows.start("f", waiting(seen, "a", "b"))
    assert flows.deliver("b", 2)
    assert not flows.deliver("a", 1)
    assert seen == [("b", 2)]
    assert "f" not in flows


def test_event_that_nobody_waits_for_is_said_to_be_unheard() -> None:
    assert not Flows().deliver("a", 1)


def test_end_of_a_flow_is_delivered_with_its_value() -> None:
    flows, seen = Flows(), list[object]()
    flows.start("f", waiting([], "a"))
    flows.start("watcher", waiting(seen, done_key("f")))
    flows.deliver("a", None)
    assert seen == [(done_key("f"), "end")]


def test_one_event_resumes_everyone_who_waits_for_it() -> None:
    flows, seen = Flows(), list[object]()
    flows.start("f", waiting(seen, "a"))
    flows.start("g", waiting(seen, "a"))
    flows.deliver("a", 1)
    assert len(seen) == 2


def test_delivery_from_within_a_flow_waits_its_turn() -> None:
    """A flow that delivers to another is not re-entered, and the other runs when it has come to rest."""
    flows, order = Flows(), list[str]()

    def teller() -> Flow[None]:
        yield Wait(("go",))
        flows.deliver("a", None)
        order.append("teller")

    def hearer() -> Flow[None]:
        yield Wait(("a",))
        order.append("hearer")

    flows.start("teller", teller())
    flows.start("hearer", hearer())
    flows.deliver("go", None)
    assert order == ["teller", "hearer"]


def test_two_flows_of_one_name_are_refused() -> None:
    flows = Flows()
    flows.start("f", waiting([], "a"))
    with pytest.raises(ValueError, match="running"):
        flows.start("f", waiting([], "a"))


def test_dropped_flow_is_not_resumed() -> None:
    flows, seen = Flows(), list[object]()
    flows.start("f", waiting(seen, "a"))
    flows.drop("f")
    assert not flows.deliver("a", 1)
    assert flows.names("") == ()


def test_a_flow_dropped_by_one_that_the_same_event_woke_is_not_resumed() -> None:
    flows, seen = Flows(), list[object]()

    def dropper() -> Flow[None]:
        yield Wait(("a",))
        flows.drop("f")

    flows.start("dropper", dropper())
    flows.start("f", waiting(seen, "a"))
    assert flows.deliver("a", 1)
    assert seen == []
    assert flows.names("") == ()


def test_raise_inside_a_flow_reaches_the_actor() -> None:
    """It is a crash like any other; nothing is swallowed."""

    def broken() -> Flow[None]:
        yield Wait(("a",))
        raise ZeroDivisionError

    flows = Flows()
    flows.start("f", broken())
    with pytest.raises(ZeroDivisionError):
        flows.deliver("a", Came("a", None))
