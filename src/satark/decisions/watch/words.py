"""A finding in plain words, in both languages: for pages, cases and reports alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.money import group_indian
from satark.core.words import Words
from satark.decisions.watch.findings import Finding, Kind, Verdict

if TYPE_CHECKING:
    from satark.core.clock import Lang

KIND_WORDS = {
    Kind.FEATURE_DRIFT: Words("Features", "फ़ीचर"),
    Kind.SCORE_DRIFT: Words("Score of decisions", "निर्णयों का स्कोर"),
    Kind.MODEL_DRIFT: Words("Model’s probabilities", "मॉडल की संभावनाएँ"),
    Kind.CALIBRATION: Words("Calibration of the model", "मॉडल का कैलिब्रेशन"),
    Kind.MISSING: Words("Missing values", "अनुपलब्ध मान"),
    Kind.DEGRADED: Words("Decisions without something", "अधूरे आधार पर लिए गए निर्णय"),
    Kind.PRECISION: Words("Precision of rules", "नियमों की सटीकता"),
    Kind.LABEL_DELAY: Words("Delay of fraud reports", "धोखाधड़ी की सूचना में देरी"),
    Kind.ALERTS: Words("Alerts per day", "प्रतिदिन अलर्ट"),
}
VERDICT_WORDS = {
    Verdict.OK: Words("as usual", "सामान्य"),
    Verdict.NEAR: Words("may be chance", "संयोग हो सकता है"),
    Verdict.BREACH: Words("beyond the limit", "सीमा से बाहर"),
    Verdict.THIN: Words("too few cases", "मामले बहुत कम"),
    Verdict.OPEN: Words("labels still to come", "लेबल आना शेष"),
}

_SENTENCES: dict[Kind, Words] = {
    Kind.FEATURE_DRIFT: Words(
        "The values of “{subject}” lie differently from what was usual: stability index {value} ({low} to {high}), "
        "limit {limit}, over {n} payments.",
        "“{subject}” के मानों का वितरण सामान्य से बदल गया है: स्थिरता सूचकांक {value} ({low} से {high}), सीमा {limit}, "
        "{n} भुगतानों पर।",
    ),
    Kind.SCORE_DRIFT: Words(
        "The scores of decisions lie differently from the four weeks before: stability index {value} "
        "({low} to {high}), limit {limit}, over {n} payments.",
        "निर्णयों के स्कोर का वितरण पिछले चार सप्ताह से बदल गया है: स्थिरता सूचकांक {value} ({low} से {high}), "
        "सीमा {limit}, {n} भुगतानों पर।",
    ),
    Kind.MODEL_DRIFT: Words(
        "The probabilities of model {subject} lie differently from its training: stability index {value} "
        "({low} to {high}), limit {limit}, over {n} payments.",
        "मॉडल {subject} की संभावनाओं का वितरण प्रशिक्षण के समय से बदल गया है: स्थिरता सूचकांक {value} ({low} से {high}), "
        "सीमा {limit}, {n} भुगतानों पर।",
    ),
    Kind.CALIBRATION: Words(
        "Among payments that went through there were {value} times as many frauds as model {subject} expects "
        "({low} to {high}; told beyond {limit} times as many or as few), over {n} payments.",
        "पूरे हुए भुगतानों में मॉडल {subject} के अनुमान की तुलना में {value} गुना धोखाधड़ी निकली ({low} से {high}; "
        "{limit} गुना से अधिक या कम होने पर सूचना), {n} भुगतानों पर।",
    ),
    Kind.MISSING: Words(
        "“{subject}” is missing more often than usual: {value} more ({low} to {high}) than {before}, limit {limit}, "
        "over {n} payments.",
        "“{subject}” सामान्य से अधिक बार अनुपलब्ध है: {before} से {value} अधिक ({low} से {high}), सीमा {limit}, "
        "{n} भुगतानों पर।",
    ),
    Kind.DEGRADED: Words(
        "{value} of the decisions ({low} to {high}) were made without {subject}, limit {limit}, over {n} payments.",
        "{value} निर्णय ({low} से {high}) {subject} के बिना लिए गए, सीमा {limit}, {n} भुगतानों पर।",
    ),
    Kind.PRECISION: Words(
        "Of the payments that rule “{subject}” caught, {value} ({low} to {high}) were fraud; in the four weeks before "
        "it was {before}. Told when it falls by more than {limit}; {n} labelled payments.",
        "नियम “{subject}” के पकड़े भुगतानों में {value} ({low} से {high}) धोखाधड़ी थी; पिछले चार सप्ताह में यह {before} थी। "
        "{limit} से अधिक गिरने पर सूचना; {n} लेबल किए गए भुगतान।",
    ),
    Kind.LABEL_DELAY: Words(
        "Nine in ten first reports of fraud came within {value} days of the payment ({low} to {high}), half within "
        "{before}; limit {limit} days, {n} reports.",
        "धोखाधड़ी की दस में से नौ पहली सूचनाएँ भुगतान के {value} दिनों के भीतर आईं ({low} से {high}), आधी {before} दिनों के "
        "भीतर; सीमा {limit} दिन, {n} सूचनाएँ।",
    ),
    Kind.ALERTS: Words(
        "Queue “{subject}” got up to {value} alerts in a day, {before} on average; its people can look at {limit}.",
        "कतार “{subject}” में एक दिन में {value} तक अलर्ट आए, औसतन {before}; वहाँ के लोग {limit} देख सकते हैं।",
    ),
}
_SOMETHING = Words("something that they should have had", "किसी आवश्यक जानकारी")
_SHARES = frozenset({Kind.MISSING, Kind.DEGRADED, Kind.PRECISION})
_COUNTS = frozenset({Kind.ALERTS})
_UNKNOWN = "–"


def sentence(finding: Finding, lang: Lang = "en", *, subject: str = "") -> str:
    """Return a finding as one sentence.

    Parameters
    ----------
    subject
        What to call its subject, for instance a queue's words; by default as it is written in the policy.

    Examples
    --------
    >>> one = Finding(Kind.ALERTS, "cards", 1, 120.0, 120.0, 120.0, 80.0, 400, Verdict.BREACH, 57.1)
    >>> sentence(one)
    'Queue “cards” got up to 120 alerts in a day, 57 on average; its people can look at 80.'
    """
    named = subject or finding.subject
    if not named and finding.kind is Kind.DEGRADED:
        named = _SOMETHING.of(lang)

    def told(value: float | None) -> str:
        return number(finding.kind, value)

    return (
        _SENTENCES[finding.kind]
        .of(lang)
        .format(
            subject=named,
            value=told(finding.value),
            low=told(finding.low),
            high=told(finding.high),
            limit=told(finding.limit),
            before=told(finding.before),
            n=group_indian(finding.n),
        )
    )


def number(kind: Kind, value: float | None) -> str:
    """Write a finding's number as its kind is read: a share in per cent, a count whole, others with two digits.

    Examples
    --------
    >>> number(Kind.MISSING, 0.0512), number(Kind.ALERTS, 120.4), number(Kind.FEATURE_DRIFT, 0.2)
    ('5.1%', '120', '0.20')
    >>> number(Kind.LABEL_DELAY, 12.34), number(Kind.CALIBRATION, None)
    ('12.3', '–')
    """
    if value is None:
        return _UNKNOWN
    if kind in _SHARES:
        return f"{100 * value:.1f}%"
    if kind in _COUNTS:
        return group_indian(round(value))
    return f"{value:.1f}" if kind is Kind.LABEL_DELAY else f"{value:.2f}"
