"""What the log keeps beside a decision, in its old form and its new one."""

from __future__ import annotations

import msgspec
import pytest

from satark.core.errors import NotFound
from satark.decisions.stored import (
    NO_EXTRAS,
    Extras,
    Shadow,
    base_amount_of,
    decode_stored_features,
    encode_stored,
)

FEATURES = [1, None, 2.5, True, "IN"]
EXTRAS = Extras(
    0.25,
    None,
    0.75,
    {"51ab": 0.5, "9c1f": None},
    (Shadow("ab", "hold", 0.6, ("x", "y")), Shadow("cd", "", 0.0)),
)


def test_without_extras_it_is_what_it_always_was():
    encoded = encode_stored("v1", FEATURES, 700)
    assert encoded == msgspec.msgpack.encode(["v1", FEATURES, 700])
    assert decode_stored_features(encoded) == ("v1", FEATURES, 700, NO_EXTRAS)


@pytest.mark.parametrize("amount", [None, 700])
def test_extras_come_back_as_they_went(amount):
    encoded = encode_stored("v1", FEATURES, amount, EXTRAS)
    assert decode_stored_features(encoded) == ("v1", FEATURES, amount, EXTRAS)
    assert base_amount_of(encoded) == (amount or 0)


@pytest.mark.parametrize(
    "encoded", [b"", b"nonsense", msgspec.msgpack.encode([]), msgspec.msgpack.encode(["v", []]),
                msgspec.msgpack.encode(["v", [], "much"]), msgspec.msgpack.encode(["v", [], 1, {"draw": "x"}]),
                msgspec.msgpack.encode({"a": 1})],
)  # fmt: skip
def test_what_is_no_such_thing_is_refused(encoded):
    with pytest.raises(NotFound):
        decode_stored_features(encoded)


@pytest.mark.parametrize("encoded", [None, b"", b"nonsense", msgspec.msgpack.encode(["v"])])
def test_amount_that_cannot_be_read_is_none(encoded):
    assert base_amount_of(encoded) == 0
