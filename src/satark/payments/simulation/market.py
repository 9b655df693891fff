"""The simulated market itself: all events in order of time, and beside them the truth about each fraud.

Day by day it draws the honest payments, lets gangs play their scenarios, numbers all payments in order of
time, and merges them with the results, labels and payee changes that fall due. Only one day is in memory at
once, besides what is still to follow from earlier days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from satark.core.errors import SettingInvalid
from satark.events import PayeeChange, Payment
from satark.payments.simulation.aftermath import (
    CODES,
    KINDS,
    NO_AMOUNT,
    NO_CODE,
    REPORTERS,
    draw_labels,
    draw_results,
    empty_table,
    label_of,
    result_of,
    take_due,
)
from satark.payments.simulation.composing import payee_change_maker, payment_maker
from satark.payments.simulation.identities import Identities, moment
from satark.payments.simulation.ordinary import DayColumns, draw_day
from satark.payments.simulation.population import populate
from satark.payments.simulation.scenarios import SCENARIOS, Act, Draft, Scenario, Stage
from satark.payments.simulation.seasons import DAY_US, day_start_us, mood_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from satark.events import Event
    from satark.payments.simulation.plan import SimulationPlan
    from satark.payments.simulation.population import Ints

SERIALS_PER_DAY = 10_000_000


class Truth(msgspec.Struct, frozen=True):
    """What a payment really was; payments without one are honest.

    Attributes
    ----------
    payment
        The payment's id.
    scenario, kind
        The scenario's name, and what labels call it.
    campaign
        The same text for all payments of one gang's one go.
    foreseen
        Whether a bundled rule is meant to catch it.
    """

    payment: str
    scenario: str
    kind: str
    campaign: str
    foreseen: bool


@dataclass(slots=True)
class _Backlog:
    """What earlier days have left for later ones."""

    results: Ints = field(default_factory=empty_table)
    labels: Ints = field(default_factory=empty_table)
    drafts: list[tuple[Draft, Scenario, str]] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    debt: float = 0.0
    deck: list[Scenario] = field(default_factory=list)


class Simulation:
    """A seeded market; the same plan gives the same events.

    Parameters
    ----------
    plan
        The sizes.

    Attributes
    ----------
    truth
        By payment id, filled while `events` runs: a fraud's truth is there before its payment is yielded.

    Examples
    --------
    >>> from satark.payments.simulation import SimulationPlan
    >>> simulation = Simulation(SimulationPlan(customers=100, payments_per_day=200, settle_days=0))
    >>> events = list(simulation.events())
    >>> len(events) > 200, events[0].occurred_at.isoformat()[:10]
    (True, '2025-10-12')
    """

    def __init__(self, plan: SimulationPlan) -> None:
        unknown = [name for name in plan.scenarios if name not in SCENARIOS]
        if unknown:
            message = f"unknown scenario {unknown[0]!r}; known are {', '.join(SCENARIOS)}"
            raise SettingInvalid(message, field="scenarios")
        self.plan = plan
        self.truth: dict[str, Truth] = {}
        self._population = populate(plan)
        self._identities = Identities(self._population, plan.seed)
        self._scenarios = [SCENARIOS[name] for name in plan.scenarios or SCENARIOS]

    def events(self, since_us: int | None = None) -> Iterator[Event]:
        """Yield all events in order of time.

        Parameters
        ----------
        since_us
            Skip, fast, what happens before this time; ids stay what they would have been.
        """
        self.truth.clear()
        backlog = _Backlog()
        since = -(2**62) if since_us is None else since_us
        for day in range(self.plan.days + self.plan.settle_days):
            if day >= self.plan.days and not (len(backlog.results) or len(backlog.labels)):
                return
            yield from self._day(day, backlog, since)

    def _day(self, day: int, backlog: _Backlog, since_us: int) -> Iterator[Event]:
        calendar_day = self.plan.start + timedelta(days=day)
        start_us = day_start_us(calendar_day)
        end_us = start_us + DAY_US
        columns, drafts, acts = self._draw(day, calendar_day, start_us, backlog)
        times = np.concatenate(
            [columns.at_us, np.array([draft.at_us for draft, _, _ in drafts], dtype=np.int64)]
        )
        order = np.argsort(times, kind="stable")
        number = np.empty(len(times), dtype=np.int64)
        number[order] = np.arange(len(times))
        self._follow_up(day, backlog, columns, drafts, number)
        results, backlog.results = take_due(backlog.results, end_us)
        labels, backlog.labels = take_due(backlog.labels, end_us)

        changes = np.flatnonzero(columns.new_payee)
        change_times = np.concatenate(
            [columns.added_us[changes], np.array([act.at_us for act in acts], dtype=np.int64)]
        )
        groups = (change_times, times[order], results[:, 0], labels[:, 0])
        makers = (
            self._change_maker(columns, changes.tolist(), acts, f"{calendar_day:%y%m%d}"),
            self._payment_maker(columns, drafts, order.tolist(), day),
            self._follower(result_of, "res", results.tolist()),
            self._follower(label_of, "lab", labels.tolist()),
        )
        moments = np.concatenate(groups)
        sequence = np.argsort(moments, kind="stable")
        sequence = sequence[moments[sequence] >= since_us]
        ends = np.cumsum([len(group) for group in groups])
        group = np.searchsorted(ends, sequence, side="right")
        place = sequence - np.concatenate(([0], ends))[group]
        for which, nth in zip(group.tolist(), place.tolist(), strict=True):
            yield makers[which](nth)

    def _change_maker(
        self, columns: DayColumns, rows: list[int], acts: list[Act], date_text: str
    ) -> Callable[[int], Event]:
        make_change = payee_change_maker(columns, self._identities)

        def make(nth: int) -> Event:
            event_id = f"{self.plan.id_prefix}chg_{date_text}_{nth:06d}"
            if nth < len(rows):
                return make_change(rows[nth], event_id)
            act = acts[nth - len(rows)]
            return PayeeChange(id=event_id, occurred_at=moment(act.at_us), **act.fields)

        return make

    def _payment_maker(
        self, columns: DayColumns, drafts: list[tuple[Draft, Scenario, str]], origin: list[int], day: int
    ) -> Callable[[int], Event]:
        make_payment = payment_maker(columns, self._identities)
        honest, payment_id = len(columns.at_us), self._payment_ids()

        def make(nth: int) -> Event:
            event_id, row = payment_id(day, nth), origin[nth]
            if row < honest:
                return make_payment(row, event_id)
            draft, scenario, campaign = drafts[row - honest]
            if not draft.honest:
                self.truth[event_id] = Truth(
                    event_id, scenario.name, scenario.kind, campaign, scenario.foreseen
                )
            return Payment(id=event_id, occurred_at=moment(draft.at_us), **draft.fields)

        return make

    def _follower(
        self, build: Callable[[list[int], str, str], Event], what: str, rows: list[list[int]]
    ) -> Callable[[int], Event]:
        payment_id, skip = self._payment_ids(), len(self.plan.id_prefix) + len("pay_")

        def make(nth: int) -> Event:
            row = rows[nth]
            paid = payment_id(row[1], row[2])
            return build(row, f"{self.plan.id_prefix}{what}_{paid[skip:]}_{row[3]}", paid)

        return make

    def _draw(
        self, day: int, calendar_day: date, start_us: int, backlog: _Backlog
    ) -> tuple[DayColumns, list[tuple[Draft, Scenario, str]], list[Act]]:
        plan = self.plan
        rng = np.random.Generator(np.random.PCG64([plan.seed, 2, day]))
        trading = day < plan.days
        columns = draw_day(rng, plan, self._population, mood_of(calendar_day), start_us, trading=trading)
        if not trading:
            return columns, [], []
        self._play(day, start_us, len(columns.at_us), backlog)
        end_us = start_us + DAY_US
        drafts = [entry for entry in backlog.drafts if entry[0].at_us < end_us]
        backlog.drafts = [entry for entry in backlog.drafts if entry[0].at_us >= end_us]
        acts = [act for act in backlog.acts if act.at_us < end_us]
        backlog.acts = [act for act in backlog.acts if act.at_us >= end_us]
        return columns, drafts, acts

    def _play(self, day: int, start_us: int, honest: int, backlog: _Backlog) -> None:
        """Let gangs play until the day's share of fraud is spent; an excess is saved on later days."""
        share = self.plan.fraud_share
        backlog.debt += honest * share / (1 - share)
        rng = np.random.Generator(np.random.PCG64([self.plan.seed, 3, day]))
        stage = Stage(rng, self._identities, start_us, day * SERIALS_PER_DAY)
        last_us = day_start_us(self.plan.start) + self.plan.days * DAY_US
        played = 0
        while backlog.debt > 0:
            if not backlog.deck:
                backlog.deck = [
                    self._scenarios[place] for place in rng.permutation(len(self._scenarios)).tolist()
                ]
            scenario = backlog.deck.pop()
            campaign = scenario.play(stage)
            name = f"{scenario.name}-{day}-{played}"
            backlog.drafts.extend((draft, scenario, name) for draft in campaign.drafts)
            backlog.acts.extend(campaign.acts)
            backlog.debt -= sum(not draft.honest and draft.at_us < last_us for draft in campaign.drafts)
            played += 1

    def _follow_up(
        self,
        day: int,
        backlog: _Backlog,
        columns: DayColumns,
        drafts: list[tuple[Draft, Scenario, str]],
        number: Ints,
    ) -> None:
        """Add the results and labels of a day's payments to what is still to come."""
        rng = np.random.Generator(np.random.PCG64([self.plan.seed, 4, day]))
        honest = len(columns.at_us)
        results, labels = [], []
        for nth, (draft, scenario, _) in zip(number[honest:].tolist(), drafts, strict=True):
            for place, step in enumerate(draft.steps):
                code = NO_CODE if step.code is None else CODES.index(step.code)
                amount = NO_AMOUNT if step.amount_minor is None else step.amount_minor
                results.append((draft.at_us + step.delay_us, day, nth, place, step.outcome, code, amount))
            for place, report in enumerate(draft.reports):
                kind = KINDS.index(scenario.kind) if report.fraud else 0
                reporter = REPORTERS.index(report.reporter)
                labels.append(
                    (draft.at_us + report.delay_us, day, nth, place, int(report.fraud), kind, reporter)
                )
        backlog.results = np.concatenate(
            [backlog.results, draw_results(rng, columns, day, number[:honest]), _rows(results)]
        )
        backlog.labels = np.concatenate(
            [backlog.labels, draw_labels(rng, columns, day, number[:honest]), _rows(labels)]
        )

    def _payment_ids(self) -> Callable[[int, int], str]:
        prefix, start = self.plan.id_prefix, self.plan.start
        days: dict[int, str] = {}

        def payment_id(day: int, number: int) -> str:
            text = days.get(day)
            if text is None:
                text = days[day] = f"{prefix}pay_{start + timedelta(days=day):%y%m%d}_"
            return f"{text}{number:07d}"

        return payment_id


def _rows(rows: Sequence[tuple[int, ...]]) -> Ints:
    return np.array(rows, dtype=np.int64) if rows else empty_table()
