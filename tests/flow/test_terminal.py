"""The terminal over a real data folder: every command a person or a script may give, and what it leaves."""

from __future__ import annotations

import json
import logging
import sqlite3
from pathlib import Path

import msgspec
import polars as pl
import pytest
import structlog

from satark.app.engine import build_service
from satark.app.main import make_wiring
from satark.cli import cli, run
from satark.core.clock import SystemClock, from_us
from satark.core.staff import SessionRecord
from satark.events.examples import GOLD_COIN_BY_CARD
from satark.storage import FolderLock, open_storage
from satark.storage.desk import open_desk


@pytest.fixture
def satark(tmp_path, capsys, monkeypatch):
    """Run one command on a data folder; return (exit code, what it printed, what it said aside)."""
    monkeypatch.setenv("SATARK_HOME", str(tmp_path / "home"))

    def satark(*arguments):
        code = run(cli, [str(argument) for argument in arguments], make_wiring, tmp_path / "logs")
        out, err = capsys.readouterr()
        if "--json" in arguments:
            return code, json.loads(out) if out else None, json.loads(err) if err else None
        return code, out, err

    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield satark
    # A server sets the log of its process up, which is this one.
    structlog.reset_defaults()
    root.handlers[:] = before[0]
    root.setLevel(before[1])


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory):
    """Return a data folder in which a few payments were decided; copied by tests that change it."""
    home = tmp_path_factory.mktemp("lived_in") / "home"
    wiring = make_wiring(None, {"home": home, "windows_mb": 64})
    with wiring.storage() as storage:
        owner = storage.keys.create("shop", {"decide"}).key.owner
        service = build_service(wiring, storage)
        service.start()
        answers = []
        for number in range(6):
            payment = json.loads(msgspec.json.encode(GOLD_COIN_BY_CARD))
            payment["id"] = f"pay{number}"
            payment["occurred_at"] = from_us(SystemClock().now_us()).isoformat()
            service.submit(json.dumps(payment).encode(), owner, answers.append)
        assert service.stop()
    assert [answer.status for answer in answers] == [200] * 6
    return home


def test_key_can_be_made_listed_and_revoked(satark):
    code, made, _ = satark("keys", "create", "shop", "--scope", "decide", "--days", 30, "--json")
    assert (code, made["scopes"]) == (0, ["decide"])
    assert made["secret"].startswith(f"sk_{made['id']}_")
    listed = satark("keys", "list")[1]
    assert made["id"] in listed
    assert made["secret"] not in listed
    assert satark("keys", "revoke", made["id"])[0] == 0
    assert satark("keys", "list", "--json")[1][0]["revoked_at"] is not None


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error"),
    [
        (("keys", "revoke", "none"), 66, "not_found"),
        (("keys", "create", "x", "--scope", "fly"), 65, "input_invalid"),
        (("decisions", "show", "none"), 66, "not_found"),
        (("policy", "lint", "nowhere.yaml"), 65, "input_invalid"),
        (("policy", "test", "--cases", "nowhere.yaml"), 65, "input_invalid"),
        (("simulate", "--out", "x.docx"), 65, "input_invalid"),
        (("simulate", "--out", "x.csv", "--days", "0"), 78, "setting_invalid"),
        (("simulate",), 2, "usage"),
        (("replay", "nowhere.csv"), 65, "input_invalid"),
        (("retention", "--body-days", "3"), 78, "setting_invalid"),
        (("restore", "nowhere"), 65, "input_invalid"),
        (("serve", "--port", "99999"), 78, "setting_invalid"),
        (("serve", "--host", "192.0.2.1"), 78, "setting_invalid"),
    ],
)
def test_error_has_its_exit_code_and_one_line_when_a_command_cannot_be_done(
    satark, arguments, exit_code, error
):
    satark("keys", "create", "first")
    code, out, err = satark(*arguments, "--json")
    assert (code, out, err["error"]["code"]) == (exit_code, None, error)
    text = satark(*arguments)[2]
    assert "Traceback" not in text


@pytest.mark.parametrize("arguments", [("keys", "list"), ("audit", "verify"), ("decisions", "show", "x")])
def test_nothing_is_made_when_a_command_only_looks_and_there_is_no_installation(satark, tmp_path, arguments):
    assert satark(*arguments)[0] == 73
    assert not (tmp_path / "home").exists()


