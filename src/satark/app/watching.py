"""The worker's part that watches: counts what the log adds, and once an hour judges the weeks and opens cases.

It gives way between batches, holds the desk for one short transaction at a time, and keeps nothing that the database
does not have: after a failure it begins again from there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import structlog

from satark.core.clock import MICROS_PER_SECOND, ist_day
from satark.decisions.watch import Judged, judge_weeks
from satark.decisions.watch.judging import WEEKS_BEFORE
from satark.decisions.watch.measures import DAYS_PER_WEEK, first_day, week_of
from satark.policies.watch_rules import SUPERVISION, SUPERVISION_WORDS
from satark.storage.desk.watch import BATCH, Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.core.clock import Clock
    from satark.decisions.ports import EventLog
    from satark.decisions.watch.findings import Finding
    from satark.decisions.watch.gauges import Gauges
    from satark.policies import Policy
    from satark.policies.case_rules import CaseTerms
    from satark.storage.desk import Desk

IDLE_SECONDS = 15.0
"""How long to wait when everything is counted; a week does not change in a minute."""
GIVE_WAY_SECONDS = 0.05
JUDGE_EVERY_US = 3_600 * MICROS_PER_SECOND
WEEKS = 13
"""So many weeks are judged anew each time: labels that came late change what is known of them."""
TOLD_WEEKS = 2
"""Cases are opened for the present week and the one before."""

_log = structlog.get_logger("satark.worker")


class Watching:
    """Watches one log for one desk.

    Parameters
    ----------
    log
        Read only.
    desk
        Written.
    policy
        Whose rules hold while the log has no policy yet.
    clock
        Says which week it is.
    give_way
        Waits between two batches.
    """

    def __init__(
        self,
        log: EventLog,
        desk: Desk,
        policy: Policy,
        clock: Clock,
        *,
        give_way: Callable[[], None] = lambda: time.sleep(GIVE_WAY_SECONDS),
    ) -> None:
        self._log = log
        self._desk = desk
        self._settings_policy = policy
        self._clock = clock
        self._give_way = give_way
        self._gauges: Gauges | None = None

    def step(self) -> int:
        """Count the next entries, and judge when it is time; return how many entries there were.

        Raises
        ------
        StorageUnavailable
            Nothing was done; the next call tries again.
        """
        gauges = self._gauges or self._desk.watch.gauges(self._log)
        self._gauges = None
        done = self._desk.watch.catch_up(self._log, gauges, self.policy(gauges).labels.trust)
        if done < 0:
            # Another worker was quicker; what these gauges have seen was counted there.
            return 0
        self._gauges = gauges
        if self._is_time(caught_up=done < BATCH):
            self.judge()
        if done == BATCH:
            self._give_way()
        return done

    def judge(self) -> list[int]:
        """Judge the weeks now and open cases; return those that were opened."""
        desk, gauges = self._desk, self._gauges or self._desk.watch.gauges(self._log)
        now_us = self._clock.now_us()
        policy, today = self.policy(gauges), ist_day(now_us)
        week = week_of(today)
        weeks = range(week - WEEKS + 1, week + 1)
        desk.watch.add_references(gauges.of_models())
        told = Judged(
            weeks=desk.watch.weeks(weeks.start - WEEKS_BEFORE, weeks.stop),
            kept={one.head: one for one in desk.watch.references()},
            rules=policy.watch,
            labels=policy.labels,
            today=today,
            alerts={
                one: desk.watch.alerts_per_day(first_day(one), first_day(one) + DAYS_PER_WEEK)
                for one in weeks
            },
        )
        findings = judge_weeks(told, weeks)
        desk.watch.put_findings(weeks, findings, Run(now_us, desk.watch.last_seq()))
        opened = self._tell(policy, [one for one in findings if one.week > week - TOLD_WEEKS])
        if opened:
            _log.info("watch_cases_opened", cases=opened)
        return opened

    def policy(self, gauges: Gauges) -> Policy:
        """Return the policy in force, as the log has it."""
        in_force = self._desk.rollups.policies(1)
        gauge = gauges.of(in_force[0].hash) if in_force else None
        return self._settings_policy if gauge is None else gauge.policy

    def _tell(self, policy: Policy, findings: list[Finding]) -> list[int]:
        rules = policy.watch
        return self._desk.watch_cases.tell(
            findings,
            queue=rules.queue,
            deadline_seconds=rules.deadline_seconds,
            names=policy.cases.terms.queues,
        )

    def _is_time(self, *, caught_up: bool) -> bool:
        """Say whether to judge: once an hour, and the first time when the whole log has been counted."""
        last = self._desk.watch.last_run()
        if last is None:
            return caught_up
        return not 0 <= self._clock.now_us() - last.at_us < JUDGE_EVERY_US


def with_supervision(policy: Policy) -> CaseTerms:
    """Return the words of a policy's cases, with those of the queue that its watch needs.

    Examples
    --------
    >>> from satark.policies import load_bundled
    >>> list(with_supervision(load_bundled()).queues)[-1]
    'supervision'
    """
    terms = policy.cases.terms
    if policy.watch.queue != SUPERVISION or SUPERVISION in terms.queues:
        return terms
    return msgspec.structs.replace(terms, queues={**terms.queues, SUPERVISION: SUPERVISION_WORDS})
