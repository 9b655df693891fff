"""From columns to events: the structs of a day's honest payments and of the payees added before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.events import Location, PayeeChange, Payment
from satark.payments.simulation.identities import Identities, moment
from satark.payments.simulation.ordinary import CARD, SALARY, UPI, DayColumns

if TYPE_CHECKING:
    from collections.abc import Callable

METHODS = ("card", "upi", "netbanking", "wallet", "cash_on_delivery")
CHANNELS = ("app", "web", "pos", "atm", "recurring", "ivr")
FLOWS = (None, "collect", "intent", "qr", "mandate")
THREE_DS = (None, "authenticated", "attempted", "failed", "not_enrolled", "unavailable")


def payment_maker(columns: DayColumns, identities: Identities) -> Callable[[int, str], Payment]:
    """Return a function that builds the payment of a row under an id.

    The columns are turned into Python lists once, because reading numpy scalars one by one is slow.
    """
    at_us, kind, customer = columns.at_us.tolist(), columns.kind.tolist(), columns.customer.tolist()
    method, flow, channel = columns.method.tolist(), columns.flow.tolist(), columns.channel.tolist()
    amount, shop, contact = columns.amount_minor.tolist(), columns.shop.tolist(), columns.contact.tolist()
    device, card, address = columns.device.tolist(), columns.card.tolist(), columns.address.tolist()
    lat, lon, accuracy = columns.lat.tolist(), columns.lon.tolist(), columns.accuracy_m.tolist()
    ship_to, three_ds = columns.ship_to.tolist(), columns.three_ds.tolist()
    anonymous, new_payee, added_us = (
        columns.anonymous.tolist(),
        columns.new_payee.tolist(),
        columns.added_us.tolist(),
    )
    line_first, line_count = columns.line_first.tolist(), columns.line_count.tolist()
    line_key = columns.line_key.tolist()
    addresses = identities.population.addresses

    def make(row: int, event_id: str) -> Payment:
        person, is_upi = customer[row], method[row] == UPI
        if kind[row] == SALARY:
            employer, payer = identities.employer(person)
            return Payment(
                id=event_id,
                occurred_at=moment(at_us[row]),
                amount_minor=amount[row],
                method="netbanking",
                channel="recurring",
                customer=employer,
                payer=payer,
                payee=identities.contact_account(person),
            )
        hidden = anonymous[row]
        remote = not hidden and channel[row] < 2
        count, key = line_count[row], line_first[row]
        if contact[row] < 0:
            payee = identities.shop(shop[row], upi=is_upi)
        elif new_payee[row]:
            payee = identities.new_contact(person, row % 4_093, added_us[row])
        else:
            payee = identities.contact(person, contact[row])
        return Payment(
            id=event_id,
            occurred_at=moment(at_us[row]),
            amount_minor=amount[row],
            method=METHODS[method[row]],  # type: ignore[arg-type]
            channel=CHANNELS[channel[row]],  # type: ignore[arg-type]
            customer=None if hidden else identities.customer(person),
            payer=identities.payer(person) if is_upi else None,
            card=identities.card(card[row], THREE_DS[three_ds[row]]) if method[row] == CARD else None,
            payee=payee,
            upi_flow=FLOWS[flow[row]],  # type: ignore[arg-type]
            lines=tuple([identities.line(place) for place in line_key[key : key + count]]) if count else (),
            shipping=identities.home(ship_to[row]) if ship_to[row] >= 0 else None,
            billing=identities.home(person) if count and ship_to[row] >= 0 else None,
            device=identities.device(device[row]) if remote else None,
            ip=addresses[address[row]] if remote else None,
            ip_country="IN" if remote else None,
            location=Location(lat=lat[row], lon=lon[row], accuracy_m=float(accuracy[row]))
            if accuracy[row] >= 0
            else None,
        )

    return make


def payee_change_maker(columns: DayColumns, identities: Identities) -> Callable[[int, str], PayeeChange]:
    """Return a function that builds the payee change before a row's payment (where `new_payee` is true)."""
    addresses = identities.population.addresses

    def make(row: int, event_id: str) -> PayeeChange:
        person, added_us = int(columns.customer[row]), int(columns.added_us[row])
        return PayeeChange(
            id=event_id,
            occurred_at=moment(added_us),
            customer=identities.customer(person),
            change="added",
            payee=identities.new_contact(person, row % 4_093, added_us),
            channel="app",
            device=identities.device(int(columns.device[row])),
            ip=addresses[int(columns.address[row])],
            ip_country="IN",
        )

    return make
