"""`satark up`, `serve` and `web`: the commands that run until they are told to stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

import click

from satark.cli.commands import command
from satark.cli.root import cli

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.cli.output import Output
    from satark.cli.ports import Wiring


@command(cli, "serve", settings=("host", "port", "policy"))
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.")
@click.option("--policy", help="The policy that decides: a bundled name or a file.")
def serve(wiring: Wiring, output: Output) -> None:
    """Run the engine: decide events that come over HTTP.

    It listens at once and is ready when /health/ready says so. One engine per data folder.
    """

    def announce(fact: Mapping[str, object]) -> None:
        words = {
            "listening": "Listening on {address} with the policy {policy}; compiling and reading the log ...",
            "ready": "Ready; the log ends at {seq}. Stop with Ctrl-C.",
            "stopping": "Stopping: finishing what was accepted ...",
            "stopped": "Stopped.",
        }
        output.fact(fact, words.get(str(fact["step"]), "").format_map(fact))

    wiring.serve(announce)


@command(cli, "web", settings=("web_host", "web_port"))
@click.option("--host", "web_host", help="Address to listen on.")
@click.option("--port", "web_port", type=int, help="Port to listen on; 0 takes a free one.")
def web(wiring: Wiring, output: Output) -> None:
    """Run the pages, in Hindi and English, beside the engine and on the same database."""

    def announce(fact: Mapping[str, object]) -> None:
        words = {"listening": "The pages are at {address}. Stop with Ctrl-C.", "stopped": "Stopped."}
        output.fact(fact, words.get(str(fact["step"]), "").format_map(fact))

    wiring.web(announce)


@command(cli, "work", settings=("policy",))
@click.option("--policy", help="The policy whose routes make alerts: a bundled name or a file.")
def work(wiring: Wiring, output: Output) -> None:
    """Run the worker: alerts and cases, the index of what belongs together, notices and webhooks.

    It follows what the engine has decided, beside it and never in its way. One worker per data folder.
    """

    def announce(fact: Mapping[str, object]) -> None:
        words = {
            "notices_off": "Warning: {message}.",
            "working": "Working; {seq} of {log} entries of the log are done. Stop with Ctrl-C.",
            "stopping": "Stopping: finishing what was begun ...",
            "stopped": "Stopped.",
        }
        output.fact(fact, words.get(str(fact["step"]), "").format_map(fact))

    wiring.work(announce)


@command(cli, "up", settings=("port", "web_port", "policy"))
@click.option("--port", type=int, help="Port of the engine; 0 takes a free one.")
@click.option("--web-port", type=int, help="Port of the pages; 0 takes a free one.")
@click.option("--policy", help="The policy that decides: a bundled name or a file.")
@click.option("--rate", default=6.0, show_default=True, help="Simulated events a second.")
@click.option("--seed", default=1, show_default=True, help="Another number gives another market.")
def up(wiring: Wiring, output: Output, *, rate: float, seed: int) -> None:
    """Run everything for a look: engine, worker, pages and a simulated stream.

    The first start makes an administrator, whose password is shown this once. Not for real data.
    """
    teller = _Teller(output)
    with teller:
        wiring.up(teller.tell, rate_per_second=rate, seed=seed)


_NAMES = {
    "engine": "the engine",
    "web": "the pages",
    "worker": "the worker",
    "stream": "the simulated stream",
}
_REASONS = {
    "starting": "starting",
    "compiling": "compiling the windows; the first time takes a minute",
    "recovering": "reading the log",
}


class _Teller:
    """Tells a person how far `satark up` is: a line per step, a spinner in between."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._status = output.notes.status("Preparing ...")
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if not self._output.as_json and self._output.notes.is_terminal:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def tell(self, fact: Mapping[str, object]) -> None:
        """Tell one step."""
        step, what = str(fact["step"]), _NAMES.get(str(fact.get("what")), "")
        text = ""
        if step == "administrator":
            text = f"Sign in as {fact['username']} with {fact['password']} (shown this once)."
        elif step == "starting":
            self._status.update(f"Starting {what} ...")
            text = f"Starting {what} ..."
        elif step == "waiting":
            text = "  " + "; ".join(_REASONS.get(reason, reason) for reason in _texts(fact.get("reasons")))
            self._status.update(f"The engine is{text.rstrip()} ...".replace("  ", " "))
        elif step == "up":
            self._status.stop()
            seconds = time.monotonic() - self._began
            text = (
                f"\nSatark is up after {seconds:.0f} seconds.\n\n"
                f"    Decisions arriving live:  {fact['page']}\n"
                f"    HTTP interface:           {fact['engine']}/docs\n\n"
                "Stop with Ctrl-C."
            )
        elif step == "stopping":
            text = "\nStopping: finishing what was accepted ..."
        elif step == "stopped":
            text = "Stopped. What was decided is kept; the next start goes on from there."
        self._output.fact(fact, text)


def _texts(reasons: object) -> list[str]:
    return [str(reason) for reason in reasons] if isinstance(reasons, list) else []
