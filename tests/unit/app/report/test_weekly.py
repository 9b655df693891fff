"""The weekly report: figures against a count by hand, words of both languages, names that look like markup."""

from __future__ import annotations

import re
import zlib
from html.parser import HTMLParser

import msgspec
import pytest
from scipy import stats
from tests.support.watch import DAY, HASH, MemoryLog
from tests.support.weekly import QUEUES, WEEK, figures, renamed, told

from satark.app.report import print as printing
from satark.app.report import view_of, week_html, week_pdf
from satark.core.errors import InputInvalid
from satark.decisions.labels import TrustOrder
from satark.decisions.watch import Kind, WatchCounter
from satark.decisions.watch import measures as m
from satark.decisions.watch.gauges import Gauges
from satark.decisions.watch.weekly import Told, reports_in, weekly_figures

DEVANAGARI = re.compile("[\u0900-\u097f]")
EVIL = (
    "<script>alert(1)</script>",
    '#panic("evaluated")',
    '#read("/etc/passwd")',
    '$ sum_(k=0)^n $ *bold* _it_ `raw` <label> @ref \\ "]',
    '[#import "@preview/x:0.1.0": *]',
    "{0} {evil} %s %(count)s {{ 7*7 }} {% raw %}",
    "\u202eenod\u0000",
)


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def read(html):
    page = _Page()
    page.feed(html)
    return page


def test_figures_are_what_a_count_by_hand_says():
    """Ten payments of one day, each labelled as it says; the expected numbers are counted from this list."""
    payments = [
        ("hold", "fraud", 100, "A"), ("hold", "fraud", 200, "B"), ("hold", "genuine", 400, "C"),
        ("block", "genuine", 800, "C"), ("hold", None, 1_600, "D"), ("allow", "fraud", 3_200, "E"),
        ("allow", None, 6_400, "F"), ("allow", "genuine", 12_800, "G"), ("challenge", "fraud", 50, "H"),
        ("allow", None, 7, "I"),
    ]  # fmt: skip
    log = MemoryLog()
    for place, (action, label, rupees, customer) in enumerate(payments):
        rules = ("big",) if action in {"hold", "block"} else ()
        log.payment(f"p{place}", action=action, rupees=rupees, customer=customer, rules=rules)
        if label:
            log.label(f"p{place}", label, day=DAY + 1)
    log.label("p0", "genuine", "customer", day=DAY + 2)
    counter = WatchCounter(log, Gauges(log.find_by_ref), TrustOrder(), b"key")
    counter.take(log.read(0))
    sums: m.Sums = {}
    for _, measure, key, n, total in counter.rows():
        sums.setdefault(measure, {})[key] = (n, total)
    people = {one.who for one in counter.troubled.values()}
    made = weekly_figures(
        Told(sums, {}, [sums[m.ANSWERED]], sums[m.RULE], sums[m.DELAY], ["big", "quick"], []),
        week=m.week_of(DAY),
        today=DAY + 7,
        policy=("tiny", 1, HASH),
        troubled=(len(people), len(counter.troubled), sum(one.minor for one in counter.troubled.values())),
    )
    assert (made.stopped.n, made.stopped.minor) == (5, 3_100_00)
    assert (made.decided["allow"].n, made.decided["challenge"].n) == (4, 1)
    assert (made.troubled_customers, made.troubled.n, made.troubled.minor) == (1, 2, 1_200_00)
    assert (made.precision.value, made.precision.n) == (0.5, 4)
    assert (made.recall.value, made.recall.n) == (0.5, 4)
    assert made.recall_minor == pytest.approx(300 / 3_550)
    interval = stats.binomtest(2, 4).proportion_ci(method="wilson")
    assert (made.recall.low, made.recall.high) == pytest.approx((interval.low, interval.high))
    assert (made.labelled_stopped.value, made.labelled_stopped.n) == (0.8, 5)
    assert made.contradicted == 1
    assert [(one.code, one.fired.n, one.fraud, one.genuine) for one in made.top_rules] == [("big", 5, 2, 2)]
    assert made.dead_rules == ["quick"]
    assert made.reports_in is None, "four reports are too few"


def test_share_of_reports_that_are_in_follows_their_delays():
    delays = {"02": (30, 0), "06": (50, 0), "13": (20, 0)}
    assert reports_in(delays, 0.0) == 0.0
    assert reports_in(delays, 1.0) == pytest.approx(0.3)
    assert reports_in(delays, 10.5) == pytest.approx(0.3 + 0.5 / 2), "half of the bin from 7 to 14 days"
    assert reports_in(delays, 10_000.0) == pytest.approx(0.8), (
        "what came later than the last bin may still come"
    )


