from __future__ import annotations

import ipaddress

import pytest
from tests.support.outside import mailbox, receiver

from satark.cases.outbox import Parcel
from satark.cases.signatures import secret_of
from satark.connectors import AddressGuard, WebhookCarrier, WebhookOptions
from satark.core.clock import FixedClock, Micros
from satark.storage.desk.endpoints import Opening

NOW_US = 1_790_000_000_000_000
LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


class Book:
    """One endpoint."""

    def __init__(self, url, salts=(b"new",)):
        self.url = url
        self.secrets = tuple(secret_of(bytes(32), salt) for salt in salts)

    def opening(self, endpoint_id):
        return Opening(self.url, self.secrets) if endpoint_id == 1 else None


@pytest.fixture
def clock():
    return FixedClock(Micros(NOW_US))


@pytest.fixture
def there():
    """A receiver of webhooks that answers 200."""
    with receiver() as made:
        yield made


@pytest.fixture
def post():
    """A mail server."""
    with mailbox() as made:
        yield made


@pytest.fixture
def parcel():
    def make(**changes):
        values = {
            "id": 1,
            "key": "case.closed:7:1",
            "topic": "case.closed",
            "channel": "webhook",
            "target": "1",
            "body": b'{"specversion":"1.0","id":"case.closed:7:1"}',
            "headers": {},
            "attempt": 1,
            "endpoint_id": 1,
        }
        return Parcel(**{**values, **changes})

    return make


@pytest.fixture
def book():
    return Book


@pytest.fixture
def carrier(clock):
    def make(url, *, networks=(LOOPBACK,), salts=(b"new",), **options):
        return WebhookCarrier(
            Book(url, salts), AddressGuard(networks), clock, WebhookOptions(**options) if options else None
        )

    return make
