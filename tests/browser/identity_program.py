"""The pages where a second factor is required and an identity provider is set; run by the browser test of logging in.

`python identity_program.py FOLDER ISSUER`. Prints the port and the first password of `asha`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.console import MemoryLog
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET

from satark.api import ServerOptions, run_server
from satark.core.clock import SystemClock
from satark.storage import open_storage
from satark.storage.desk import open_desk
from satark.web import WebOptions, create_web
from satark.web.options import SingleSignOnOptions


def main() -> None:
    folder, issuer = Path(sys.argv[1]), sys.argv[2]
    with (
        open_storage(folder) as storage,
        open_desk(folder, clock=SystemClock(), audit_key=storage.secrets.audit_key) as desk,
    ):
        first = storage.staff.create("asha", "administrator").password
        storage.staff.create("asha@bank.example", "analyst")
        provider = SingleSignOnOptions(issuer=issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        web = create_web(
            MemoryLog(),
            storage.staff,
            WebOptions(second_factor=True, single_sign_on=provider, link_key=b"k" * 32),
            desk_store=desk,
            identity=desk.identity,
            trail=storage.audit,
        )

        def listening(_: str, port: int) -> None:
            sys.stdout.write(json.dumps({"port": port, "password": first}) + "\n")
            sys.stdout.flush()

        run_server(web, ServerOptions(port=0, schedule_gc=False), on_listening=listening)


if __name__ == "__main__":
    main()
