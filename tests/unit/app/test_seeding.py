from __future__ import annotations

from datetime import date

from satark.app import seeding
from satark.app.settings import load_settings
from satark.app.wiring import AppWiring


def test_alerts_are_made_when_nobody_is_stopped_on_the_first_simulated_day(tmp_path, monkeypatch):
    # None of the first 150 payments from 27 November 2026 on, drawn by this seed, is held or blocked.
    today = (date(2026, 12, 1) - date(1970, 1, 1)).days
    monkeypatch.setattr(seeding, "ist_day", lambda _at_us: today)
    options = {"home": str(tmp_path / "data"), "log_level": "error", "windows_mb": 256}
    wiring = AppWiring(load_settings({}, options=options))
    told = []
    made = wiring.seed(
        decisions=600, alerts=100, seed=7, tell=lambda step, done, _all: told.append((step, done))
    )
    assert (made.decisions, made.alerts) == (600, 100)
    with wiring.storage(write=False) as storage:
        times = [entry.occurred_us for entry in storage.events.read(0) if entry.kind == "payment"]
    assert max(times) < today * 86_400_000_000, "a payment comes from the future"