@pytest.mark.parametrize("lang", ["en", "hi"])
def test_every_text_is_of_the_language(lang):
    page = read(week_html(view_of(figures(), lang, queues=QUEUES)))
    text = " ".join(page.text[page.text.index(next(one for one in page.text if "2026-W48" in one)) :])
    assert bool(DEVANAGARI.search(text)) is (lang == "hi")
    assert ("lang", lang) in page.attributes
    for number in ("31,250", "₹60,80,000", "52", "69.7%", "86.4%", "card_velocity", "gift_card_run"):
        assert number in text


def test_the_page_loads_nothing_and_runs_nothing():
    page = read(week_html(view_of(figures(), "en")))
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [
        value for name, value in page.attributes if name in {"src", "href", "action"} or name.startswith("on")
    ]


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("lang", ["en", "hi"])
def test_names_that_look_like_markup_stay_names_on_the_page(name, lang):
    plain = read(week_html(view_of(renamed(figures(), "plain_name"), lang)))
    page = read(week_html(view_of(renamed(figures(), name), lang)))
    assert page.tags == plain.tags
    shown = name.replace("\u0000", "")
    assert sum(shown in text.replace("\ufffd", "").replace("\u0000", "") for text in page.text) >= 5


@pytest.mark.parametrize("name", EVIL)
def test_names_that_look_like_markup_are_never_evaluated_in_the_pdf(name):
    """A name that were evaluated would panic, read a file, ask for a package or be a syntax error."""
    made = week_pdf(view_of(renamed(figures(), name), "en"))
    assert made.startswith(b"%PDF-")


def test_the_pdf_is_the_same_again_and_holds_its_fonts():
    view = view_of(figures(), "hi", queues=QUEUES)
    made = week_pdf(view)
    assert made == week_pdf(view)
    assert fonts_of(made) >= {b"NotoSansDevanagari-Regular", b"NotoSansDevanagari-Bold"}
    assert made != week_pdf(view_of(figures(), "en", queues=QUEUES))


def fonts_of(pdf):
    """Return the fonts that a PDF embeds; objects may lie in compressed streams."""
    parts = [pdf]
    for start in re.finditer(rb"stream\r?\n", pdf):
        try:
            parts.append(zlib.decompressobj().decompress(pdf[start.end() :]))
        except zlib.error:
            continue
    return set(re.findall(rb"[A-Z]{6}\+([A-Za-z-]+)", b"".join(parts)))


def test_without_the_package_the_pdf_is_refused_with_the_way_out(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    with pytest.raises(InputInvalid, match=r"satark\[reports\]"):
        printing.week_pdf(view_of(figures(), "en"))


@pytest.mark.parametrize("lang", ["en", "hi"])
def test_an_empty_week_says_so_and_claims_nothing(lang):
    empty = weekly_figures(
        Told({}, {}, [{}] * 7, {}, {}, [], []),
        week=WEEK,
        today=m.first_day(WEEK) + 3,
        policy=("payments", 4, HASH),
        troubled=(0, 0, 0),
        places=(5, 9),
    )
    view = view_of(empty, lang)
    assert len(view.warnings) == 3, "nothing counted, the week is not over, and entries wait"
    assert [tile.value for tile in view.tiles] == ["0", "₹0", "0", "–", "–"]
    assert all(section.rows or section.empty or section.items for section in view.sections[:6])
    assert week_pdf(view).startswith(b"%PDF-")
    assert "None" not in week_html(view)
    assert "nan" not in week_html(view).lower().replace("nanosecond", "")


def test_long_reports_are_cut_where_they_say_so():
    findings = [msgspec.structs.replace(told().findings[0], subject=f"f{place}") for place in range(40)]
    made = figures(findings=findings)
    view = view_of(made, "en")
    changed = next(section for section in view.sections if section.title == "What has changed")
    assert len(changed.items) == 13
    assert "28 more" in changed.items[-1]
    assert {one.kind for one in made.findings} == {Kind.FEATURE_DRIFT}


def test_money_of_another_currency_is_written_as_such():
    assert view_of(figures(), "en", currency="USD").tiles[1].value.replace("\u00a0", " ").startswith("USD")
