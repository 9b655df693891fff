"""People who ask for one page after the other without a pause: a program of its own, for `benchmarks.pages`.

It reads one JSON object on standard input (address, cookie and its value, paths, people) and asks until SIGTERM; then
it prints how many answers it got and how long the slowest took. It runs at low priority: in life these people are not
on the server's machine, and must not take its time away by asking.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from typing import Any

import httpx

NICENESS = 15
PATIENCE_SECONDS = 60.0


class Crowd:
    """Several people at once, each on a connection of their own."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._stop = threading.Event()
        self._times: list[float] = []

    def run(self) -> dict[str, float]:
        """Ask until told to stop."""
        signal.signal(signal.SIGTERM, lambda *_: self._stop.set())
        threads = [threading.Thread(target=self._ask, args=(seed,)) for seed in range(self._order["people"])]
        for thread in threads:
            thread.start()
        print("asking", flush=True)
        for thread in threads:
            while thread.is_alive():
                thread.join(0.1)
        slowest = max(self._times, default=0.0)
        return {"answered": len(self._times), "slowest_ms": round(slowest * 1_000, 1)}

    def _ask(self, seed: int) -> None:
        dice, order = random.Random(seed), self._order
        cookies = {order["cookie"]: order["session"]}
        with httpx.Client(
            base_url=order["address"], cookies=cookies, timeout=PATIENCE_SECONDS, trust_env=False
        ) as client:
            while not self._stop.is_set():
                began = time.perf_counter()
                client.get(dice.choice(order["paths"]))
                self._times.append(time.perf_counter() - began)


def main() -> None:
    """Read the order, ask, tell."""
    os.nice(NICENESS)
    print(json.dumps(Crowd(json.loads(sys.stdin.readline())).run()), flush=True)


if __name__ == "__main__":
    main()
