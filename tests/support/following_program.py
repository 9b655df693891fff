"""A follower that kills itself with SIGKILL at a named place; run by `test_crash_follower.py`.

One parent process loads everything once and forks a child per order. Orders are JSON lines on standard input:
`{"target", "folder", "place", "number", "batch"}`. A child follows the log in batches of `batch` entries and dies, as
`kill -9` would make it, the `number`-th time that it comes to `place`; one that comes to the log's end leaves with 0.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import sys
import traceback

import sqlalchemy as sa
from tests.support.engine import POLICY, TOKENS

from satark.app.follower import Follower, until_end
from satark.cases.ports import Message
from satark.core.clock import SystemClock
from satark.policies import load_policy
from satark.storage import open_storage
from satark.storage.desk import open_desk

PLACES = ("begun", "moved", "indexed", "alerted", "told", "committing", "committed")
KEY = b"a key of tests alone, 32 bytes!!"


class Tells:
    """Tells the customer of whatever was stopped."""

    def plan(self, entry, decision, _event, *, connection, case_id=None, amount_minor=None):
        if decision.action == "allow":
            return []
        return [Message("notice.requested", f"n:{entry.event_id}", "sms", "+919876543210", b'{"text":"x"}')]


def run(order) -> None:
    """Follow until the end of the log or of this process."""
    left = order["number"]

    def at(place: str) -> None:
        nonlocal left
        if place == order["place"]:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def after(owner: object, name: str, place: str) -> None:
        real = getattr(owner, name)

        def call(*arguments, **options):
            answer = real(*arguments, **options)
            at(place)
            return answer

        setattr(owner, name, call)

    folder = pathlib.Path(order["folder"])
    with (
        open_storage(order["target"], folder=folder) as storage,
        open_desk(order["target"], clock=SystemClock(), audit_key=KEY) as desk,
    ):
        follower = Follower(
            storage.events, desk, load_policy(POLICY), tokens=TOKENS, planner=Tells(), history_us=2**62
        )
        after(desk.followers, "move", "moved")
        after(desk.entities, "index_many", "indexed")
        after(desk.cases, "take_in", "alerted")
        after(desk.outbox, "put_all", "told")
        sa.event.listen(desk.engines.write, "begin", lambda _: at("begun"))
        sa.event.listen(desk.engines.write, "commit", lambda _: at("committing"))

        def step() -> int:
            done = follower.step(order["batch"])
            at("committed")
            return done

        until_end(step, lambda: False)
    os._exit(0)


def main() -> None:
    """Load everything, then fork a child for each order and tell how it ended."""
    say("ready")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                run(json.loads(line))
            except BaseException:  # noqa: BLE001 - it would go on as the parent
                traceback.print_exc()
            os._exit(1)
        say(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))


def say(text: str) -> None:
    """Write a line to whoever gives the orders."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
