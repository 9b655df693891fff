"""The kinds of field that events are made of: what each may hold and how long it may be.

Types and lengths are enforced by the decoder itself. What text must look like is a `Rule`
(`satark.events.rules`), which `satark.events.check` applies after decoding: one pass over all fields costs a
third of one regular expression per field. The pattern stands in the JSON Schema all the same.
"""

# The annotations of this folder's structs are read at run time by msgspec, so nothing here is deferred.
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from satark.core.money import MAX_AMOUNT_MINOR
from satark.events import rules

MAX_EVENT_BYTES = 131_072
"""The largest body of one event: 100 order lines with titles in Devanagari fit."""

MAX_LINES = 100
MAX_CUSTOM = 32
MAX_CUSTOM_NAME = 40
MAX_INT = 2**63 - 1
CUSTOM_NAME_PATTERN = r"^[a-z][a-z0-9_]{0,39}$"

_ID_META = Meta(
    min_length=1,
    max_length=64,
    description="1 to 64 of A-Z a-z 0-9 . _ : @ + - | /",
    extra_json_schema={"pattern": r"^[A-Za-z0-9._:@+\-|/]{1,64}$"},
)

# Everything but control characters; tabs and line ends are allowed, because addresses have lines.
_NO_CONTROL = {"pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"}


Id = Annotated[str, _ID_META, rules.ID]
Account = Annotated[str, _ID_META, rules.ACCOUNT]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset, from 1970 to 2099")]
AmountMinor = Annotated[
    int,
    Meta(ge=0, le=MAX_AMOUNT_MINOR, description="minor units of the currency: paise for INR"),
]
CurrencyCode = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=3,
        description="ISO 4217, active currencies",
        extra_json_schema={"pattern": "^[A-Z]{3}$"},
    ),
    rules.CURRENCY,
]
CountryCode = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=2,
        description="ISO 3166-1 alpha-2",
        extra_json_schema={"pattern": "^[A-Z]{2}$"},
    ),
    rules.COUNTRY,
]
Mcc = Annotated[
    str,
    Meta(
        min_length=4,
        max_length=4,
        description="merchant category code, ISO 18245",
        extra_json_schema={"pattern": "^[0-9]{4}$"},
    ),
    rules.MCC,
]
Bin = Annotated[
    str,
    Meta(
        min_length=6,
        max_length=8,
        description="the card's first 6 or 8 digits",
        extra_json_schema={"pattern": "^[0-9]{6}([0-9]{2})?$"},
    ),
    rules.BIN,
]
Last4 = Annotated[
    str,
    Meta(
        min_length=4,
        max_length=4,
        description="the card's last 4 digits",
        extra_json_schema={"pattern": "^[0-9]{4}$"},
    ),
    rules.LAST4,
]
CardNumber = Annotated[
    str,
    Meta(
        min_length=12,
        max_length=37,
        description="a full card number; accepted only to become a token, BIN and last 4 at the door",
        extra_json_schema={"pattern": "^[0-9]([ -]?[0-9]){11,18}$", "writeOnly": True},
    ),
    rules.CARD_NUMBER,
]
Phone = Annotated[
    str,
    Meta(
        min_length=7,
        max_length=25,
        description="E.164, or ten digits of an Indian mobile",
        extra_json_schema={"pattern": r"^\+?[0-9 ().\-]+$"},
    ),
    rules.PHONE,
]
Email = Annotated[str, Meta(min_length=3, max_length=254, extra_json_schema={"format": "email"}), rules.EMAIL]
Vpa = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=255,
        description="UPI address, name@handle",
        extra_json_schema={"pattern": r"^[A-Za-z0-9._\-]+@[A-Za-z0-9.\-]+$"},
    ),
    rules.VPA,
]
Pin = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=12,
        description="postal code; an Indian PIN is 6 digits",
        extra_json_schema={"pattern": r"^[A-Za-z0-9][A-Za-z0-9 \-]{1,9}[A-Za-z0-9]$"},
    ),
    rules.PIN,
]
IpAddress = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=45,
        description="IPv4 or IPv6 as text",
        extra_json_schema={"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
    ),
    rules.IP,
]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
AccuracyMetres = Annotated[float, Meta(ge=0, le=1_000_000)]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
ShortText = Annotated[str, Meta(max_length=64, extra_json_schema=_NO_CONTROL), rules.TEXT]
Sku = Annotated[str, Meta(max_length=64, extra_json_schema=_NO_CONTROL), rules.GOODS]
Title = Annotated[str, Meta(max_length=200, extra_json_schema=_NO_CONTROL), rules.TITLE]
LineText = Annotated[str, Meta(max_length=200, extra_json_schema=_NO_CONTROL), rules.LINE]
LongText = Annotated[str, Meta(max_length=512, extra_json_schema=_NO_CONTROL), rules.TEXT]
CustomName = Annotated[
    str, Meta(min_length=1, max_length=MAX_CUSTOM_NAME, extra_json_schema={"pattern": CUSTOM_NAME_PATTERN})
]
CustomInt = Annotated[int, Meta(ge=-MAX_INT - 1, le=MAX_INT)]
CustomText = Annotated[str, Meta(max_length=256, extra_json_schema=_NO_CONTROL)]
CustomValue = CustomText | CustomInt | float | bool
Custom = Annotated[
    dict[CustomName, CustomValue],
    Meta(max_length=MAX_CUSTOM, description="attributes that the policy declares"),
]
Version = Annotated[int, Meta(ge=1, le=1, description="of the event's schema; fields are only ever added")]

Method = Literal["card", "upi", "netbanking", "wallet", "cash_on_delivery"]
Channel = Literal["web", "app", "pos", "atm", "ivr", "recurring", "unknown"]
ThreeDs = Literal["authenticated", "attempted", "failed", "not_enrolled", "unavailable"]
UpiFlow = Literal["collect", "intent", "qr", "mandate"]
Outcome = Literal["authorised", "declined", "captured", "refunded", "charged_back"]
Verdict = Literal["fraud", "genuine"]
Change = Literal["added", "removed", "limit_raised"]
