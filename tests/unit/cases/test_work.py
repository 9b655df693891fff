"""The rules of the work on cases, where they are plain functions."""

from __future__ import annotations

import pytest

from satark.cases import work
from satark.cases.joining import Candidate, choose
from satark.cases.model import CaseEntity, CaseOutcome, Cursor, EntityKind, EntityRef, ListChoice
from satark.core.errors import WorkRefused
from satark.policies.case_rules import CaseTerms, JoinRule, OnFraud


@pytest.mark.parametrize("text", ["", "1", "a_1", "nan_1", "inf_1", "1.5_0", "1.5_-3", f"1_{2**63}", "1_1_1"])
def test_a_cursor_is_none_when_it_is_not_one(text):
    assert Cursor.parse(text) is None


def test_a_cursor_comes_back_exactly():
    cursor = Cursor(0.1 + 0.2, 2**62)
    assert Cursor.parse(cursor.text()) == cursor


def test_what_reorders_or_hides_text_is_left_out_of_a_note_and_what_hindi_needs_is_kept():
    assert work.check_note("a\u202eb\x1b[31mc\u2066d") == "ab[31mcd"
    assert work.check_note("क्\u200dष") == "क्\u200dष"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a/b/../c.pdf", "c.pdf"),
        ('x"\r\nSet-Cookie: a=b.pdf', "xSet-Cookie a=b.pdf"),
        (".htaccess", "htaccess"),
        ("n" * 300 + ".pdf", "n" * 116 + ".pdf"),
        ("\u202egnp.exe", "gnp.exe"),
        ("", "file"),
    ],
)
def test_a_file_s_name_can_stand_in_a_header_and_a_folder(name, kept):
    assert work.safe_name(name) == kept


def test_a_bulk_act_names_each_case_once_and_in_order():
    assert work.check_bulk([3, 1, 3]) == (1, 3)


def test_only_reasons_of_the_outcome_are_taken():
    terms = CaseTerms({}, {"fraud": {"stolen_card": None}, "genuine": {}}, {})
    work.check_reason(terms, CaseOutcome.FRAUD, "stolen_card")
    for outcome in (CaseOutcome.GENUINE, CaseOutcome.INCONCLUSIVE):
        with pytest.raises(WorkRefused):
            work.check_reason(terms, outcome, "stolen_card")


def test_list_entries_are_offered_for_the_things_of_the_case():
    terms = CaseTerms(
        {}, {}, {}, (OnFraud("cards", "card", 60), OnFraud("payees", "merchant", None, "merchant:"))
    )
    things = [
        CaseEntity(EntityRef(EntityKind(kind), value), 1, 0, 0)
        for kind, value in (("card", "a"), ("card", "b"), ("merchant", "m"), ("ip", "10.0.0.1"))
    ]
    assert work.offered_lists(terms, things, 5, note="n") == [
        ListChoice("cards", "a", 60_000_005, "n"),
        ListChoice("cards", "b", 60_000_005, "n"),
        ListChoice("payees", "merchant:m", None, "n"),
    ]


def test_the_choice_among_cases_does_not_depend_on_their_order():
    join = JoinRule(frozenset({"card"}), 60, 10)
    candidates = [
        Candidate(1, 1, (5,)),
        Candidate(2, 1, (5, 5)),
        Candidate(3, 1, (5, 6)),
        Candidate(4, 10, (9, 9)),
    ]
    assert {choose(order, 10, join) for order in (candidates, candidates[::-1])} == {3}
    assert choose([], 10, join) is None
