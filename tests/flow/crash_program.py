"""An engine under load that waits to be killed; run by `test_crash.py` as processes of its own.

One parent process loads everything once and forks a child per order, so that twenty kills do not cost twenty starts of
Python. Orders are JSON lines on standard input: `{"folder", "round", "stop_in"}`. The child decides events as fast as
it can, takes snapshots and checkpoints all the time, and writes each acknowledged id with a digest of its answer to
`acks` in the folder. `stop_in` names a seam, `place:number`, at which it stands still for ever, so that a kill surely
lands there; where it stands is written to `stands`.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import random
import sys
import threading
import time
import traceback

import msgspec
import sqlalchemy as sa
from tests.support.engine import MINUTE_US, NOW_US, SECOND_US, Bench, label, payee_change, payment, result

from satark.decisions import recovery
from satark.storage import FolderLock, open_storage, sqlite_checkpoint, sqlite_log, window_rows
from satark.storage.window_rows import WindowRows

SEGMENT_BYTES = 1 << 14
IN_FLIGHT = 64
MOST_EVENTS = 20_000


class Seam:
    """The one place where this child stands still."""

    def __init__(self, folder: pathlib.Path, stop_in: str | None) -> None:
        self._file = folder / "stands"
        self._place, _, number = (stop_in or ":0").partition(":")
        self._left = int(number or 1)
        self._lock = threading.Lock()

    def pass_by(self, place: str) -> None:
        """Stand still when this is the place and the time."""
        if place != self._place:
            return
        with self._lock:
            self._left -= 1
            if self._left != 0:
                return
        self._file.write_text(place)
        time.sleep(3600)

    def around(self, owner: object, name: str, place: str) -> None:
        """Pass by the seam whenever a function is about to be called."""
        real = getattr(owner, name)

        def call(*arguments, **options):
            self.pass_by(place)
            return real(*arguments, **options)

        setattr(owner, name, call)

    def while_running(self, owner: object, name: str, place: str) -> None:
        """Mark how long a call takes that cannot be stopped from here, for a kill while it runs."""
        real = getattr(owner, name)

        def call(*arguments, **options):
            if place == self._place:
                self._file.write_text(place)
            try:
                return real(*arguments, **options)
            finally:
                if place == self._place:
                    self._file.unlink(missing_ok=True)

        setattr(owner, name, call)


def stitch(seam: Seam) -> None:
    """Put the seam's places where a kill would hurt most."""
    seam.around(os, "fdatasync", "snapshot")
    seam.around(os, "fsync", "snapshot")
    seam.around(pathlib.Path, "replace", "snapshot")
    seam.around(recovery, "take_in", "recovery")
    seam.around(window_rows.WindowRows, "_new_segment", "segment")
    seam.while_running(sqlite_checkpoint.SqliteCheckpointer, "_pragma", "checkpoint")
    seam.while_running(sqlite_log.SqliteIndex, "merge", "merge")
    sa.event.listen(sa.Engine, "before_cursor_execute", lambda *_: seam.pass_by("statement"))
    sa.event.listen(sa.Engine, "commit", lambda *_: seam.pass_by("commit"))


def run(order: dict) -> None:
    """Be the engine of one round."""
    folder = pathlib.Path(order["folder"])
    sqlite_log.MERGE_WHEN_BUSY = 150
    sqlite_checkpoint.RESET_BYTES = 1 << 20
    stitch(Seam(folder, order.get("stop_in")))
    with FolderLock(folder), open_storage(folder) as storage:
        rows = WindowRows(folder / "windows", mark="crash", segment_bytes=SEGMENT_BYTES)
        bench = Bench(storage.events, rows=lambda: rows).start()

        def again(work, seconds: float) -> None:
            while True:
                work()
                time.sleep(seconds)

        for work, seconds in ((bench.service.snapshot, 0.005), (storage.checkpoint, 0.002)):
            threading.Thread(target=again, args=(work, seconds), daemon=True).start()
        load(bench, folder, order["round"])


def load(bench: Bench, folder: pathlib.Path, round_number: int) -> None:
    """Send events with many in flight, and note each answer."""
    dice = random.Random(round_number)
    acks = os.open(folder / "acks", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    # A kill may tear the line that is being written where it crosses a page of the file: the next one begins anew.
    os.write(acks, b"\n")
    room = threading.Semaphore(IN_FLIGHT)
    now = max(NOW_US, bench.service.decider.windows.max_time_us)
    for number in range(MOST_EVENTS):
        now += dice.choice((0, 1, SECOND_US, 5 * SECOND_US))
        bench.clock.at_us = now
        event = event_of(f"r{round_number}_", number, now, dice)

        def done(outcome, event_id=event["id"]) -> None:
            assert outcome.error is None, outcome.error
            line = f"{event_id} {hashlib.sha256(outcome.body).hexdigest()}\n"
            os.write(acks, line.encode())
            room.release()

        room.acquire()
        bench.service.submit(msgspec.json.encode(event), 1, done, only=None)


def event_of(prefix: str, number: int, now: int, dice: random.Random) -> dict:
    """Draw an event: mostly payments, some late, some about payments that come later or never."""
    at_us = now - dice.choice((0,) * 8 + (1, MINUTE_US, 5 * MINUTE_US, 20 * MINUTE_US))
    kind = dice.choice(("payment",) * 6 + ("result", "result", "label", "change"))
    name, of = f"{prefix}{number}", f"{prefix}{max(0, number - dice.choice((1, 2, 5, 40, -3)))}"
    if kind == "result":
        return result(name, of, at_us, dice.choice(("declined", "authorised")))
    if kind == "label":
        return label(name, of, at_us, dice.choice(("fraud", "genuine")))
    if kind == "change":
        return payee_change(name, at_us)
    return payment(
        name, at_us, card=f"card_{dice.randrange(20)}", device=f"device_{dice.randrange(9)}",
        merchant=f"merchant_{dice.randrange(5)}", amount_minor=dice.randrange(1, 10_000_000),
        ip_country=dice.choice(("IN", "US", "NP")),
    )  # fmt: skip


def main() -> None:
    """Load and compile, then fork a child for each order and tell how it ended."""
    Bench().fresh().compile()
    say("ready")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                run(json.loads(line))
            except BaseException:  # noqa: BLE001 - it would go on as the parent
                traceback.print_exc()
            os._exit(1)
        say(str(child))
        say(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))


def say(text: str) -> None:
    """Write a line to whoever gives the orders."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
