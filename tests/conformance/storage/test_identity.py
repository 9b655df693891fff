"""How the staff prove who they are, on every database: what works once works once, what is secret is kept sealed."""

from __future__ import annotations

import threading

import pytest

from satark.core.errors import IntegrityBroken
from satark.core.staff import Link, Passkey, SessionRecord, Standing
from satark.storage.desk.identity import factors as rules
from satark.storage.desk.identity import steps as step_rules

START_US = 1_790_000_000_000_000
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def identity(desk):
    return desk.identity


def session(name, username="asha", **changes):
    values = {
        "key": name.encode().ljust(32, b"."),
        "id": name,
        "username": username,
        "role": "analyst",
        "method": "password",
        "strong": False,
        "began_us": START_US,
        "seen_us": START_US,
        "member_changed_us": 7,
        "address": "203.0.113.7",
        "agent": "Firefox · Linux",
    }
    return SessionRecord(**{**values, **changes})


def passkey(name, username="asha", **changes):
    values = {"public_key": b"cose", "sign_count": 3, "name": "Phone", "made_us": START_US}
    return Passkey(id=name.encode(), username=username, **{**values, **changes})


def trail(desk):
    return [(entry.actor, entry.action, entry.subject) for entry in reversed(desk.audit.entries())]


def race(work, *, times=8):
    """Call something at the same time from several threads; return what each got."""
    found, gate = [], threading.Barrier(times)

    def run():
        gate.wait()
        found.append(work())

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_session_is_found_by_its_key_when_kept(identity, backend):
    record = session("one")
    identity.sessions.add(record, ended_before_us=0)
    assert identity.sessions.find(record.key) == record
    assert identity.sessions.find(b"other") is None
    assert backend.open_desk().identity.sessions.find(record.key) == record


def test_session_is_gone_when_removed(identity):
    record = session("one")
    identity.sessions.add(record, ended_before_us=0)
    identity.sessions.remove(record.key)
    assert identity.sessions.find(record.key) is None


def test_session_is_seen_later_and_never_earlier_when_touched(identity):
    record = session("one")
    identity.sessions.add(record, ended_before_us=0)
    identity.sessions.touch(record.key, START_US + 50)
    identity.sessions.touch(record.key, START_US + 20)
    identity.sessions.strengthen(record.key)
    found = identity.sessions.find(record.key)
    assert (found.seen_us, found.strong) == (START_US + 50, True)


def test_old_sessions_are_forgotten_when_one_is_added(identity):
    identity.sessions.add(session("old"), ended_before_us=0)
    identity.sessions.add(session("new", seen_us=START_US + 9), ended_before_us=START_US + 5)
    assert [record.id for record in identity.sessions.of("asha")] == ["new"]


def test_sessions_are_listed_for_their_member_alone_when_asked(identity):
    for name, username, seen in (("a", "asha", 1), ("b", "asha", 5), ("c", "ravi", 3)):
        identity.sessions.add(session(name, username, seen_us=START_US + seen), ended_before_us=0)
    assert [record.id for record in identity.sessions.of("asha")] == ["b", "a"]


def test_session_of_another_stays_when_ended_by_name(identity, desk):
    identity.sessions.add(session("a", "asha"), ended_before_us=0)
    assert not identity.sessions.end("ravi", "a", actor="ravi")
    assert trail(desk) == []
    assert identity.sessions.end("asha", "a", actor="admin")
    assert trail(desk) == [("admin", "session_ended", "asha")]


def test_all_sessions_but_one_end_when_told(identity, desk):
    for name in "abc":
        identity.sessions.add(session(name), ended_before_us=0)
    identity.sessions.add(session("d", "ravi"), ended_before_us=0)
    assert identity.sessions.end_all("asha", actor="asha", but=session("b").key) == 2
    assert [record.id for record in identity.sessions.of("asha")] == ["b"]
    assert len(identity.sessions.of("ravi")) == 1
    assert identity.sessions.end_all("nobody", actor="asha") == 0
    assert trail(desk) == [("asha", "sessions_ended", "asha")]


def test_new_secret_counts_only_when_confirmed(identity, desk):
    factors = identity.factors
    factors.begin_totp("asha", SECRET)
    assert (factors.pending_totp("asha"), factors.totp("asha")) == (SECRET, None)
    assert not factors.standing("asha").second_factor
    assert factors.confirm_totp("asha", 10, actor="asha")
    assert (factors.pending_totp("asha"), factors.totp("asha")) == (None, (SECRET, 10))
    assert factors.standing("asha") == Standing(totp=True)
    assert not factors.confirm_totp("asha", 11, actor="asha")
    assert trail(desk) == [("asha", "totp_set", "asha")]


