"""Retention takes what people are in, never what old decisions are decided again from."""

from __future__ import annotations

from satark.storage import Retention


def test_inputs_keep_their_content_when_bodies_are_removed(opened, entry):
    storage = opened()
    storage.events.append([entry(1), entry(2, kind="policy", owner=0, ref="policy:x"), entry(3)])
    later = opened(clock=_Later())
    report = later.retain(Retention(body_days=200, decision_days=None), dry_run=False)
    assert report.bodies == 2
    assert [bool(one.body) for one in later.events.read(0)] == [False, True, False]
    assert later.audit.verify().ok


class _Later:
    """Years later."""

    def now_us(self) -> int:
        return 1_990_000_000_000_000
