"""kill -9, twenty times: nothing acknowledged is lost, nothing is decided twice, the windows are those of the log."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.flow.crash_program import SEGMENT_BYTES, event_of
from tests.support.engine import NOW_US, Bench

from satark.decisions.answers import stored_answer
from satark.storage import FolderLock, open_storage
from satark.storage.engines import sqlite_engines
from satark.storage.migrate import HEAD, migrate
from satark.storage.window_rows import WindowRows

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60
DIGEST_SIZE = hashlib.sha256().digest_size * 2
FIRST = "0001"


def states_of(process: int) -> str:
    """Return one letter for each thread of a process: how the kernel calls its state, where it tells (Linux)."""
    letters = []
    for stat in Path(f"/proc/{process}/task").glob("*/stat"):
        with contextlib.suppress(OSError):  # A thread may end while its siblings are read.
            letters.append(stat.read_text().rpartition(") ")[2][:1])
    return "".join(letters)


class Victims:
    """Starts engines under load and kills them."""

    def __init__(self, program: str = "crash_program.py") -> None:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        self._program = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(program))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT,
        )  # fmt: skip
        assert self._line() == "ready"

    def kill_one(self, folder: Path, number: int, *, stop_in: str | None = None, after: int = 50) -> None:
        """Let an engine run until it has answered `after` events, or stands in a seam, and kill it.

        Parameters
        ----------
        folder
            Its data.
        number
            Of the round, which also seeds its events.
        stop_in
            The seam.
        after
            How many answers to wait for where no seam is named.
        """
        folder.mkdir(exist_ok=True)
        acks, stands = folder / "acks", folder / "stands"
        stands.unlink(missing_ok=True)
        size = acks.stat().st_size if acks.exists() else 0
        order = {"folder": str(folder), "round": number, "stop_in": stop_in}
        self._program.stdin.write(json.dumps(order) + "\n")
        self._program.stdin.flush()
        child = int(self._line())
        end = time.monotonic() + PATIENCE_SECONDS
        while not self._is_there(child, stands, stop_in, acks, size + 80 * after):
            assert time.monotonic() < end, "the engine never came to where it should be killed"
            time.sleep(0.0005)
        os.kill(child, signal.SIGKILL)
        assert int(self._line()) == -signal.SIGKILL

    @staticmethod
    def _is_there(child: int, stands: Path, stop_in: str | None, acks: Path, size: int) -> bool:
        """Return whether it is time; the child is then stopped, or has answered enough."""
        if stop_in is None:
            os.kill(child, 0)  # It has not died by itself.
            return acks.exists() and acks.stat().st_size > size
        os.kill(child, signal.SIGSTOP)
        Victims._await_stop(child)
        if stands.exists() and stands.read_text():
            return True
        os.kill(child, signal.SIGCONT)
        return False

    @staticmethod
    def _await_stop(child: int) -> None:
        """Return when no thread of a child runs any more: a signal to stop returns before it has worked.

        A thread on another core could otherwise leave the seam between the look at the file and the kill.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while any(state not in "TtZX" for state in states_of(child)):
            assert time.monotonic() < end, "the engine does not stop"
            time.sleep(0.0002)

    def close(self) -> None:
        self._program.stdin.close()
        self._program.wait(PATIENCE_SECONDS)
        self._program.stdout.close()

    def _line(self) -> str:
        return self._program.stdout.readline().strip()


@pytest.fixture(scope="module")
def victims():
    """Return the killer and its victims."""
    made = Victims()
    yield made
    made.close()


