"""Names and units of the values behind a decision, in the reader's language, with personal values masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satark.core.clock import Micros, format_ist
from satark.core.money import format_minor, group_indian
from satark.core.words import duration_words
from satark.decisions.changes import OTHER
from satark.features.spec import Statistic
from satark.language import Type
from satark.policies.value_words import VALUE_WORDS
from satark.web import i18n
from satark.web.decision.conditions import Conditions
from satark.web.decision.sentences import sentence_of
from satark.web.entity.labels import mask_account, mask_address, mask_token
from satark.web.i18n import mark as _
from satark.web.masks import DOTS, mask_email, mask_id, mask_ip, mask_phone, mask_pin, mask_vpa

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.core.clock import Lang
    from satark.decisions.judge import Judge
    from satark.features.spec import FeatureSpec

MONEY_FACTS = frozenset({"amount", "cash_like_amount"})
SECONDS_PER_DAY = 86_400
_MAX_TEXT = 60
_DURATIONS = frozenset({Statistic.SINCE_FIRST, Statistic.SINCE_LAST})
_COUNTS = frozenset({Statistic.COUNT, Statistic.DISTINCT})

FACT_NAMES = {
    "account": _("Bank account"),
    "amount": _("Amount"),
    "amount_minor": _("Amount in the smallest unit of its currency"),
    "amount_is_round": _("Amount is a round figure"),
    "bin6": _("Card number series"),
    "bin_country": _("Country of the card's number series"),
    "bin_funding": _("Credit, debit or prepaid card"),
    "bin_scheme": _("Card scheme"),
    "billing_country": _("Billing country"),
    "billing_pin": _("PIN code of the billing address"),
    "card": _("Card"),
    "card_country": _("Country of the card"),
    "cash_like_amount": _("Goods as good as cash"),
    "cash_like_kind": _("Kind of goods as good as cash"),
    "cash_like_share": _("Share of goods as good as cash"),
    "change": _("Change"),
    "channel": _("Channel"),
    "currency": _("Currency"),
    "customer": _("Customer"),
    "customer_age_days": _("Age of the customer's account"),
    "device": _("Device"),
    "email": _("E-mail"),
    "email_domain": _("Domain of the e-mail address"),
    "email_is_disposable": _("E-mail address is a throw-away one"),
    "fingerprint": _("Device fingerprint"),
    "hour_ist": _("Hour of the day in India"),
    "ip": _("IP address"),
    "ip_country": _("IP country"),
    "ip_is_private": _("IP address is of a private network"),
    "is_night": _("At night"),
    "issuer_country": _("Country of the card's issuer"),
    "label": _("Report of fraud"),
    "line_count": _("Order lines"),
    "location": _("Where it happened"),
    "mcc": _("Merchant category"),
    "model_score": _("Score of the model"),
    "merchant": _("Merchant"),
    "method": _("Method"),
    "occurred_at": _("Time"),
    "outcome": _("Result of the payment"),
    "payee_account": _("Payee account"),
    "payee_age_days": _("Time since the payee was added"),
    "payee_key": _("Receiver"),
    "payee_vpa": _("Payee UPI address"),
    "payer_key": _("Payer"),
    "phone": _("Phone"),
    "phone_is_foreign": _("Phone is of another country"),
    "quantity": _("Pieces"),
    "shipping_address": _("Delivery address"),
    "shipping_billing_km": _("Distance from the delivery to the billing address"),
    "shipping_country": _("Delivery country"),
    "shipping_location_km": _("Distance from the delivery address to the device"),
    "shipping_pin": _("PIN code of the delivery address"),
    "shipping_pin_known": _("PIN code of the delivery address is in the postal directory"),
    "three_ds": _("Card holder's verification"),
    "upi_flow": _("UPI flow"),
    "user_agent_is_script": _("Sent by a program"),
    "vpa": _("UPI address"),
    "vpa_handle": _("Handle of the UPI address"),
}
BY_NAMES = {
    "account": _("Bank account"),
    "bin6": _("Card number series"),
    "card": _("Card"),
    "currency": _("All payments"),
    "customer": _("Customer"),
    "device": _("Device"),
    "email": _("E-mail"),
    "fingerprint": _("Device fingerprint"),
    "ip": _("IP address"),
    "ip_prefix": _("Network"),
    "merchant": _("Merchant"),
    "payee_account": _("Payee account"),
    "payee_key": _("Receiver"),
    "payee_vpa": _("Payee UPI address"),
    "payer_key": _("Payer"),
    "phone": _("Phone"),
    "shipping_address": _("Delivery address"),
    "vpa": _("UPI address"),
}
VERIFICATION_NAMES = {
    "authenticated": _("Verified"),
    "attempted": _("Verification attempted"),
    "failed": _("Verification failed"),
    "not_enrolled": _("Card takes no part"),
    "unavailable": _("Not available"),
}
_CHOICES = {
    "method": i18n.METHOD_NAMES,
    "channel": i18n.CHANNEL_NAMES,
    "upi_flow": i18n.FLOW_NAMES,
    "three_ds": VERIFICATION_NAMES,
}
_UNKNOWN = _("unknown")
_ANOTHER = _("another one")
_KM = _("km")
_KMH = _("km/h")
_AN_HOUR = _("an hour")
_YES = _("yes")
_NO = _("no")


def _mask_key(text: str) -> str:
    """Mask `vpa:name@bank` by its kind; a merchant is no person."""
    kind, found, value = text.partition(":")
    mask = {"vpa": mask_vpa, "account": mask_account, "card": mask_token, "customer": mask_id}.get(kind)
    return value if found and kind == "merchant" else (mask or mask_id)(value if found else text)


_MASKS: dict[str, Callable[[str], str]] = {
    "account": mask_account,
    "billing_address": mask_address,
    "billing_line": lambda _: DOTS,
    "billing_pin": mask_pin,
    "card": mask_token,
    "customer": mask_id,
    "device": mask_id,
    "email": mask_email,
    "fingerprint": mask_id,
    "id": mask_id,
    "ip": mask_ip,
    "ip_prefix": mask_ip,
    "payee_account": mask_account,
    "payee_key": _mask_key,
    "payee_vpa": mask_vpa,
    "payer_key": _mask_key,
    "phone": mask_phone,
    "shipping_address": mask_address,
    "shipping_line": lambda _: DOTS,
    "shipping_pin": mask_pin,
    "vpa": mask_vpa,
}


class Words:
    """What the values of one policy are called and how they are written, in one language."""

    def __init__(self, judge: Judge, lang: Lang) -> None:
        self.lang = lang
        self._judge = judge
        self._currency = judge.policy.base_currency
        self._translate = i18n.translations(lang).gettext
        self._specs = {feature.name: feature for feature in judge.policy.features}
        self._names: dict[str, str] = {}
        self._conditions = Conditions(self._within, self.value, self._translate)

    def name(self, name: str) -> str:
        """Return what a fact or feature is called; one that we have no words for keeps its name."""
        found = self._names.get(name)
        if found is None:
            found = self._names[name] = self._name(name)
        return found

    def brief(self, name: str) -> str:
        """Return what a feature is called where it stands under what it is kept by."""
        spec = self._specs.get(name)
        whole = self.name(name)
        rest = whole if spec is None else whole.removeprefix(f"{self.by(spec.by)}, ")
        return rest[:1].upper() + rest[1:]

    def by(self, facts: tuple[str, ...]) -> str:
        """Return what windows are kept by: "Card", or "Card number series + Merchant"."""
        return " + ".join(self._translate(BY_NAMES[fact]) if fact in BY_NAMES else fact for fact in facts)

    def value(self, name: str, value: Any) -> str:  # noqa: ANN401 - a value of any type of the language
        """Write a value of a fact or feature."""
        if value is None:
            return self._translate(_UNKNOWN)
        if value is OTHER:
            return self._translate(_ANOTHER)
        if isinstance(value, bool):
            return self._translate(_YES if value else _NO)
        if isinstance(value, str):
            return self._text(name, value)
        if isinstance(value, tuple):
            return ", ".join(f"{number:.3f}" for number in value[:2])
        return self.number(self.unit(name), value)

    def unit(self, name: str) -> str:
        """Return the unit of a number; see `unit_of`."""
        return unit_of(self._judge, name)

    def number(self, unit: str, value: float) -> str:
        """Write a number of a unit."""
        match unit:
            case "money":
                return format_minor(round(value), self._currency)
            case "share":
                return f"{100 * value:.1f}".rstrip("0").rstrip(".") + " %"
            case "duration":
                return duration_words(value, self.lang)
            case "days":
                return duration_words(value * SECONDS_PER_DAY, self.lang)
            case "km":
                return f"{group_indian(round(value))} {self._translate(_KM)}"
            case "kmh":
                return f"{group_indian(round(value))} {self._translate(_KMH)}"
            case "rate":
                return f"{_short(value * 3_600)} {self._translate(_AN_HOUR)}"
            case "time":
                return format_ist(Micros(round(value)), self.lang)
        return _short(value)

    def _name(self, name: str) -> str:
        spec = self._specs.get(name)
        if spec is not None:
            return sentence_of(spec, self.by(spec.by), self.lang, self._conditions.words, self._translate)
        known = FACT_NAMES.get(name)
        return name if known is None else self._translate(known)

    def _within(self, name: str) -> str:
        """Return what a fact is called in the middle of a sentence."""
        words = self.name(name)
        return words if self.lang == "hi" or words[:2].isupper() else words[:1].lower() + words[1:]

    def _text(self, name: str, text: str) -> str:
        choices = _CHOICES.get(name)
        if choices is not None:
            return self._translate(choices[text]) if text in choices else text
        words = VALUE_WORDS.get(name, {}).get(text)
        if words is not None:
            return words.of(self.lang)
        mask = _MASKS.get(name)
        if mask is None and name.startswith("custom."):
            mask = mask_id  # Nobody has said whether it names a person.
        shown = text if mask is None else mask(text)
        return f"{shown[:_MAX_TEXT]}{DOTS}" if len(shown) > _MAX_TEXT else shown


def unit_of(judge: Judge, name: str) -> str:
    """Return the unit of a number: money, share, duration (seconds), days, km, kmh, rate, time or plain."""
    place = judge.features.get(name)
    if place is not None:
        return _unit_of_feature(judge.policy.features[place])
    if name in MONEY_FACTS:
        return "money"
    known = judge.names.get(name)
    if known is not None and known.type is Type.TIME:
        return "time"
    for ending, unit in (("_km", "km"), ("_days", "days"), ("_share", "share")):
        if name.endswith(ending):
            return unit
    return "plain"


def _unit_of_feature(spec: FeatureSpec) -> str:
    if spec.statistic in _DURATIONS:
        return "duration"
    if spec.statistic is Statistic.SHARE_OF:
        return "share"
    if spec.statistic is Statistic.SPEED:
        return "kmh"
    if spec.statistic is Statistic.RATE:
        return "rate"
    if spec.statistic in _COUNTS or spec.value is None:
        return "plain"
    return (
        "money" if spec.value.names & MONEY_FACTS and spec.value.type in (Type.INT, Type.FLOAT) else "plain"
    )


def _short(value: float) -> str:
    """Write a plain number.

    Examples
    --------
    >>> _short(123456), _short(0.125), _short(2.0), _short(1234567.891)
    ('1,23,456', '0.125', '2', '12,34,567.9')
    """
    if isinstance(value, int) or value == round(value):
        return group_indian(round(value))
    if abs(value) >= 1_000:  # noqa: PLR2004 - where decimals stop to matter
        return f"{group_indian(int(value))}.{round(abs(value) % 1 * 10) % 10}"
    return f"{value:.3f}".rstrip("0").rstrip(".")
