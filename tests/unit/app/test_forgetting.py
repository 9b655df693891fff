"""What the worker removes when it is old."""

from __future__ import annotations

import pytest
from tests.support.notice_bank import Bank
from tests.support.notices import NOON_US

from satark.app.worker import NOTICES_KEPT_US, forget
from satark.cases.notices import hash_of
from satark.core.clock import FixedClock, Micros
from satark.storage.desk import open_desk


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path / "data", clock=FixedClock(Micros(NOON_US)), audit_key=b"k" * 32) as opened:
        yield opened


def test_notices_are_kept_for_a_year_and_no_longer(desk):
    token = Bank(desk, FixedClock(Micros(NOON_US))).tell()["sms"]
    forget(desk, NOON_US + NOTICES_KEPT_US, keep_days=365)
    assert desk.notices.find(hash_of(token)) is not None
    forget(desk, NOON_US + NOTICES_KEPT_US + 1, keep_days=365)
    assert desk.notices.find(hash_of(token)) is None
