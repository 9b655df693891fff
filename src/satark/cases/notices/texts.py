"""The words of one notice: the policy's template filled in, for an SMS, an e-mail and the rest."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, cast

from satark.cases.notices.particulars import brief_moment, reference_of, short_moment
from satark.cases.outbox import Mail, Text
from satark.core.words import Words

if TYPE_CHECKING:
    from satark.cases.notices.model import Shown
    from satark.core.clock import Lang
    from satark.policies.notice_rules import NoticeRules, NoticeTemplate

MAX_TEXT = 1_000
MAX_BRIEF = {"payee": 16, "instrument": 14}
"""Characters of a name in an SMS; the page behind its link says it whole."""
_BODY = (
    "margin:0;padding:24px;background:#f4f6f8;color:#15202b;line-height:1.5;"
    "font-family:'Noto Sans Devanagari','Nirmala UI',system-ui,sans-serif"
)
_SHEET = (
    "max-width:560px;margin:0 auto;background:#ffffff;padding:24px;border-radius:12px;"
    "overflow-wrap:anywhere;word-break:break-word"
)
_BUTTON = (
    "display:inline-block;padding:14px 22px;border-radius:8px;background:#0b4f8a;color:#ffffff;"
    "text-decoration:none;font-weight:bold"
)
_GSM_PART, _GSM_WHOLE = 153, 160
_UCS2_PART, _UCS2_WHOLE = 67, 70
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)

ASK = Words(en="Tell us whether it was you", hi="बताएँ कि यह आपने किया या नहीं")
NEVER = Words(
    en="We never ask for an OTP, PIN, CVV or password, and the page behind this link does not either.",
    hi="हम OTP, PIN, CVV या पासवर्ड कभी नहीं पूछते, और इस लिंक का पेज भी नहीं पूछता।",
)
REFERENCE = Words(en="Reference: {number}", hi="संदर्भ संख्या: {number}")
CALL = Words(en="Or call us: {number}", hi="या हमें कॉल करें: {number}")
LOST = Words(
    en="Lost money to fraud? Call 1930 at once (national cyber fraud helpline) or report at cybercrime.gov.in.",
    hi="धोखाधड़ी में पैसे गए हैं? तुरंत 1930 (राष्ट्रीय साइबर धोखाधड़ी हेल्पलाइन) पर कॉल करें या cybercrime.gov.in पर शिकायत करें।",
)


def values_of(shown: Shown, rules: NoticeRules, lang: Lang, link: str) -> dict[str, str]:
    """Return what the holes of a template are filled with."""
    return {
        "amount": shown.amount,
        "instrument": shown.instrument_hi if lang == "hi" else shown.instrument_en,
        "payee": shown.payee_hi if lang == "hi" else shown.payee_en,
        "when": short_moment(shown.occurred_us, lang),
        "when_brief": brief_moment(shown.occurred_us),
        "reference": reference_of(shown.event_id),
        "link": link,
        "helpline": rules.helpline,
        "institution": rules.institution.of(lang),
    }


def text_of(template: NoticeTemplate, values: dict[str, str], lang: Lang, channel: str) -> Text:
    """Return the body of a message by SMS, WhatsApp or push; an SMS says the same in fewer characters."""
    if channel == "sms":
        values = brief(values)
    text = " ".join(template.text(lang).fill(values).split())[:MAX_TEXT]
    if channel == "sms":
        text = for_sms(text, lang)
    title = " ".join(template.subject(lang).fill(values).split())
    dlt = template.dlt.of(lang) if template.dlt is not None and channel == "sms" else ""
    return Text(text=text, title=title, template=dlt, lang=lang)


def brief(values: dict[str, str]) -> dict[str, str]:
    """Return the values as an SMS has room for: of Hindi, 67 characters are one part, and each part is paid for.

    Examples
    --------
    >>> made = brief({"amount": "₹49,000.00", "payee": "a-very-long-name@quickbank", "when_brief": "09/09 07:16"})
    >>> made["amount"], made["payee"], made["when"]
    ('₹49,000', 'a-very-long-nam…', '09/09 07:16')
    """
    short = dict(values)
    short["amount"] = values["amount"].removesuffix(".00")
    short["when"] = values.get("when_brief") or values["when"]
    for name, most in MAX_BRIEF.items():
        text = values.get(name, "")
        if len(text) > most:
            short[name] = text[: most - 1].rstrip() + "…"
    return short


def mail_of(template: NoticeTemplate, values: dict[str, str], lang: Lang) -> Mail:
    """Return an e-mail with text and HTML; whatever came with the payment is escaped in the HTML."""
    subject = " ".join(template.subject(lang).fill(values).split())
    said = " ".join(template.text(lang).fill(values).split())
    call = CALL.of(lang).format(number=values["helpline"]) if values["helpline"] else ""
    reference = REFERENCE.of(lang).format(number=values["reference"])
    lines = [
        said,
        "",
        reference,
        *([call] if call else []),
        LOST.of(lang),
        "",
        NEVER.of(lang),
        "",
        values["institution"],
    ]
    return Mail(
        subject=subject, text="\n".join(lines) + "\n", html=_html(values, lang, subject, said), lang=lang
    )


def for_sms(text: str, lang: Lang) -> str:
    """Write an English text in the letters of GSM 03.38, so that an SMS holds 160 of them and not 70.

    Examples
    --------
    >>> for_sms("₹49,000.00 to quick-loan… – held", "en")
    'Rs.49,000.00 to quick-loan.. - held'
    """
    if lang != "en":
        return text
    for found, written in (
        ("₹", "Rs."),
        ("…", ".."),
        ("–", "-"),
        ("—", "-"),
        ("’", "'"),
        ("“", '"'),
        ("”", '"'),
    ):
        text = text.replace(found, written)
    return text


def sms_parts(text: str) -> int:
    """Return how many SMS a text takes.

    Examples
    --------
    >>> sms_parts("a" * 160), sms_parts("a" * 161), sms_parts("क" * 70), sms_parts("क" * 71)
    (1, 2, 1, 2)
    """
    whole, part = (_GSM_WHOLE, _GSM_PART) if set(text) <= _GSM else (_UCS2_WHOLE, _UCS2_PART)
    length = len(text.encode("utf-16-le")) // 2 if whole == _UCS2_WHOLE else len(text)
    return 1 if length <= whole else -(-length // part)


def _html(values: dict[str, str], lang: Lang, subject: str, said: str) -> str:
    """Write the HTML part: no script, picture or style from elsewhere; it links to our page and the helpline only."""
    link, helpline = escape(values["link"]), values["helpline"]
    spoken = escape(said)
    reference = f"<p>{escape(REFERENCE.of(lang).format(number=values['reference']))}</p>"
    button = call = ""
    if link:
        # The address in the sentence stays readable, and so can be compared with where it leads.
        spoken = spoken.replace(link, f'<a href="{link}">{link}</a>')
        button = f'<p style="margin:24px 0"><a href="{link}" style="{_BUTTON}">{escape(ASK.of(lang))}</a></p>'
    if helpline:
        dialled = "".join(sign for sign in helpline if sign.isdigit() or sign == "+")
        written = f'<a href="tel:{dialled}">{escape(helpline)}</a>'
        call = f"<p>{escape(CALL.of(lang)).format(number=written)}</p>"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(subject)}</title></head>"
        f'<body style="{_BODY}"><div style="{_SHEET}">'
        f'<p style="font-weight:bold">{escape(values["institution"])}</p>'
        f'<h1 style="font-size:20px">{escape(subject)}</h1><p>{spoken}</p>{button}{reference}{call}'
        f'<p>{escape(LOST.of(lang))}</p><p style="color:#4a5967;font-size:14px">{escape(NEVER.of(lang))}</p>'
        "</div></body></html>"
    )


def lang_of(text: str | None, default: Lang) -> Lang:
    """Return a language of ours."""
    return cast("Lang", text) if text in {"en", "hi"} else default
