"""Signals: facts that follow from other facts of the same event, one per file.

On the way of an event they stand between its plain facts and the policy, which names them like any other
fact. A signal is a pure function, so that a replay computes the same. To add one, write its file and name it
in `_MODULES`.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from satark.features.goods import bundled_vocabulary
from satark.features.signals import (
    amount_is_round,
    bin_country,
    bin_funding,
    bin_scheme,
    card_country,
    cash_like_amount,
    cash_like_kind,
    cash_like_share,
    customer_age_days,
    email_domain,
    email_is_disposable,
    hour_ist,
    ip_is_private,
    ip_prefix,
    is_night,
    payee_age_days,
    payee_key,
    payee_vpa_handle,
    payer_key,
    phone_is_foreign,
    shipping_billing_km,
    shipping_location_km,
    shipping_pin_known,
    user_agent_is_script,
    vpa_handle,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.events.signals import Signal

_MODULES = (
    amount_is_round,
    bin_country,
    bin_funding,
    bin_scheme,
    card_country,
    cash_like_amount,
    cash_like_kind,
    cash_like_share,
    customer_age_days,
    email_domain,
    email_is_disposable,
    hour_ist,
    ip_is_private,
    ip_prefix,
    is_night,
    payee_age_days,
    payee_key,
    payee_vpa_handle,
    payer_key,
    phone_is_foreign,
    shipping_billing_km,
    shipping_location_km,
    shipping_pin_known,
    user_agent_is_script,
    vpa_handle,
)

SIGNALS: Mapping[str, Signal] = MappingProxyType({module.SIGNAL.name: module.SIGNAL for module in _MODULES})
"""All bundled signals by name."""

CODE_VERSION = 1
"""Raise when a signal answers differently for the same input."""


@cache
def signals_version() -> str:
    """Return a text that changes when a signal can answer differently: code, vocabulary or data."""
    data = files("satark.features.geo").joinpath("data")
    digest = hashlib.sha256()
    for name in ("bin_ranges.csv.gz", "pin_coordinates.csv.gz"):
        digest.update(data.joinpath(name).read_bytes())
    vocabulary = bundled_vocabulary()
    digest.update(f"{CODE_VERSION} {vocabulary.version} {vocabulary.digest}".encode())
    return digest.hexdigest()[:16]


def warm_up() -> None:
    """Read every data file now, so that the first event does not wait for them."""
    SIGNALS["cash_like_share"].compute((), "5944")
    SIGNALS["shipping_billing_km"].compute("110001", "560001")
    SIGNALS["bin_country"].compute("411111")
