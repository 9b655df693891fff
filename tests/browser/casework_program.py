"""The console over a desk with cases of every state; run by the browser tests. Prints its port when it listens."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from live_program import Log

from satark.api import ServerOptions, run_server
from satark.cases.model import CaseOutcome, CaseState, EntityKind, EntityRef, NewAlert
from satark.core.clock import SystemClock
from satark.policies.case_rules import JoinRule
from satark.storage.desk import open_desk
from satark.web import WebOptions, create_web

PASSWORD = "correct horse battery"
ROLES = {
    "asha": "analyst",
    "ravi": "analyst",
    "meera": "supervisor",
    "vikram": "auditor",
    "admin": "administrator",
}
CASES = 64
JOIN = JoinRule(frozenset({"card", "device"}), 7 * 86_400, 200)


@dataclass
class Member:
    username: str
    role: str
    must_change: bool = False
    changed_us: int = 0
    disabled_us: int | None = None


class Staff:
    def __init__(self) -> None:
        self.members = {name: Member(name, role) for name, role in ROLES.items()}

    def verify(self, username, password):
        return self.members.get(username) if password == PASSWORD else None

    def find(self, username):
        return self.members.get(username)

    def list(self):
        return list(self.members.values())


def alert(seq: int, log: Log) -> NewAlert:
    entry = log.get(seq)
    # Every fourth shares its card with the one before, so that some cases have two alerts.
    number = seq - 1 if seq % 4 == 0 else seq
    return NewAlert(
        seq=seq,
        owner=1,
        event_id=entry.event_id,
        occurred_us=entry.occurred_us,
        action=("hold", "block", "challenge")[seq % 3],
        score=0.3 + (seq % 7) / 10,
        amount_minor=(seq * 7_919_00) % 9_00_000_00 + 1_500_00,
        queue="review",
        deadline_seconds=(-3_600, 900, 7_200, 90_000)[seq % 4],
        kinds=("velocity",),
        rules=("card_velocity", "new_device_high_amount"),
        entities=(
            EntityRef(EntityKind.CARD, f"tok_5f3a9c01{number:06d}"),
            EntityRef(EntityKind.DEVICE, f"device-{number:06d}"),
            EntityRef(EntityKind.CUSTOMER, f"cust-{number:06d}"),
            EntityRef(EntityKind.PHONE, f"+9198765{number:05d}"),
            EntityRef(EntityKind.MERCHANT, "tanvi-jewels"),
            EntityRef(EntityKind.PIN, "560001"),
        ),
        four_eyes=seq % 10 == 0,
    )


def seed(desk, log: Log) -> None:
    for _ in range(CASES):
        log.add()
    with desk.writing() as connection:
        alerts = desk.cases.take_in(connection, [alert(seq, log) for seq in range(1, CASES + 1)], JOIN)
        for seq in range(1, CASES + 1):
            made = alert(seq, log)
            desk.entities.index(
                connection, seq, 1, made.occurred_us, made.action, made.amount_minor, made.entities
            )
    ids = list(dict.fromkeys(one.case_id for one in alerts))
    cases = desk.cases
    cases.assign(ids[0:4], "asha", "meera")
    cases.assign(ids[4:6], "ravi", "meera")
    cases.lock(ids[4], "ravi", 600)
    cases.set_state(ids[6:7], CaseState.WAITING_FOR_CUSTOMER, "asha")
    cases.note(ids[0], "Called on the number on record: no answer.\nकल फिर फ़ोन करेंगे।", "asha")
    cases.check(ids[0], next(item.code for item in cases.checklist(ids[0])), "asha", done=True)
    cases.attach(ids[0], "रसीद.pdf", "application/pdf", b"%PDF-1.7 receipt", "asha")
    guarded = next(one for one in ids if cases.get(one).four_eyes)
    cases.close([guarded], CaseOutcome.FRAUD, "stolen_card", "ravi")
    cases.close(ids[20:24], CaseOutcome.FRAUD, "account_takeover", "asha")
    cases.close(ids[24:30], CaseOutcome.GENUINE, "known_behaviour", "ravi")
    cases.close(ids[30:31], CaseOutcome.INCONCLUSIVE, "not_enough_facts", "ravi")
    cases.save_view("meera", "Over a lakh", "least=100000", shared=True)


def listening(_: str, port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_desk(Path(folder) / "desk", clock=SystemClock(), audit_key=b"k" * 32) as desk,
    ):
        log = Log()
        seed(desk, log)
        run_server(
            create_web(log, Staff(), WebOptions(poll_seconds=0.05), desk_store=desk),
            ServerOptions(port=0, schedule_gc=False, stop_seconds=1.0),
            on_listening=listening,
        )


if __name__ == "__main__":
    main()
