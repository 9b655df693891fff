"""Keys, people and lists."""

from __future__ import annotations

import threading

import pytest

from satark.core.clock import MICROS_PER_DAY
from satark.core.errors import InputInvalid, NotFound, StorageUnavailable


def test_key_verifies_when_its_secret_is_right(backend):
    storage = backend.open()
    made = storage.keys.create("shop", ["decide", "read"], owner="acme", rate_per_s=50.5, burst=7)
    assert storage.keys.verify(made.secret) == made.key
    assert made.key.scopes == {"decide", "read"}
    assert (made.key.rate_per_s, made.key.burst, made.key.owner_name) == (50.5, 7, "acme")
    assert storage.keys.list() == [made.key]
    other = backend.open(read_only=True)
    assert other.keys.verify(made.secret) == made.key


@pytest.mark.parametrize(
    "change",
    [
        lambda secret: secret[:-1] + ("A" if secret[-1] != "A" else "B"),
        lambda secret: "sk_000000000000" + secret[15:],
        lambda secret: secret + "x",
        lambda _: "",
        lambda _: "sk_\0",
        lambda secret: secret + "\n",
    ],
)
def test_key_is_refused_when_its_secret_is_wrong(storage, change):
    made = storage.keys.create("shop", ["decide"])
    assert storage.keys.verify(change(made.secret)) is None


def test_secret_is_nowhere_when_the_tables_are_read(backend):
    storage = backend.open()
    made = storage.keys.create("shop", ["decide"])
    secret = made.secret.split("_", 2)[2]  # The secret itself may have underscores.
    with storage.engines.read.connect() as connection:
        stored = repr(connection.exec_driver_sql("SELECT * FROM api_keys").all())
    assert secret not in stored


def test_key_ends_when_its_time_comes_or_it_is_revoked(backend):
    storage = backend.open()
    now = backend.clock.now_us()
    timed = storage.keys.create("timed", ["decide"], expires_us=now + 1_000_000)
    ended = storage.keys.create("ended", ["decide"])
    backend.clock.advance(0.999_999)
    assert storage.keys.verify(timed.secret) == timed.key
    revoked = storage.keys.revoke(ended.key.id)
    backend.clock.advance(0.000_001)
    assert storage.keys.verify(timed.secret) is None
    assert storage.keys.verify(ended.secret) is None
    backend.clock.advance(5)
    assert storage.keys.revoke(ended.key.id) == revoked
    with pytest.raises(NotFound):
        storage.keys.revoke("000000000000")


def test_owner_is_one_when_two_keys_name_it(storage):
    first = storage.keys.create("a", ["decide"], owner="acme")
    second = storage.keys.create("b", ["decide"], owner="acme")
    third = storage.keys.create("c", ["decide"], owner="other")
    assert first.key.owner == second.key.owner != third.key.owner


def test_key_is_refused_when_scopes_or_limits_are_wrong(storage):
    for scopes, options in ((["everything"], {}), ([], {}), (["read"], {"burst": -1})):
        with pytest.raises(InputInvalid):
            storage.keys.create("x", scopes, **options)
    assert storage.keys.list() == []


def test_nothing_is_made_when_the_storage_is_read_only(backend):
    backend.open().close()
    reader = backend.open(read_only=True)
    with pytest.raises(StorageUnavailable):
        reader.keys.create("x", ["read"])
    with pytest.raises(StorageUnavailable):
        reader.audit.append(actor="a", action="b")


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch):
    """Hash passwords with little memory: their strength is not what is tested here."""
    import argon2

    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("satark.storage.staff._hasher", lambda: hasher)


def test_first_administrator_is_made_once_when_nobody_is_there(storage):
    made = storage.staff.ensure_administrator()
    assert made.member.role == "administrator"
    assert not made.member.must_change
    assert storage.staff.verify("admin", made.password) == made.member
    assert storage.staff.ensure_administrator() is None


def test_person_signs_in_only_when_name_password_and_state_are_right(backend):
    storage = backend.open()
    made = storage.staff.create("asha", "analyst", password="a long enough password")
    assert storage.staff.verify("asha", "a long enough password") == made.member
    assert storage.staff.verify("asha", "a long enough passwore") is None
    assert storage.staff.verify("nobody", "a long enough password") is None
    backend.clock.advance(1)
    changed = storage.staff.change_password("asha", "another long password", must_change=True)
    assert changed.changed_us > made.member.changed_us
    assert storage.staff.verify("asha", "a long enough password") is None
    storage.staff.disable("asha")
    assert storage.staff.verify("asha", "another long password") is None
    assert storage.staff.find("asha").disabled_us is not None
    storage.staff.enable("asha")
    assert storage.staff.verify("asha", "another long password").role == "analyst"
    assert storage.staff.change_role("asha", "supervisor").role == "supervisor"


def test_person_is_refused_when_name_role_or_password_is_not_good(storage):
    storage.staff.create("asha", "analyst", password="a long enough password")
    for name, role, password in (
        ("asha", "analyst", None),
        ("A", "analyst", None),
        ("b c", "analyst", None),
        ("bina", "king", None),
        ("bina", "analyst", "short"),
    ):
        with pytest.raises(InputInvalid):
            storage.staff.create(name, role, password=password)
    with pytest.raises(NotFound):
        storage.staff.disable("nobody")
    assert [one.username for one in storage.staff.list()] == ["asha"]


def test_list_holds_what_was_set_when_edited_and_expired(backend):
    storage = backend.open()
    lists, now = storage.lists, backend.clock.now_us()
    first = lists.set("stolen_cards", "tok_1", actor="asha", note="FIR 12/2026")
    lists.set("stolen_cards", "tok_2", actor="asha", expires_us=now + MICROS_PER_DAY)
    again = lists.set("stolen_cards", "tok_1", actor="ravi", expires_us=now + 5)
    assert lists.names() == ["stolen_cards"]
    assert [one.value for one in lists.entries("stolen_cards", at_us=now)] == ["tok_1", "tok_2"]
    assert [one.value for one in lists.entries("stolen_cards", at_us=now + 5)] == ["tok_2"]
    assert [one.value for one in lists.entries("stolen_cards", at_us=now + MICROS_PER_DAY)] == []
    assert len(lists.entries("stolen_cards")) == 2
    assert lists.find("stolen_cards", "tok_1").edit == again.id
    removed = lists.remove("stolen_cards", "tok_1", actor="ravi")
    assert lists.find("stolen_cards", "tok_1") is None
    assert lists.edits(value="tok_1") == [first, again, removed]
    assert lists.edits(name="stolen_cards", after=again.id) == [removed]
    assert lists.last_edit() == removed.id
    with pytest.raises(NotFound):
        lists.remove("stolen_cards", "tok_1", actor="ravi")


def test_list_stays_as_it_was_when_one_of_many_values_is_wrong(storage):
    for name, values in (("x", ["a", ""]), ("X", ["a"]), ("x", ["a" * 600]), ("x", ["a\0"])):
        with pytest.raises(InputInvalid):
            storage.lists.set_many(name, values, actor="asha")
    assert storage.lists.names() == []
    assert len(storage.lists.set_many("x", ["a", "b", "a"], actor="asha")) == 2


def test_edits_are_numbered_in_order_of_commit_when_many_write_at_once(storage):
    def work(name):
        for number in range(8):
            storage.lists.set("shared", f"{name}{number}", actor=name)
            storage.audit.append(actor=name, action="list_edited", subject="shared")

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(storage.lists.edits()) == 32
    assert storage.audit.verify().ok
    assert storage.audit.head().audit_seq == 32
