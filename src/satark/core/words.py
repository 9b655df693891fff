"""Words for people in both languages, and durations written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from satark.core.clock import Lang


class Words(msgspec.Struct, frozen=True):
    """One text in English and in Hindi; there is never one without the other."""

    en: str
    hi: str

    def of(self, lang: Lang) -> str:
        """Return the text in one language.

        Examples
        --------
        >>> Words(en="card", hi="कार्ड").of("hi")
        'कार्ड'
        """
        return self.hi if lang == "hi" else self.en


# (seconds, English singular, English plural, Hindi singular, Hindi plural), largest first.
_UNITS = (
    (86_400, "day", "days", "दिन", "दिन"),
    (3_600, "hour", "hours", "घंटा", "घंटे"),
    (60, "minute", "minutes", "मिनट", "मिनट"),
    (1, "second", "seconds", "सेकंड", "सेकंड"),
)


def duration_words(seconds: float, lang: Lang = "en") -> str:
    """Write a duration with its two largest units, rounded down to a whole second.

    A window is written with one unit because it is a whole number of it.

    Parameters
    ----------
    seconds
        The length; a negative one is written with a minus sign.
    lang
        "en" or "hi".

    Examples
    --------
    >>> duration_words(600), duration_words(86_400), duration_words(5_460)
    ('10 minutes', '1 day', '1 hour 31 minutes')
    >>> duration_words(600, "hi"), duration_words(0.4)
    ('10 मिनट', '0 seconds')
    """
    left = int(abs(seconds))
    sign = "-" if seconds < 0 and left else ""
    parts: list[str] = []
    for size, one_en, many_en, one_hi, many_hi in _UNITS:
        number, rest = divmod(left, size)
        if number:
            word = (
                (one_hi if number == 1 else many_hi) if lang == "hi" else (one_en if number == 1 else many_en)
            )
            parts.append(f"{number} {word}")
            left = rest
        if len(parts) == 2 or (parts and not number):  # noqa: PLR2004 - two units, without a gap between them
            break
    return sign + (" ".join(parts) or f"0 {_UNITS[-1][4 if lang == 'hi' else 2]}")