def test_decision_is_shown_and_comes_out_the_same_again(satark, lived_in):
    home = ("--data", lived_in)
    code, shown, _ = satark("decisions", "show", "pay5", *home, "--json")
    assert (code, shown["decision"]["id"], shown["event"]["id"]) == (0, "pay5", "pay5")
    assert "card_number" not in json.dumps(shown)
    for how in ((), ("--rebuild",)):
        code, again, _ = satark("decisions", "replay", "pay5", *how, *home, "--json")
        assert (code, again["same"], again["action"]) == (0, True, shown["decision"]["action"])
    assert "same answer" in satark("decisions", "replay", "pay5", *home)[1]


def test_exit_code_is_3_when_a_stored_decision_was_changed(satark, lived_in, tmp_path):
    assert satark("backup", tmp_path / "copy", "--data", lived_in)[0] == 0
    assert satark("restore", tmp_path / "copy")[0] == 0
    assert satark("audit", "verify", "--json")[1]["ok"]
    with sqlite3.connect(tmp_path / "home" / "satark.db") as database:
        database.execute("UPDATE events SET decision = replace(decision, 'a', 'b') WHERE event_id = 'pay3'")
    database.close()
    code, report, err = satark("audit", "verify", "--json")
    assert (code, report["ok"], err["error"]["code"]) == (3, False, "integrity_broken")


def test_exit_code_is_3_when_the_desk_was_changed(satark, lived_in, tmp_path):
    assert satark("backup", tmp_path / "copy", "--data", lived_in)[0] == 0
    assert satark("restore", tmp_path / "copy")[0] == 0
    with (
        open_storage(tmp_path / "home") as storage,
        open_desk(tmp_path / "home", clock=SystemClock(), audit_key=storage.secrets.audit_key) as desk,
    ):
        entries = desk.audit.append(actor="asha", action="case_closed", subject="case:1")
    report = satark("audit", "verify", "--json")[1]
    assert (report["ok"], report["desk_entries"]) == (True, entries)
    with sqlite3.connect(tmp_path / "home" / "desk.db") as database:
        database.execute("UPDATE desk_audit SET actor = 'ravi' WHERE action = 'case_closed'")
    database.close()
    code, report, err = satark("audit", "verify", "--json")
    assert (code, report["ok"], report["problems"][0]["where"]) == (3, False, "desk")
    assert err["error"]["where"] == "desk"


def test_backup_becomes_the_same_installation_when_it_is_restored(satark, lived_in, tmp_path):
    assert satark("backup", tmp_path / "copy", "--data", lived_in)[0] == 0
    code, restored, _ = satark("restore", tmp_path / "copy", "--json")
    assert (code, restored["verified"]) == (0, True)
    before = satark("decisions", "show", "pay2", "--data", lived_in, "--json")[1]
    assert satark("decisions", "show", "pay2", "--json")[1] == before
    assert satark("restore", tmp_path / "copy")[0] == 73


def test_nothing_is_removed_when_retention_is_a_dry_run(satark, lived_in):
    code, report, _ = satark("retention", "--data", lived_in, "--json")
    assert (code, report["dry_run"], report["bodies"]) == (0, True, 0)


def test_room_is_given_back_when_asked_for_and_nobody_runs(satark, lived_in):
    code, report, _ = satark("retention", "--compact", "--data", lived_in, "--json")
    assert (code, report["dry_run"]) == (0, True)
    assert "satark.db" in {one["name"] for one in report["compacted"]}
    assert satark("audit", "verify", "--data", lived_in)[0] == 0
    with FolderLock(Path(lived_in)):
        assert satark("retention", "--compact", "--data", lived_in)[0] == 75


def test_bundled_policy_is_clean_and_explains_itself_in_both_languages(satark):
    assert satark("policy", "lint")[0] == 0
    assert satark("policy", "explain")[1].startswith("Policy payments")
    assert satark("policy", "explain", "--lang", "hi")[1].startswith("नीति payments")


def test_all_mistakes_of_a_policy_are_shown_with_their_places(satark, tmp_path):
    policy = tmp_path / "wrong.yaml"
    policy.write_text("policy: wrong\nversion: 1\nrules:\n  a: {when: amont > 4}\n  b: {when: 1 +}\n")
    code, _, err = satark("policy", "lint", policy)
    assert code == 65
    assert f"{policy}:4:" in err
    assert f"{policy}:5:" in err
    assert "amount" in err


