"""`satark web`: the pages in a process of their own, on the engine's database and never in its way."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from satark.api import ServerOptions, run_server
from satark.app.engine import BACKLOG, listening, web_address
from satark.app.web_options import web_options
from satark.storage.model_store import ModelStore
from satark.web import create_web

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satark.app.wiring import AppWiring

MAX_VIEWERS = 500


def serve_pages(wiring: AppWiring, announce: Callable[[Mapping[str, object]], None]) -> None:
    """Serve the pages until SIGTERM or SIGINT.

    Raises
    ------
    SettingInvalid
        The address cannot be listened on.
    SatarkError
        The data folder or the database cannot be used.
    """
    settings = wiring.settings
    options = web_options(settings)
    with (
        wiring.storage() as storage,
        wiring.desk(storage) as desk,
        listening(settings.web_host, settings.web_port) as sock,
    ):

        def audit(actor: str, action: str, subject: str, detail: Mapping[str, str]) -> None:
            desk.audit.append(actor=actor, action=action, subject=subject, detail=detail)

        app = create_web(
            storage.events,
            storage.staff,
            replace(options, link_key=storage.secrets.audit_key),
            audit=audit,
            desk_store=desk,
            identity=desk.identity,
            trail=storage.audit,
            models=ModelStore(wiring.data),
        )
        server_options = ServerOptions(
            host=settings.web_host,
            port=settings.web_port,
            backlog=BACKLOG,
            max_connections=MAX_VIEWERS,
            stop_seconds=settings.stop_seconds,
            schedule_gc=False,
            switch_interval_seconds=None,
            threads=max(2, os.cpu_count() or 2),
        )

        def on_listening(host: str, port: int) -> None:
            announce({"step": "listening", "address": web_address(host, port)})

        run_server(app, server_options, sockets=[sock], on_listening=on_listening)
        announce({"step": "stopped"})
