"""An engine that publishes under load and waits to be killed; run by `test_publish_crash.py`.

As `crash_program.py`: a parent forks a child per order on standard input, `acks` in the folder tells what was answered,
`stands` that the child stands still in the seam that it was told.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import sys
import threading
import traceback

import msgspec
from tests.flow.crash_program import SEGMENT_BYTES, Seam, say
from tests.support.engine import NOW_US, SECOND_US, Bench, payment
from tests.support.publishing import BASE, OTHER_WINDOWS, SAME_WINDOWS, PublishingBench, logistic_of, scored

from satark.decisions import publishing, recovery, room
from satark.decisions.casting import Casting
from satark.decisions.commit import Committer
from satark.storage import FolderLock, open_storage
from satark.storage.window_folders import WindowFolders
from satark.storage.window_rows import WindowRows

MODEL = logistic_of(OTHER_WINDOWS)
SCORED = scored(OTHER_WINDOWS, MODEL)
ORDERS = (
    {"live": OTHER_WINDOWS, "shadows": [BASE]},
    {"live": SCORED, "canary": (SAME_WINDOWS, 40), "models": [MODEL]},
    {"live": BASE, "killed": {BASE: ["many"]}},
    {"live": SAME_WINDOWS},
)
EVENTS_BEFORE = 120


def stitch(seam: Seam, storage) -> None:
    """Put the seam's places along the way of an order."""
    seam.around(Casting, "cast", "cast")
    seam.around(recovery, "take_in", "fill")
    seam.around(publishing.PublishingRoom, "_take_over", "take_over")
    seam.around(Committer, "put_together", "queue")
    seam.around(room.EngineRoom, "snapshot", "snapshot")
    seam.around(WindowRows, "_write_manifest", "manifest")
    seam.around(WindowRows, "stand_alone", "remove")
    append = storage.events.append

    def watched(entries):
        ordered = any(entry.kind == "roster" for entry in entries)
        if ordered:
            seam.pass_by("append")
        append(entries)
        if ordered:
            seam.pass_by("appended")

    storage.events.append = watched


def run(order: dict) -> None:
    """Be the engine of one round."""
    folder = pathlib.Path(order["folder"])
    acks = os.open(folder / "acks", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    # A kill may tear the line that is being written where it crosses a page of the file: the next one begins anew.
    os.write(acks, b"\n")
    with FolderLock(folder), open_storage(folder) as storage:
        folders = WindowFolders(folder / "windows", mark="crash", segment_bytes=SEGMENT_BYTES)
        bench = PublishingBench(storage.events, rows=folders.of).start()
        prefix = f"r{order['round']}_"
        send(bench, acks, prefix, 0, EVENTS_BEFORE)
        stitch(Seam(folder, order.get("stop_in")), storage)
        threading.Thread(target=send, args=(bench, acks, prefix, EVENTS_BEFORE, 100_000), daemon=True).start()
        for number, wanted in enumerate(ORDERS * 5):
            name = f"command:{prefix}{number}"
            bench.published(event_id=name, **wanted)
            os.write(acks, f"{name} order\n".encode())


def send(bench: Bench, acks: int, prefix: str, start: int, count: int) -> None:
    """Send payments, a few in flight, and note each answer."""
    flying = threading.Semaphore(16)
    begin = max(NOW_US, bench.service.decider.windows.max_time_us)
    for number in range(start, start + count):
        at_us = begin + number * SECOND_US // 50
        bench.clock.at_us = at_us
        event = payment(
            f"{prefix}{number}", at_us, card=f"card_{number % 7}", device=f"device_{number % 5}",
            customer=f"customer_{number % 11}",
        )  # fmt: skip

        def done(outcome, event_id=event["id"]) -> None:
            assert outcome.error is None, outcome.error
            os.write(acks, f"{event_id} {hashlib.sha256(outcome.body).hexdigest()}\n".encode())
            flying.release()

        flying.acquire()
        bench.service.submit(msgspec.json.encode(event), 1, done, only=None)


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


if __name__ == "__main__":
    main()
