from __future__ import annotations

import json

import pytest
from benchmarks import seeding
from benchmarks.over_http import merge_results

from satark.app.engine import build_service
from satark.app.settings import Settings
from satark.app.wiring import AppWiring
from satark.storage import open_storage

END_US = 1_700_000_000_000_000


def test_results_of_others_stay_when_ours_are_written(tmp_path):
    path = tmp_path / "results.json"
    merge_results(path, {"b": 2.0})
    merge_results(path, {"a": 1.0, "b": 3.0})
    assert json.loads(path.read_text()) == {"a": 1.0, "b": 3.0}


@pytest.mark.slow
def test_a_server_finds_every_decision_when_a_folder_was_filled(tmp_path, monkeypatch):
    monkeypatch.setattr(seeding, "DECIDED", 40)
    monkeypatch.setattr(seeding, "BATCH", 20)
    settings = Settings(home=tmp_path, windows_mb=64)
    seeding.seed_folder(settings, 100, span_seconds=3_600, end_us=END_US, cards=10)
    with open_storage(tmp_path) as storage:
        service = build_service(AppWiring(settings), storage)
        service.start()
        try:
            assert service.ready().ready
            assert service.committed_seq == 101
            assert service.metrics()["windows_entries"] > 0
            for seq in (2, 41, 42, 101):
                answer = json.loads(service.find(seeding.SEED_OWNER, f"seed-{seq}"))
                assert (answer["id"], answer["seq"]) == (f"seed-{seq}", seq)
        finally:
            service.stop()
