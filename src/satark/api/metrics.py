"""GET /metrics for Prometheus: the engine's numbers and the edge's own, read when asked.

Shapes of `service.metrics()` that are understood, by name:

- a number: a counter if the name ends with `_total`, else a gauge;
- a mapping of text to numbers: the same with a label (`action` for decisions, `rule`, `reason`, else `kind`);
- a mapping with `buckets` (upper bound to cumulative count), `sum` and `count`: a histogram.

Anything else is left out rather than breaking the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from satark.api.meter import BUCKETS_SECONDS, Meter

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from satark.api.ports import DecisionServiceLike

PREFIX = "satark_"
_LABELS = {
    "decisions_total": "action",
    "rules_total": "rule",
    "rules_fired_total": "rule",
    "degraded_total": "reason",
    "errors_total": "code",
}


class SatarkCollector(Collector):
    """Turns the numbers of the engine and the edge into metric families on each scrape."""

    def __init__(self, service: DecisionServiceLike, meter: Meter) -> None:
        self._service = service
        self._meter = meter

    def describe(self) -> Iterable[Metric]:
        """Return nothing: the engine's names are only known when asked."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Yield all families."""
        for name, value in self._service.metrics().items():
            family = family_of(PREFIX + name, value)
            if family is not None:
                yield family
        yield from self._edge()

    def _edge(self) -> Iterable[Metric]:
        meter = self._meter
        requests = CounterMetricFamily(
            PREFIX + "http_requests", "Answers by route and status.", labels=["route", "status"]
        )
        for (route, status), count in meter.requests.items():
            requests.add_metric([route, str(status)], count)
        yield requests
        seconds = HistogramMetricFamily(
            PREFIX + "http_seconds", "Seconds from the head of a request to its answer.", labels=["route"]
        )
        for route, buckets in meter.seconds.items():
            seconds.add_metric([route], _cumulative(buckets), meter.seconds_sum[route])
        yield seconds
        yield GaugeMetricFamily(PREFIX + "http_in_flight", "Requests under way.", value=meter.in_flight)


def family_of(name: str, value: object) -> Metric | None:
    """Return the metric family of one named value, or None if its shape is not understood."""
    text = name.removeprefix(PREFIX).replace("_", " ").capitalize() + "."
    if isinstance(value, bool | int | float):
        return _single(name, text, float(value))
    if not isinstance(value, Mapping):
        return None
    if {"buckets", "sum", "count"} <= value.keys():
        return _histogram(name, text, value)
    label = _LABELS.get(name.removeprefix(PREFIX), "kind")
    family: CounterMetricFamily | GaugeMetricFamily
    if name.endswith("_total"):
        family = CounterMetricFamily(name.removesuffix("_total"), text, labels=[label])
    else:
        family = GaugeMetricFamily(name, text, labels=[label])
    for key, number in value.items():
        if isinstance(number, int | float):
            family.add_metric([str(key)], float(number))
    return family


def _single(name: str, text: str, value: float) -> Metric:
    if name.endswith("_total"):
        return CounterMetricFamily(name.removesuffix("_total"), text, value=value)
    return GaugeMetricFamily(name, text, value=value)


def _histogram(name: str, text: str, value: Mapping[str, Any]) -> Metric:
    buckets = [(str(float(upper)), float(count)) for upper, count in dict(value["buckets"]).items()]
    if not buckets or buckets[-1][0] != "inf":
        buckets.append(("inf", float(value["count"])))
    named = [("+Inf" if upper == "inf" else upper, count) for upper, count in buckets]
    return HistogramMetricFamily(name, text, buckets=named, sum_value=float(value["sum"]))


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    total = 0
    rows: list[tuple[str, float]] = []
    for upper, count in zip((*map(str, BUCKETS_SECONDS), "+Inf"), buckets, strict=True):
        total += count
        rows.append((upper, float(total)))
    return rows


class MetricsPage:
    """The text that Prometheus reads."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, service: DecisionServiceLike, meter: Meter) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(SatarkCollector(service, meter))

    def render(self) -> bytes:
        """Return all metrics in the text format."""
        return generate_latest(self._registry)
