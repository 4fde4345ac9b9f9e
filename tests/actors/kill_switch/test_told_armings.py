"""Each cause of an arming is told by an alert of its own, which says what to do about that cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.kill_switch.latch import ARMED_BY
from core.alerts import AlertCode, Severity
from core.messages.alerting import RaiseAlert
from core.messages.arm_cause import ArmCause
from core.messages.kill_switch import ArmKillSwitch
from tests.fakes.kill_switch import SwitchHouse


@pytest.fixture
def house(tmp_path: Path) -> SwitchHouse:
    return SwitchHouse(tmp_path)


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        pytest.param(ArmCause.OPERATOR, AlertCode.ARMED_OPERATOR, id="operator"),
        pytest.param(ArmCause.KILL_FILE, AlertCode.ARMED_KILL_FILE, id="kill_file"),
        pytest.param(
            ArmCause.ENVIRONMENT,
            AlertCode.ARMED_ENVIRONMENT,
            id="environment",
            marks=pytest.mark.raises_alert(AlertCode.ARMED_ENVIRONMENT),
        ),
        pytest.param(ArmCause.AUDIT, AlertCode.ARMED_AUDIT, id="audit"),
        pytest.param(
            ArmCause.RECOVERY,
            AlertCode.ARMED_RECOVERY,
            id="recovery",
            marks=pytest.mark.raises_alert(AlertCode.ARMED_RECOVERY),
        ),
        pytest.param(
            ArmCause.SUPERVISION,
            AlertCode.ARMED_SUPERVISION,
            id="supervision",
            marks=pytest.mark.raises_alert(AlertCode.ARMED_SUPERVISION),
        ),
        pytest.param(ArmCause.PROBES, AlertCode.ARMED_PROBES, id="probes"),
        pytest.param(
            ArmCause.DATABASE,
            AlertCode.ARMED_DATABASE,
            id="database",
            marks=pytest.mark.raises_alert(AlertCode.ARMED_DATABASE),
        ),
    ],
)
def test_each_cause_of_an_arming_has_an_alert_of_its_own(
    house: SwitchHouse, cause: ArmCause, code: AlertCode
) -> None:
    house.tell("kill_switch", ArmKillSwitch(cause=cause, reason="why"))
    assert [(a.severity, a.code) for a in house.told("alerting", RaiseAlert)] == [(Severity.CRITICAL, code)]
    assert code.value == f"armed:{cause.value}"


def test_every_cause_of_an_arming_is_an_alert() -> None:
    assert set(ARMED_BY) == set(ArmCause)
