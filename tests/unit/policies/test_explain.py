from __future__ import annotations

import pytest

from satark.features.spec import Statistic
from satark.policies import load_bundled, load_policy
from satark.policies.explain import ENTITY_WORDS_HI, STATISTIC_WORDS, explain, explain_feature, window_groups


@pytest.mark.parametrize("lang", ["en", "hi"])
def test_explanation_names_every_feature_rule_and_list(lang):
    policy = load_bundled()
    text = explain(policy, lang)
    for name in (*(f.name for f in policy.features), *(r.code for r in policy.rules), *policy.lists):
        assert name in text
    assert policy.content_hash[:12] in text


@pytest.mark.parametrize("lang", ["en", "hi"])
def test_every_statistic_has_words(lang):
    assert STATISTIC_WORDS[lang].keys() == set(Statistic)


def test_every_key_of_the_bundled_policy_has_a_hindi_word():
    assert {name for feature in load_bundled().features for name in feature.by} <= ENTITY_WORDS_HI.keys()


def test_feature_is_a_sentence_when_explained():
    policy = load_policy(
        'policy: p\nversion: 1\nrules: {}\nfeatures: {f: count(label == "fraud") by card+merchant over 7d delayed 1d}\n'
    )
    (feature,) = policy.features
    assert explain_feature(feature) == (
        'number of labels, per card and merchant, in the last 7 days, only where `label == "fraud"`, up to 1 day ago'
    )
    assert explain_feature(feature, "hi") == (
        "प्रति कार्ड और व्यापारी, पिछले 7 दिन में पुष्टि की गई सूचनाओं की संख्या, "
        'केवल जहाँ `label == "fraud"`, 1 दिन पहले तक'
    )


def test_observed_policy_says_so():
    policy = load_policy("policy: p\nversion: 1\nmode: observe\nrules: {}\n")
    assert "observe only" in explain(policy)
    assert "केवल निगरानी" in explain(policy, "hi")


def test_features_over_the_same_entries_share_a_log():
    policy = load_bundled()
    assert sum(window_groups(policy).values()) == len(policy.features)
    assert len(window_groups(policy)) < len(policy.features) / 2
