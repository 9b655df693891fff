"""A policy with a model, over a real data folder: start, decide, publish, replay at the terminal, start again."""

from __future__ import annotations

import base64
import json
import logging

import msgspec
import pytest
import structlog
from tests.support.publishing import BASE, OTHER_WINDOWS, hash_of, logistic_of, scored

from satark.app.engine import build_service
from satark.app.inbox import Inbox
from satark.app.main import make_wiring
from satark.cases.policy_life import Person, Step
from satark.cli import cli, run
from satark.core.clock import SystemClock, from_us
from satark.decisions.again import decide_again
from satark.decisions.model import Decision
from satark.decisions.roster import Canary, PublishOrder
from satark.models import load_model
from satark.storage import open_storage
from satark.storage.model_store import ModelStore

MODEL = logistic_of(BASE)
TEXT = scored(BASE, MODEL)
SECOND = logistic_of(OTHER_WINDOWS, "second")
PUBLISHED = scored(OTHER_WINDOWS, SECOND, use="second.model")


@pytest.fixture
def satark(tmp_path, capsys, monkeypatch):
    """Run one command on a data folder; return (exit code, its JSON or text)."""
    monkeypatch.setenv("SATARK_HOME", str(tmp_path / "home"))
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def satark(*arguments):
        code = run(cli, [str(argument) for argument in arguments], make_wiring, tmp_path / "logs")
        out, err = capsys.readouterr()
        return (code, json.loads(out or err)) if "--json" in arguments else (code, out + err)

    yield satark
    structlog.reset_defaults()
    root.handlers[:] = before[0]
    root.setLevel(before[1])


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "policies" / "shop.yaml"
    path.parent.mkdir()
    path.write_text(TEXT)
    (path.parent / "small.model").write_bytes(MODEL)
    return path


class Engine:
    """The engine of one data folder, for as long as a test needs it."""

    def __init__(self, home, policy):
        self.wiring = make_wiring(None, {"home": home, "windows_mb": 64, "policy": str(policy)})
        self.number = 0

    def __enter__(self):
        self.opened = self.wiring.storage()
        self.storage = self.opened.__enter__()
        keys = self.storage.keys.list()
        self.owner = keys[0].owner if keys else self.storage.keys.create("shop", {"decide"}).key.owner
        self.service = build_service(self.wiring, self.storage)
        self.service.start()
        return self

    def __exit__(self, *error):
        assert self.service.stop()
        self.opened.__exit__(*error)

    def decide(self, event_id, **parts):
        body = {
            "id": event_id, "occurred_at": from_us(SystemClock().now_us()).isoformat(), "amount_minor": 90_000,
            "method": "card", "card": {"token": "c1"}, "device": {"id": "d1"}, **parts,
        }  # fmt: skip
        heard = []
        self.service.submit(json.dumps(body).encode(), self.owner, heard.append)
        while not heard:
            self.service._stopped.wait(0.002)
        assert heard[0].error is None, heard[0].error
        return msgspec.json.decode(heard[0].body, type=Decision)

    def publish(self, order, event_id):
        heard = []
        self.service.publish(order, event_id, heard.append, actor="asha")
        return heard[0].error


def test_policy_with_a_model_is_decided_published_and_replayed(satark, policy, tmp_path):
    home = tmp_path / "home"
    with Engine(home, policy) as engine:
        assert engine.decide("p1").model.score is not None
        order = PublishOrder(
            live=hash_of(PUBLISHED),
            texts={hash_of(PUBLISHED): PUBLISHED},
            models={load_model(SECOND).hash: base64.b64encode(SECOND).decode()},
        )
        assert engine.publish(order, "command:1") is None
        second = engine.decide("p2")
        assert (second.policy.name, second.model.name) == ("scored_wider", "second")
    # Years later: no policy file, no model file, nothing but the data folder.
    policy.rename(policy.with_name("gone.yaml"))
    (policy.parent / "small.model").unlink()
    for event_id in ("p1", "p2"):
        for more in ((), ("--rebuild",)):
            code, told = satark("decisions", "replay", event_id, *more, "--json")
            assert (code, told["same"]) == (0, True), told
    code, text = satark("decisions", "show", "p2")
    assert code == 0
    assert "model second" in text


def test_model_of_the_store_is_used_by_its_hash(policy, tmp_path):
    home = tmp_path / "home"
    with Engine(home, policy) as engine:
        ModelStore(home).put(SECOND)
        order = PublishOrder(
            canary=Canary(hash_of(PUBLISHED), 100.0),
            texts={hash_of(PUBLISHED): PUBLISHED},
            models={load_model(SECOND).hash: "store"},
        )
        assert engine.publish(order, "command:1") is None
        assert engine.decide("p1").part == "canary"
    with Engine(home, policy) as engine:
        decided = engine.decide("p2")
        assert (decided.part, decided.degraded) == ("canary", [])