def test_old_secret_counts_until_the_new_one_does_when_set_up_again(identity):
    factors = identity.factors
    factors.begin_totp("asha", SECRET)
    factors.confirm_totp("asha", 10, actor="asha")
    factors.begin_totp("asha", "B" * 32)
    factors.begin_totp("asha", "C" * 32)
    assert factors.totp("asha") == (SECRET, 10)
    assert factors.confirm_totp("asha", 12, actor="asha")
    assert factors.totp("asha") == ("C" * 32, 12)


def test_secret_is_sealed_for_its_owner_when_the_table_is_read(identity, backend, desk):
    identity.factors.begin_totp("asha", SECRET)
    identity.factors.confirm_totp("asha", 1, actor="asha")
    with desk.reading() as connection:
        kept = bytes(connection.exec_driver_sql("SELECT secret FROM staff_totp").scalar_one())
    assert SECRET.encode() not in kept
    backend.run("UPDATE staff_totp SET username = 'ravi'", file="desk.db")
    with pytest.raises(IntegrityBroken):
        identity.factors.totp("ravi")


def test_code_is_used_once_when_many_come_at_once(identity):
    identity.factors.begin_totp("asha", SECRET)
    identity.factors.confirm_totp("asha", 1, actor="asha")
    assert race(lambda: identity.factors.use_totp("asha", 5)).count(True) == 1
    assert not identity.factors.use_totp("asha", 4)
    assert identity.factors.use_totp("asha", 6)


def test_recovery_code_is_used_once_when_many_come_at_once(identity, desk):
    factors = identity.factors
    factors.new_recovery_codes("asha", ["aaaa-bbbb-cccc", "dddd-eeee-ffff"], actor="asha")
    assert race(lambda: factors.use_recovery_code("asha", "aaaa-bbbb-cccc")).count(True) == 1
    assert factors.standing("asha").recovery_codes == 1
    assert not factors.use_recovery_code("ravi", "dddd-eeee-ffff")
    assert not factors.use_recovery_code("asha", "none")
    assert trail(desk) == [("asha", "recovery_codes_made", "asha"), ("asha", "recovery_code_used", "asha")]


def test_recovery_codes_of_before_fail_when_new_ones_are_made(identity):
    identity.factors.new_recovery_codes("asha", ["old"], actor="asha")
    identity.factors.new_recovery_codes("asha", ["new"], actor="asha")
    assert not identity.factors.use_recovery_code("asha", "old")
    assert identity.factors.use_recovery_code("asha", "new")


def test_recovery_codes_are_digests_when_the_table_is_read(identity, desk):
    identity.factors.new_recovery_codes("asha", ["aaaa-bbbb-cccc"], actor="asha")
    with desk.reading() as connection:
        kept = bytes(connection.exec_driver_sql("SELECT digest FROM staff_recovery_codes").scalar_one())
    assert len(kept) == 32
    assert b"aaaa" not in kept


def test_passkey_is_kept_once_when_its_id_is_taken(identity, desk):
    factors = identity.factors
    assert factors.add_passkey(passkey("k1"), actor="asha")
    assert not factors.add_passkey(passkey("k1", "ravi"), actor="ravi")
    assert factors.passkey(b"k1") == passkey("k1")
    assert factors.passkeys("asha") == [passkey("k1")]
    assert factors.passkeys("ravi") == []
    assert trail(desk) == [("asha", "passkey_added", "asha")]


def test_passkey_is_refused_when_its_count_has_moved(identity, backend):
    factors = identity.factors
    factors.add_passkey(passkey("k1"), actor="asha")
    read = factors.passkey(b"k1")
    backend.clock.advance(5)
    assert race(lambda: factors.use_passkey(read, 4)).count(True) == 1
    used = factors.passkey(b"k1")
    assert (used.sign_count, used.used_us) == (4, START_US + 5_000_000)


def test_passkey_of_another_stays_when_removed(identity, desk):
    factors = identity.factors
    factors.add_passkey(passkey("k1"), actor="asha")
    assert not factors.remove_passkey("ravi", b"k1", actor="ravi")
    assert factors.remove_passkey("asha", b"k1", actor="asha")
    assert factors.passkey(b"k1") is None
    assert trail(desk)[-1] == ("asha", "passkey_removed", "asha")


