"""The one-line form of features: what each line means."""

from __future__ import annotations

import pytest

from satark.events.facts import BASE_FACTS, Fact, FactType
from satark.features.oneline import parse_feature
from satark.features.spec import DAY_SECONDS, Statistic
from satark.features.statistics import STATISTICS
from satark.language import ListInfo, Position, Type

HERE = Position("p.yaml")


def spec_of(text, **more):
    spec, diagnostics = parse_feature("feature", text, BASE_FACTS, HERE, **more)
    assert spec is not None, [str(d) for d in diagnostics]
    return spec


def told(text):
    spec, diagnostics = parse_feature("feature", text, BASE_FACTS, HERE)
    assert spec is None
    return {d.code for d in diagnostics}


@pytest.mark.parametrize("statistic", Statistic)
def test_the_example_of_each_statistic_is_right(statistic):
    info = STATISTICS[statistic]
    spec = spec_of(info.example)
    assert spec.statistic is statistic
    assert spec.type is info.type_of(spec.value.type if spec.value else None)
    assert info.doc.en
    assert info.doc.hi


@pytest.mark.parametrize(
    ("text", "event_type"),
    [
        ("count() by card over 1h", "payment"),
        ("count() of payment_result by card over 1h", "payment_result"),
        ('count(method == "card" and outcome == "declined") by device over 1h', "payment_result"),
        ('count(label == "fraud") by merchant over 7d', "label"),
        ('count(change == "added") by customer over 1h', "payee_change"),
        ("count() by payment over 1h", "payment_result"),
        ("distinct(result_code) by card over 1h", "payment_result"),
    ],
)
def test_the_event_type_is_the_first_that_has_all_the_facts(text, event_type):
    assert spec_of(text).event_type == event_type


@pytest.mark.parametrize(
    ("text", "window_seconds"),
    [("1m", 60), ("90m", 5_400), ("24h", 86_400), ("90d", 90 * DAY_SECONDS), ("12w", 84 * DAY_SECONDS)],
)
def test_a_window_is_counted_in_seconds(text, window_seconds):
    spec = spec_of(f"count() by card over {text} delayed {text}")
    assert (spec.window_seconds, spec.delay_seconds) == (window_seconds, window_seconds)


@pytest.mark.parametrize(
    "text", ["30s", "0m", "91d", "13w", "1M", "1D", "h", "-1h", "1.5h", "1 h", "99999999999999d"]
)
def test_a_window_is_refused_when_it_is_no_span_from_1m_to_90d(text):
    assert told(f"count() by card over {text}")


@pytest.mark.parametrize(
    "text", ["since_last()", "since_first()", "first(ip)", "last(ip)", "new(ip)", "speed(location)"]
)
def test_a_window_is_90_days_when_it_need_not_be_written(text):
    assert spec_of(f"{text} by card").window_seconds == 90 * DAY_SECONDS


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("sum(amount)", Type.INT),
        ("sum(amount / 100)", Type.FLOAT),
        ("max(occurred_at - customer_added_at)", Type.FLOAT),
        ("mean(amount)", Type.FLOAT),
        ("distinct(method)", Type.INT),
        ("first(occurred_at)", Type.TIME),
        ("last(method)", Type.STR),
        ("new(bin)", Type.BOOL),
        ("rate()", Type.FLOAT),
    ],
)
def test_the_type_follows_the_statistic_and_its_value(text, kind):
    assert spec_of(f"{text} by card over 1h").type is kind


def test_a_filter_may_stand_alone_or_behind_where():
    alone = spec_of('count(method == "upi") by customer over 1h')
    behind = spec_of('count(where=method=="upi") by customer over 1h')
    assert alone.where == behind.where
    share = spec_of('share_of(outcome == "declined", where=method == "card") by card over 1h')
    assert share.condition.canonical == 'outcome == "declined"'
    assert share.where.canonical == 'method == "card"'
    assert share.where.source == 'method == "card"'


def test_facts_that_every_payment_has_are_not_nullable_in_payments_but_are_in_results():
    assert not spec_of('count(method == "upi") by customer over 1h').where.nullable
    assert spec_of('count(method == "upi") of payment_result by customer over 1h').where.nullable


def test_custom_attributes_signals_lists_and_constants_can_be_used():
    facts = dict(BASE_FACTS)
    facts["custom.tier"] = Fact("custom.tier", FactType.STR, frozenset({"payment"}), "the tier")
    spec, diagnostics = parse_feature(
        "feature",
        'sum(amount, where=custom.tier == "gold" and listed(ip, "vpn") and amount > floor) by custom.tier over 1h',
        facts,
        HERE,
        lists={"vpn": ListInfo(Type.STR)},
        constants={"floor": 5},
    )
    assert spec is not None, [str(d) for d in diagnostics]
    assert spec.by == ("custom.tier",)
    assert spec.where.lists == {"vpn"}
    assert spec.where.names == {"custom.tier", "ip", "amount"}


def test_all_mistakes_are_told_at_once():
    assert told(
        'coutn(method == "crad" and amout > 5) of paymnt by crad + location over 30s delayed 91d'
    ) == {
        "unknown_statistic",
        "unknown_choice",
        "unknown_name",
        "unknown_event_type",
        "type_mismatch",
        "bad_window",
    }


def test_a_feature_is_no_fact_of_another_feature():
    _, diagnostics = parse_feature("late", "count(other_feature > 5) by card over 1h", BASE_FACTS, HERE)
    assert [d.code for d in diagnostics] == ["unknown_name"]
