"""Whether the customer's mail address is of a service that gives addresses for minutes."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal

DISPOSABLE = frozenset(
    [
        "10minutemail.com",
        "10minutemail.net",
        "20minutemail.com",
        "33mail.com",
        "anonaddy.me",
        "burnermail.io",
        "byom.de",
        "cock.li",
        "deadaddress.com",
        "discard.email",
        "discardmail.com",
        "disposablemail.com",
        "dispostable.com",
        "dropmail.me",
        "emailfake.com",
        "emailondeck.com",
        "emltmp.com",
        "fakeinbox.com",
        "fakemail.net",
        "fakemailgenerator.com",
        "getairmail.com",
        "getnada.com",
        "grr.la",
        "guerrillamail.biz",
        "guerrillamail.com",
        "guerrillamail.net",
        "guerrillamail.org",
        "harakirimail.com",
        "inboxbear.com",
        "inboxkitten.com",
        "incognitomail.com",
        "jetable.org",
        "mail-temp.com",
        "mail.tm",
        "mailcatch.com",
        "maildrop.cc",
        "mailinator.com",
        "mailinator.net",
        "mailnesia.com",
        "mailnull.com",
        "mailpoof.com",
        "mailsac.com",
        "mailtemp.net",
        "mintemail.com",
        "moakt.com",
        "mohmal.com",
        "mytemp.email",
        "nada.email",
        "one-time.email",
        "owlymail.com",
        "sharklasers.com",
        "smailpro.com",
        "spam4.me",
        "spamgourmet.com",
        "temp-mail.io",
        "temp-mail.org",
        "tempail.com",
        "tempinbox.com",
        "tempm.com",
        "tempmail.dev",
        "tempmail.net",
        "tempmail.plus",
        "tempmailo.com",
        "tempr.email",
        "throwawaymail.com",
        "trash-mail.com",
        "trashmail.com",
        "trashmail.de",
        "trbvm.com",
        "yopmail.com",
        "yopmail.fr",
        "yopmail.net",
    ]
)


def email_is_disposable(email: str | None) -> bool | None:
    """Return whether the domain, or a domain above it, is on the list of such services.

    Examples
    --------
    >>> email_is_disposable("x@mailinator.com"), email_is_disposable("x@gmail.com")
    (True, False)
    """
    if email is None or "@" not in email:
        return None
    parts = email.rpartition("@")[2].lower().split(".")[-4:]
    return any(".".join(parts[place:]) in DISPOSABLE for place in range(len(parts) - 1))


SIGNAL = Signal(
    name="email_is_disposable",
    type=FactType.BOOL,
    inputs=("email",),
    compute=email_is_disposable,
    about="whether the customer's mail address is of a service that gives addresses for minutes",
)
