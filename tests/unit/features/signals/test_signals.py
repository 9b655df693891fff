from __future__ import annotations

from datetime import datetime

import pytest

from satark.core.clock import to_us
from satark.events import BASE_FACTS, FactType, Line
from satark.events.signals import SIGNAL_INPUTS
from satark.features.geo.bins import SCHEME_RANGES
from satark.features.goods import bundled_vocabulary
from satark.features.signals import SIGNALS, signals_version, warm_up

DAY_US = 86_400_000_000
TYPES = {
    FactType.INT: int,
    FactType.FLOAT: float,
    FactType.BOOL: bool,
    FactType.STR: str,
}
SAMPLES = {
    "lines": (Line(title="Gold coin 5g", price_minor=30_000_00),),
    "mcc": "5944",
    "amount": 30_000_00,
    "shipping_pin": "110001",
    "billing_pin": "560001",
    "location": (19.07, 72.87, 50.0),
    "bin": "437551",
    "issuer_country": "IN",
    "occurred_at": 1_768_000_000_000_000,
    "customer_added_at": 1_767_000_000_000_000,
    "payee_added_at": 1_767_900_000_000_000,
    "email": "asha@mailinator.com",
    "vpa": "asha@okbank",
    "payee_vpa": "shop@okbank",
    "ip": "49.205.1.10",
    "user_agent": "curl/8",
    "merchant": None,
    "payee_account": None,
    "customer": "asha",
    "card": "tok",
    "account": None,
    "phone": "+919845012345",
}


@pytest.mark.parametrize("name", SIGNALS)
def test_signal_is_of_its_type_when_its_inputs_are_known(name):
    signal = SIGNALS[name]
    value = signal.compute(*(SAMPLES[part] for part in signal.inputs))
    assert type(value) is TYPES[signal.type]
    assert signal.choices is None or value in signal.choices


@pytest.mark.parametrize("name", SIGNALS)
def test_signal_is_missing_when_all_its_inputs_are(name):
    signal = SIGNALS[name]
    assert signal.compute(*(None for _ in signal.inputs)) is None


@pytest.mark.parametrize("name", SIGNALS)
def test_signal_is_well_declared(name):
    signal = SIGNALS[name]
    assert signal.name == name
    assert name not in BASE_FACTS
    assert set(signal.inputs) <= BASE_FACTS.keys() | SIGNAL_INPUTS | SIGNALS.keys()
    assert signal.about


@pytest.mark.parametrize(
    ("name", "inputs", "expected"),
    [
        ("cash_like_share", ((), "5411"), 0.0),
        ("cash_like_amount", ((Line(title="Gift card"), Line(title="Soap")), None, 10_000), 5_000),
        ("cash_like_kind", ((Line(title="Soap"),), None), None),
        ("shipping_billing_km", ("110001", "110001"), 0.0),
        ("shipping_billing_km", ("110001", "000000"), None),
        ("shipping_location_km", ("110001", (28.6, 77.2, 50_000.0)), 0.0),
        ("shipping_pin_known", ("999999",), False),
        ("card_country", ("US", "437551"), "US"),
        ("bin_funding", ("437551",), "credit"),
        ("hour_ist", (to_us(datetime.fromisoformat("2026-01-01T23:59:59+05:30")),), 23),
        ("is_night", (to_us(datetime.fromisoformat("2026-01-01T04:59:59+05:30")),), True),
        ("is_night", (to_us(datetime.fromisoformat("2026-01-01T05:00:00+05:30")),), False),
        ("customer_age_days", (10 * DAY_US, 12 * DAY_US), 0.0),
        ("payee_age_days", (12 * DAY_US, 10 * DAY_US), 2.0),
        ("email_is_disposable", ("x@notmailinator.com",), False),
        ("email_is_disposable", ("x@eu.mailinator.com",), True),
        ("email_is_disposable", ("no-at-sign",), None),
        ("email_domain", ("a@b@c.in",), "c.in"),
        ("ip_prefix", ("2001:db8:1:ffff::1",), "2001:db8:1::/48"),
        ("ip_prefix", ("nonsense:",), None),
        ("ip_is_private", ("100.64.0.1",), True),
        ("ip_is_private", ("nonsense",), None),
        ("user_agent_is_script", ("Mozilla/5.0 (X11) HeadlessChrome/120",), True),
        ("amount_is_round", (0,), False),
        ("amount_is_round", (2_000_00,), True),
        ("payee_key", (None, "9988", "x@okbank"), "account:9988"),
        ("payer_key", (None, None, "123", None), "account:123"),
        ("payer_key", (None, "tok", "123", None), "card:tok"),
        ("phone_is_foreign", ("+14155550100",), True),
        ("vpa_handle", ("Asha@OkBank",), "okbank"),
        ("payee_vpa_handle", ("no-handle",), None),
    ],
)
def test_signal_answers_when_asked(name, inputs, expected):
    assert SIGNALS[name].compute(*inputs) == expected


def test_version_is_stable_within_a_process():
    warm_up()
    assert signals_version() == signals_version()
    assert len(signals_version()) == 16


def test_choices_are_those_of_the_data():
    assert set(SIGNALS["cash_like_kind"].choices) == {kind.name for kind in bundled_vocabulary().kinds}
    assert set(SIGNALS["bin_scheme"].choices) == {name for name, _, _ in SCHEME_RANGES}
