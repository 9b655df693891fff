"""The pages' words in English and Hindi, from gettext catalogues.

English is the language of the message ids. Each area of the console has a catalogue of its own
(`locale/<language>/LC_MESSAGES/<area>.po`); together they answer as one. A missing Hindi string would show up in
English, so a test extracts all strings of templates and code and fails when no catalogue has one.
"""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LANGUAGES = {"en": "English", "hi": "हिन्दी"}
DOMAIN = "messages"
LOCALE = Path(__file__).with_name("locale")


@cache
def translations(lang: str) -> gettext.NullTranslations:
    """Return all catalogues of a language as one; English needs none."""
    if lang == "en":
        return gettext.NullTranslations()
    merged = gettext.translation(DOMAIN, LOCALE, languages=[lang])
    for path in catalogues(lang):
        if path.stem != DOMAIN:
            with path.open("rb") as compiled:
                merged.add_fallback(gettext.GNUTranslations(compiled))
    return merged


def catalogues(lang: str, kind: str = "mo") -> list[Path]:
    """Return the compiled catalogues of a language (or, as `po`, their sources), in the order of their names."""
    return sorted((LOCALE / lang / "LC_MESSAGES").glob(f"*.{kind}"))


def choose(chosen: str | None, accepted: str, default: str) -> str:
    """Return the language of a request: the chosen one, else the browser's first that we have, else the default.

    Examples
    --------
    >>> choose(None, "fr-FR, hi;q=0.8, en;q=0.7", "en"), choose("en", "hi", "hi"), choose("xx", "", "hi")
    ('hi', 'en', 'hi')
    """
    if chosen in LANGUAGES:
        return chosen
    for lang in _by_quality(accepted):
        if lang in LANGUAGES:
            return lang
    return default if default in LANGUAGES else "en"


def _by_quality(header: str) -> Iterable[str]:
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:200].split(",")):
        tag, _, rest = part.strip().partition(";")
        try:
            quality = float(rest.partition("=")[2]) if rest else 1.0
        except ValueError:
            quality = 0.0
        ranked.append((-quality, place, tag.partition("-")[0].strip().lower()))
    return [lang for _, _, lang in sorted(ranked)]


def mark(message: str) -> str:
    """Mark a message of the code for the catalogue; it is translated where it is shown.

    Areas import it as `_`, the name by which the extraction finds its calls.
    """
    return message


def mark_plural(one: str, many: str) -> tuple[str, str]:
    """Mark a message with a number, `%(count)s`, likewise; areas import it as `ngettext`."""
    return one, many


_ = mark

ACTION_NAMES = {
    "allow": _("Allowed"),
    "challenge": _("Challenged"),
    "hold": _("Held"),
    "block": _("Blocked"),
}
METHOD_NAMES = {
    "card": _("Card"),
    "upi": _("UPI"),
    "netbanking": _("Net banking"),
    "wallet": _("Wallet"),
    "cash_on_delivery": _("Cash on delivery"),
}
CHANNEL_NAMES = {
    "web": _("Website"),
    "app": _("App"),
    "pos": _("Shop terminal"),
    "atm": _("Cash machine"),
    "ivr": _("By phone"),
    "recurring": _("Recurring"),
    "unknown": _("Unknown"),
}
FLOW_NAMES = {
    "collect": _("Collect request"),
    "intent": _("Opened from an app"),
    "qr": _("QR code"),
    "mandate": _("Standing mandate"),
}
STEP_NAMES = {
    "decode": _("Reading the event"),
    "waiting": _("Waiting for its turn"),
    "facts": _("Facts"),
    "windows": _("Windows of the past"),
    "rules": _("Rules"),
    "model": _("Model"),
    "total": _("Together"),
}
PARTICULAR_NAMES = (
    _("Customer"),
    _("Phone"),
    _("E-mail"),
    _("Card"),
    _("Card issued in"),
    _("Payer account"),
    _("Payer UPI address"),
    _("Merchant"),
    _("Merchant category"),
    _("Payee account"),
    _("Payee UPI address"),
    _("Ships to"),
    _("Billed in"),
    _("Device"),
    _("IP address"),
    _("IP country"),
)
