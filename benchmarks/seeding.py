"""Fill a data folder with past decisions, quickly: the state in which a server is measured.

The engine decides the first part, as a server would. The rest are copies of these payments by the same cards at
later times under new ids, with lines in the log and rows in the windows of their own; only the numbers inside the
copied answers are those of the first.
"""

from __future__ import annotations

import argparse
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from satark.app.engine import build_service
from satark.app.settings import Settings
from satark.app.wiring import AppWiring
from satark.decisions.recovery import Memory, encode_state, state_of
from satark.events import body_digest
from satark.payments.simulation.bulk import body_maker, rfc3339
from satark.storage import open_storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.decisions.ports import LogEntry
    from satark.decisions.service import DecisionService, Outcome
    from satark.payments.simulation.bulk import BodyMaker
    from satark.storage import Storage

BATCH = 4_000
DECIDED = 100_000
"""So many are truly decided; the others are copies."""

SEED_OWNER = 999
"""Nobody's: ids cannot collide with those of a caller."""

PATIENCE_SECONDS = 120.0
_ID_AND_SEQ = re.compile(rb'"id":"[^"]*"|"seq":\d+')


def seed_folder(
    settings: Settings,
    decisions: int,
    *,
    span_seconds: float,
    end_us: int,
    cards: int = 1_000_000,
    min_bytes: int = 1_024,
    bodies: bool = True,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Append decided payments to a data folder and leave a snapshot of its windows.

    Parameters
    ----------
    settings
        Of the installation; its folder is made when it is missing.
    decisions
        How many to append.
    span_seconds, end_us
        They are spread evenly over so long, up to this time.
    cards, min_bytes
        Over how many cards, and the least length of a body.
    bodies
        Whether the log keeps the bodies and feature vectors of copies; without, it is as retention leaves it,
        and much smaller.
    tell
        Told how far it is.
    """
    maker = body_maker(cards=cards, min_bytes=min_bytes)
    step_us, begin_us = span_seconds * 1e6 / max(decisions, 1), end_us - int(span_seconds * 1e6)
    times = [begin_us + int(place * step_us) for place in range(decisions)]
    with open_storage(settings.home) as storage:
        service = build_service(AppWiring(settings), storage)
        service.start()
        first = service.committed_seq + 1
        draws = np.random.Generator(np.random.PCG64([first, 21])).integers(0, 2**31, min(decisions, DECIDED))
        seeds = _Seeds(maker, first, times, draws.tolist())
        for start in range(0, len(seeds.draws), BATCH):
            seeds.decide(service, range(start, min(start + BATCH, len(seeds.draws))))
            tell(min(start + BATCH, decisions), decisions)
        service.stop(PATIENCE_SECONDS)
        if decisions > len(seeds.draws):
            seeds.copy(service, storage, range(len(seeds.draws), decisions), bodies=bodies, tell=tell)
        storage.checkpoint()


class _Seeds:
    """The payments to fill in: their bodies, times and draws."""

    def __init__(self, maker: BodyMaker, first: int, times: list[int], draws: list[int]) -> None:
        self.maker = maker
        self.first = first
        self.times = times
        self.draws = draws

    def body(self, place: int) -> bytes:
        """Return the body of a payment; a copy has the card of what it copies."""
        draw = self.draws[place % len(self.draws)]
        return self.maker.body(b"seed-%d" % (self.first + place), rfc3339(self.times[place]), draw)

    def decide(self, service: DecisionService, places: range) -> None:
        """Let the engine decide some of them, and wait until all are durable."""
        left, all_answered, refused = len(places), threading.Event(), list[object]()

        def done(outcome: Outcome) -> None:
            nonlocal left
            left -= 1
            if outcome.error is not None:
                refused.append(outcome.error)
            if left == 0:
                all_answered.set()

        for place in places:
            service.submit(self.body(place), SEED_OWNER, done)
        if not all_answered.wait(PATIENCE_SECONDS) or refused:
            raise RuntimeError(f"{left} without an answer, {len(refused)} refused: {refused[:1]}")

    def copy(
        self,
        service: DecisionService,
        storage: Storage,
        places: range,
        *,
        bodies: bool,
        tell: Callable[[int, int], None],
    ) -> None:
        """Append copies to the log of a stopped engine, and their rows to its windows."""
        decider = service.decider
        store = decider.rows
        if store is None:
            raise RuntimeError
        decided = len(self.draws)
        originals = list(storage.events.read(self.first - 1, until_seq=self.first + decided - 1))
        rows = np.concatenate([block.copy() for block in store.blocks()])[-decided:]
        for start in range(places.start, places.stop, BATCH):
            entries = []
            for place in range(start, min(start + BATCH, places.stop)):
                seq, at_us = self.first + place, self.times[place]
                _, _, row = store.place()
                row[0] = rows[place % decided]
                row[0, 0], row[0, 1] = seq, at_us
                store.keep()
                entries.append(
                    _copied(originals[place % decided], seq, at_us, self.body(place), bodies=bodies)
                )
            storage.events.append(entries)
            if start % (BATCH * 10) < BATCH:
                storage.checkpoint()
            tell(min(start + BATCH, places.stop), places.stop)
        decider.windows.note_time(self.times[-1])
        state = encode_state(state_of(decider, Memory(storage.events, None)), decider.texts)
        store.snapshot(self.first + places.stop - 1, decider.windows.horizon_us, state)


def _copied(original: LogEntry, seq: int, at_us: int, body: bytes, *, bodies: bool) -> LogEntry:
    names = iter((b'"id":"seed-%d"' % seq, b'"seq":%d' % seq))
    return msgspec.structs.replace(
        original,
        seq=seq,
        event_id=f"seed-{seq}",
        occurred_us=at_us,
        arrived_us=at_us,
        digest=body_digest(body),
        body=body if bodies else b"",
        decision=_ID_AND_SEQ.sub(lambda _: next(names), original.decision or b"", count=2),
        features=original.features if bodies else None,
    )


def main() -> None:
    """Read the command line and fill a folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seeding", description="Fill a data folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("decisions", type=int)
    parser.add_argument("--days", type=float, default=20.0)
    parser.add_argument("--bytes", type=int, default=1_024)
    parser.add_argument("--without-bodies", action="store_true")
    said = parser.parse_args()
    began = time.perf_counter()
    seed_folder(
        Settings(home=said.folder, windows_mb=8_192),
        said.decisions,
        span_seconds=said.days * 86_400,
        end_us=time.time_ns() // 1_000 - 120_000_000,
        min_bytes=said.bytes,
        bodies=not said.without_bodies,
        tell=lambda done, all_: print(f"\r{done:,} of {all_:,}", end="", flush=True),
    )
    print(f"\nin {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
