from __future__ import annotations

import pytest

from satark.language import Type
from satark.policies import ListBook, load_policy
from satark.policies.read_lists import read_list_file

JAN_2027_US = 1_798_741_800_000_000


def book_of(tmp_path, lists, files=None):
    for name, text in (files or {}).items():
        (tmp_path / name).write_text(text, "utf-8")
    path = tmp_path / "p.yaml"
    path.write_text(f"policy: p\nversion: 1\nrules: {{}}\nlists: {lists}\n")
    return ListBook.of(load_policy(path))


def test_entry_counts_until_it_expires(tmp_path):
    book = book_of(tmp_path, "{l: {of: card, entries: [{value: a, expires: 2027-01-01T00:00:00+05:30}, b]}}")
    assert book.has("l", "a", JAN_2027_US - 1) is True
    assert book.has("l", "a", JAN_2027_US) is False
    assert book.has("l", "b", 2**62) is True


def test_file_is_read_with_comments_and_expiries(tmp_path):
    text = "# bad cards\ntok_1\ntok_2, 2027-01-01T00:00:00+05:30  # until then\n\n"
    book = book_of(tmp_path, "{l: {of: card, file: cards.txt, entries: [tok_0]}}", {"cards.txt": text})
    assert [book.has("l", f"tok_{n}", JAN_2027_US) for n in range(4)] == [True, True, False, False]
    assert book.unavailable == ()


@pytest.mark.parametrize("text", [None, "tok_1, someday\n"])
def test_list_is_unavailable_when_its_file_cannot_be_used(tmp_path, text):
    book = book_of(tmp_path, "{l: {of: card, file: cards.txt}}", {} if text is None else {"cards.txt": text})
    assert book.unavailable == ("l",)
    assert book.has("l", "tok_1", 0) is None
    assert book.at(0).listed("l", "tok_1") is None
    with pytest.raises(KeyError):
        book.edit("l", "x")


def test_list_of_numbers_holds_numbers(tmp_path):
    book = book_of(tmp_path, "{l: {of: amount_minor, entries: [100, 2_000]}}")
    assert book.has("l", 2000, 0) is True
    assert book.has("l", 2001, 0) is False


@pytest.mark.parametrize(
    ("ip", "listed"),
    [
        ("203.0.113.7", True),
        ("203.0.114.7", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("198.51.100.1", True),
        ("nonsense", False),
    ],
)
def test_addresses_of_listed_networks_are_listed(tmp_path, ip, listed):
    book = book_of(tmp_path, '{l: {of: ip, entries: ["203.0.113.0/24", "2001:db8::/32", 198.51.100.1]}}')
    assert book.has("l", ip, 0) is listed


def test_network_is_gone_when_removed(tmp_path):
    book = book_of(tmp_path, '{l: {of: ip, entries: ["203.0.113.0/24"]}}')
    book.edit("l", "203.0.113.0/24", remove=True)
    assert book.has("l", "203.0.113.7", 0) is False


def test_missing_value_is_neither_on_nor_off_a_list(tmp_path):
    assert book_of(tmp_path, "{l: {of: card, entries: [a]}}").at(0).listed("l", None) is None


def test_file_is_refused_when_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr("satark.policies.read_lists.MAX_FILE_BYTES", 3)
    path = tmp_path / "big.txt"
    path.write_text("abcdef")
    with pytest.raises(OSError, match="larger"):
        read_list_file(path, Type.STR)


def test_lists_are_as_logged_when_restored(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(
        "policy: p\nversion: 1\nrules: {}\n"
        'lists: {a: {of: ip, entries: ["10.0.0.0/8", 9.9.9.9]}, b: {of: card, file: none.txt}, c: {of: card}}\n'
    )
    policy = load_policy(path)
    book = ListBook.of(policy)
    logged = {
        name: None if (ends := book.expiries(name)) is None else list(ends.items()) for name in policy.lists
    }
    restored = ListBook.restored(policy, logged)
    assert restored.unavailable == book.unavailable == ("b",)
    assert [restored.has("a", ip, 0) for ip in ("10.1.2.3", "9.9.9.9", "8.8.8.8")] == [True, True, False]
    assert all(restored.expiries(name) == book.expiries(name) for name in policy.lists)
