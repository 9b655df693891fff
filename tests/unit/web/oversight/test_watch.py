"""The watch's page: what lies beyond a limit in words, with its case, for those who may see it."""

from __future__ import annotations

import pytest

from satark.core.clock import ist_day
from satark.decisions.watch import Finding, Kind, Verdict
from satark.decisions.watch.measures import first_day, week_name, week_of
from satark.storage.desk.watch import Run
from satark.web.watch.reading import SHOWN, sections_of


@pytest.fixture
def week(world):
    return week_of(ist_day(world.clock.now_us()))


def finding(week, subject="card_10m", kind=Kind.FEATURE_DRIFT, verdict=Verdict.BREACH, value=0.5):
    return Finding(kind, subject, week, value, 0.4, 0.6, 0.2, 1_234_567, verdict, 0.125)


def judged(world, *findings):
    run = Run(world.clock.now_us(), 7)
    world.desk.watch.put_findings(sorted({one.week for one in findings}), findings, run)


def test_nothing_is_claimed_before_the_first_judgement(supervisor):
    answer = supervisor.get("/watch")
    assert answer.status_code == 200
    assert "not judged yet" in answer.text
    assert "Nothing lies beyond" not in answer.text


@pytest.mark.parametrize(("lang", "words"), [("en", "lie differently"), ("hi", "वितरण सामान्य से बदल गया है")])
def test_what_is_beyond_a_limit_is_told_in_words_with_its_case(world, enter, week, lang, words):
    judged(world, finding(week), finding(week, "device_cards", verdict=Verdict.OK))
    (case_id,) = world.desk.watch_cases.tell([finding(week)], queue="supervision", deadline_seconds=60)
    text = enter("supervisor", lang).get("/watch").text
    told = text[text.index('id="beyond-title"') : text.index('class="kinds"')]
    assert words in told
    assert f'href="/cases/{case_id}"' in told
    assert "12,34,567" in told
    assert "device_cards" not in told
    assert "device_cards" in text


def test_an_author_sees_the_case_but_no_way_into_it(world, enter, week):
    judged(world, finding(week))
    (case_id,) = world.desk.watch_cases.tell([finding(week)], queue="supervision", deadline_seconds=60)
    text = enter("author").get("/watch").text
    assert f"Case {case_id}" in text
    assert f"/cases/{case_id}" not in text


@pytest.mark.parametrize(
    ("lang", "seen", "about"),
    [("en", "saw:", "about the system itself"), ("hi", "ने पाया:", "स्वयं प्रणाली का है")],
)
def test_its_case_says_what_was_seen_and_hangs_on_no_payment(world, enter, week, lang, seen, about):
    (case_id,) = world.desk.watch_cases.tell([finding(week)], queue="supervision", deadline_seconds=60)
    text = enter("supervisor", lang).get(f"/cases/{case_id}").text
    timeline = text[text.index('<ol class="timeline">') :]
    assert seen in timeline
    assert "card_10m" in timeline
    assert about in text
    assert 'class="graph' not in text
    assert text.count('href="/watch"') == 2, "in the bar and beside the words"


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("supervisor", 200),
        ("administrator", 200),
        ("author", 200),
        ("auditor", 200),
        ("analyst", 403),
        ("officer", 403),
        ("viewer", 403),
    ],
)
def test_only_leaders_authors_and_auditors_see_it(enter, role, status):
    visitor = enter(role)
    assert visitor.get("/watch").status_code == status
    assert ('href="/watch"' in visitor.get("/account").text) is (status == 200)


def test_every_kind_is_drawn_in_both_languages(world, enter, week):
    judged(world, *(finding(week - back, kind=kind) for kind in Kind for back in range(5)))
    for lang in ("en", "hi"):
        text = enter("supervisor", lang).get("/watch").text
        assert text.count('<section class="panel" aria-labelledby=') == len(Kind)
        assert text.count("<polyline") >= len(Kind)
        assert "%(" not in text


def test_a_subject_that_looks_like_markup_stays_text(world, supervisor, week):
    judged(world, finding(week, "<script>alert(1)</script>"))
    text = supervisor.get("/watch").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_week_of_the_address_is_shown_or_the_nearest_that_is_kept(world, supervisor, week):
    judged(world, finding(week, "now"), finding(week - 1, "then"))
    assert "now" in supervisor.get(f"/watch?week={week_name(week)}").text
    then = supervisor.get(f"/watch?week={week_name(week - 1)}").text
    assert "<code>then</code>" in then
    assert "<code>now</code>" not in then
    for other in ("1999-W01", "2999-W01", "soon", "%3Cb%3E"):
        assert supervisor.get(f"/watch?week={other}").status_code == 200


def test_a_week_that_has_just_begun_is_not_the_first_to_be_shown(world, enter, supervisor, week):
    judged(world, finding(week, "now"), finding(week - 1, "then"))
    days = ist_day(world.clock.now_us()) - first_day(week)
    assert ("<code>now</code>" in supervisor.get("/watch").text) is (days >= 2)
    world.clock.advance(86_400 * (7 - days))
    # The session has ended meanwhile; the week is the last one now, and the new one is young.
    assert "<code>now</code>" in enter().get("/watch").text


def test_many_rows_are_folded_but_never_one_beyond_its_limit():
    fine = [finding(5, f"f{place:02d}", verdict=Verdict.OK) for place in range(30)]
    bad = [finding(5, f"b{place:02d}") for place in range(20)]
    section = next(one for one in sections_of(fine + bad, 5) if one.kind is Kind.FEATURE_DRIFT)
    assert [row.finding.verdict for row in section.shown] == [Verdict.BREACH] * 20
    assert len(section.folded) == 30
    few = next(one for one in sections_of(fine, 5) if one.kind is Kind.FEATURE_DRIFT)
    assert (len(few.shown), len(few.folded)) == (SHOWN, 18)


def test_a_line_holds_the_weeks_before_and_leaves_gaps_where_nothing_was():
    told = [finding(week, value=value) for week, value in ((1, 0.1), (2, 0.2), (4, 0.4), (5, 0.5))]
    (row,) = next(one for one in sections_of(told, 5) if one.kind is Kind.FEATURE_DRIFT).rows
    assert row.weeks == 4
    assert len(row.chart.pieces) == 2, "the third week has no value"
    assert row.chart.limit_y is not None
    (rule,) = next(
        one for one in sections_of([finding(5, kind=Kind.PRECISION)], 5) if one.kind is Kind.PRECISION
    ).rows
    assert rule.chart.limit_y is None, "the limit is on the fall, not on the value"
