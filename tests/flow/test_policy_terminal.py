"""The life of a policy at the terminal: the same rules as on the pages, and a name alone is nobody."""

from __future__ import annotations

import json
import logging
import shutil

import pyotp
import pytest
import structlog
from tests.support.lifecycle import TEXT, EngineDouble, hash_of, text_of

from satark.app.main import make_wiring
from satark.cli import cli, proving, run
from satark.core.clock import SystemClock

PASSWORD = "correct horse battery"
MEMBERS = {"asha": "author", "ravi": "author", "meera": "supervisor", "anu": "analyst"}


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory):
    """Return an installation with people and a policy in force; copied by each test."""
    folder = tmp_path_factory.mktemp("lived_in") / "home"
    wiring = make_wiring(None, {"home": folder})
    with wiring.storage() as storage, wiring.desk(storage) as desk:
        for name, role in MEMBERS.items():
            storage.staff.create(name, role, password=PASSWORD)
        # As the engine and the worker leave it: a policy in the log, and the log counted.
        double = EngineDouble(desk, TEXT)
        storage.events.append(double.entries)
    return folder


@pytest.fixture
def home(tmp_path, lived_in):
    return shutil.copytree(lived_in, tmp_path / "home")


@pytest.fixture
def answers():
    """What is typed at each question; the password by default."""
    return []


@pytest.fixture
def satark(tmp_path, home, capsys, monkeypatch, answers):
    monkeypatch.setenv("SATARK_HOME", str(home))
    monkeypatch.setattr(proving.click, "prompt", lambda *_, **__: answers.pop(0) if answers else PASSWORD)

    def satark(*arguments):
        code = run(cli, [*map(str, arguments), "--json"], make_wiring, tmp_path / "logs")
        out, err = capsys.readouterr()
        return code, json.loads(out or err)

    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield satark
    structlog.reset_defaults()
    root.handlers[:] = before[0]
    root.setLevel(before[1])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "second.yaml"
    path.write_text(text_of(2), encoding="utf-8")
    return path


def reviewed(satark, file):
    _, told = satark("policy", "draft", file, "--as", "asha", "--note", "fewer alarms")
    version = told["version"]
    satark("policy", "submit", version[:10], "--as", "asha")
    satark("policy", "approve", version, "--as", "meera")
    return version


def test_version_is_written_approved_and_published_by_two_people(satark, file):
    version = reviewed(satark, file)
    assert version == hash_of(text_of(2))
    code, told = satark("policy", "publish", version, "--canary", 10, "--as", "asha", "--yes")
    assert (code, told["canary"]) == (0, {"version": version, "percent": 10.0})
    code, told = satark("policy", "versions")
    assert told["asked"]["state"] == "waiting"
    assert told["in_force"]["live"] == hash_of(TEXT)
    assert told["versions"][0]["approved_by"] == "meera"
    code, told = satark("policy", "kill", "velocity", "--note", "alarms", "--as", "meera")
    assert code == 0
    code, told = satark("policy", "back", "--as", "meera")
    assert (code, told["canary"], told["killed"][hash_of(TEXT)]) == (0, None, ["velocity"])
    assert satark("policy", "revive", "velocity", "--as", "asha")[0] == 0


def test_author_cannot_approve_when_he_asks_at_the_terminal(satark, file):
    _, told = satark("policy", "draft", file, "--as", "asha")
    satark("policy", "submit", told["version"], "--as", "asha")
    code, error = satark("policy", "approve", told["version"], "--as", "asha")
    assert code == 65
    assert error["error"]["reason"] == "own_work"


def test_unreviewed_version_is_refused_when_it_is_to_be_published(satark, file):
    _, told = satark("policy", "draft", file, "--as", "asha")
    for way in (["--shadow"], ["--live"], ["--canary", "5"]):
        code, error = satark("policy", "publish", told["version"], *way, "--as", "asha", "--yes")
        assert (code, error["error"]["reason"]) == (65, "not_now")
    assert satark("policy", "publish", "f" * 64, "--shadow", "--as", "asha", "--yes")[0] != 0
    assert satark("policy", "versions")[1]["asked"] is None


@pytest.mark.parametrize("wrong", ["guess", ""])
def test_nobody_acts_under_a_name_when_the_password_is_wrong(satark, file, answers, wrong):
    _, told = satark("policy", "draft", file, "--as", "asha")
    satark("policy", "submit", told["version"], "--as", "asha")
    answers.append(wrong)
    _, error = satark("policy", "approve", told["version"], "--as", "meera")
    assert error["error"]["code"] == "forbidden"
    assert satark("policy", "versions")[1]["versions"][0]["state"] == "in_review"


def test_code_of_the_app_is_asked_when_the_member_has_one(satark, home, file, answers):
    secret = pyotp.random_base32(32)
    wiring = make_wiring(None, {"home": home})
    with wiring.storage() as storage, wiring.desk(storage) as desk:
        desk.identity.factors.begin_totp("meera", secret)
        desk.identity.factors.confirm_totp("meera", 1, actor="meera")
    _, told = satark("policy", "draft", file, "--as", "asha")
    satark("policy", "submit", told["version"], "--as", "asha")
    answers += [PASSWORD, "000000"]
    assert satark("policy", "approve", told["version"], "--as", "meera")[1]["error"]["code"] == "forbidden"
    code = pyotp.TOTP(secret).at(SystemClock().now_us() // 1_000_000)
    answers += [PASSWORD, code]
    assert satark("policy", "approve", told["version"], "--as", "meera")[1]["approved_by"] == "meera"
    # A code works once.
    answers += [PASSWORD, code]
    assert satark("policy", "kill", "velocity", "--note", "x", "--as", "meera")[1]["error"]["code"] in {
        "forbidden",
        "rate_limited",
    }


def test_role_is_asked_when_a_member_may_not(satark, file):
    _, error = satark("policy", "draft", file, "--as", "anu")
    assert error["error"]["code"] == "forbidden"
    version = reviewed(satark, file)
    _, error = satark("policy", "publish", version, "--shadow", "--as", "meera", "--yes")
    assert error["error"]["code"] == "forbidden"


def test_version_must_be_meant_when_it_is_named(satark, file):
    version = reviewed(satark, file)
    assert satark("policy", "submit", version[:3], "--as", "asha")[1]["error"]["field"] == "version"
    assert satark("policy", "submit", "0" * 20, "--as", "asha")[1]["error"]["code"] == "not_found"
    _, error = satark("policy", "publish", version, "--as", "asha", "--yes")
    assert error["error"]["field"] == "step"


def test_job_is_refused_when_this_runner_does_not_hold_it(satark):
    _, error = satark("policy", "run-job", 1, "--try", 1)
    assert error["error"]["code"] == "not_found"
