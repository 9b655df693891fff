"""What a policy means, in sentences: for authors, supervisors and auditors, in English and Hindi.

`satark policy explain` prints this. Every sentence comes from the checked policy, so it cannot say anything
else than what the engine does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.clock import Micros, format_ist
from satark.core.money import format_minor
from satark.core.words import duration_words
from satark.features.spec import Statistic

if TYPE_CHECKING:
    from satark.core.clock import Lang
    from satark.features.spec import FeatureSpec
    from satark.policies.model import Policy, Rule

ACTION_WORDS = {
    "en": {"allow": "allow", "challenge": "challenge", "hold": "hold", "block": "block"},
    "hi": {"allow": "अनुमति", "challenge": "अतिरिक्त पुष्टि", "hold": "रोककर जाँच", "block": "अस्वीकार"},
}
ENTITY_WORDS_HI = {
    "account": "खाता",
    "bin6": "कार्ड की नंबर-शृंखला",
    "card": "कार्ड",
    "customer": "ग्राहक",
    "device": "डिवाइस",
    "email": "ईमेल",
    "fingerprint": "डिवाइस फ़िंगरप्रिंट",
    "ip": "नेटवर्क पता",
    "ip_prefix": "नेटवर्क क्षेत्र",
    "merchant": "व्यापारी",
    "currency": "मुद्रा",
    "payee_account": "पाने वाले का खाता",
    "payee_key": "पाने वाला",
    "payee_vpa": "पाने वाले का यूपीआई पता",
    "payer_key": "भुगतान करने वाला",
    "phone": "फ़ोन",
    "shipping_address": "डिलीवरी पता",
    "vpa": "यूपीआई पता",
}
EVENT_WORDS = {
    "en": {
        "payment": "payments",
        "payment_result": "payment results",
        "label": "labels",
        "payee_change": "payee changes",
    },
    "hi": {
        "payment": "भुगतानों",
        "payment_result": "भुगतान के नतीजों",
        "label": "पुष्टि की गई सूचनाओं",
        "payee_change": "लाभार्थी में बदलावों",
    },
}
STATISTIC_WORDS = {
    "en": {
        Statistic.COUNT: "number of {events}",
        Statistic.SUM: "sum of {value} over {events}",
        Statistic.MEAN: "mean of {value} over {events}",
        Statistic.MIN: "least {value} of {events}",
        Statistic.MAX: "greatest {value} of {events}",
        Statistic.STD: "standard deviation of {value} over {events}",
        Statistic.DISTINCT: "number of different {value} over {events}",
        Statistic.FIRST: "{value} of the first of the earlier {events}",
        Statistic.LAST: "{value} of the last of the earlier {events}",
        Statistic.SINCE_LAST: "seconds since the last of the earlier {events}",
        Statistic.SINCE_FIRST: "seconds since the first of the earlier {events}",
        Statistic.RATE: "{events} per second",
        Statistic.SHARE_OF: "share of {events} with {condition}",
        Statistic.SPEED: "speed in km/h since the last of the earlier {events}, by {value}",
        Statistic.NEW: "whether {value} is new among {events}",
    },
    "hi": {
        Statistic.COUNT: "{events} की संख्या",
        Statistic.SUM: "{events} में {value} का योग",
        Statistic.MEAN: "{events} में {value} का औसत",
        Statistic.MIN: "{events} में सबसे छोटा {value}",
        Statistic.MAX: "{events} में सबसे बड़ा {value}",
        Statistic.STD: "{events} में {value} का मानक विचलन",
        Statistic.DISTINCT: "{events} में अलग-अलग {value} की संख्या",
        Statistic.FIRST: "पिछले {events} में पहले का {value}",
        Statistic.LAST: "पिछले {events} में आख़िरी का {value}",
        Statistic.SINCE_LAST: "पिछले {events} में आख़िरी से बीते सेकंड",
        Statistic.SINCE_FIRST: "पिछले {events} में पहले से बीते सेकंड",
        Statistic.RATE: "प्रति सेकंड {events} की दर",
        Statistic.SHARE_OF: "{events} में {condition} का हिस्सा",
        Statistic.SPEED: "पिछले {events} से अब तक की गति (किमी/घंटा), {value} से",
        Statistic.NEW: "{events} में {value} नया है या नहीं",
    },
}  # fmt: skip


def explain(policy: Policy, lang: Lang = "en") -> str:
    """Write a policy as text.

    Examples
    --------
    >>> from satark.policies.loader import load_bundled
    >>> explain(load_bundled(), "en").splitlines()[0].startswith("Policy payments, version")
    True
    """
    blocks = [_head(policy, lang), _features(policy, lang)]
    if policy.lists:
        blocks.append(_lists(policy, lang))
    blocks.append(_rules(policy, lang))
    blocks += [
        text for text in (_model(policy, lang), _control(policy, lang), _training(policy, lang)) if text
    ]
    return "\n\n".join(blocks) + "\n"


def explain_feature(feature: FeatureSpec, lang: Lang = "en") -> str:
    """Write one feature as a sentence.

    Examples
    --------
    >>> from satark.policies.loader import load_bundled
    >>> explain_feature(load_bundled().features[0])
    'number of payments, per card, in the last 10 minutes'
    """
    words = STATISTIC_WORDS[lang][feature.statistic].format(
        events=EVENT_WORDS[lang][feature.event_type],
        value="" if feature.value is None else f"`{feature.value.canonical}`",
        condition="" if feature.condition is None else f"`{feature.condition.canonical}`",
    )
    window = duration_words(feature.window_seconds, lang)
    delay = duration_words(feature.delay_seconds, lang) if feature.delay_seconds else ""
    where = "" if feature.where is None else f"`{feature.where.canonical}`"
    if lang == "hi":
        by = " और ".join(ENTITY_WORDS_HI.get(name, name) for name in feature.by)
        parts = [
            f"प्रति {by}, पिछले {window} में {words}",
            where and f"केवल जहाँ {where}",
            delay and f"{delay} पहले तक",
        ]
    else:
        by = " and ".join(feature.by)
        parts = [
            f"{words}, per {by}, in the last {window}",
            where and f"only where {where}",
            delay and f"up to {delay} ago",
        ]
    return ", ".join(part for part in parts if part)


def explain_rule(rule: Rule, lang: Lang = "en") -> str:
    """Write one rule: what it does, when, and the reason that it gives."""
    hindi = lang == "hi"
    action = ACTION_WORDS[lang][rule.action]
    lines = [f"{rule.code}" + (f" [{rule.kind}]" if rule.kind else "")]
    if not rule.exempt or rule.action != "allow" or rule.score:
        lines.append(
            f"    {'कार्रवाई' if hindi else 'action'}: {action}, {'अंक' if hindi else 'score'} {rule.score:g}"
        )
    lines.append(f"    {'शर्त' if hindi else 'when'}: {rule.when.canonical}")
    if rule.exempt:
        lines.append(f"    {'इन नियमों को हटाता है' if hindi else 'exempts'}: {', '.join(sorted(rule.exempt))}")
    if rule.until_us is not None:
        lines.append(f"    {'कब तक' if hindi else 'until'}: {format_ist(Micros(rule.until_us), lang)}")
    reason = rule.reason_hi if hindi else rule.reason_en
    lines.append(f"    {'कारण' if hindi else 'reason'}: {reason.source}")
    return "\n".join(lines)


def window_groups(policy: Policy) -> dict[tuple[tuple[str, ...], str], int]:
    """Return how many features each log of entries serves: a log is kept per entity and type of event."""
    groups: dict[tuple[tuple[str, ...], str], int] = {}
    for feature in policy.features:
        key = (feature.by, feature.event_type)
        groups[key] = groups.get(key, 0) + 1
    return groups


def _head(policy: Policy, lang: Lang) -> str:
    steps = ", ".join(
        f"{ACTION_WORDS[lang][action]} ≥ {score:g}" for action, score in policy.thresholds.items()
    )
    if lang == "hi":
        mode = "लागू" if policy.mode == "enforce" else "केवल निगरानी (उत्तर हमेशा अनुमति)"
        return (
            f"नीति {policy.name}, संस्करण {policy.version} ({policy.content_hash[:12]})\n"
            f"मुद्रा {policy.base_currency}; स्थिति: {mode}\nअंक से कार्रवाई: {steps}"
        )
    mode = "enforced" if policy.mode == "enforce" else "observe only (answers are always allow)"
    return (
        f"Policy {policy.name}, version {policy.version} ({policy.content_hash[:12]})\n"
        f"Currency {policy.base_currency}; mode: {mode}\nScores mean: {steps}"
    )


def _features(policy: Policy, lang: Lang) -> str:
    logs = len(window_groups(policy))
    count = len(policy.features)
    title = f"{count} विशेषताएँ, {logs} अभिलेखों पर" if lang == "hi" else f"{count} features over {logs} logs"
    return "\n".join([title, *(f"  {one.name}: {explain_feature(one, lang)}" for one in policy.features)])


def _lists(policy: Policy, lang: Lang) -> str:
    lines = [f"{len(policy.lists)} सूचियाँ" if lang == "hi" else f"{len(policy.lists)} lists"]
    for one in policy.lists.values():
        size = f"{len(one.entries)} {'प्रविष्टियाँ' if lang == 'hi' else 'entries'}"
        source = size if one.file is None else f"{size} + {one.file.name}"
        closed = (
            ("; न मिलने पर रोकें" if lang == "hi" else "; hold while missing")
            if one.if_missing == "closed"
            else ""
        )
        lines.append(f"  {one.name} ({one.of}): {source}{closed}")
    return "\n".join(lines)


def _rules(policy: Policy, lang: Lang) -> str:
    title = f"{len(policy.rules)} नियम" if lang == "hi" else f"{len(policy.rules)} rules"
    body = [f"  {explain_rule(rule, lang)}".replace("\n", "\n  ") for rule in policy.rules]
    return "\n".join([title, *body])


def _model(policy: Policy, lang: Lang) -> str:
    """Say which model scores, and what its absence means."""
    model = policy.model
    if model is None:
        return ""
    closed = model.if_missing == "closed"
    if lang == "hi":
        missing = "निर्णय कम से कम रोककर जाँच" if closed else "उसके अंक वाले नियम लागू नहीं होते"
        lines = [f"मॉडल {model.use} ({model.hash[:12]})", f"  न मिलने पर: {missing}"]
        lines += [f"  साथ में परखा जा रहा मॉडल: {one.use} ({one.hash[:12]})" for one in model.challengers]
    else:
        missing = "a decision is at least hold" if closed else "rules over its score do not fire"
        lines = [f"Model {model.use} ({model.hash[:12]})", f"  while it is missing: {missing}"]
        lines += [f"  scored beside it: {one.use} ({one.hash[:12]})" for one in model.challengers]
    return "\n".join(lines)


def _control(policy: Policy, lang: Lang) -> str:
    """Say who is let through to learn from."""
    control = policy.control
    if control is None:
        return ""
    most = format_minor(control.most_minor, policy.base_currency)
    actions = ", ".join(ACTION_WORDS[lang][one] for one in ACTION_WORDS[lang] if one in control.actions)
    share = f"{control.share * 100:g}%"
    if lang == "hi":
        return f"नियंत्रण समूह: {most} तक के भुगतानों में से {share} ({actions}) नतीजा जानने के लिए जाने दिए जाते हैं"
    return (
        f"Control group: of payments up to {most}, {share} ({actions}) are let through to learn their outcome"
    )


def _training(policy: Policy, lang: Lang) -> str:
    """Say what training is bound to."""
    training = policy.training
    hindi = lang == "hi"
    words = {
        1: "बढ़ने पर अंक कभी नहीं घटता" if hindi else "more of it never lowers the score",
        -1: "बढ़ने पर अंक कभी नहीं बढ़ता" if hindi else "more of it never raises the score",
    }
    lines = [f"  {name}: {words[way]}" for name, way in sorted(training.monotone.items())]
    if training.exclude:
        lines.append(
            f"  {'मॉडल में नहीं लिए जाते' if hindi else 'left out'}: {', '.join(sorted(training.exclude))}"
        )
    if training.graph:
        pairs = ", ".join(f"{name} – {partner}" for name, partner in training.graph.items())
        lines.append(f"  {'संबंधों का आरेख' if hindi else 'graph of'}: {pairs}")
    if not lines:
        return ""
    return "\n".join(["प्रशिक्षण" if hindi else "Training", *lines])
