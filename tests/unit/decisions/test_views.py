"""The union of the features of several policies, and which policies can share windows at all."""

from __future__ import annotations

import pytest
from tests.support.publishing import BASE, OTHER_WINDOWS, SAME_WINDOWS

from satark.core.errors import InputInvalid
from satark.decisions.views import check_together, covers, feature_key, union_features
from satark.features.plan import make_plan
from satark.policies import load_policy

HEAD = "policy: p\nversion: 1\n"


def policy_of(features, more=""):
    return load_policy(f"{HEAD}{more}features: {{{features}}}\nrules: {{}}\n")


def test_equal_computations_are_one_whatever_they_are_called():
    first = policy_of("a: count() by card over 1h")
    second = policy_of("b: count( ) by card over 60m, c: count() by card over 2h")
    features, names = union_features([first, second])
    assert [one.name for one in features] == ["a", "c"]
    assert names == ({"a": "a"}, {"b": "a", "c": "c"})


def test_equal_names_of_other_computations_are_told_apart():
    policies = [policy_of(f"a: count() by card over {hours}h") for hours in (1, 2, 3)]
    features, names = union_features(policies)
    assert len({one.name for one in features}) == 3
    for policy, mine in zip(policies, names, strict=True):
        by_name = {one.name: one for one in features}
        assert feature_key(by_name[mine["a"]]) == feature_key(policy.features[0])


def test_one_policy_keeps_its_features_and_so_its_windows():
    twice = policy_of(
        "a: count() by card over 1h, b: count() by card over 1h, c: sum(amount) by card over 1h"
    )
    for policies in ([twice], [twice, twice]):
        features, names = union_features(policies)
        assert features == twice.features
        assert names[0] == {"a": "a", "b": "b", "c": "c"}
        assert make_plan(features).version == make_plan(twice.features).version


def test_windows_cover_policies_whose_features_they_hold():
    base, same, other = (load_policy(text) for text in (BASE, SAME_WINDOWS, OTHER_WINDOWS))
    assert covers([base], [same])
    assert covers([base, other], [other, same])
    assert not covers([base], [other])
    assert covers([base], [])


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("base_currency: INR\n", "base_currency: USD\n", "different currencies: INR and USD"),
        ("attributes: {tier: str}\n", "attributes: {tier: int}\n", "the attribute tier"),
    ],
)
def test_policies_that_cannot_share_windows_are_refused(first, second, told):
    policies = [policy_of("a: count() by card over 1h", more) for more in (first, second)]
    with pytest.raises(InputInvalid, match=told):
        check_together(policies)


def test_policies_with_attributes_of_their_own_go_together():
    check_together(
        [policy_of("a: count() by card over 1h", f"attributes: {{{name}: str}}\n") for name in ("x", "y")]
    )
