"""What the engine counts about itself: answers by action, events by fate, commits, rebuilds, snapshots.

Plain integers that one thread at a time adds to; the edge turns them into metrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ACTIONS = ("allow", "challenge", "hold", "block")
FATES = ("accepted", "late", "parked", "repeated", "refused")
_OTHERS = ("decided", "failed_commits", "rebuilds", "snapshots", "snapshot_failures", "unheard")


class Tally:
    """Counters of one engine since its start.

    Attributes
    ----------
    counts
        By name.
    degraded
        Decisions by what was degraded in them.
    """

    __slots__ = ("counts", "degraded")

    def __init__(self) -> None:
        self.counts: dict[str, int] = dict.fromkeys((*ACTIONS, *FATES, *_OTHERS), 0)
        self.degraded: dict[str, int] = {}

    def decided(self, action: str, degraded: Iterable[str]) -> None:
        """Count a decision."""
        self.counts["decided"] += 1
        self.counts[action] += 1
        for code in degraded:
            self.degraded[code] = self.degraded.get(code, 0) + 1

    def metrics(self, gauges: Mapping[str, Any]) -> dict[str, Any]:
        """Return the counters in the shape that the edge understands, with more values beside them."""
        counts = self.counts
        return {
            "decisions_total": {action: counts[action] for action in ACTIONS},
            "events_total": {fate: counts[fate] for fate in FATES},
            "degraded_total": dict(self.degraded),
            "failed_commits_total": counts["failed_commits"],
            "rebuilds_total": counts["rebuilds"],
            "snapshots_total": counts["snapshots"],
            "snapshot_failures_total": counts["snapshot_failures"],
            "unheard_answers_total": counts["unheard"],
            **gauges,
        }
