from __future__ import annotations

from pathlib import Path

import pytest

from satark.core.errors import PolicyInvalid
from satark.features.spec import Statistic
from satark.language import Type
from satark.policies import bundled_path, lint, load_bundled, load_policy

TINY = """
policy: tiny
version: 3
attributes: {tier: str}
features:
  card_10m: count() by card over 10m
lists:
  trusted: {of: customer, entries: [asha, {value: ravi, expires: 2027-01-01T00:00:00+05:30}]}
rules:
  velocity:
    when: card_10m > limit and custom.tier != "gold"
    params: {limit: 4}
    action: hold
    reason: {en: "{card_10m} in {card_10m.window}; limit {limit}", hi: "{card_10m.window} में {card_10m}; सीमा {limit}"}
  trusted_customer:
    when: listed(customer, "trusted")
    exempt: [velocity]
    until: 2028-01-01T00:00:00+05:30
    reason: {en: "trusted", hi: "विश्वसनीय"}
"""


def test_policy_holds_what_was_written_when_it_is_right():
    policy = load_policy(TINY)
    assert (policy.name, policy.version, policy.mode, policy.base_currency) == ("tiny", 3, "enforce", "INR")
    assert policy.features[0].statistic is Statistic.COUNT
    assert policy.lists["trusted"].type is Type.STR
    assert policy.lists["trusted"].entries[1].expires_us == 1_798_741_800_000_000
    velocity, trusted = policy.rules
    assert velocity.params == {"limit": 4}
    assert velocity.score == 0.6  # the threshold of its action
    assert trusted.exempt == {"velocity"}
    assert trusted.score == 0
    assert policy.facts_of_rules == {"custom.tier", "customer", "occurred_at"}
    assert policy.facts_used == policy.facts_of_rules | {"card"}


def test_hash_is_the_same_when_only_layout_and_comments_differ():
    changed = "# a comment\n" + TINY.replace("card_10m > limit and", "card_10m  >  limit  and")
    assert load_policy(changed).content_hash == load_policy(TINY).content_hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 3", "version: 4"),
        ("limit: 4", "limit: 5"),
        ("over 10m", "over 11m"),
        ("[asha,", "[usha,"),
        ("action: hold", "action: block"),
        ("2028", "2029"),
        ('trusted", hi', 'known", hi'),
    ],
)
def test_hash_differs_when_an_answer_can(old, new):
    assert load_policy(TINY.replace(old, new)).content_hash != load_policy(TINY).content_hash


def test_all_mistakes_come_at_once_when_there_are_several():
    wrong = (
        TINY.replace("by card", "by crad")
        .replace("custom.tier", "custom.teir")
        .replace("[velocity]", "[velocty]")
    )
    with pytest.raises(PolicyInvalid) as caught:
        load_policy(wrong)
    assert [str(one.position) for one in caught.value.fields["diagnostics"]] == [
        "policy.yaml:6:24",
        "policy.yaml:11:32",
        "policy.yaml:17:14",
    ]


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("rupees(50_000)", 5_000_000),
        ("days(2)", 172_800),
        ("-3", -3),
        ("0.25", 0.25),
        ("1_00_000", 100_000),
        ("'text'", "text"),
        ("true", True),
    ],
)
def test_parameter_is_a_constant_when_written_as_an_expression(param, value):
    assert (
        load_policy(TINY.replace("{limit: 4}", f"{{limit: 4, other: {param}}}")).rules[0].params["other"]
        == value
    )


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "a: &a [1]\nb: *a\n",
        "- " * 100_000,
        "policy: p\n---\npolicy: q\n",
        "policy: \x00",
        "? [a]\n: b\n",
        "!!python/object/apply:os.system ['true']",
        "x" * 3_000_000,
        "\ud800",
        "policy: p\nversion: 1\nrules: {a: {when: "
        + "(" * 5_000
        + ", reason: {en: x, hi: x}, action: hold}}",
    ],
)
def test_mistakes_are_told_when_the_file_is_hostile(text):
    assert lint(text)


def test_mistake_is_told_when_the_file_is_missing_or_not_text(tmp_path):
    assert "cannot be read" in str(lint(tmp_path / "none.yaml")[0])
    assert "cannot be read" in str(lint(tmp_path)[0])
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00\xd8")
    assert "not UTF-8" in str(lint(tmp_path / "bytes.yaml")[0])


def test_policy_may_be_without_rules_or_features():
    assert load_policy("policy: p\nversion: 1\nrules: {}\n").rules == ()


def test_list_file_lies_beside_the_policy(tmp_path):
    text = "policy: p\nversion: 1\nrules: {}\nlists: {bad: {of: ip, file: ips.txt}}\n"
    assert load_policy(text).lists["bad"].file == Path("ips.txt")
    path = tmp_path / "p.yaml"
    path.write_text(text)
    assert load_policy(path).lists["bad"].file == tmp_path / "ips.txt"
    assert load_policy(path).content_hash == load_policy(text).content_hash


def test_bundled_policy_is_without_mistakes_and_large_enough():
    assert lint(bundled_path()) == []
    policy = load_bundled()
    assert len(policy.features) >= 50
    assert len(policy.rules) >= 36


def test_every_feature_of_the_bundled_policy_is_used():
    policy = load_bundled()
    used: set[str] = set()
    for rule in policy.rules:
        used |= rule.when.names | rule.reason_en.names | rule.reason_hi.names
    assert {feature.name for feature in policy.features} <= used


def test_every_bundled_reason_tells_the_same_numbers_in_both_languages():
    for rule in load_bundled().rules:
        assert rule.reason_en.names == rule.reason_hi.names, rule.code
        assert any("ऀ" <= char <= "ॿ" for char in rule.reason_hi.source), rule.code


def test_bundled_path_is_a_file():
    assert isinstance(bundled_path(), Path)
    assert bundled_path().is_file()
