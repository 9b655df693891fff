"""A whole installation in a folder, with all that the pages can show, and its pages served by the real wiring.

Run by the browser tests: `python whole_console.py FOLDER [DECISIONS]`. Prints the address when it listens. The log, the
desk and the counts are made by the same code that `satark simulate --store` and the worker run.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.lifecycle import MEERA, stage
from tests.support.models import carded
from tests.support.notice_bank import TOKEN
from tests.support.notices import ADDRESS, make_decision, make_entry, make_event, policy_text

from satark.app.pages import serve_pages
from satark.app.seeding import seed_store
from satark.app.settings import load_settings
from satark.app.watching import Watching
from satark.app.wiring import AppWiring
from satark.cases.lists import Held
from satark.cases.model import CaseOutcome, QueueFilter
from satark.cases.notices import NoticePlan, NoticePlanner
from satark.cases.policy_life import Person, Step
from satark.core.clock import SystemClock, ist_day
from satark.decisions.again import policy_input, policy_ref
from satark.decisions.list_edits import LIST_EDIT, ListEdit, encode_list_edit, list_ref
from satark.decisions.ports import LogEntry
from satark.decisions.roster import ROSTER, ROSTER_REF, Roster, encode_roster, order_of
from satark.decisions.watch import Finding, Kind, Verdict
from satark.decisions.watch.measures import week_of
from satark.policies import bundled_path, load_policy
from satark.storage import FolderLock
from satark.storage.desk.watch import Run
from satark.storage.model_store import ModelStore

PASSWORD = "correct horse battery"
ROLES = ("analyst", "supervisor", "author", "administrator", "auditor", "officer", "viewer")
DAY_US = 86_400_000_000
CUSTOMERS = 8
"""Links that can be answered: two for each language and width."""
LINKS: list[str] = []


def main() -> None:
    folder = Path(sys.argv[1])
    decisions = int(sys.argv[2]) if len(sys.argv) > 2 else 600
    settings = load_settings(
        {}, options={"home": str(folder), "web_port": 0, "log_level": "warning", "web_second_factor": False}
    )
    wiring = AppWiring(settings)
    if not (folder / "satark.db").exists():
        seed_store(wiring, decisions=decisions, alerts=decisions // 6, seed=7, tell=lambda *_: None)
        fill(wiring)
    with wiring.storage() as storage, wiring.desk(storage) as desk:
        LINKS.extend(tell_customers(desk))
    serve_pages(wiring, announce)


def announce(told) -> None:
    if told.get("step") == "listening":
        sys.stdout.write(json.dumps({**told, "links": LINKS}) + "\n")
        sys.stdout.flush()


def fill(wiring: AppWiring) -> None:
    """Add staff of each role, edits of lists, and an act that waits for the engine."""
    now_us = SystemClock().now_us()
    with FolderLock(wiring.data), wiring.storage() as storage, wiring.desk(storage) as desk:
        for role in ROLES:
            storage.staff.create(role, role, password=PASSWORD)
        storage.staff.create("second", "analyst", password=PASSWORD)
        ModelStore(wiring.data).put(carded(name="cards"))
        desk.identity.factors.begin_totp("second", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
        desk.identity.factors.confirm_totp("second", 0, actor="second")
        name = next(iter(wiring.policy().lists))
        last = storage.events.last_seq()
        edits = [
            ListEdit(
                name,
                f"tok_5f3a9c{number:04d}",
                now_us + number * DAY_US,
                number % 5 == 4,
                "meera",
                f"case {number}",
            )
            for number in range(1, 31)
        ]
        entries = []
        for seq, edit in enumerate(edits, last + 1):
            entries.append(
                LogEntry(
                    seq,
                    0,
                    f"command:{seq}",
                    LIST_EDIT,
                    now_us,
                    now_us,
                    0,
                    list_ref(name),
                    b"\0" * 32,
                    encode_list_edit(edit),
                )
            )
        storage.events.append(entries)
        while desk.rollups.catch_up(storage.events):
            pass
        desk.lists.change(
            name, {"tok_waiting": Held(on=True)}, kind="add", actor="supervisor", note="seen at two shops"
        )
        desk.outbox.endpoints.add("desk", "https://bank.example/hooks", ["case.closed"], "administrator")
        cases = desk.cases.queue(QueueFilter(), limit=3).rows
        desk.cases.note(cases[0].id, "Called the number on record. <b>कोई उत्तर नहीं</b>", "analyst")
        desk.cases.close(
            [cases[-1].id], CaseOutcome.FRAUD, next(iter(desk.cases.terms().reasons["fraud"])), "analyst"
        )
        storage.audit.append(actor="system", action="tested", subject="console")
        stage_policies(wiring, storage, desk)
        watch(wiring, storage, desk)


def watch(wiring: AppWiring, storage, desk) -> None:
    """Count what was decided, and add the weeks that an installation of today cannot have."""
    part = Watching(storage.events, desk, wiring.policy(), SystemClock(), give_way=lambda: None)
    while part.step():
        pass
    week = week_of(ist_day(SystemClock().now_us()))
    found = [
        Finding(
            kind, "card_payments_10m", week - back, value, 0.8 * value, 1.2 * value, 0.2, 4_210, verdict, 0.1
        )
        for kind in Kind
        for back, value, verdict in (
            (0, 0.41, Verdict.BREACH),
            (1, 0.22, Verdict.NEAR),
            (2, 0.11, Verdict.OK),
            (3, 0.1, Verdict.THIN),
            (4, 0.09, Verdict.OPEN),
        )
    ]
    desk.watch.put_findings(range(week - 4, week + 1), found, Run(SystemClock().now_us(), 1))
    desk.watch_cases.tell(found, queue="supervision", deadline_seconds=86_400)


def tell_customers(desk) -> list[str]:
    """Tell customers of held payments; return the tokens of their links."""
    clock = SystemClock()
    planner = NoticePlanner(
        NoticePlan.of(load_policy(policy_text())),
        book=desk.notices,
        cases=desk.cases,
        channels=lambda: frozenset({"sms"}),
        address=ADDRESS,
        clock=clock,
    )
    tokens = []
    for number in range(CUSTOMERS):
        mark = clock.now_us()
        customer = {"id": f"told-{mark}-{number}", "phone": f"+9198123456{number:02d}"}
        event = make_event(id=f"told-{mark}-{number}", customer=customer)
        entry, decision = make_entry(event, occurred_us=mark), make_decision("hold", "velocity")
        with desk.writing() as connection:
            (message,) = planner.plan(entry, decision, event, connection=connection)
        tokens.append(TOKEN.search(message.body.decode())[1])
    return tokens


def stage_policies(wiring: AppWiring, storage, desk) -> None:
    """Add versions in every state: one decides for a share, a rule is off, and the engine refused a step."""
    text = bundled_path().read_text(encoding="utf-8")
    _, _, ready = stage(desk, storage.events, text)
    person = Person("author", "author")
    desk.rosters.publish(ready, Step.CANARY, person, percent=10, note="A tenth first", log=storage.events)
    answer(storage, desk)
    code = wiring.policy().rules[0].code
    desk.rosters.switch(code, MEERA, off=True, note="Too many alarms since noon", log=storage.events)
    answer(storage, desk)
    desk.rosters.publish(
        ready, Step.CANARY, person, percent=25, note="Nothing odd so far", log=storage.events
    )
    for command in desk.commands.waiting(1_000):
        if command.kind == "publish":
            desk.commands.settle(command.id, "refused", "windows_full")


def answer(storage, desk) -> None:
    """Put what was asked into the log, as the engine does."""
    now_us = SystemClock().now_us()
    for command in desk.commands.waiting(1_000):
        if command.kind != "publish":
            continue
        order = order_of(command.body)
        inputs = [
            ("policy", policy_ref(one), policy_input(load_policy(text), text))
            for one, text in order.texts.items()
        ]
        roster = Roster(order.live, order.canary, order.shadows, order.killed, actor=command.actor)
        inputs.append((ROSTER, ROSTER_REF, encode_roster(roster)))
        seq = storage.events.last_seq()
        storage.events.append(
            [
                LogEntry(
                    seq + place,
                    0,
                    f"command:{command.id}" if kind == ROSTER else f"{kind}:{seq + place}",
                    kind,
                    now_us,
                    now_us,
                    0,
                    ref,
                    bytes(32),
                    body,
                )
                for place, (kind, ref, body) in enumerate(inputs, 1)
            ]
        )
        desk.commands.settle(command.id, "done")
    while desk.rollups.catch_up(storage.events):
        pass


if __name__ == "__main__":
    main()
