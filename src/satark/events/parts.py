"""The parts that events share: who, with what, from where and to whom."""

from typing import Annotated

import msgspec

from satark.events import fields as f


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What all parts have in common: frozen, and a field that is not known is an error."""


class Customer(Part, frozen=True):
    """The person whose account at the caller this is; `added_at` is when that account was made."""

    id: f.Id
    added_at: f.Moment | None = None
    phone: f.Phone | None = None
    email: f.Email | None = None


class Payer(Part, frozen=True):
    """Where the money comes from, when it is not a card."""

    account: f.Account | None = None
    vpa: f.Vpa | None = None


class Card(Part, frozen=True):
    """A card: the caller's or Satark's token, or a full number that becomes one at the door.

    `next_token` is written by Satark alone, while two card keys are in force (see `satark.events.tokens`).
    """

    token: f.Id | None = None
    number: f.CardNumber | None = None
    bin: f.Bin | None = None
    last4: f.Last4 | None = None
    issuer_country: f.CountryCode | None = None
    three_ds: f.ThreeDs | None = None
    next_token: f.Id | None = None

    def __repr__(self) -> str:
        """Show a card without its number, so that no log or traceback can hold one."""
        number = "" if self.number is None else ", number=<hidden>"
        return f"Card(token={self.token!r}, bin={self.bin!r}, last4={self.last4!r}{number})"


class Payee(Part, frozen=True):
    """To whom the money goes; `added_at` is when this customer added this payee."""

    merchant: f.Id | None = None
    account: f.Account | None = None
    vpa: f.Vpa | None = None
    mcc: f.Mcc | None = None
    added_at: f.Moment | None = None


class Line(Part, frozen=True):
    """One line of an order; the price is of one piece, in minor units of the payment's currency."""

    category: f.ShortText | None = None
    sku: f.Sku | None = None
    title: f.Title | None = None
    quantity: f.Quantity = 1
    price_minor: f.AmountMinor | None = None


class Address(Part, frozen=True):
    """A postal address; all optional, because callers hold very different amounts of it."""

    line: f.LineText | None = None
    city: f.ShortText | None = None
    pin: f.Pin | None = None
    country: f.CountryCode | None = None


class Device(Part, frozen=True):
    """The device as the caller knows it."""

    id: f.Id | None = None
    fingerprint: f.Id | None = None
    user_agent: f.LongText | None = None


class Location(Part, frozen=True):
    """Where it happened: degrees (WGS 84) and the radius in metres within which that is certain."""

    lat: f.Latitude
    lon: f.Longitude
    accuracy_m: f.AccuracyMetres = 0.0


Lines = Annotated[tuple[Line, ...], msgspec.Meta(max_length=f.MAX_LINES)]
