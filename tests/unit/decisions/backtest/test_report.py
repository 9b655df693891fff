"""The report stands alone, says everything in both languages, and never lets a text of the policy into its markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest
from tests.support.backtests import result as made_result

from satark.decisions.backtest.charts import cost_svg, curve_svg, days_svg, hours_svg
from satark.decisions.backtest.report import report_html
from satark.decisions.backtest.result import Changed, Note
from satark.decisions.backtest.words import HEADLINES, NOTES, TEXT, note_text

_FIELD = re.compile(r"\{(\w+)\}")
_DEVANAGARI = re.compile("[\u0900-\u097f]")


class Tags(HTMLParser):
    """Checks that every tag that is opened is closed, in order."""

    VOID = frozenset({"meta", "br", "link", "img"})

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.attributes = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(html):
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    return tags


@pytest.mark.parametrize("lang", ["en", "hi"])
def test_the_report_stands_alone(lang):
    html = report_html(made_result(), lang)
    tags = parsed(html)
    assert not tags.seen & {"script", "link", "img", "iframe", "object"}
    assert not [value for name, value in tags.attributes if name in {"src", "href"} or name.startswith("on")]
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html
    assert f'<html lang="{lang}">' in html


def test_what_matters_is_said_in_words_and_lakh():
    html = report_html(made_result(), "en")
    assert "It stops ₹41 lakh more fraud and troubles 12 more genuine customers." in html
    assert "card_velocity" in html
    assert "never fired" in html
    hindi = report_html(made_result(), "hi")
    assert "₹41 लाख" in hindi
    assert "12 अधिक सही ग्राहकों" in hindi


def test_texts_of_the_policy_cannot_become_markup():
    bad = '<script>alert("x")</script>'
    found = made_result()
    candidate = msgspec.structs.replace(
        found.candidate,
        name=bad,
        rules=[msgspec.structs.replace(found.candidate.rules[0], code=bad)],
        queue=msgspec.structs.replace(found.candidate.queue, queues={bad: 1, "b": 2}),
    )
    example = Changed(
        bad, 1, 1_780_000_000_000_000, 5, "fraud", "allow", "hold", 0.0, 0.7, [bad], [bad, bad + "2"]
    )
    difference = msgspec.structs.replace(found.difference, examples=[example])
    found = msgspec.structs.replace(
        found,
        candidate=candidate,
        difference=difference,
        notes=[Note(bad), Note("model_missing", {"model": bad})],
        source=msgspec.structs.replace(found.source, kind="file", name=bad),
    )
    tags = parsed(report_html(found, "en"))
    assert "script" not in tags.seen


def test_every_sentence_exists_in_both_languages_with_the_same_fields():
    for words in (*TEXT.values(), *HEADLINES.values(), *NOTES.values()):
        assert _DEVANAGARI.search(words.hi), words
        assert not _DEVANAGARI.search(words.en), words
        # The Hindi may leave out a number, never name another.
        assert set(_FIELD.findall(words.hi)) == set(_FIELD.findall(words.en)), words


def test_every_note_that_the_code_gives_has_words():
    from pathlib import Path

    import satark.decisions.backtest as package

    given = set()
    for path in Path(package.__file__).parent.glob("*.py"):
        given |= set(re.findall(r'Note\(\s*"(\w+)"', path.read_text("utf-8")))
    given |= {"selective", "selective_weighted", "windows_cold", "windows_warm"}
    assert given == NOTES.keys()
    assert note_text(Note("unheard_of"), "en") == "unheard_of"


def test_pictures_say_what_they_show_and_vanish_without_numbers():
    found = made_result()
    (curve,) = found.candidate.curves
    for svg in (
        curve_svg(curve, "en"),
        cost_svg(curve, "INR", "en"),
        hours_svg(found.candidate.queue, "en", found.against.queue),
    ):
        assert svg.startswith("<svg")
        assert 'role="img" aria-label="' in svg
        parsed(svg)
        assert "nan" not in svg
    assert "Least cost" in curve_svg(curve, "en")
    assert "Within the budget" in curve_svg(curve, "en")
    assert days_svg(found.candidate.queue, "en") == ""
    empty = msgspec.structs.replace(curve, points=curve.points[:1], cost_optimal=None, budget_optimal=None)
    assert curve_svg(empty, "en") == ""
    assert cost_svg(empty, "INR", "en") == ""
    quiet = msgspec.structs.replace(found.candidate.queue, by_hour=[0.0] * 24, by_hour_p95=[0.0] * 24)
    parsed(hours_svg(quiet, "en"))
