"""The words of inputs: what a bank would print, in both languages, with the number where it belongs."""

from __future__ import annotations

import pytest

from satark.events.facts import BASE_FACTS
from satark.features.oneline import parse_feature
from satark.features.spec import Statistic
from satark.language import Position
from satark.models import ModelInput
from satark.models.training.derive import derived
from satark.models.training.says import FAMILIES, PLACES, STATISTICS, say_derived, say_feature
from satark.models.words import sentence


def spec(text, name="n"):
    found, wrong = parse_feature(name, text, BASE_FACTS, Position("p.yaml"))
    assert not wrong
    return found


@pytest.mark.parametrize(
    ("text", "en", "hi"),
    [
        (
            "count() by card over 10m",
            "{value} payments on this card in 10 minutes",
            "इस कार्ड से 10 मिनट में {value} बार",
        ),
        (
            'count(label == "fraud") by merchant over 7d',
            "{value} reported frauds at this merchant in 7 days",
            "इस व्यापारी के यहाँ 7 दिन में {value} दर्ज धोखाधड़ी",
        ),
        (
            "mean(amount) by customer over 30d delayed 7d",
            "mean amount of payments {value} of this customer in 30 days, up to 7 days ago",
            "इस ग्राहक के 30 दिन में (7 दिन पहले तक) भुगतान की औसत राशि {value}",
        ),
    ],
)
def test_a_window_in_words(text, en, hi):
    assert say_feature(spec(text)) == (en, hi)


def test_every_statistic_and_family_has_words_in_both_languages():
    assert set(STATISTICS) == set(Statistic)
    for en, hi in (*STATISTICS.values(), *FAMILIES.values(), *PLACES.values()):
        assert en
        assert any("\u0900" <= letter <= "\u097f" for letter in hi.replace("{entries}", "भुगतान"))


def test_derived_inputs_are_found_by_what_windows_compute():
    features = [
        spec("mean(amount) by customer over 30d", "usual"),
        spec("std(amount) by customer over 30d", "spread"),
        spec("max(amount) by customer over 3d", "lately"),
        spec('count(label == "fraud") by merchant over 7d', "bad"),
        spec('count(label == "genuine") by merchant over 7d', "good"),
        spec('since_last(label == "fraud") by merchant over 60d', "since_bad"),
        spec('since_last(label == "genuine") by merchant over 60d', "since_good"),
    ]
    made = {one.source: one.family for one in derived(features, frozenset({"amount"}))}
    assert made == {
        "amount / usual": "habit",
        "(amount - usual) / spread": "deviation",
        "amount / lately": "habit",
        "bad / (bad + good + 1)": "risk",
        "lately / usual": "recent",
        "since_bad - since_good": "turn",
    }


def test_windows_of_another_kind_are_not_compared():
    features = [
        spec("mean(amount) by customer over 30d", "usual"),
        spec("std(amount) by card over 30d", "other_key"),
        spec("std(amount) by customer over 7d", "other_span"),
    ]
    made = {one.family for one in derived(features, frozenset({"amount"}))}
    assert "deviation" not in made


def test_no_pace_is_made_of_labels_but_of_payments():
    features = [
        spec(f"{what} by merchant over {span}", f"{name}_{span}")
        for name, what in (("paid", "count()"), ("good", 'count(label == "genuine")'))
        for span in ("1d", "30d")
    ]
    assert [one.name for one in derived(features, frozenset({"amount"}))] == ["paid_1d_of_paid_30d"]


def test_a_derived_input_in_words_has_its_value_once():
    for one in derived([spec("mean(amount) by customer over 30d", "usual")], frozenset({"amount"})):
        en, hi = say_derived(one)
        made = ModelInput(one.name, one.source, "float", typical=1.0, unit=one.unit, says_en=en, says_hi=hi)
        assert sentence(made, 5.0, "INR", "en") == (
            "amount is 5 times this: mean amount of payments of this customer in 30 days, usually 1 times"
        )
        assert sentence(made, 5.0, "INR", "hi") == (
            "राशि इसका 5 गुना है: इस ग्राहक के 30 दिन में भुगतान की औसत राशि, सामान्यतः 1 गुना"
        )
