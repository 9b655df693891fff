"""The words of the report in both languages; numbers are put into their braces."""

from __future__ import annotations

from satark.core.words import Words

TITLE = Words("Weekly report on fraud decisions", "धोखाधड़ी संबंधी निर्णयों की साप्ताहिक रिपोर्ट")
POLICY = Words("Policy {name}, version {version} ({hash})", "नीति {name}, संस्करण {version} ({hash})")
MADE = Words("Made on {day}", "{day} को तैयार")
NOT_OVER = Words("This week is not over yet.", "यह सप्ताह अभी पूरा नहीं हुआ है।")
BEHIND = Words(
    "{n} entries of the log were not counted yet; the worker (satark work) counts them.",
    "लॉग की {n} प्रविष्टियों की गणना अभी शेष है; वर्कर (satark work) इनकी गणना करता है।",
)
NOTHING = Words("No decisions were counted in this week.", "इस सप्ताह में कोई निर्णय नहीं गिना गया।")

DECISIONS = Words("Decisions", "निर्णय")
BEFORE = Words("the week before: {value}", "पिछला सप्ताह: {value}")
MONEY_STOPPED = Words("Money stopped", "रोकी गई राशि")
PAYMENTS = Words("{n} payments", "{n} भुगतान")
TROUBLED = Words("Genuine customers troubled", "प्रभावित असली ग्राहक")
TROUBLED_NOTE = Words(
    "{n} payments, {money}, as far as is known", "{n} भुगतान, {money}; अब तक की जानकारी के अनुसार"
)
PRECISION = Words("Of what was stopped, fraud", "रोके गए भुगतानों में धोखाधड़ी")
RECALL = Words("Of the fraud, stopped", "धोखाधड़ी में से रोकी गई")
INTERVAL = Words("{low} to {high}, {n} labelled", "{low} से {high}, {n} लेबल")
NO_LABELS = Words("no labels yet", "अभी कोई लेबल नहीं")
OBSERVED = Words(
    "{n} payments ({money}) would have been stopped; the policy observes and does not enforce.",
    "{n} भुगतान ({money}) रोके जाते; नीति अभी केवल देख रही है, लागू नहीं है।",
)
RELEASED = Words(
    "{n} payments ({money}) were released by lot, to learn their outcome.",
    "परिणाम जानने के लिए {n} भुगतान ({money}) यादृच्छिक रूप से चुनकर जाने दिए गए।",
)

CHART = Words("Money stopped per day", "प्रतिदिन रोकी गई राशि")
WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "hi": ("सोम", "मंगल", "बुध", "गुरु", "शुक्र", "शनि", "रवि"),
}

BY_ACTION = Words("What was decided", "क्या निर्णय लिए गए")
ACTION = Words("Decision", "निर्णय")
ACTIONS = {
    "allow": Words("Allowed", "स्वीकृत"),
    "challenge": Words("Challenged", "पुष्टि माँगी"),
    "hold": Words("Held", "रोककर रखा"),
    "block": Words("Blocked", "अस्वीकृत"),
}
COUNT = Words("Payments", "भुगतान")
MONEY = Words("Money", "राशि")
LAST_WEEK = Words("Week before", "पिछला सप्ताह")

QUALITY = Words("How right the decisions were", "निर्णय कितने सही रहे")
QUALITY_NOTE = Words(
    "Counted are payments whose truth somebody has reported; the most trusted reporter’s newest word holds. What was "
    "stopped is labelled by those who looked at it: {share} of it so far.",
    "केवल वे भुगतान गिने गए हैं जिनके बारे में किसी ने सूचना दी है; सबसे विश्वसनीय स्रोत की नवीनतम सूचना मान्य है। रोके गए "
    "भुगतानों को जाँचने वालों ने लेबल किया है: अब तक {share}।",
)
REPORTS_IN = Words(
    "As reports of fraud usually come, about {share} of those on this week are in.",
    "धोखाधड़ी की सूचनाएँ जिस गति से आती हैं, उसके अनुसार इस सप्ताह की लगभग {share} सूचनाएँ आ चुकी हैं।",
)
CONTRADICTED = Words("On {n} payments reporters do not agree.", "{n} भुगतानों पर सूचना देने वालों में मतभेद है।")
RECALL_MONEY = Words(
    "Of the money in labelled fraud, {share} was stopped.", "लेबल की गई धोखाधड़ी की राशि में से {share} रोकी गई।"
)
OUTCOME = Words("Outcome", "परिणाम")
STOPPED = Words("Stopped", "रोके गए")
WENT_THROUGH = Words("Went through", "पूरे हुए")
FRAUD = Words("Fraud", "धोखाधड़ी")
GENUINE = Words("Genuine", "असली")

RULES = Words("Rules that fired most", "सबसे अधिक लगे नियम")
RULE = Words("Rule", "नियम")
TIMES = Words("Times", "कितनी बार")
RULE_PRECISION = Words("Fraud among labelled", "लेबल किए गए में धोखाधड़ी")
NO_RULES = Words("No rule fired in this week.", "इस सप्ताह कोई नियम नहीं लगा।")
DEAD = Words("Rules that did not fire in four weeks", "चार सप्ताह में एक बार भी न लगे नियम")
NO_DEAD = Words("Every rule fired at least once.", "हर नियम कम से कम एक बार लगा।")

CHANGED = Words("What has changed", "क्या बदला है")
CHANGED_NOTE = Words(
    "Numbers beyond their limit. Where even the near end of the interval lies beyond it, a case was opened.",
    "सीमा से बाहर के आँकड़े। जहाँ अंतराल का निकटतम छोर भी सीमा से बाहर है, वहाँ मामला खोला गया।",
)
NO_CHANGE = Words("Nothing lies beyond its limit.", "कुछ भी सीमा से बाहर नहीं है।")
MORE = Words("and {n} more, on the page of the watch", "और {n}, निगरानी के पृष्ठ पर")
MAY_BE_CHANCE = Words("may be chance", "संयोग हो सकता है")

DELAY = Words("How late fraud is reported", "धोखाधड़ी की सूचना कितनी देर से आती है")
NO_DELAY = Words("No fraud was first reported in this week.", "इस सप्ताह धोखाधड़ी की कोई पहली सूचना नहीं आई।")

BACKLOG = Words("Queues and backlog", "कतारें और लंबित मामले")
BACKLOG_NOTE = Words("Alerts of the week; open cases as of now.", "सप्ताह के अलर्ट; खुले मामले इस समय के।")
QUEUE = Words("Queue", "कतार")
ALERTS = Words("Alerts", "अलर्ट")
MOST = Words("Most in a day", "एक दिन में सर्वाधिक")
BUDGET = Words("Budget a day", "दैनिक क्षमता")
OPEN = Words("Open cases", "खुले मामले")
OVERDUE = Words("Overdue", "समय-सीमा पार")
AMOUNT = Words("Amount", "राशि")

FOOTER = Words(
    "Intervals hold the true value in 95 of 100 weeks. Shares: Wilson; drift: population stability index. "
    "No personal data.",
    "सही मान 100 में से 95 सप्ताहों में अंतराल के भीतर होता है। अनुपात: विल्सन; बदलाव: जनसंख्या स्थिरता सूचकांक। "
    "कोई व्यक्तिगत जानकारी नहीं।",
)
PAGE = Words("Page", "पृष्ठ")
