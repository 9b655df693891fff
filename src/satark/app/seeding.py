"""`satark simulate --store`: fill an empty installation with a market's past, alerts and all, at once.

For trying the desk out at the size of a bank, and for measuring its pages. The engine decides a first day of the
simulated market as it would over HTTP. Each further day is that day again by other people: other customers, cards and
phones, on some days the same devices and addresses and always the same shops, so that things hang together as they do
in life. What was stopped is repeated as often as there shall be alerts. Then the worker's own follower opens the alerts
and indexes everything.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec

from satark.app.engine import build_service
from satark.app.follower import Follower, until_end
from satark.app.worker import LOCK_NAME
from satark.core.clock import MICROS_PER_DAY, MICROS_PER_SECOND, SystemClock, from_us, ist_day
from satark.core.errors import InputInvalid, NotReady
from satark.decisions.model import Decision
from satark.events import CardTokens, Payment, body_digest, canonical_body, decode_stored
from satark.payments.simulation import Simulation, SimulationPlan
from satark.storage import FolderLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from satark.app.wiring import AppWiring
    from satark.decisions.answers import Outcome
    from satark.decisions.ports import LogEntry
    from satark.decisions.service import DecisionService
    from satark.events import Address
    from satark.storage import Storage

    Tell = Callable[[str, int, int], None]

OWNER = "simulation"
DAY_PAYMENTS = 50_000
"""So many are truly decided; the days after it are copies."""
LEAST_DAYS = 4
SIMULATED_DAYS = 3
FURTHER = 25
"""So many payments more are decided at a time, where none of a short day was stopped and alerts are wanted."""
SHARED_EVERY = 5
"""On every fifth day devices and addresses are those of the first."""
FRAUD_SHARE = 0.05
BATCH = 2_000
IN_FLIGHT = 1_000
PATIENCE_SECONDS = 120.0
EVER_US = 2**62
STOPPED = frozenset({"hold", "block"})
_PHONE_STEP = 7_919
_PHONE_DIGITS = 10**9
_DECISION = msgspec.json.Decoder(Decision)
_ENCODE = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was stored."""

    events: int
    decisions: int
    alerts: int
    links: int


@dataclass(frozen=True, slots=True)
class _Original:
    """A decided payment that others are copied from."""

    entry: LogEntry
    payment: Payment
    decision: Decision


