"""`satark policy versions, draft, submit, approve, return, publish, back, kill, revive`: the life of versions.

The same steps as on the pages, by the same functions of the desk: they check who may do what, four eyes included, and
note it in the audit trail. Each step asks for the password of the member who does it.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from satark.cases.policy_life import WHOLE, Step
from satark.cli.commands import command
from satark.cli.policies import policy as group
from satark.cli.proving import prove
from satark.core.clock import SystemClock, from_us
from satark.core.errors import InputInvalid, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from satark.cases.policy_life import Person
    from satark.cases.policy_versions import Version
    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.decisions.roster import Roster

SHOWN = 12
LEAST_PREFIX = 6
VERSIONS = 500

_as = click.option(
    "--as", "username", required=True, metavar="USER", help="Who does it; the password is asked."
)
_note = click.option("--note", default="", help="Why; kept with the act.")


@command(group, "versions")
def versions(wiring: Wiring, output: Output) -> None:
    """Show the versions of the desk, and what takes part in deciding."""
    with wiring.storage(write=False) as storage, wiring.desk(storage, write=False) as desk:
        found = desk.versions.all(VERSIONS)
        now = desk.versions.standing()
    roster = now.roster
    data = {
        "in_force": _roster(roster),
        "asked": None
        if now.asked is None
        else {"state": now.asked.state, **(_roster(now.asked.roster) or {})},
        "versions": [_plain(one) for one in found],
    }
    rows = [
        (
            one.hash[:SHOWN],
            f"{one.name} {one.version}",
            one.state.value + (f" {one.percent:g}%" if one.percent else ""),
            one.author,
            one.approved_by or "",
            f"{from_us(one.changed_us):%Y-%m-%d %H:%M}",
        )
        for one in found
    ]
    if not output.as_json:
        output.note("live: " + ("none" if roster is None else roster.live[:SHOWN]))
    output.table(data, ("version", "policy", "state", "author", "approved by", "changed (UTC)"), rows)


@command(group, "draft")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_as
@_note
def draft(wiring: Wiring, output: Output, *, file: Path, username: str, note: str) -> None:
    """Keep a policy file as a draft on the desk."""
    try:
        text = file.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read"
        raise InputInvalid(message, path=str(file)) from error
    with _acting(wiring, username) as (desk, log, person):
        made = desk.versions.create(text, person, note=note, log=log)
    output.result({"version": made}, made)


def _simple(name: str, about: str, *, needs_note: bool = False) -> None:
    """Register one step of a version that needs no more than a note."""

    @command(group, name, help=about)
    @click.argument("version")
    @_as
    @click.option("--note", default="", required=needs_note, help="Why; kept with the act.")
    def step(wiring: Wiring, output: Output, *, version: str, username: str, note: str) -> None:
        with _acting(wiring, username) as (desk, _, person):
            found = _find(desk, version)
            work: dict[str, Callable[..., None]] = {
                "submit": desk.versions.submit,
                "approve": desk.versions.approve,
                "return": desk.versions.give_back,
            }
            work[name](found.hash, person, revision=found.revision, note=note)
            after = desk.versions.get(found.hash)
        output.result(_plain(after), f"{found.hash[:SHOWN]} is {after.state.value} now")


_simple("submit", "Send a draft to a colleague.")
_simple("approve", "Approve a version that somebody else wrote.")
_simple("return", "Give a version back to its authors.", needs_note=True)


@command(group, "publish")
@click.argument("version")
@click.option("--shadow", "step", flag_value="shadow", help="It judges and acts on nothing.")
@click.option("--live", "step", flag_value="live", help="It decides for all.")
@click.option("--end", "step", flag_value="end", help="It takes part no more.")
@click.option(
    "--canary", type=click.FloatRange(0, WHOLE, min_open=True), help="It decides for so many per cent."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_as
@_note
def publish(
    wiring: Wiring,
    output: Output,
    *,
    version: str,
    step: str | None,
    canary: float | None,
    yes: bool,
    username: str,
    note: str,
) -> None:
    """Let an approved version take part: in shadow, for a share of customers, or for all."""
    if (step is None) == (canary is None):
        message = "say one of --shadow, --canary PERCENT, --live and --end"
        raise InputInvalid(message, field="step")
    chosen, percent = (Step.CANARY, canary) if step is None else (Step(step), WHOLE)
    with _acting(wiring, username) as (desk, log, person):
        found = _find(desk, version)
        coming = desk.rosters.preview(found.hash, chosen, person, percent=percent, log=log)
        seen = desk.versions.standing().seen
        output.note(f"Then takes part: {_words(coming)}")
        if not yes:
            click.confirm("Ask the engine for it?", abort=True, err=True)
        order = desk.rosters.publish(
            found.hash, chosen, person, percent=percent, note=note, seen=seen, log=log
        )
    output.result({"order": order, **(_roster(coming) or {})}, f"asked of the engine (order {order})")


@command(group, "back")
@_as
@_note
def back(wiring: Wiring, output: Output, *, username: str, note: str) -> None:
    """Go back to what took part before the newest change."""
    with _acting(wiring, username) as (desk, log, person):
        order = desk.rosters.back(person, note=note, log=log)
        coming = desk.versions.order(order).roster
    output.result({"order": order, **(_roster(coming) or {})}, f"asked of the engine: {_words(coming)}")


@command(group, "kill")
@click.argument("rule")
@_as
@click.option("--note", required=True, help="Why; kept with the act.")
def kill(wiring: Wiring, output: Output, *, rule: str, username: str, note: str) -> None:
    """Switch a rule off in every version that takes part."""
    _switch(wiring, output, rule, username, note, off=True)


@command(group, "revive")
@click.argument("rule")
@_as
@_note
def revive(wiring: Wiring, output: Output, *, rule: str, username: str, note: str) -> None:
    """Switch a rule on again."""
    _switch(wiring, output, rule, username, note, off=False)


@command(group, "run-job", hidden=True)
@click.argument("number", type=int)
@click.option("--try", "tries", type=int, required=True, help="Which try this is.")
def run_job(wiring: Wiring, output: Output, *, number: int, tries: int) -> None:  # noqa: ARG001 - a command's
    """Do a piece of work that a page asked for; the worker starts this."""
    wiring.run_job(number, tries)


def _switch(wiring: Wiring, output: Output, rule: str, username: str, note: str, *, off: bool) -> None:
    with _acting(wiring, username) as (desk, log, person):
        order = desk.rosters.switch(rule, person, off=off, note=note, log=log)
    output.result({"order": order, "rule": rule, "off": off}, f"asked of the engine (order {order})")


@contextmanager
def _acting(wiring: Wiring, username: str) -> Iterator[tuple[Any, Any, Person]]:
    """Give the desk, the log and the person, once he has proved to be himself."""
    with ExitStack() as opened:
        storage = opened.enter_context(wiring.storage())
        desk = opened.enter_context(wiring.desk(storage))
        yield desk, storage.events, prove(storage, desk, username, SystemClock())


def _find(desk: Any, begins: str) -> Version:  # noqa: ANN401 - as the wiring opens it
    """Return the one version whose hash begins so.

    Raises
    ------
    NotFound
        There is none.
    InputInvalid
        There are several, or the beginning is too short to be meant.
    """
    if len(begins) < LEAST_PREFIX:
        message = f"name a version by at least {LEAST_PREFIX} characters of its hash"
        raise InputInvalid(message, field="version")
    found = [one for one in desk.versions.all(VERSIONS) if one.hash.startswith(begins)]
    if not found:
        message = "there is no such version of a policy"
        raise NotFound(message, policy=begins[:64])
    if len(found) > 1:
        message = "several versions begin so"
        raise InputInvalid(message, field="version")
    version: Version = found[0]
    return version


def _plain(version: Version) -> dict[str, Any]:
    """Return what machines are told about a version."""
    return {
        "version": version.hash,
        "policy": version.name,
        "number": version.version,
        "state": version.state.value,
        "percent": version.percent,
        "author": version.author,
        "contributors": sorted(version.contributors),
        "approved_by": version.approved_by,
        "changed_at": from_us(version.changed_us),
    }


def _roster(roster: Roster | None) -> dict[str, Any] | None:
    if roster is None:
        return None
    canary = roster.canary
    return {
        "live": roster.live,
        "canary": None if canary is None else {"version": canary.hash, "percent": canary.percent},
        "shadows": list(roster.shadows),
        "killed": {one: list(codes) for one, codes in roster.killed.items()},
    }


def _words(roster: Roster) -> str:
    words = [f"{roster.live[:SHOWN]} for all"]
    if roster.canary is not None:
        words.append(f"{roster.canary.hash[:SHOWN]} for {roster.canary.percent:g} % of customers")
    words += [f"{one[:SHOWN]} in shadow" for one in roster.shadows]
    return ", ".join(words)
