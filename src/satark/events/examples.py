"""One realistic example of each event, as they come over the wire; for documentation, OpenAPI and tests.

All names, numbers and addresses are made up: the phone numbers and UPI addresses belong to nobody, the IP
addresses are from the documentation ranges (RFC 5737), the card number is the networks' public test number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

GOLD_COIN_BY_CARD: Mapping[str, Any] = {
    "type": "payment",
    "id": "ord-20261021-000482",
    "occurred_at": "2026-10-21T02:14:07+05:30",
    "amount_minor": 7_645_000,
    "currency": "INR",
    "method": "card",
    "channel": "app",
    "customer": {
        "id": "cust-88121",
        "added_at": "2026-10-21T01:52:30+05:30",
        "phone": "+919876543210",
        "email": "asha.k@example.in",
    },
    "card": {"number": "4111 1111 1111 1111", "issuer_country": "IN", "three_ds": "authenticated"},
    "payee": {"merchant": "tanvi-jewels", "mcc": "5944"},
    "lines": [
        {
            "category": "gold coins",
            "sku": "GC-24K-10",
            "title": "24K सोने का सिक्का 10 g",
            "quantity": 1,
            "price_minor": 7_645_000,
        },
    ],
    "shipping": {"line": "Flat 4-B, 14 Brigade Road", "city": "Bengaluru", "pin": "560001", "country": "IN"},
    "billing": {"line": "7 Park Street", "city": "Kolkata", "pin": "700016", "country": "IN"},
    "device": {
        "id": "dev-51c0",
        "fingerprint": "fp-9a3e77",
        "user_agent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Mobile Safari/537.36",
    },
    "ip": "203.0.113.7",
    "ip_country": "IN",
    "location": {"lat": 12.9716, "lon": 77.5946, "accuracy_m": 30.0},
}

TRANSFER_BY_UPI: Mapping[str, Any] = {
    "type": "payment",
    "id": "upi-629418830177",
    "occurred_at": "2026-10-21T11:03:44.120+05:30",
    "amount_minor": 4_900_000,
    "method": "upi",
    "channel": "app",
    "customer": {"id": "cust-10377", "added_at": "2023-04-02T09:00:00+05:30", "phone": "+919812345678"},
    "payer": {"vpa": "ramesh.g@exbank"},
    "payee": {"vpa": "quick-loan.77@exbank", "added_at": "2026-10-21T10:58:02+05:30"},
    "upi_flow": "collect",
    "device": {"id": "dev-77a1"},
    "ip": "198.51.100.23",
    "ip_country": "IN",
}

PHONE_CASH_ON_DELIVERY: Mapping[str, Any] = {
    "type": "payment",
    "id": "ord-20261021-000519",
    "occurred_at": "2026-10-21T19:40:00+05:30",
    "amount_minor": 1_899_900,
    "method": "cash_on_delivery",
    "channel": "web",
    "customer": {"id": "cust-42007", "email": "sunil.r@example.in"},
    "lines": [
        {"category": "mobile phones", "title": "5G phone 128 GB", "quantity": 1, "price_minor": 1_899_900}
    ],
    "shipping": {"line": "House 22, Sector 9", "city": "Jaipur", "pin": "302001", "country": "IN"},
}

RESULT_DECLINED: Mapping[str, Any] = {
    "type": "payment_result",
    "id": "res-000482-1",
    "occurred_at": "2026-10-21T02:14:09+05:30",
    "payment": "ord-20261021-000482",
    "outcome": "declined",
    "code": "51",
}

LABEL_FRAUD: Mapping[str, Any] = {
    "type": "label",
    "id": "lab-2026-7731",
    "event": "ord-20261021-000482",
    "label": "fraud",
    "kind": "stolen_card",
    "reporter": "issuer:exbank",
    "reported_at": "2026-10-23T10:30:00+05:30",
}

PAYEE_ADDED: Mapping[str, Any] = {
    "type": "payee_change",
    "id": "pc-55120",
    "occurred_at": "2026-10-21T10:58:02+05:30",
    "customer": {"id": "cust-10377", "added_at": "2023-04-02T09:00:00+05:30"},
    "change": "added",
    "payee": {"vpa": "quick-loan.77@exbank"},
    "channel": "app",
    "device": {"id": "dev-77a1"},
    "ip": "198.51.100.23",
}

EXAMPLES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "payment": {
        "gold_coin_by_card": GOLD_COIN_BY_CARD,
        "transfer_by_upi": TRANSFER_BY_UPI,
        "phone_cash_on_delivery": PHONE_CASH_ON_DELIVERY,
    },
    "payment_result": {"declined": RESULT_DECLINED},
    "label": {"fraud": LABEL_FRAUD},
    "payee_change": {"added": PAYEE_ADDED},
}
"""Event type to name to example; every one is accepted by `decode_event`."""