def seed_store(wiring: AppWiring, *, decisions: int, alerts: int, seed: int, tell: Tell) -> Seeded:
    """Fill an empty installation.

    Parameters
    ----------
    decisions, alerts
        How many payments shall be decided, and how many of them stopped.
    seed
        Another number gives another market.
    tell
        Told how far it is: (step, done, of how many).

    Raises
    ------
    InputInvalid
        The installation is not empty, or there shall be more alerts than decisions.
    FolderLocked
        An engine or a worker runs on the data folder.
    """
    if not 0 <= alerts <= decisions:
        message = "there cannot be more alerts than decisions"
        raise InputInvalid(message, field="alerts")
    with (
        FolderLock(wiring.data),
        FolderLock(wiring.data, name=LOCK_NAME),
        wiring.storage() as storage,
        wiring.desk(storage) as desk,
    ):
        if storage.events.last_seq():
            message = "only an empty installation can be filled with a simulated past"
            raise InputInvalid(message, path=str(wiring.data))
        maker = storage.keys.create("simulated past", ("decide", "events"), owner=OWNER)
        storage.keys.revoke(maker.key.id)
        first_day = min(DAY_PAYMENTS, max(decisions // LEAST_DAYS, 1))
        days = -(-decisions // first_day)
        service = build_service(wiring, storage)
        service.start()
        _decide_a_day(service, maker.key.owner, first_day, days, seed, tell, until_stopped=alerts > 0)
        if not service.stop(PATIENCE_SECONDS):
            message = "the engine did not finish"
            raise NotReady(message)
        originals = list(_originals(storage))
        _copy_days(storage, originals, decisions, alerts, days, tell)
        storage.checkpoint()
        follower = Follower(
            storage.events,
            desk,
            wiring.policy(),
            tokens=CardTokens.parse(storage.secrets.card_keys),
            rates=wiring.rates(),
            history_us=EVER_US,
        )
        follower.adopt()
        last = storage.events.last_seq()

        def step() -> int:
            done = follower.step(BATCH)
            desk.rollups.catch_up(storage.events, BATCH)
            tell("following", follower.place.seq, last)
            return done

        until_end(step, lambda: False)
        until_end(lambda: desk.rollups.catch_up(storage.events, BATCH), lambda: False)
        if desk.engines.dialect == "postgresql":
            # A server that runs for long has done this by itself.
            with desk.writing() as connection:
                connection.exec_driver_sql("ANALYZE")
        return Seeded(last, max(decisions, len(originals)), *desk.entities.sizes())


def _decide_a_day(
    service: DecisionService,
    owner: int,
    payments: int,
    days: int,
    seed: int,
    tell: Tell,
    *,
    until_stopped: bool,
) -> None:
    """Let the engine decide one day of the market, with all that happens beside payments.

    A short day may hold no payment that is stopped, and alerts can only be copied from one that is: with
    `until_stopped` the days after it are decided too, as far as it takes.
    """
    today = date(1970, 1, 1) + timedelta(days=ist_day(SystemClock().now_us()))
    plan = SimulationPlan(
        seed=seed,
        start=today - timedelta(days=days),
        customers=max(200, payments),
        merchants=max(50, payments // 20),
        payments_per_day=payments,
        fraud_share=FRAUD_SHARE,
        days=SIMULATED_DAYS,
        settle_days=0,
        id_prefix="past_",
    )
    room = threading.Semaphore(IN_FLIGHT)
    refused: list[object] = []
    stopped: list[str] = []

    def done(outcome: Outcome) -> None:
        if outcome.error is not None:
            refused.append(outcome.error)
        elif outcome.decision is not None and outcome.decision.action in STOPPED:
            stopped.append(outcome.decision.id)
        room.release()

    def await_answers() -> None:
        for _ in range(IN_FLIGHT):
            if not room.acquire(timeout=PATIENCE_SECONDS):
                message = "the engine did not answer"
                raise NotReady(message)
        room.release(IN_FLIGHT)

    count = 0
    for event in Simulation(plan).events():
        if isinstance(event, Payment):
            if count >= payments and (count - payments) % FURTHER == 0:
                await_answers()
                if stopped or not until_stopped:
                    break
            count += 1
        room.acquire()
        service.submit(_ENCODE(event), owner, done, only=None)
        if count % BATCH == 0:
            tell("deciding", min(count, payments), payments)
    await_answers()
    if refused:
        message = f"the engine refused {len(refused)} of the simulated events: {refused[0]}"
        raise NotReady(message)


def _originals(storage: Storage) -> Iterator[_Original]:
    for entry in storage.events.read(0):
        if entry.kind == "payment" and entry.decision is not None:
            payment = decode_stored(entry.body)
            if isinstance(payment, Payment):
                yield _Original(entry, payment, _DECISION.decode(entry.decision))


def _copy_days(
    storage: Storage, originals: list[_Original], decisions: int, alerts: int, days: int, tell: Tell
) -> None:
    """Append copies of a decided day: the first is the original, each further one by other people."""
    passed = [one for one in originals if one.decision.action not in STOPPED]
    stopped = [one for one in originals if one.decision.action in STOPPED] or passed
    left = decisions - len(originals)
    if left <= 0:
        return
    wanted = max(0, alerts - len(stopped))
    seq = storage.events.last_seq()
    batch: list[LogEntry] = []
    for number in range(left):
        place = len(originals) + number
        # The alerts are spread evenly over the copies.
        is_alert = (number + 1) * wanted // left > number * wanted // left
        pool = stopped if is_alert else passed
        original = pool[place % len(pool)]
        generation = 1 + number * (days - 1) // left if days > 1 else 1
        # What was decided beyond the first day is copied to fewer days, so that nothing comes from the future.
        later = (original.entry.occurred_us - originals[0].entry.occurred_us) // MICROS_PER_DAY
        generation = max(1, min(generation, days - 1 - later))
        seq += 1
        batch.append(_copied(original, seq, generation))
        if len(batch) == BATCH or number == left - 1:
            storage.events.append(batch)
            batch = []
            tell("copying", place + 1, decisions)
            if place % (BATCH * 10) < BATCH:
                storage.checkpoint()


def _copied(original: _Original, seq: int, generation: int) -> LogEntry:
    """Return the same payment by other people, so many days later."""
    shift_us = generation * MICROS_PER_DAY
    event_id = f"past_{generation}_{seq}"
    payment = _by_others(original.payment, event_id, generation)
    body = canonical_body(payment)
    occurred_us = original.entry.occurred_us + shift_us
    decision = msgspec.structs.replace(
        original.decision,
        id=event_id,
        seq=seq,
        occurred_at=payment.occurred_at.isoformat(),
        decided_at=from_us(occurred_us + MICROS_PER_SECOND).isoformat(),
    )
    return msgspec.structs.replace(
        original.entry,
        seq=seq,
        event_id=event_id,
        occurred_us=occurred_us,
        arrived_us=occurred_us + MICROS_PER_SECOND,
        flags=0,
        digest=body_digest(body),
        body=body,
        decision=_ENCODE(decision),
    )


def _by_others(payment: Payment, event_id: str, generation: int) -> Payment:
    """Give a payment another id, day, customer, card and phone; on most days other devices and addresses too."""
    replace = msgspec.structs.replace
    mark = f".{generation}"
    customer, payer, card, device = payment.customer, payment.payer, payment.card, payment.device
    if customer is not None:
        customer = replace(
            customer,
            id=customer.id + mark,
            phone=_other_phone(customer.phone, generation),
            email=None if customer.email is None else f"{generation}.{customer.email}",
        )
    if payer is not None:
        payer = replace(
            payer,
            account=None if payer.account is None else payer.account + mark,
            vpa=None if payer.vpa is None else f"{generation}.{payer.vpa}",
        )
    if card is not None and card.token is not None:
        card = replace(card, token=card.token + mark)
    shipping, billing = payment.shipping, payment.billing
    if generation % SHARED_EVERY:
        if device is not None and device.id is not None:
            device = replace(device, id=device.id + mark)
        shipping, billing = _other_line(shipping, generation), _other_line(billing, generation)
    return replace(
        payment,
        id=event_id,
        occurred_at=payment.occurred_at + timedelta(days=generation),
        customer=customer,
        payer=payer,
        card=card,
        device=device,
        shipping=shipping,
        billing=billing,
    )


def _other_line(address: Address | None, generation: int) -> Address | None:
    """Return another door of the same street."""
    if address is None or address.line is None:
        return address
    return msgspec.structs.replace(address, line=f"{address.line}, {generation}")


def _other_phone(phone: str | None, generation: int) -> str | None:
    """Return another Indian mobile number.

    Examples
    --------
    >>> _other_phone("+919876543210", 1), _other_phone(None, 1)
    ('+919876551129', None)
    """
    if phone is None:
        return None
    digits = (int(phone[-9:]) + generation * _PHONE_STEP) % _PHONE_DIGITS
    return f"{phone[:-9]}{digits:09d}"
