"""A simulated market played in real time, for a server that shall have something to decide.

Events are handed to a sender when they are due and carry the present time: all their times are moved by the
same distance, so ages of accounts and payees stay true. The sender is a port; the terminal gives the typed
client.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import msgspec

from satark.core.clock import MICROS_PER_SECOND, to_us
from satark.core.errors import SettingInvalid
from satark.events import Label, PayeeChange, Payment
from satark.payments.simulation.market import Simulation
from satark.payments.simulation.plan import SimulationPlan
from satark.payments.simulation.seasons import HOUR_US, day_start_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from satark.core.clock import Clock
    from satark.events import Event

EVENTS_PER_PAYMENT = 2.3
"""Results, labels and payee changes that follow within the day included; measured over a simulated week."""

PAYMENTS_PER_CUSTOMER = 1.5
OPENING_HOUR = 10
"""Live streams start at this Indian hour of the simulated day, when business is about average."""

MAX_PAUSE_SECONDS = 0.25
"""A waiting stream looks up this often to see whether it shall stop."""


class Sender(Protocol):
    """Takes events to a server; `satark.cli` implements it with the typed client."""

    def send(self, events: Sequence[Event]) -> None:
        """Deliver events in this order; raising stops the stream."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a stream runs.

    Attributes
    ----------
    speed
        Simulated seconds per real second; 1 keeps every distance between events, and so every window, true.
    events_per_second
        A steady rate instead of the market's own rhythm, for demonstrations that never sleep; 0 for none.
    batch
        At most this many events are handed over at once when a stream has fallen behind.
    """

    speed: float = 1.0
    events_per_second: float = 0.0
    batch: int = 500

    def __post_init__(self) -> None:
        """Refuse a pace that stands still or runs backwards."""
        if not (self.speed > 0 and self.events_per_second >= 0 and self.batch >= 1):
            raise SettingInvalid(
                "a pace needs speed > 0, events_per_second >= 0 and batch >= 1", field="pace"
            )


def live_simulation(
    rate_per_second: float, seed: int, id_prefix: str, *, fraud_share: float = 0.02
) -> tuple[Simulation, Iterator[Event]]:
    """Make a market of about so many events a second, opened at ten in the morning, that goes on for a month.

    Parameters
    ----------
    rate_per_second
        The mean rate in working hours, all event types together.
    seed
        Of the market.
    id_prefix
        Must differ from run to run, for instance by the time of start: the same id with another time is a
        conflict.
    fraud_share
        As in `SimulationPlan`.
    """
    per_day = max(int(rate_per_second * 86_400 / EVENTS_PER_PAYMENT), 100)
    plan = SimulationPlan(
        seed=seed,
        days=30,
        settle_days=0,
        customers=max(int(per_day / PAYMENTS_PER_CUSTOMER), 200),
        merchants=max(per_day // 40, 60),
        payments_per_day=per_day,
        fraud_share=fraud_share,
        id_prefix=id_prefix,
    )
    simulation = Simulation(plan)
    return simulation, simulation.events(day_start_us(plan.start) + OPENING_HOUR * HOUR_US)


def stream(
    events: Iterable[Event],
    sender: Sender,
    pace: Pace,
    clock: Clock,
    *,
    sleep: Callable[[float], None] = time.sleep,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Send events when they are due, moved to the present; returns how many were sent.

    Parameters
    ----------
    events
        In order of time.
    sender
        Where they go.
    pace
        How fast.
    clock
        Says what the present is.
    sleep
        Waits; an argument so that tests need not.
    stopped
        Asked between events; true ends the stream after what was already due.
    """
    began_us = clock.now_us()
    first_us: int | None = None
    sent = 0
    due: list[Event] = []
    for event in events:
        own_us = _time_of(event)
        first_us = own_us if first_us is None else first_us
        if pace.events_per_second:
            due_us = began_us + round((sent + len(due)) * MICROS_PER_SECOND / pace.events_per_second)
        else:
            due_us = began_us + int((own_us - first_us) / pace.speed)
        if due and (len(due) >= pace.batch or due_us > clock.now_us()):
            sender.send(due)
            sent += len(due)
            due = []
        while (left_us := due_us - clock.now_us()) > 0:
            if stopped():
                return sent
            sleep(min(left_us / MICROS_PER_SECOND, MAX_PAUSE_SECONDS))
        if stopped():
            break
        due.append(moved(event, due_us - own_us))
    if due:
        sender.send(due)
    return sent + len(due)


def moved(event: Event, by_us: int) -> Event:
    """Return an event with all its times moved, so that every age in it stays what it was.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from satark.events import Customer
    >>> at = datetime(2025, 10, 20, tzinfo=UTC)
    >>> customer = Customer(id="c", added_at=at)
    >>> payment = Payment(id="p", occurred_at=at, amount_minor=1, method="card", customer=customer)
    >>> later = moved(payment, 60_000_000)
    >>> later.occurred_at.isoformat(), later.customer.added_at == later.occurred_at
    ('2025-10-20T00:01:00+00:00', True)
    """
    by = timedelta(microseconds=by_us)
    if isinstance(event, Label):
        return msgspec.structs.replace(event, reported_at=event.reported_at + by)
    changes: dict[str, object] = {"occurred_at": event.occurred_at + by}
    if isinstance(event, Payment | PayeeChange):
        customer, payee = event.customer, event.payee
        if customer is not None and customer.added_at is not None:
            changes["customer"] = msgspec.structs.replace(customer, added_at=customer.added_at + by)
        if payee is not None and payee.added_at is not None:
            changes["payee"] = msgspec.structs.replace(payee, added_at=payee.added_at + by)
    return msgspec.structs.replace(event, **changes)


def _time_of(event: Event) -> int:
    return to_us(event.reported_at if isinstance(event, Label) else event.occurred_at)
