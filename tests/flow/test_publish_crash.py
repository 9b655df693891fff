"""kill -9 around a publish: the old roster or the new one, whole, and nothing acknowledged is lost."""

from __future__ import annotations

import hashlib

import pytest
from tests.flow.crash_program import SEGMENT_BYTES
from tests.flow.publish_crash_program import MODEL
from tests.flow.test_crash import Victims
from tests.support.engine import payment
from tests.support.publishing import PublishingBench

from satark.decisions.again import decide_again, rebuild_decision
from satark.decisions.answers import stored_answer
from satark.decisions.logged_roster import roster_at, roster_entry
from satark.decisions.roster import decode_roster, model_ref
from satark.models import load_model
from satark.policies import load_policy
from satark.storage import open_storage
from satark.storage.window_folders import WindowFolders

DIGEST_SIZE = hashlib.sha256().digest_size * 2
SEAMS = ("cast:1", "fill:40", "take_over:1", "append:1", "appended:1", "snapshot:1", "manifest:1", "remove:1",
         "append:3", "appended:3")  # fmt: skip
"""The first order needs new windows; the third switches a rule off over those that are there."""


@pytest.fixture(scope="module")
def victims():
    made = Victims("publish_crash_program.py")
    yield made
    made.close()


@pytest.mark.parametrize("seam", SEAMS)
def test_engine_starts_with_the_old_roster_or_the_new_one_when_it_was_killed(victims, tmp_path, seam):
    folder = tmp_path / "data"
    victims.kill_one(folder, SEAMS.index(seam), stop_in=seam)
    with open_storage(folder) as storage:
        log = storage.events
        told = [line.split() for line in (folder / "acks").read_text().splitlines()]
        # A kill may tear the last line: that answer was never seen whole.
        lines = [one for one in told if len(one) == 2 and (one[1] == "order" or len(one[1]) == DIGEST_SIZE)]
        for event_id, digest in lines:
            owner = 0 if digest == "order" else 1
            entry = log.find(owner, event_id)
            assert entry is not None, event_id
            if digest != "order":
                assert hashlib.sha256(stored_answer(entry)).hexdigest() == digest
        check_rosters(log)
        roster = roster_at(log)
        newest = roster_entry(log)
        orders = [event_id for event_id, digest in lines if digest == "order"]
        if orders:
            # Never an older one than the last that was acknowledged.
            assert newest.seq >= log.find(0, orders[-1]).seq
        folders = WindowFolders(folder / "windows", mark="crash", segment_bytes=SEGMENT_BYTES)
        bench = PublishingBench(log, rows=folders.of)
        bench.clock.at_us = log.get(log.last_seq()).arrived_us
        bench.start()
        live = load_policy(bench.text).content_hash if roster is None else roster.live
        parts = {live} | ({roster.canary.hash} if roster is not None and roster.canary else set())
        assert bench.service.decider.policy.content_hash == live
        number = log.last_seq()
        decided = [
            bench.decide(payment(f"after_{number}_{place}", bench.clock.at_us, card=f"card_{place}"))
            for place in range(4)
        ]
        assert {decision.policy.hash for decision in decided} <= parts
        entry = log.find(1, f"after_{number}_3")
        assert decide_again(log, entry).same
        rebuilt = rebuild_decision(log, entry)
        assert rebuilt.same, rebuilt.differences
        bench.stop()
        kept = [path.name for path in (folder / "windows").iterdir()]
        assert kept == [bench.service.decider.plan.version]


def check_rosters(log):
    """Whatever a roster names lies before it."""
    for entry in log.find_by_ref(0, "roster"):
        roster = decode_roster(entry.body)
        for one in roster.taking_part:
            known = [found.seq for found in log.find_by_ref(0, f"policy:{one}")]
            assert known
            assert min(known) < entry.seq
        if roster.canary is not None:
            models = [found.seq for found in log.find_by_ref(0, model_ref(load_model(MODEL).hash))]
            assert models
            assert min(models) < entry.seq
