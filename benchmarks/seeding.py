"""Fill a data folder with past decisions, quickly: the state in which a server is measured.

The engine's own parts decide the first part and write the rows of the windows, and storage appends to the log, so
what lies in the folder is what a server would have left there. The rest are copies of these payments by the same
cards at later times under new ids, with rows of their own: the log and the windows hold every one of them, and
only the numbers inside the copied answers are those of the first.
"""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from satark.app.engine import build_service
from satark.app.settings import Settings
from satark.app.wiring import AppWiring
from satark.decisions.ports import LogEntry
from satark.decisions.recovery import Memory, recover, state_of
from satark.events import body_digest, canonical_body, decode_event, seal_card
from satark.events.kinds import Payment
from satark.payments.simulation.bulk import BodyMaker, body_maker, rfc3339
from satark.storage import open_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from satark.decisions.decide import Decider
    from satark.events.tokens import CardTokens

BATCH = 4_000
DECIDED = 100_000
"""So many are truly decided; the others are copies."""

SEED_OWNER = 999
"""Nobody's: ids cannot collide with those of a caller."""

_ID_AND_SEQ = re.compile(rb'"id":"[^"]*"|"seq":\d+')


class _Seeder:
    """Makes the entries of the log and the rows of the windows, one after the other."""

    def __init__(self, decider: Decider, tokens: CardTokens, maker: BodyMaker, *, bodies: bool) -> None:
        self.decider = decider
        self.tokens = tokens
        self.maker = maker
        self.bodies = bodies
        self.answers: list[tuple[bytes, bytes]] = []
        self.rows: npt.NDArray[np.int64] | None = None

    def decided(self, seq: int, at_us: int, draw: int) -> LogEntry:
        """Decide one payment as a server would."""
        event = decode_event(self.maker.body(b"seed-%d" % seq, rfc3339(at_us), draw), "payment")
        if not isinstance(event, Payment):
            raise TypeError
        event, now = seal_card(event, self.tokens), time.perf_counter_ns()
        body = canonical_body(event)
        _, encoded, features = self.decider.decide(
            event, seq=seq, occurred_us=at_us, arrived_us=at_us, late=False, started_ns=now, decoded_ns=now
        )
        self.answers.append((encoded, features))
        return self._entry(seq, at_us, body, encoded, features)

    def copied(self, seq: int, at_us: int, draw: int, of: int) -> LogEntry:
        """Copy the answer and the row of the `of`-th decided payment, which had the same draw."""
        store: Any = self.decider.rows
        if self.rows is None:
            self.rows = np.concatenate([block.copy() for block in store.blocks()])[-len(self.answers) :]
        _, _, row = store.place()
        row[0] = self.rows[of]
        row[0, 0], row[0, 1] = seq, at_us
        store.keep()
        body = self.maker.body(b"seed-%d" % seq, rfc3339(at_us), draw)
        names = iter((b'"id":"seed-%d"' % seq, b'"seq":%d' % seq))
        encoded, features = self.answers[of]
        answer = _ID_AND_SEQ.sub(lambda _: next(names), encoded, count=2)
        return self._entry(seq, at_us, body, answer, features)

    def _entry(self, seq: int, at_us: int, body: bytes, answer: bytes, features: bytes) -> LogEntry:
        return LogEntry(
            seq=seq,
            owner=SEED_OWNER,
            event_id=f"seed-{seq}",
            kind="payment",
            occurred_us=at_us,
            arrived_us=at_us,
            flags=0,
            ref="",
            digest=body_digest(body),
            body=body if self.bodies else b"",
            decision=answer,
            features=features if self.bodies else None,
        )


def seed_folder(
    settings: Settings,
    decisions: int,
    *,
    span_seconds: float,
    end_us: int,
    cards: int = 100_000,
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
        Whether the log keeps bodies and feature vectors; without, it is as retention leaves it, and a tenth of the
        size.
    tell
        Told how far it is.
    """
    storage = open_storage(settings.home)
    service = build_service(AppWiring(settings), storage)
    service._log_inputs()  # noqa: SLF001 - what a start does, without its threads
    decider, tokens = service._make_decider(), service._tokens  # noqa: SLF001
    decider.compile()
    memory = Memory(storage.events, tokens)
    first = recover(decider, memory, storage.events) + 1
    seeder = _Seeder(decider, tokens, body_maker(cards=cards, min_bytes=min_bytes), bodies=bodies)
    draws = (
        np.random.Generator(np.random.PCG64([first, 21])).integers(0, 2**31, min(decisions, DECIDED)).tolist()
    )
    step_us, begin_us = span_seconds * 1e6 / max(decisions, 1), end_us - int(span_seconds * 1e6)

    def entries(start: int, stop: int) -> Iterator[LogEntry]:
        for place in range(start, stop):
            seq, at_us, of = first + place, begin_us + int(place * step_us), place % DECIDED
            if place < DECIDED:
                yield seeder.decided(seq, at_us, draws[of])
            else:
                yield seeder.copied(seq, at_us, draws[of], of)

    for start in range(0, decisions, BATCH):
        # A batch is either decided or copied, because the rows to copy are taken when the last is decided.
        storage.events.append(list(entries(start, min(start + BATCH, decisions))))
        if start % (BATCH * 10) == 0:
            storage.checkpoint()
        tell(min(start + BATCH, decisions), decisions)
    if decider.rows is not None and decisions:
        decider.windows.note_time(end_us)
        decider.rows.snapshot(first + decisions - 1, decider.windows.horizon_us, state_of(decider, memory))
    storage.checkpoint()
    storage.close()


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
        Settings(data=said.folder, windows_mb=8_192),
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
