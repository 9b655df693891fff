"""The console over real decisions, in a process of its own; run by the browser tests of decisions, things and graphs.

Prints one line of JSON: the port, a session's cookie, and where to look.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.console import HOUR_US, LINK_KEY, NOW_US, Member, World

from satark.api import ServerOptions, run_server
from satark.cases.model import EntityKind, EntityRef
from satark.web.entity.names import EntityNames
from satark.web.sealing import Seal

DELHI = {"lat": 28.6139, "lon": 77.2090, "accuracy_m": 40}
MUMBAI = {"lat": 19.0760, "lon": 72.8777, "accuracy_m": 40}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        for number, shared in ((1, 1), (2, 1), (2, 2), (3, 2), (9, 9)):
            world.pay(
                card=f"tok_{number:012d}",
                device={"id": f"device-{shared:04d}"},
                at_us=NOW_US - HOUR_US,
                location=MUMBAI,
            )
        held = world.pay(
            card="tok_000000000001",
            device={"id": "device-0001"},
            features=(9, 450_000, 900.0, 1, True),
            amount=500_000,
            location=DELHI,
            customer={"id": "cust-88121", "phone": "+919876543210"},
            shipping={"pin": "110001"},
            billing={"pin": "560001"},
        )
        names = EntityNames(Seal(LINK_KEY))

        def listening(_: str, port: int) -> None:
            told = {
                "port": port,
                "cookie": world.web.desk.sessions.begin(Member("analyst", "analyst"), strong=True),
                "held": held,
                "device": names.token(EntityRef(EntityKind.DEVICE, "device-0001")),
                "phone": names.token(EntityRef(EntityKind.PHONE, "+919876543210")),
            }
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()

        run_server(world.web, ServerOptions(port=0, schedule_gc=False), on_listening=listening)
        world.desk.close()


if __name__ == "__main__":
    main()