def test_rows_of_before_versions_had_folders_are_taken_over(policy, tmp_path):
    home = tmp_path / "home"
    with Engine(home, policy) as engine:
        for number in range(5):
            engine.decide(f"p{number}", device={"id": f"d{number}"})
    windows = home / "windows"
    (folder,) = windows.iterdir()
    for path in folder.iterdir():
        path.rename(windows / path.name)
    folder.rmdir()
    read = []
    engine = Engine(home, policy)
    with engine:
        # Whatever had to be read of the log again would stand in the way of a quick start.
        real = engine.storage.events.read
        engine.storage.events.read = lambda after, **more: (read.append(after), real(after, **more))[1]
        assert engine.decide("p9").model.score is not None
        assert [path.name for path in windows.iterdir()] == [folder.name]
        assert len(list((windows / folder.name).glob("rows-*.bin"))) == 1


def test_lint_and_test_of_a_policy_read_its_model(satark, policy):
    assert satark("policy", "lint", policy)[0] == 0
    code, told = satark("policy", "lint", policy, "--json")
    assert told[0]["model"] == {"use": "small.model", "hash": load_model(MODEL).hash}
    cases = policy.with_suffix(".cases.yaml")
    cases.write_text(
        "cases:\n  large is held:\n"
        "    events: [{at: 0d, type: payment, amount_minor: 90000, method: card, card: {token: c1}}]\n"
        "    expect: {action: hold, rules: [likely]}\n"
    )
    code, told = satark("policy", "test", policy, "--json")
    assert told["passed"], told
    (policy.parent / "small.model").write_bytes(SECOND)
    code, told = satark("policy", "lint", policy, "--json")
    assert (code, told["error"]["code"]) == (65, "model_invalid")
    (policy.parent / "small.model").write_bytes(bytes([*MODEL[:-1], MODEL[-1] ^ 1]))
    assert satark("policy", "lint", policy)[0] == 65
    (policy.parent / "small.model").unlink()
    assert "nowhere to be found" in satark("policy", "lint", policy)[1]


def test_backup_and_verify_know_models_and_rosters(satark, policy, tmp_path):
    with Engine(tmp_path / "home", policy) as engine:
        order = PublishOrder(shadows=(hash_of(PUBLISHED),), texts={hash_of(PUBLISHED): PUBLISHED},
                             models={load_model(SECOND).hash: base64.b64encode(SECOND).decode()})  # fmt: skip
        assert engine.publish(order, "command:1") is None
        engine.decide("p1")
    with open_storage(tmp_path / "home", read_only=True) as storage:
        kinds = [entry.kind for entry in storage.events.read(0)]
    assert kinds == ["policy", "model", "policy", "model", "roster", "payment"]


def test_order_of_the_desk_reaches_the_engine_and_comes_back_to_the_desk(tmp_path):
    """Written, approved by another, published in steps, switched, taken back; after each the engine answers by it."""
    path = tmp_path / "policies" / "shop.yaml"
    path.parent.mkdir()
    path.write_text(BASE)
    stricter = BASE.replace("version: 1", "version: 2").replace("limit: 3", "limit: 0")
    asha, meera = Person("asha", "author"), Person("meera", "supervisor")
    with Engine(tmp_path / "home", path) as engine, engine.wiring.desk(engine.storage) as desk:
        log = engine.storage.events
        inbox = Inbox(engine.service, lambda: None, engine.storage.lists)

        def carried_out():
            for _ in range(500):
                inbox.take(desk.commands)
                if not desk.commands.waiting(1):
                    break
                engine.service._stopped.wait(0.01)
            while desk.rollups.catch_up(log):
                pass

        carried_out()
        engine.decide("p0")
        policy = desk.versions.create(stricter, asha, log=log)
        desk.versions.submit(policy, asha, revision=desk.versions.get(policy).revision)
        desk.versions.approve(policy, meera, revision=desk.versions.get(policy).revision)
        seen = []
        for number, (step, percent) in enumerate(
            [(Step.SHADOW, 100.0), (Step.CANARY, 100.0), (Step.LIVE, 100.0)]
        ):
            desk.rosters.publish(policy, step, asha, percent=percent, log=log)
            carried_out()
            decided = engine.decide(f"p{number + 1}", card={"token": f"c{number}"})
            seen.append(
                (decided.policy.hash == policy, decided.part, decided.action, desk.versions.get(policy).state)
            )
        assert seen == [
            (False, "live", "allow", "shadow"),
            (True, "canary", "hold", "canary"),
            (True, "live", "hold", "live"),
        ]
        desk.rosters.switch("many", meera, off=True, note="it stops everybody", log=log)
        carried_out()
        assert engine.decide("p5", card={"token": "c5"}).action == "allow"
        desk.rosters.switch("many", meera, off=False, note="it is needed", log=log)
        carried_out()
        assert engine.decide("p6", card={"token": "c6"}).action == "hold"
        desk.rosters.back(meera, log=log)
        carried_out()
        assert engine.decide("p7", card={"token": "c7"}).part == "canary"
        for entry in log.read(0):
            if entry.kind == "payment":
                assert decide_again(log, entry).same