class Survivors:
    """The books of one data folder over several kills."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.last = 0
        self.starts: list[tuple[int, int]] = []

    def check(self, *, stop: bool = True) -> None:
        """Start again as an engine would, hold everything against the log, and decide some more events."""
        with FolderLock(self.folder), open_storage(self.folder) as storage:
            rows = WindowRows(self.folder / "windows", mark="crash", segment_bytes=SEGMENT_BYTES)
            bench = Bench(storage.events, rows=lambda: rows)
            real = rows.open
            rows.open = lambda *version: self._note(real(*version), storage.events.last_seq())
            bench.start()
            self._check_answers(storage)
            bench.assert_true_to_log()
            dice = random.Random(self.last)
            bench.clock.at_us = max(NOW_US, bench.service.decider.windows.max_time_us)
            with (self.folder / "acks").open("a") as acks:
                acks.write("\n")  # What a kill tore stays a line of its own.
                for number in range(12):
                    event = event_of(f"s{self.last}_", number, bench.clock.at_us, dice)
                    outcome = bench.tell(event)
                    assert outcome.error is None
                    acks.write(f"{event['id']} {hashlib.sha256(outcome.body).hexdigest()}\n")
            if stop:
                bench.stop()
            else:  # Another death, without a last snapshot.
                bench.service._trusted.clear()
                bench.stop()
            self.last = storage.events.last_seq()

    def _note(self, seq: int, last: int) -> int:
        self.starts.append((seq, last))
        return seq

    def _check_answers(self, storage) -> None:
        entries = list(storage.events.read(0))
        assert len(entries) >= self.last
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        by_id = {entry.event_id: entry for entry in entries}
        assert len(by_id) == len(entries)
        acks = (self.folder / "acks").read_text() if (self.folder / "acks").exists() else ""
        for line in acks.splitlines():
            event_id, _, digest = line.partition(" ")
            if len(digest) < DIGEST_SIZE:
                continue  # Torn by a kill: that answer was never seen whole.
            assert hashlib.sha256(stored_answer(by_id[event_id])).hexdigest() == digest
        for entry in entries[-200:]:
            assert storage.events.find(1, entry.event_id).seq == entry.seq
        assert storage.audit.verify().ok


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_when_killed_at_random_moments_under_load(victims, tmp_path, seed):
    dice = random.Random(seed)
    survivors = Survivors(tmp_path / "data")
    for number in range(5):
        victims.kill_one(survivors.folder, number, after=dice.choice((1, 20, 200, 500)))
        survivors.check(stop=number % 2 == 0)


@pytest.mark.slow
def test_nothing_is_lost_when_killed_in_the_middle_of_a_snapshot(victims, tmp_path):
    survivors = Survivors(tmp_path / "data")
    # The calls of a snapshot: rows, the new manifest, its name, the folder; and later ones with several segments.
    for number, call in enumerate((1, 2, 3, 4, 23)):
        victims.kill_one(survivors.folder, number, stop_in=f"snapshot:{call}")
        survivors.check(stop=number % 2 == 0)
    assert any(
        0 < seq < last for seq, last in survivors.starts
    )  # Some starts had rows, and a log beyond them.


@pytest.mark.slow
@pytest.mark.parametrize("place", ["checkpoint", "merge"])
def test_nothing_is_lost_when_killed_in_the_middle_of_a_checkpoint(victims, tmp_path, place):
    survivors = Survivors(tmp_path / "data")
    victims.kill_one(survivors.folder, 0, after=300)
    for number in range(1, 3):
        victims.kill_one(survivors.folder, number, stop_in=place)
        assert (survivors.folder / "stands").read_text() == place
        survivors.check()


@pytest.mark.slow
def test_nothing_is_lost_when_killed_in_the_middle_of_a_start(victims, tmp_path):
    survivors = Survivors(tmp_path / "data")
    victims.kill_one(survivors.folder, 0, after=300)
    for number, seam in enumerate(("recovery:5", "recovery:200", "segment:2"), start=1):
        (survivors.folder / "windows" / "manifest.json").unlink(missing_ok=True)
        victims.kill_one(survivors.folder, number, stop_in=seam)
        survivors.check(stop=False)


def age(folder: Path) -> None:
    """Turn an installation back into one of the first version of the tables, with all that it has logged."""
    new, old = folder / "satark.db", folder / "old.db"
    engines = sqlite_engines(old, read_only=False)
    migrate(engines, target=FIRST)
    engines.dispose()
    with contextlib.closing(sqlite3.connect(old)) as database:
        database.execute("ATTACH ? AS new", (str(new),))
        tables = [
            row[0] for row in database.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")
        ]
        for table in set(tables) - {"alembic_version"}:
            columns = ", ".join(row[1] for row in database.execute(f"PRAGMA main.table_info({table})"))
            database.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
        database.commit()
    for suffix in ("", "-wal", "-shm"):
        new.with_name(new.name + suffix).unlink(missing_ok=True)
    old.rename(new)


def revision_of(folder: Path) -> str:
    with contextlib.closing(sqlite3.connect(folder / "satark.db")) as database:
        return database.execute("SELECT version_num FROM alembic_version").fetchone()[0]


@pytest.mark.slow
def test_nothing_is_lost_when_killed_in_the_middle_of_a_migration(victims, tmp_path):
    survivors = Survivors(tmp_path / "data")
    victims.kill_one(survivors.folder, 0, after=200)
    survivors.check()
    age(survivors.folder)
    for number, seam in enumerate(("statement:6", "commit:1"), start=1):
        assert revision_of(survivors.folder) == FIRST
        victims.kill_one(survivors.folder, number, stop_in=seam)
    assert revision_of(survivors.folder) == FIRST
    survivors.check()
    assert revision_of(survivors.folder) == HEAD
