"""How many alerts come per hour: what a desk must be able to work on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from satark.core.clock import IST_OFFSET_US, MICROS_PER_SECOND
from satark.decisions.backtest.result import QueueLoad

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOUR_US = 3_600 * MICROS_PER_SECOND
HOURS = 24
MAX_DAYS = 400


def ist_hours(times_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the running number of each time's hour in India."""
    return (times_us + IST_OFFSET_US) // HOUR_US


class HourCounts:
    """Counts alerts per hour and queue."""

    def __init__(self, queues: tuple[str, ...]) -> None:
        self._hours: Counter[int] = Counter()
        self._queues = dict.fromkeys(queues, 0)

    def add(self, hours: NDArray[np.int64], queues: NDArray[np.int16]) -> None:
        """Count the alerts among some payments; a queue below 0 is none."""
        alert = queues >= 0
        for hour, count in zip(*np.unique(hours[alert], return_counts=True), strict=True):
            self._hours[int(hour)] += int(count)
        for queue, count in zip(
            self._queues,
            np.bincount(queues[alert], minlength=len(self._queues)).tolist(),
            strict=True,
        ):
            self._queues[queue] += count

    def load(self, from_us: int, to_us: int) -> QueueLoad:
        """Return the load over all hours between two times, the second not included."""
        first, last = (int(ist_hours(np.array([at]))[0]) for at in (from_us, max(from_us, to_us - 1)))
        hours = np.zeros(last - first + 1, dtype=np.int64)
        for hour, count in self._hours.items():
            if first <= hour <= last:
                hours[hour - first] = count
        # Whole days for what is said by the hour of the day; those before and after have no alerts to count.
        start, end = first // HOURS, last // HOURS
        days = np.zeros((end - start + 1) * HOURS, dtype=np.int64)
        there = np.zeros(len(days), dtype=np.bool_)
        days[first - start * HOURS : last - start * HOURS + 1] = hours
        there[first - start * HOURS : last - start * HOURS + 1] = True
        by_day, seen = days.reshape(-1, HOURS), there.reshape(-1, HOURS)
        columns = [by_day[seen[:, hour], hour] for hour in range(HOURS)]
        alerts = int(hours.sum())
        return QueueLoad(
            alerts=alerts,
            mean=float(hours.mean()),
            p95=float(np.percentile(hours, 95, method="inverted_cdf")),
            most=int(hours.max()),
            per_day=alerts / max(len(hours) / HOURS, 1 / HOURS),
            by_hour=[float(one.mean()) if len(one) else 0.0 for one in columns],
            by_hour_p95=[
                float(np.percentile(one, 95, method="inverted_cdf")) if len(one) else 0.0 for one in columns
            ],
            days=[
                ((start + place) * HOURS * HOUR_US - IST_OFFSET_US, int(count))
                for place, count in enumerate(by_day.sum(axis=1).tolist())
            ][-MAX_DAYS:],
            queues=dict(self._queues),
        )
