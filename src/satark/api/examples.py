"""Examples that the documentation shows; a test sends them all through the real door."""

from __future__ import annotations

from typing import Any

PAYMENT: dict[str, Any] = {
    "type": "payment",
    "id": "order-7001",
    "occurred_at": "2026-01-31T21:14:05+05:30",
    "amount_minor": 4_999_900,
    "currency": "INR",
    "method": "card",
    "channel": "app",
    "customer": {"id": "cust-88", "added_at": "2026-01-31T20:58:00+05:30", "phone": "+919800000001"},
    "card": {"token": "tok-1f3a", "bin": "411111", "last4": "1111", "issuer_country": "IN"},
    "payee": {"merchant": "shop-12", "mcc": "5944"},
    "lines": [
        {"category": "gold", "title": "Gold coin 5 g, 24 carat", "quantity": 1, "price_minor": 4_999_900}
    ],
    "shipping": {"line": "14 MG Road", "city": "Bengaluru", "pin": "560001", "country": "IN"},
    "billing": {"city": "Jaipur", "pin": "302001", "country": "IN"},
    "device": {"id": "dev-5e"},
    "ip": "203.0.113.7",
    "ip_country": "IN",
}

UPI_PAYMENT: dict[str, Any] = {
    "type": "payment",
    "id": "upi-41",
    "occurred_at": "2026-01-31T09:30:00+05:30",
    "amount_minor": 25_000_00,
    "method": "upi",
    "upi_flow": "collect",
    "payer": {"vpa": "asha@okbank"},
    "payee": {"vpa": "refunds@upi", "added_at": "2026-01-31T09:28:10+05:30"},
}

PAYMENT_RESULT: dict[str, Any] = {
    "type": "payment_result",
    "id": "result-7001",
    "occurred_at": "2026-01-31T21:14:09+05:30",
    "payment": "order-7001",
    "outcome": "declined",
    "code": "51",
}

LABEL: dict[str, Any] = {
    "type": "label",
    "id": "label-7001",
    "event": "order-7001",
    "label": "fraud",
    "kind": "stolen_card",
    "reporter": "chargebacks",
    "reported_at": "2026-02-14T11:00:00+05:30",
}

PAYEE_CHANGE: dict[str, Any] = {
    "type": "payee_change",
    "id": "change-12",
    "occurred_at": "2026-01-31T09:28:10+05:30",
    "customer": {"id": "cust-88"},
    "change": "added",
    "payee": {"vpa": "refunds@upi"},
    "channel": "app",
}

DECISION: dict[str, Any] = {
    "id": "order-7001",
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
    "occurred_at": "2026-01-31T15:44:05Z",
    "decided_at": "2026-01-31T15:44:05.412Z",
    "latency_us": {"decode": 9, "facts": 14, "windows": 21, "rules": 17, "total": 71},
    "seq": 120_411,
}

RECEIPT: dict[str, Any] = {
    "id": "label-7001",
    "kind": "label",
    "seq": 120_977,
    "late": False,
    "parked": False,
}
