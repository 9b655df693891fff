from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from satark.api.metrics import family_of
from satark.events.examples import GOLD_COIN_BY_CARD as PAYMENT


def _samples(text):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_numbers_of_engine_and_edge_are_shown_when_asked(http, engine):
    engine.numbers = {
        "decisions_total": {"allow": 3, "hold": 1},
        "late_total": 2,
        "log_entries": 40,
        "commit_seconds": {"buckets": {0.001: 1, 0.01: 3}, "sum": 0.02, "count": 4},
        "words": "are left out",
    }
    http.send("POST", "/v1/decisions", json=PAYMENT)
    http.send("POST", "/v1/decisions", content=b"{", headers={"content-type": "application/json"})
    samples = _samples(http.send("GET", "/metrics").text)
    assert samples["satark_decisions_total", (("action", "hold"),)] == 1
    assert samples["satark_late_total", ()] == 2
    assert samples["satark_log_entries", ()] == 40
    assert samples["satark_commit_seconds_bucket", (("le", "+Inf"),)] == 4
    assert samples["satark_http_requests_total", (("route", "/v1/decisions"), ("status", "200"))] == 1
    assert samples["satark_http_requests_total", (("route", "/v1/decisions"), ("status", "422"))] == 1
    assert samples["satark_http_seconds_count", (("route", "/v1/decisions"),)] == 2


@pytest.mark.parametrize("value", ["text", None, [1], object()])
def test_value_is_left_out_when_its_shape_is_unknown(value):
    assert family_of("satark_x", value) is None


@pytest.mark.parametrize(
    ("client", "allowed", "status"),
    [
        (("127.0.0.1", 1), True, 200),
        (("::1", 1), True, 200),
        (("127.0.0.1", 1), False, 401),
        (("192.0.2.7", 1), True, 401),
        (("no-address", 1), True, 401),
    ],
)
def test_key_is_needed_when_the_caller_is_not_let_in_by_its_address(make_http, client, allowed, status):
    http = make_http(key=None, metrics_on_loopback=allowed)
    assert http.send("GET", "/metrics", client=client).status_code == status
