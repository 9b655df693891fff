"""Examples of answers that the documentation shows; those of events are in `satark.events.examples`."""

from __future__ import annotations

from typing import Any

DECISION: dict[str, Any] = {
    "id": "ord-20261021-000482",
    "action": "hold",
    "score": 0.7,
    "reasons": [
        {
            "code": "card_velocity",
            "en": "6 payments on this card in 10 minutes; limit 4",
            "hi": "10 मिनट में इस कार्ड से 6 भुगतान; सीमा 4",
            "numbers": {"card_payments_10m": 6, "limit": 4},
        }
    ],
    "policy": {"name": "payments", "version": 1, "hash": "9c1f0a7be2d4"},
    "engine": "0.1.0",
    "features_version": "51bd77a0",
    "degraded": [],
    "late": False,
    "mode": "enforce",
    "occurred_at": "2026-10-20T20:44:07Z",
    "decided_at": "2026-10-20T20:44:07.412Z",
    "latency_us": {"decode": 9, "facts": 14, "windows": 21, "rules": 17, "total": 71},
    "seq": 120_411,
}

RECEIPT: dict[str, Any] = {
    "id": "lab-2026-7731",
    "type": "label",
    "seq": 120_977,
    "late": False,
    "parked": False,
}