def test_handle_is_the_same_for_one_and_other_for_another_when_asked(identity, backend):
    again = backend.open_desk().identity.factors
    assert identity.factors.handle("asha") == again.handle("asha") != again.handle("ravi")
    assert b"asha" not in identity.factors.handle("asha")


def test_everything_goes_when_factors_are_reset(identity, desk):
    factors = identity.factors
    factors.begin_totp("asha", SECRET)
    factors.confirm_totp("asha", 1, actor="asha")
    factors.new_recovery_codes("asha", ["x"], actor="asha")
    factors.add_passkey(passkey("k1"), actor="asha")
    identity.links.add("https://idp", "sub-1", "asha", actor="asha")
    identity.sessions.add(session("a"), ended_before_us=0)
    identity.sessions.add(session("b", "ravi"), ended_before_us=0)
    factors.reset("asha", actor="admin")
    assert factors.standings(["asha", "ravi"]) == {"asha": Standing(), "ravi": Standing()}
    assert (identity.sessions.of("asha"), len(identity.sessions.of("ravi"))) == ([], 1)
    assert trail(desk)[-2:] == [("admin", "factors_reset", "asha"), ("admin", "sessions_ended", "asha")]


def test_tries_must_wait_twice_as_long_each_time_when_they_fail(identity, backend):
    factors = identity.factors
    assert [factors.attempt("asha") for _ in range(rules.FREE_TRIES)] == [0.0] * rules.FREE_TRIES
    assert factors.attempt("asha") == rules.FIRST_WAIT_SECONDS
    backend.clock.advance(rules.FIRST_WAIT_SECONDS)
    assert factors.attempt("asha") == 0.0
    assert factors.attempt("asha") == 2 * rules.FIRST_WAIT_SECONDS
    assert factors.attempt("ravi") == 0.0
    factors.passed("asha")
    assert factors.attempt("asha") == 0.0


def test_no_more_than_the_free_tries_pass_when_many_come_at_once(identity):
    assert race(lambda: identity.factors.attempt("asha"), times=12).count(0.0) == rules.FREE_TRIES


def test_step_is_found_until_its_time_is_over_when_asked(identity, backend):
    value = identity.steps.begin("second", {"username": "asha"}, seconds=60)
    assert identity.steps.find(value, "second") == {"username": "asha"}
    assert identity.steps.find(value, "passkey") is None
    assert identity.steps.find("guess", "second") is None
    assert identity.steps.find(None, "second") is None
    backend.clock.advance(60)
    assert identity.steps.find(value, "second") is None
    assert identity.steps.take(value, "second") is None


def test_step_is_taken_once_when_many_come_at_once(identity):
    value = identity.steps.begin("single_sign_on", {"state": "s"}, seconds=60)
    assert race(lambda: identity.steps.take(value, "single_sign_on")).count({"state": "s"}) == 1


def test_step_is_sealed_when_the_table_is_read(identity, desk):
    identity.steps.begin("single_sign_on", {"verifier": "a very secret verifier"}, seconds=60)
    with desk.reading() as connection:
        kept = bytes(connection.exec_driver_sql("SELECT body FROM staff_login_steps").scalar_one())
    assert b"verifier" not in kept


def test_oldest_steps_give_way_when_there_are_too_many(identity, monkeypatch):
    monkeypatch.setattr(step_rules, "MOST_STEPS", 3)
    values = [identity.steps.begin("passkey", {"n": str(n)}, seconds=60 + n) for n in range(5)]
    assert [bool(identity.steps.find(value, "passkey")) for value in values] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_identity_is_linked_to_one_member_when_added(identity, desk):
    links = identity.links
    assert links.add("https://idp", "sub-1", "asha", actor="asha")
    assert not links.add("https://idp", "sub-1", "ravi", actor="ravi")
    assert not links.add("https://idp", "sub-2", "asha", actor="asha")
    assert links.add("https://other", "sub-1", "asha", actor="asha")
    assert links.find("https://idp", "sub-1") == Link("https://idp", "sub-1", "asha", START_US)
    assert links.find("https://idp", "sub-2") is None
    assert identity.factors.standing("asha").links == 2
    assert links.remove("asha", actor="admin") == 2
    assert links.of("asha") == []
    assert [entry[1] for entry in trail(desk)] == ["identity_linked", "identity_linked", "identity_unlinked"]


def test_chain_of_the_desk_holds_when_factors_have_changed(identity, desk):
    identity.factors.begin_totp("asha", SECRET)
    identity.factors.confirm_totp("asha", 1, actor="asha")
    identity.factors.reset("asha", actor="admin")
    assert desk.audit.verify().ok