def test_exit_code_is_1_when_a_case_of_a_policy_fails(satark, tmp_path):
    policy = tmp_path / "small.yaml"
    policy.write_text(
        "policy: small\nversion: 1\nfeatures: {by_card: count() by card over 10m}\nrules:\n"
        "  fast: {when: by_card > 2, action: hold, score: 0.7, reason: {en: fast, hi: तेज़}}\n"
    )
    case = "cases:\n  third is {0}:\n    base: {{type: payment, amount_minor: 1, method: card, card: {{token: t}}}}\n"
    events = "    events: [{at: 0m, repeat: 3, every: 1m}]\n    expect: {action: "
    (tmp_path / "small.cases.yaml").write_text(case.format("held") + events + "hold}\n")
    code, report, _ = satark("policy", "test", policy, "--json")
    assert (code, report["passed"], report["uncovered"]) == (0, True, [])
    (tmp_path / "small.cases.yaml").write_text(case.format("allowed") + events + "allow}\n")
    code, out, _ = satark("policy", "test", policy)
    assert code == 1
    assert "third is allowed: event 3: expected allow, found hold (fast)" in out


def test_simulated_events_are_replayed_with_a_summary(satark, tmp_path):
    events, truth, out = tmp_path / "day.parquet", tmp_path / "truth.jsonl", tmp_path / "decisions.parquet"
    sizes = ("--customers", 200, "--merchants", 40, "--payments-per-day", 300, "--fraud-share", 0.05)
    code, made, _ = satark("simulate", "--out", events, "--truth", truth, *sizes, "--json")
    assert code == 0
    assert made["frauds"] == len(truth.read_bytes().splitlines())
    code, summary, _ = satark("replay", events, "--out", out, "--json")
    assert code == 0
    assert sum(summary["events"].values()) == made["events"]
    assert pl.read_parquet(out).height == summary["payments"]
    text = satark("replay", events)[1]
    assert "held or blocked" in text
    assert "₹" in text
    assert "precision" in text


def test_exit_code_is_75_when_another_engine_owns_the_folder(satark, lived_in):
    from satark.storage import FolderLock

    with FolderLock(lived_in):
        code, _, err = satark("serve", "--port", 0, "--data", lived_in, "--json")
    assert (code, err["error"]["code"]) == (75, "folder_locked")


def test_person_can_be_added_given_a_new_password_and_ended(satark):
    code, made, _ = satark("staff", "add", "asha", "--role", "supervisor", "--json")
    assert code == 0
    changed = satark("staff", "password", "asha", "--json")[1]["password"]
    assert changed != made["password"]
    with make_wiring(None, {}).storage(write=False) as storage:
        assert storage.staff.verify("asha", made["password"]) is None
        assert storage.staff.verify("asha", changed) is not None
    assert satark("staff", "end", "asha")[0] == 0
    assert "ended" in satark("staff", "list")[1]
    assert satark("staff", "end", "nobody")[0] == 66
    assert satark("staff", "add", "x")[0] == 65
    assert satark("staff", "restore", "asha")[0] == 0
    assert satark("staff", "role", "asha", "auditor", "--json")[1]["role"] == "auditor"


def test_last_administrator_stays_when_the_terminal_says_otherwise(satark):
    satark("staff", "add", "asha", "--role", "administrator")
    assert satark("staff", "end", "asha")[0] == 65
    assert satark("staff", "role", "asha", "viewer")[0] == 65


def test_lost_factor_and_sessions_can_be_ended_from_the_terminal(satark):
    satark("staff", "add", "asha")
    wiring = make_wiring(None, {})
    with wiring.storage() as storage, wiring.desk(storage) as desk:
        desk.identity.factors.begin_totp("asha", "A" * 32)
        desk.identity.factors.confirm_totp("asha", 1, actor="asha")
        record = SessionRecord(b"k" * 32, "s1", "asha", "analyst", "password", False, 1, 1, 1)
        desk.identity.sessions.add(record, ended_before_us=0)
    assert [one["session"] for one in satark("staff", "sessions", "asha", "--json")[1]] == ["s1"]
    assert satark("staff", "sessions", "asha", "--end", "--json")[1] == {"ended": 1}
    assert satark("staff", "reset-factors", "asha")[0] == 0
    assert satark("staff", "reset-factors", "nobody")[0] == 66
    with wiring.storage(write=False) as storage, wiring.desk(storage, write=False) as desk:
        assert not desk.identity.factors.standing("asha").second_factor
        assert desk.identity.sessions.of("asha") == []
        assert desk.audit.entries()[0].actor.startswith("terminal:")
