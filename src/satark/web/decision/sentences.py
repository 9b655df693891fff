"""What a window is called on a page: whose, over which events, how far back, and what is told of them.

`satark policy explain` writes whole sentences for authors; here there is room for a line, and in Hindi a line whose
words need no cases reads better than a sentence put together from parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.words import duration_words
from satark.features.spec import Statistic
from satark.web.i18n import mark as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.core.clock import Lang
    from satark.features.spec import FeatureSpec
    from satark.language.tree import Node

EVENTS = {
    "payment": _("payments of the last %(window)s"),
    "payment_result": _("results of payments of the last %(window)s"),
    "label": _("reports of the last %(window)s"),
    "payee_change": _("changes of payees of the last %(window)s"),
}
STATISTICS = {
    Statistic.COUNT: _("how many"),
    Statistic.SUM: _("sum of %(value)s"),
    Statistic.MEAN: _("mean of %(value)s"),
    Statistic.MIN: _("least %(value)s"),
    Statistic.MAX: _("greatest %(value)s"),
    Statistic.STD: _("spread of %(value)s"),
    Statistic.DISTINCT: _("how many different %(values)s"),
    Statistic.FIRST: _("first %(value)s"),
    Statistic.LAST: _("last %(value)s"),
    Statistic.SINCE_LAST: _("time since the last one"),
    Statistic.SINCE_FIRST: _("time since the first one"),
    Statistic.RATE: _("how often"),
    Statistic.SHARE_OF: _("share with %(condition)s"),
    Statistic.SPEED: _("speed since the one before"),
    Statistic.NEW: _("%(value)s is new"),
}
_WHERE = _("only where %(where)s")
_DELAY = _("without the last %(window)s")


def sentence_of(
    spec: FeatureSpec, by: str, lang: Lang, words: Callable[[Node], str], translate: Callable[[str], str]
) -> str:
    """Return the line of one window.

    Parameters
    ----------
    by
        What the window is kept by, in words.
    words
        Writes a typed tree.
    translate
        The catalogue of the language.
    """
    value = "" if spec.value is None else words(spec.value.tree)
    holes = {
        "%(value)s": value,
        "%(values)s": value if lang == "hi" else plural(value),
        "%(condition)s": "" if spec.condition is None else words(spec.condition.tree),
    }
    events = translate(EVENTS.get(spec.event_type, EVENTS["payment"]))
    line = f"{by}, {events.replace('%(window)s', _length(spec.window_seconds, lang))}: "
    line += _filled(translate(STATISTICS[spec.statistic]), holes)
    if spec.where is not None:
        line += f", {translate(_WHERE).replace('%(where)s', words(spec.where.tree))}"
    if spec.delay_seconds:
        line += f", {translate(_DELAY).replace('%(window)s', _length(spec.delay_seconds, lang))}"
    return line


def plural(words: str) -> str:
    """Return the plural of an English name as far as the names of facts need it.

    Examples
    --------
    >>> plural("card"), plural("IP country"), plural("UPI address"), plural("card number series")
    ('cards', 'IP countries', 'UPI addresses', 'card number series')
    """
    if words.endswith("series"):
        return words
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith("s") else f"{words}s"


def _length(seconds: int, lang: Lang) -> str:
    """Write a span after "the last": "hour", "10 minutes"; in Hindi in the case that follows पिछले.

    Examples
    --------
    >>> _length(3_600, "en"), _length(600, "en"), _length(3_600, "hi")
    ('hour', '10 minutes', '1 घंटे')
    """
    words = duration_words(seconds, lang)
    if lang == "hi":
        return words.replace("घंटा", "घंटे")
    return words.removeprefix("1 ") if words.count(" ") == 1 else words


def _filled(text: str, holes: dict[str, str]) -> str:
    for hole, value in holes.items():
        text = text.replace(hole, value)
    return text
