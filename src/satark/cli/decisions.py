"""`satark decisions`: what was decided, and whether it would be decided so again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import msgspec

from satark.cli.commands import command
from satark.cli.exits import ANSWER_IS_NO
from satark.cli.progress import counting
from satark.cli.root import InOrder, cli
from satark.core.clock import format_ist, from_us
from satark.core.errors import InputInvalid, NotFound
from satark.decisions.model import Decision

if TYPE_CHECKING:
    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.decisions.ports import LogEntry


@cli.group(cls=InOrder)
def decisions() -> None:
    """Show decisions, and decide them again from what was stored."""


@command(decisions, "show")
@click.argument("event_id", metavar="ID")
@click.option("--owner", help="Whose id it is, where several owners used the same.")
def show(wiring: Wiring, output: Output, *, event_id: str, owner: str | None) -> None:
    """Show a decision with its reasons, versions and latency, and what was reported about it since."""
    with wiring.storage(write=False) as storage:
        entry = find_entry(storage, event_id, owner)
        followed = list(storage.events.find_by_ref(entry.owner, event_id))
    decision = None if entry.decision is None else msgspec.json.decode(entry.decision, type=Decision)
    data = {
        "decision": None if decision is None else msgspec.to_builtins(decision),
        "event": json.loads(entry.body) if entry.body else None,
        "log": {"seq": entry.seq, "kind": entry.kind, "arrived_at": from_us(entry.arrived_us)},
        "followed": [json.loads(one.body) for one in followed if one.body],
    }
    output.result(data, _lines(entry, decision, followed))


@command(decisions, "replay")
@click.argument("event_id", metavar="ID")
@click.option("--owner", help="Whose id it is, where several owners used the same.")
@click.option("--rebuild", is_flag=True, help="Compute the features again from the log before it, too.")
def replay(wiring: Wiring, output: Output, *, event_id: str, owner: str | None, rebuild: bool) -> None:
    """Decide a payment again from its stored features, and the policy and model of its time, and compare.

    Exit code 1 when anything differs.
    """
    from satark.decisions.again import decide_again, rebuild_decision

    with wiring.storage(write=False) as storage:
        entry = find_entry(storage, event_id, owner)
        if rebuild:
            needs = wiring.inspection(storage)
            with counting(output, "log entries", entry.seq) as progress:
                again = rebuild_decision(
                    storage.events,
                    entry,
                    tokens=needs.tokens,
                    rates=needs.rates,
                    lateness_us=needs.lateness_us,
                    progress=lambda done, _total: progress(done),
                )
        else:
            again = decide_again(storage.events, entry)
    how = "the log" if rebuild else "its stored features"
    data = {
        "id": event_id,
        "same": again.same,
        "action": again.action,
        "score": again.score,
        "reasons": again.reasons,
        "differences": again.differences,
        "rebuilt": rebuild,
    }
    said = f"the same answer from {how}: {again.action}, score {again.score:g}"
    output.result(data, said if again.same else [f"NOT the same from {how}:", *again.differences])
    if not again.same:
        click.get_current_context().exit(ANSWER_IS_NO)


def find_entry(storage: Any, event_id: str, owner: str | None) -> LogEntry:  # noqa: ANN401 - the wiring's storage
    """Return the log entry of an id.

    Raises
    ------
    NotFound
        Nobody used this id.
    InputInvalid
        Several owners did, and none was named.
    """
    owners = {key.owner: key.owner_name for key in storage.keys.list()}
    found: dict[str, LogEntry] = {}
    for number, name in sorted(owners.items()):
        entry = storage.events.find(number, event_id) if owner in (None, name) else None
        if entry is not None:
            found[name] = entry
    if not found:
        message = f"there is no event {event_id}"
        raise NotFound(message, id=event_id)
    if len(found) > 1:
        message = f"several owners used the id {event_id}; name one by --owner: {', '.join(found)}"
        raise InputInvalid(message, field="owner")
    return next(iter(found.values()))


def _lines(entry: LogEntry, decision: Decision | None, followed: list[LogEntry]) -> list[str]:
    when = format_ist(entry.occurred_us, "en")
    lines = [f"{entry.event_id}  {entry.kind}  {when}  (log {entry.seq:,})"]
    if decision is None:
        lines.append(
            "no decision is stored" if entry.kind == "payment" else "events of this kind are not decided"
        )
    else:
        why = "released: was" if decision.released else "observe: would be"
        would = f" ({why} {decision.would})" if decision.would else ""
        lines.append(f"{decision.action}{would}, score {decision.score:g}{', late' if decision.late else ''}")
        for reason in decision.reasons:
            lines += [f"  {reason.code}: {reason.en}", f"  {' ' * len(reason.code)}  {reason.hi}"]
        lines += [f"  degraded: {code}" for code in decision.degraded]
        if decision.released:
            lines.append("released by lot, to learn its outcome (the control group)")
        model = decision.model
        if model is not None:
            said = "could not be asked" if model.score is None else f"says {model.score:.4f}"
            lines.append(f"model {model.name} ({model.hash[:12]}) {said}")
        policy, part = decision.policy, "" if decision.part == "live" else f", {decision.part}"
        lines.append(
            f"policy {policy.name} {policy.version} ({policy.hash[:12]}){part}, engine {decision.engine}"
        )
    for one in followed:
        lines.append(f"then {one.kind} {one.event_id}  {format_ist(one.occurred_us, 'en')}")
    return lines
