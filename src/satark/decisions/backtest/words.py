"""The words of a backtest's report, in English and Hindi, and amounts as people say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.clock import format_ist
from satark.core.currencies import CURRENCY_EXPONENTS
from satark.core.money import format_minor, group_indian
from satark.core.words import Words

if TYPE_CHECKING:
    from satark.core.clock import Lang
    from satark.decisions.backtest.result import Note

LAKH, CRORE = 100_000, 10_000_000

ACTIONS = {
    "allow": Words("allowed", "स्वीकृत"),
    "challenge": Words("challenged", "अतिरिक्त जाँच"),
    "hold": Words("held", "रोके गए"),
    "block": Words("blocked", "अस्वीकृत"),
}
TEXT = {
    "title": Words("Backtest", "बैकटेस्ट"),
    "of": Words("Policy {name}, version {version}", "नीति {name}, संस्करण {version}"),
    "against": Words("compared with {name}, version {version}", "{name}, संस्करण {version} से तुलना"),
    "span": Words(
        "{payments} payments, {from_day} to {to_day}", "{payments} भुगतान, {from_day} से {to_day} तक"
    ),
    "from_file": Words("from the file {name}", "फ़ाइल {name} से"),
    "from_log": Words("from the log, entries {name}", "लॉग से, प्रविष्टियाँ {name}"),
    "glance": Words("At a glance", "एक नज़र में"),
    "read_first": Words("Read this first", "पहले यह पढ़ें"),
    "fraud_stopped": Words("Fraud held or blocked", "रोकी गई धोखाधड़ी"),
    "fraud_missed": Words("Fraud allowed", "छूटी हुई धोखाधड़ी"),
    "troubled": Words("Genuine payments troubled", "प्रभावित सही भुगतान"),
    "customers": Words("Genuine customers troubled", "प्रभावित सही ग्राहक"),
    "alerts_day": Words("Alerts per day", "प्रतिदिन अलर्ट"),
    "precision": Words("Precision", "सटीकता"),
    "recall": Words("Frauds found", "पकड़ी गई धोखाधड़ी"),
    "cost": Words("Total cost", "कुल लागत"),
    "precision_hint": Words("of what is flagged, fraud", "चिह्नित भुगतानों में धोखाधड़ी"),
    "recall_hint": Words("of all frauds, flagged", "कुल धोखाधड़ी में से चिह्नित"),
    "done": Words("What would have been done", "क्या किया गया होता"),
    "action": Words("Action", "कार्रवाई"),
    "payments": Words("Payments", "भुगतान"),
    "amount": Words("Amount", "राशि"),
    "frauds": Words("Frauds", "धोखाधड़ी"),
    "fraud_amount": Words("Fraud, amount", "धोखाधड़ी की राशि"),
    "genuine": Words("Genuine", "सही"),
    "compared": Words("What changes", "क्या बदलता है"),
    "matrix_hint": Words(
        "Rows: as the other policy answers. Columns: as this one does. Frauds are in brackets.",
        "पंक्तियाँ: दूसरी नीति का उत्तर। स्तंभ: इस नीति का उत्तर। कोष्ठक में धोखाधड़ी की संख्या।",
    ),
    "changed": Words("{count} payments get another answer", "{count} भुगतानों का उत्तर बदलता है"),
    "examples": Words("The payments that matter most", "सबसे महत्वपूर्ण भुगतान"),
    "payment": Words("Payment", "भुगतान"),
    "label": Words("Label", "लेबल"),
    "before": Words("Before", "पहले"),
    "after": Words("After", "बाद में"),
    "rules_of": Words("Rules", "नियम"),
    "curve": Words("Every threshold of the score", "स्कोर की हर सीमा"),
    "curve_of_score": Words("Score of the decision", "निर्णय का स्कोर"),
    "curve_of_model": Words("Score of the model alone", "केवल मॉडल का स्कोर"),
    "curve_hint": Words(
        "What flagging all payments from a score upwards would find. To the right more is flagged.",
        "किसी स्कोर से ऊपर के सभी भुगतान चिह्नित करने पर क्या मिलता। दाईं ओर अधिक भुगतान चिह्नित होते हैं।",
    ),
    "flagged_day": Words("payments flagged per day", "प्रतिदिन चिह्नित भुगतान"),
    "cost_axis": Words("cost", "लागत"),
    "cost_optimal": Words("Least cost", "न्यूनतम लागत"),
    "budget_optimal": Words("Within the budget", "क्षमता के भीतर"),
    "threshold": Words("Threshold", "सीमा"),
    "queue": Words("Work for the desk", "डेस्क का कार्यभार"),
    "queue_line": Words(
        "{mean} alerts an hour on average, {p95} in one hour of twenty, {most} in the busiest hour",
        "औसतन प्रति घंटा {mean} अलर्ट, बीस में से एक घंटे में {p95}, सबसे व्यस्त घंटे में {most}",
    ),
    "by_hour": Words("Alerts by hour of the day (IST)", "दिन के घंटे के अनुसार अलर्ट (IST)"),
    "by_day": Words("Alerts by day", "दिन के अनुसार अलर्ट"),
    "mean": Words("mean", "औसत"),
    "one_in_twenty": Words("one day in twenty", "बीस में से एक दिन"),
    "other_policy": Words("the other policy, mean", "दूसरी नीति, औसत"),
    "rules": Words("Rule by rule", "हर नियम"),
    "rules_hint": Words(
        "“Adds” is what would be lost without the rule, the others staying as they are.",
        "“जोड़ता है”: बाकी नियम रहते हुए इस नियम के बिना जो छूट जाता।",
    ),
    "rule": Words("Rule", "नियम"),
    "fired": Words("Fired", "लागू हुआ"),
    "adds": Words("Adds: frauds", "जोड़ता है: धोखाधड़ी"),
    "adds_amount": Words("Adds: amount", "जोड़ता है: राशि"),
    "adds_troubled": Words("Adds: genuine troubled", "जोड़ता है: प्रभावित सही भुगतान"),
    "adds_alerts": Words("Adds: alerts", "जोड़ता है: अलर्ट"),
    "dead": Words("never fired", "कभी लागू नहीं हुआ"),
    "redundant": Words("changes nothing", "कोई असर नहीं"),
    "killed": Words("switched off", "बंद"),
    "overlaps": Words("Rules that fire together", "साथ लागू होने वाले नियम"),
    "both": Words("Both", "दोनों"),
    "share_of_rarer": Words("Of the rarer one", "कम लागू होने वाले में हिस्सा"),
    "how": Words("How the figures are made", "आँकड़े कैसे बने"),
    "how_costs": Words(
        "Cost: {review} for each alert, {friction} for each genuine payment that is troubled, {loss} of each fraud "
        "that is allowed.",
        "लागत: हर अलर्ट पर {review}, हर प्रभावित सही भुगतान पर {friction}, और छूटी धोखाधड़ी की राशि का {loss}।",
    ),
    "how_labels": Words(
        "Labels: {labelled} of {payments} payments have one; {fraud} are fraud ({rate}).",
        "लेबल: {payments} में से {labelled} भुगतानों पर लेबल है; {fraud} धोखाधड़ी हैं ({rate})।",
    ),
    "how_intervals": Words(
        "Shares come with their 95 % interval (Wilson).", "अनुपातों के साथ 95 % अंतराल (विल्सन) दिया है।"
    ),
    "how_hash": Words("Policy {hash}; other policy {against}", "नीति {hash}; दूसरी नीति {against}"),
    "how_hash_one": Words("Policy {hash}", "नीति {hash}"),
    "left_out": Words(
        "{refused} rows refused, {repeated} repeated, {late} events too late for the windows, {parked} results and "
        "labels without their payment.",
        "{refused} पंक्तियाँ अस्वीकार, {repeated} दोहराई गईं, {late} घटनाएँ विंडो के लिए देर से, {parked} परिणाम "
        "और लेबल बिना भुगतान के।",
    ),
    "fraud": Words("fraud", "धोखाधड़ी"),
    "genuine_label": Words("genuine", "सही"),
    "unlabelled": Words("no label", "लेबल नहीं"),
    "less": Words("less", "कम"),
    "more": Words("more", "अधिक"),
    "auc": Words("AUC {auc}, average precision {ap}", "AUC {auc}, औसत सटीकता {ap}"),
    "nothing": Words("nothing is flagged", "कुछ भी चिह्नित नहीं"),
}
HEADLINES = {
    "stops_more": Words("It stops {amount} more fraud", "यह {amount} अधिक धोखाधड़ी रोकती है"),
    "stops_less": Words("It stops {amount} less fraud", "यह {amount} कम धोखाधड़ी रोकती है"),
    "stops_same": Words(
        "It stops as much fraud as the other policy", "यह दूसरी नीति जितनी ही धोखाधड़ी रोकती है"
    ),
    "troubles_more": Words(
        "and troubles {count} more genuine customers.", "और {count} अधिक सही ग्राहकों को परेशानी होती है।"
    ),
    "troubles_less": Words(
        "and troubles {count} fewer genuine customers.", "और {count} कम सही ग्राहकों को परेशानी होती है।"
    ),
    "troubles_same": Words(
        "and troubles as many genuine customers.", "और उतने ही सही ग्राहकों को परेशानी होती है।"
    ),
}
NOTES = {
    "no_labels": Words(
        "No payment has a label, so nothing can be said about fraud found or genuine payments troubled.",
        "किसी भुगतान पर लेबल नहीं है, इसलिए पकड़ी गई धोखाधड़ी या प्रभावित सही भुगतानों के बारे में कुछ नहीं कहा जा सकता।",
    ),
    "few_frauds": Words(
        "Only {fraud} payments are labelled as fraud; look at the intervals, not at the shares.",
        "केवल {fraud} भुगतान धोखाधड़ी के रूप में चिह्नित हैं; अनुपात नहीं, अंतराल देखें।",
    ),
    "unlabelled": Words(
        "{labelled} of {payments} payments have a label; shares are of those alone.",
        "{payments} में से {labelled} भुगतानों पर लेबल है; अनुपात केवल उन्हीं के हैं।",
    ),
    "selective": Words(
        "{stopped} of these payments were held or blocked at the time, so what they would have become was never "
        "seen; {labelled} of them carry the word of whoever looked. Frauds among the others are not counted, and what "
        "a policy would let through of them looks better than it is.",
        "इनमें से {stopped} भुगतान उस समय रोके या अस्वीकार किए गए थे, इसलिए उनका असली परिणाम कभी सामने नहीं आया; {labelled} पर "
        "जाँच करने वाले का लेबल है। बाकी में छिपी धोखाधड़ी गिनी नहीं गई है, और जो नीति उन्हें जाने देती वह वास्तविकता से बेहतर दिखती है।",
    ),
    "selective_weighted": Words(
        "{stopped} of these payments were held or blocked at the time; what they would have become was never seen. "
        "They count in no share; the control group stands for them.",
        "इनमें से {stopped} भुगतान उस समय रोके या अस्वीकार किए गए थे; उनका असली परिणाम सामने नहीं आया। वे किसी अनुपात में नहीं "
        "गिने गए; उनकी जगह नियंत्रण समूह लेता है।",
    ),
    "control_group": Words(
        "{control} payments were let through at random to learn their outcome; each counts for as many as its share "
        "says.",
        "{control} भुगतान परिणाम जानने के लिए यादृच्छिक रूप से जाने दिए गए; हर एक अपने हिस्से के अनुसार कई भुगतानों के "
        "बराबर गिना गया है।",
    ),
    "presumed": Words(
        "{presumed} payments went through more than {days} days ago without a word and are taken as genuine.",
        "{presumed} भुगतान {days} दिन से अधिक पहले हुए और उन पर कोई सूचना नहीं आई; उन्हें सही माना गया है।",
    ),
    "young": Words(
        "{young} payments are younger than {days} days; labels on them are still to come.",
        "{young} भुगतान {days} दिन से नए हैं; उनके लेबल अभी आने बाकी हैं।",
    ),
    "disputed": Words(
        "About {disputed} payments the reporters contradict each other; the most trusted one counts.",
        "{disputed} भुगतानों पर सूचना देने वालों की राय अलग है; सबसे विश्वसनीय की बात मानी गई है।",
    ),
    "windows_cold": Words(
        "The windows begin empty: the first payments see less of the past than they would have had.",
        "विंडो खाली शुरू होती हैं: पहले भुगतानों को वास्तविकता से कम इतिहास दिखता है।",
    ),
    "windows_warm": Words("The windows were filled with what lay before.", "विंडो पहले की घटनाओं से भरी गई हैं।"),
    "inputs_in_order": Words(
        "{edits} edits of lists count from their own place on, as they did then.",
        "सूचियों के {edits} बदलाव अपने समय से लागू माने गए हैं, जैसे तब थे।",
    ),
    "bodies_removed": Words(
        "{entries} entries of the log have no content any more (retention) and are missing here.",
        "लॉग की {entries} प्रविष्टियों की सामग्री (संग्रह अवधि के कारण) हटाई जा चुकी है; वे यहाँ नहीं हैं।",
    ),
    "no_amount": Words(
        "{payments} payments have no amount in the base currency for want of a rate; they count as nothing.",
        "{payments} भुगतानों की राशि विनिमय दर के अभाव में मूल मुद्रा में नहीं है; उनकी राशि शून्य मानी गई है।",
    ),
    "model_missing": Words(
        "The model {model} could not be had; the policy was tried without it.",
        "मॉडल {model} उपलब्ध नहीं था; नीति उसके बिना जाँची गई।",
    ),
    "model_has_seen": Words(
        "The model {model} was trained on some of these payments, so its figures flatter it. Choose a later time.",
        "मॉडल {model} इनमें से कुछ भुगतानों पर प्रशिक्षित है, इसलिए उसके आँकड़े वास्तविकता से अच्छे दिखते हैं। बाद की अवधि चुनें।",
    ),
}


def text(key: str, lang: Lang, **values: object) -> str:
    """Return one of the report's sentences.

    Examples
    --------
    >>> text("changed", "en", count=3), text("rules", "hi")
    ('3 payments get another answer', 'हर नियम')
    """
    said = TEXT[key].of(lang)
    return said.format(**values) if values else said


def note_text(note: Note, lang: Lang) -> str:
    """Return what a note says; one that is not known here is told by its code.

    Examples
    --------
    >>> from satark.decisions.backtest.result import Note
    >>> note_text(Note("few_frauds", {"fraud": 12}), "en")
    'Only 12 payments are labelled as fraud; look at the intervals, not at the shares.'
    """
    words = NOTES.get(note.code)
    if words is None:
        return note.code
    numbers = {
        name: group_indian(value) if isinstance(value, int) else value for name, value in note.numbers.items()
    }
    return words.of(lang).format(**numbers)


def headline(more_stopped_minor: int, more_customers: int, currency: str, lang: Lang) -> str:
    """Return the answer in one sentence.

    Examples
    --------
    >>> headline(41_00_000_00, 12, "INR", "en")
    'It stops ₹41 lakh more fraud and troubles 12 more genuine customers.'
    """
    stops = "same" if not more_stopped_minor else "more" if more_stopped_minor > 0 else "less"
    troubles = "same" if not more_customers else "more" if more_customers > 0 else "less"
    first = HEADLINES[f"stops_{stops}"].of(lang)
    second = HEADLINES[f"troubles_{troubles}"].of(lang)
    told = first.format(amount=money(abs(more_stopped_minor), currency, lang))
    return f"{told} {second.format(count=group_indian(abs(more_customers)))}"


def money(minor: int, currency: str, lang: Lang) -> str:
    """Write an amount as people say it: rupees in lakh and crore from a lakh on, others in whole units.

    Examples
    --------
    >>> money(41_00_000_00, "INR", "en"), money(12_34_56_789_00, "INR", "hi"), money(99_999_49, "INR", "en")
    ('₹41 lakh', '₹12.35 करोड़', '₹99,999')
    >>> money(-1_234_567_89, "EUR", "en")
    '-EUR 1,234,568'
    """
    exponent = CURRENCY_EXPONENTS[currency]
    sign, units = "-" if minor < 0 else "", round(abs(minor) / 10**exponent)
    if currency == "INR":
        if units >= CRORE:
            return f"{sign}₹{_short(units / CRORE)} {'करोड़' if lang == 'hi' else 'crore'}"
        if units >= LAKH:
            return f"{sign}₹{_short(units / LAKH)} {'लाख' if lang == 'hi' else 'lakh'}"
    whole = format_minor(units * 10**exponent, currency)
    return sign + (whole[: -exponent - 1] if exponent else whole)


def day(at_us: int, lang: Lang) -> str:
    """Write the day of a moment in India.

    Examples
    --------
    >>> day(1_000_000_000_000_000, "en")
    '09 Sep 2001'
    """
    return format_ist(at_us, lang).partition(",")[0]


def number(value: float) -> str:
    """Write a number with as many places as it needs to tell something.

    Examples
    --------
    >>> number(1234.6), number(12.34), number(0.1234), number(3.0)
    ('1,235', '12.3', '0.12', '3')
    """
    if value == int(value):
        return group_indian(int(value))
    size = abs(value)
    if size >= 100:  # noqa: PLR2004 - three digits tell enough
        return group_indian(int(value + 0.5) if value > 0 else -int(size + 0.5))
    return f"{value:.1f}" if size >= 1 else f"{value:.2f}"


def percent(value: float | None) -> str:
    """Write a share.

    Examples
    --------
    >>> percent(0.1234), percent(0.00123), percent(None)
    ('12.3%', '0.12%', '–')
    """
    if value is None:
        return "–"
    return f"{value:.1%}" if value >= 0.01 or value == 0 else f"{value:.2%}"  # noqa: PLR2004 - small shares


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
