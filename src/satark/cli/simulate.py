"""`satark simulate`: a seeded day of an Indian market into a file, or live to a server."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from satark.cli.commands import command
from satark.cli.progress import counting
from satark.cli.root import cli
from satark.core.clock import SystemClock
from satark.core.stopping import StopOrder

if TYPE_CHECKING:
    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.payments.simulation import SimulationPlan

KEY_VARIABLE = "SATARK_API_KEY"


@command(cli, "simulate")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write events to this .jsonl, .csv or .parquet file."
)
@click.option("--truth", type=click.Path(path_type=Path), help="Write what each fraud was to this file.")
@click.option(
    "--to", "server", help=f"Send events live to the server at this address; its key is in {KEY_VARIABLE}."
)
@click.option(
    "--store",
    type=click.IntRange(100, 50_000_000),
    help="Fill the empty data folder with so many decisions of past days, as if it had run for long.",
)
@click.option("--alerts", type=click.IntRange(0), help="How many of these were stopped; only with --store.")
@click.option("--rate", type=float, help="Events a second, steadily; only with --to.")
@click.option(
    "--speed", type=float, default=1.0, show_default=True, help="Simulated seconds a second, with --to."
)
@click.option(
    "--past",
    "past_minutes",
    type=click.IntRange(0, 1_440),
    default=0,
    help="First send so many minutes of events with past times, at once; only with --rate.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another number gives another market.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First day, in Indian time.")
@click.option("--days", type=int, help="Days with payments.")
@click.option("--settle-days", type=int, help="Days after that on which results and labels still arrive.")
@click.option("--customers", type=int, help="How many customers there are.")
@click.option("--merchants", type=int, help="How many merchants there are.")
@click.option("--payments-per-day", type=int, help="Mean number of payments on an ordinary day.")
@click.option("--fraud-share", type=float, help="Share of payments that are fraud, 0 to 0.5.")
@click.option(
    "--scenario", "scenarios", multiple=True, help="Play only this scenario; may be given several times."
)
@click.option("--id-prefix", help="Put before each event id; differs from run to run with --to.")
@click.option("--list-scenarios", is_flag=True, help="Show the fraud scenarios and stop.")
def simulate(wiring: Wiring, output: Output, **options: Any) -> None:  # noqa: ANN401 - click's values
    """Make a realistic, invented market: payments, results, labels, frauds with their truth.

    The same seed and sizes give the same events. Nothing in it is about a real person or card.
    """
    out, server, store, alerts = (options.pop(name) for name in ("out", "server", "store", "alerts"))
    truth, pace = (
        options.pop("truth"),
        _Pace(*(options.pop(name) for name in ("rate", "speed", "past_minutes"))),
    )
    if options.pop("list_scenarios"):
        _list_scenarios(output)
        return
    if [out, server, store].count(None) != 2:  # noqa: PLR2004 - one of the three
        message = "say where to: --out FILE, --to ADDRESS or --store DECISIONS"
        raise click.UsageError(message)
    if alerts is not None and store is None:
        message = "--alerts goes with --store"
        raise click.UsageError(message)
    if store is not None:
        _store(wiring, output, store, alerts, options["seed"])
        return
    if server is not None:
        if truth is not None:
            message = "--truth goes with --out"
            raise click.UsageError(message)
        _send(output, server, pace, options)
        return
    from satark.payments.simulation import Simulation
    from satark.payments.simulation.writers import write_events, write_truth

    simulation = Simulation(_plan(options))
    with counting(output, "events") as progress:
        count = write_events(simulation.events(), out, progress)
    if truth is not None:
        write_truth(simulation.truth.values(), truth)
    frauds = len(simulation.truth)
    output.result(
        {"events": count, "frauds": frauds, "out": out, "truth": truth},
        f"{count:,} events ({frauds:,} payments are fraud) in {out}",
    )


def _store(wiring: Wiring, output: Output, decisions: int, alerts: int | None, seed: int) -> None:
    wanted = decisions // 20 if alerts is None else alerts
    began = time.monotonic()
    with counting(output, "decisions", decisions) as progress:
        done = wiring.seed(
            decisions=decisions, alerts=wanted, seed=seed, tell=lambda _step, count, of: progress(count, of)
        )
    data = {**asdict(done), "seconds": round(time.monotonic() - began, 1)}
    text = (
        f"{done.decisions:,} decisions and {done.alerts:,} alerts are stored, with {done.links:,} links between "
        f"{done.events:,} events and what they name; start with: satark serve, work and web"
    )
    output.result(data, text)


@dataclass(frozen=True, slots=True)
class _Pace:
    """How fast a stream was asked to be."""

    rate: float | None
    speed: float
    past_minutes: int


def _send(output: Output, server: str, asked: _Pace, options: dict[str, Any]) -> None:
    from satark.cli.sending import ClientSender, send_past
    from satark.payments.simulation import Simulation
    from satark.payments.simulation.pacing import Pace, live_simulation, stream

    key = os.environ.get(KEY_VARIABLE)
    if not key:
        message = f"the server's API key is expected in {KEY_VARIABLE} (make one: satark keys create)"
        raise click.UsageError(message)
    options["id_prefix"] = options["id_prefix"] or f"{int(time.time()):x}_"
    if asked.rate is not None:
        share = {} if options["fraud_share"] is None else {"fraud_share": options["fraud_share"]}
        _, events = live_simulation(asked.rate, options["seed"], options["id_prefix"], **share)
        pace = Pace(events_per_second=asked.rate)
    else:
        events, pace = Simulation(_plan(options)).events(), Pace(speed=asked.speed)
    with (
        StopOrder() as order,
        ClientSender(server, key, stopped=order.given) as sender,
        counting(output, "events sent") as progress,
    ):
        sender.progress = progress
        past, events = send_past(events, sender, asked.past_minutes, SystemClock(), order.given)
        sent = past + stream(events, sender, pace, SystemClock(), stopped=order.given)
    data = {"sent": sent, "decided": sender.decided, "actions": sender.actions}
    output.result(data, f"{sent:,} events sent, {sender.decided:,} decided: {sender.summary()}")


def _plan(options: dict[str, Any]) -> SimulationPlan:
    """Return the plan with what was said on the command line, and defaults for the rest."""
    from satark.payments.simulation import SimulationPlan

    said = {name: value for name, value in options.items() if value not in (None, ())}
    start = said.get("start")
    if isinstance(start, datetime):
        said["start"] = start.date()
    return SimulationPlan(**said)


def _list_scenarios(output: Output) -> None:
    from satark.payments.simulation import SCENARIOS

    rows = [(name, entry.kind, "yes" if entry.foreseen else "no") for name, entry in SCENARIOS.items()]
    data = [{"scenario": name, "kind": kind, "foreseen": seen == "yes"} for name, kind, seen in rows]
    output.table(data, ("scenario", "kind", "a bundled rule is meant to catch it"), rows)
