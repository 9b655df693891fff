"""Custom attributes are checked against what the policy declares."""

from __future__ import annotations

import msgspec
import pytest

from satark.core.errors import InvalidEvent
from satark.events import FactType, check_custom, decode_event
from satark.events.examples import RESULT_DECLINED, TRANSFER_BY_UPI

DECLARED = {"tier": FactType.STR, "risk": FactType.FLOAT, "tries": FactType.INT, "new": FactType.BOOL}


def with_custom(**custom):
    return decode_event(msgspec.json.encode({**TRANSFER_BY_UPI, "custom": custom}))


@pytest.mark.parametrize(
    "custom", [{}, {"tier": "gold"}, {"risk": 0.5}, {"risk": 1}, {"tries": -3}, {"new": True}, {"tier": ""}]
)
def test_attribute_passes_when_it_is_declared_with_its_type(custom):
    check_custom(with_custom(**custom), DECLARED)


@pytest.mark.parametrize(
    ("custom", "message"),
    [
        ({"teir": "gold"}, "custom.teir is not declared in the policy; did you mean tier?"),
        ({"zzz": 1}, "custom.zzz is not declared in the policy"),
        ({"tier": 1}, "custom.tier must be str (found int)"),
        ({"tries": True}, "custom.tries must be int (found bool)"),
        ({"tries": 1.0}, "custom.tries must be int (found float)"),
        ({"new": 1}, "custom.new must be bool (found int)"),
        ({"risk": "0.5"}, "custom.risk must be float (found str)"),
        ({"risk": True}, "custom.risk must be float (found bool)"),
    ],
)
def test_attribute_is_refused_when_it_is_not_as_declared(custom, message):
    with pytest.raises(InvalidEvent) as caught:
        check_custom(with_custom(**custom), DECLARED)
    assert caught.value.message == message


def test_other_events_have_no_custom_attributes():
    check_custom(decode_event(msgspec.json.encode(RESULT_DECLINED)), {})
