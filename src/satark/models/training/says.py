"""What an input means, in words for people: written into the model file when it is trained, in English and Hindi."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.words import duration_words
from satark.features.spec import FeatureSpec, Statistic

if TYPE_CHECKING:
    from satark.models.training.derive import Derived

Both = tuple[str, str]
PAYMENT = "payment"

KEYS: dict[str, Both] = {
    "account": ("account", "खाता"),
    "bin6": ("card number range", "कार्ड नंबर-शृंखला"),
    "card": ("card", "कार्ड"),
    "customer": ("customer", "ग्राहक"),
    "device": ("device", "डिवाइस"),
    "email": ("e-mail address", "ईमेल पता"),
    "fingerprint": ("device fingerprint", "डिवाइस फ़िंगरप्रिंट"),
    "ip": ("network address", "नेटवर्क पता"),
    "ip_prefix": ("network", "नेटवर्क क्षेत्र"),
    "label": ("outcome", "नतीजा"),
    "merchant": ("merchant", "व्यापारी"),
    "mcc": ("merchant category", "व्यापार श्रेणी"),
    "payee_account": ("payee account", "लाभार्थी खाता"),
    "payee_key": ("payee", "लाभार्थी"),
    "payee_vpa": ("payee UPI address", "लाभार्थी यूपीआई पता"),
    "payer_key": ("payer", "भुगतानकर्ता"),
    "phone": ("phone number", "फ़ोन नंबर"),
    "shipping_address": ("delivery address", "डिलीवरी पता"),
    "vpa": ("UPI address", "यूपीआई पता"),
}
PLACES: dict[str, Both] = {
    "account": ("from this account", "इस खाते से"),
    "bin6": ("on cards of this number range", "इस नंबर-शृंखला के कार्डों से"),
    "card": ("on this card", "इस कार्ड से"),
    "customer": ("of this customer", "इस ग्राहक के"),
    "device": ("from this device", "इस डिवाइस से"),
    "email": ("with this e-mail address", "इस ईमेल पते से"),
    "fingerprint": ("from this device", "इस डिवाइस से"),
    "ip": ("from this network address", "इस नेटवर्क पते से"),
    "ip_prefix": ("from this network", "इस नेटवर्क क्षेत्र से"),
    "merchant": ("at this merchant", "इस व्यापारी के यहाँ"),
    "mcc": ("in this merchant category", "इस व्यापार श्रेणी में"),
    "payee_account": ("to this account", "इस लाभार्थी खाते में"),
    "payee_key": ("to this payee", "इस लाभार्थी को"),
    "payee_vpa": ("to this UPI address", "इस यूपीआई पते पर"),
    "payer_key": ("by this payer", "इस भुगतानकर्ता के"),
    "phone": ("with this phone number", "इस फ़ोन नंबर से"),
    "shipping_address": ("to this delivery address", "इस डिलीवरी पते पर"),
    "vpa": ("from this UPI address", "इस यूपीआई पते से"),
}
"""Where the entries of a window are, by its key."""
FACTS: dict[str, Both] = {
    "amount": ("amount", "राशि"),
    "channel": ("channel", "माध्यम"),
    "hour": ("hour of the day (IST)", "समय का घंटा (IST)"),
    "line_count": ("order lines", "ऑर्डर की मदें"),
    "location": ("place", "स्थान"),
    "mcc": ("merchant category", "व्यापार श्रेणी"),
    "method": ("method of payment", "भुगतान का तरीका"),
    "quantity": ("pieces", "नग"),
}
ENTRIES: dict[str, Both] = {
    "payment": ("payments", "भुगतान"),
    "payment_result": ("results of payments", "भुगतान के नतीजे"),
    "label": ("labelled payments", "पुष्टि किए गए भुगतान"),
    "payee_change": ("changes of payees", "लाभार्थी में बदलाव"),
}
REPORTED: dict[str, Both] = {
    'label == "fraud"': ("reported frauds", "दर्ज धोखाधड़ी"),
    'label == "genuine"': ("payments confirmed genuine", "सही पाए गए भुगतान"),
    'outcome == "declined"': ("declined payments", "अस्वीकृत भुगतान"),
}
STATISTICS: dict[Statistic, Both] = {
    Statistic.COUNT: ("{{value}} {entries}", "{{value}} {entries}"),
    Statistic.SUM: ("{{value}} in all, {of} of {entries}", "{entries} में कुल {of} {{value}}"),
    Statistic.MEAN: ("mean {of} of {entries} {{value}}", "{entries} की औसत {of} {{value}}"),
    Statistic.MIN: ("least {of} of {entries} {{value}}", "{entries} में सबसे कम {of} {{value}}"),
    Statistic.MAX: ("greatest {of} of {entries} {{value}}", "{entries} में सबसे अधिक {of} {{value}}"),
    Statistic.STD: ("spread of {of} over {entries} {{value}}", "{entries} में {of} का फैलाव {{value}}"),
    Statistic.DISTINCT: ("{{value}} different {of}s among {entries}", "{entries} में {{value}} अलग-अलग {of}"),
    Statistic.FIRST: ("{of} of the first of {entries} {{value}}", "{entries} में पहले की {of} {{value}}"),
    Statistic.LAST: ("{of} of the last of {entries} {{value}}", "{entries} में पिछले की {of} {{value}}"),
    Statistic.SINCE_LAST: ("{{value}} since the last of {entries}", "{entries}: पिछले से {{value}} बाद"),
    Statistic.SINCE_FIRST: ("{{value}} since the first of {entries}", "{entries}: पहले से {{value}} बाद"),
    Statistic.RATE: ("{{value}} {entries} a second", "प्रति सेकंड {{value}} {entries}"),
    Statistic.SHARE_OF: (
        "{{value}} of {entries} with {condition}",
        "{entries} में {condition} का हिस्सा {{value}}",
    ),
    Statistic.SPEED: (
        "{{value}} km/h since the last of {entries}",
        "{entries}: पिछले स्थान से {{value}} किमी/घंटा",
    ),
    Statistic.NEW: ("{of} new among {entries}: {{value}}", "{entries} में {of} नया: {{value}}"),
}
FAMILIES: dict[str, Both] = {
    "habit": ("{fact} is {{value}} this: {one}", "{fact} इसका {{value}} है: {one}"),
    "deviation": (
        "{fact} is {{value}} standard deviations from this: {one}",
        "{fact} इससे {{value}} मानक विचलन दूर है: {one}",
    ),
    "recent": ("{one} is {{value}} this: {other}", "{one} इसका {{value}} है: {other}"),
    "pace": ("{{value}} of {other} fall into {window}", "{other} में से {{value}} {window} में"),
    "risk": ("{{value}} of known payments were fraud: {one}", "ज्ञात भुगतानों में {{value}} धोखाधड़ी: {one}"),
    "turn": ("{{value}} seconds more than {other}: {one}", "{other} से {{value}} सेकंड अधिक: {one}"),
    "peer": ("{one} is {{value}} this: {other}", "{one} इसका {{value}} है: {other}"),
}


def say_fact(name: str) -> Both:
    """Return the words of a fact's value.

    Examples
    --------
    >>> say_fact("amount")
    ('amount {value}', 'राशि {value}')
    """
    en, hi = FACTS.get(name, (name.replace("_", " "), name.replace("_", " ")))
    return f"{en} {{value}}", f"{hi} {{value}}"


def say_feature(spec: FeatureSpec) -> Both:
    """Return the words of a window's value.

    Examples
    --------
    >>> from satark.events.facts import BASE_FACTS
    >>> from satark.features.oneline import parse_feature
    >>> from satark.language import Position
    >>> spec, _ = parse_feature("n", "count() by card over 10m", BASE_FACTS, Position("p"))
    >>> say_feature(spec)
    ('{value} payments on this card in 10 minutes', 'इस कार्ड से 10 मिनट में {value} बार')
    """
    en, hi = _words(spec, 0), _words(spec, 1)
    if spec.statistic is Statistic.COUNT and spec.event_type == PAYMENT and spec.where is None:
        hi = "{value} बार"
    return f"{en} {_place(spec, 0)}", f"{_place(spec, 1)} {hi}"


def say_near(fact: str, partner: str) -> Both:
    """Return the words of how near two names lie.

    Examples
    --------
    >>> say_near("customer", "merchant")[0]
    'how usual this merchant is for a customer like this: {value} (1 at most)'
    """
    (en, hi), (other_en, other_hi) = (KEYS.get(name, (name, name)) for name in (fact, partner))
    return (
        f"how usual this {other_en} is for a {en} like this: {{value}} (1 at most)",
        f"ऐसे {hi} के लिए यह {other_hi} कितना सामान्य है: {{value}} (अधिकतम 1)",
    )


def say_derived(one: Derived) -> Both:
    """Return the words of a derived input."""
    en, hi = FAMILIES[one.family]
    fact = FACTS.get(one.fact, (one.fact, one.fact))
    told = []
    for lang, template in enumerate((en, hi)):
        parts = [_bare(spec, lang) for spec in one.parts]
        told.append(
            template.format(
                fact=fact[lang],
                one=parts[0],
                other=parts[-1],
                window=duration_words(one.parts[0].window_seconds, "hi" if lang else "en"),
            )
        )
    return told[0], told[1]


def _bare(spec: FeatureSpec, lang: int) -> str:
    """Return the words of a window without a value."""
    words = " ".join(_words(spec, lang).replace("{value}", "").split())
    return f"{_place(spec, lang)} {words}" if lang else f"{words} {_place(spec, lang)}"


def _words(spec: FeatureSpec, lang: int) -> str:
    where = "" if spec.where is None else spec.where.canonical
    entries = REPORTED[where][lang] if where in REPORTED else ENTRIES[spec.event_type][lang]
    value = "" if spec.value is None else spec.value.canonical
    of = FACTS.get(value, KEYS.get(value, (value, value)))[lang]
    condition = "" if spec.condition is None else spec.condition.canonical
    if condition in REPORTED:
        condition = REPORTED[condition][lang]
    return STATISTICS[spec.statistic][lang].format(entries=entries, of=of, condition=_escaped(condition))


def _place(spec: FeatureSpec, lang: int) -> str:
    places = [PLACES.get(name, (f"with this {name}", f"इस {name} पर"))[lang] for name in spec.by]
    window = duration_words(spec.window_seconds, "hi" if lang else "en")
    delay = duration_words(spec.delay_seconds, "hi" if lang else "en") if spec.delay_seconds else ""
    if lang:
        return f"{' और '.join(places)} {window} में" + (f" ({delay} पहले तक)" if delay else "")
    return f"{' and '.join(places)} in {window}" + (f", up to {delay} ago" if delay else "")


def _escaped(text: str) -> str:
    return text.replace("{", "").replace("}", "")
