"""What is taken for a full card number, and what is not."""

from __future__ import annotations

import pytest

from satark.events.cards import (
    bin_of,
    card_network,
    find_card_number,
    is_card_number,
    luhn_valid,
    mask,
    replace_card_numbers,
)


@pytest.mark.parametrize(
    ("digits", "network"),
    [
        ("4111111111111111", "visa"),
        ("4222222222222", "visa"),
        ("5555555555554444", "mastercard"),
        ("2223003122003222", "mastercard"),
        ("378282246310005", "amex"),
        ("6521500000000006", "rupay"),
        ("30569309025904", "diners"),
        ("3530111333300000", "jcb"),
        ("6011111111111117", "discover"),
        ("6200000000000005", "unionpay"),
    ],
)
def test_number_is_recognised_when_its_network_is_in_use(digits, network):
    assert card_network(digits) == network
    assert is_card_number(digits)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4111 - 1111 - 1111 - 1111",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111\u200b1111\u200b1111\u200b1111",
        "3782 822463 10005",
        "card:4111111111111111;",
        "card4111111111111111x",
        "pay_4111111111111111_2",
        "कार्ड ४१११ ११११ ११११ ११११",
        "４１１１１１１１１１１１１１１１",
        "a 1234567890123456 b 4111111111111111",
        "1234 4111 1111 1111 1111",
        "4111 1111 1111 1111 123 12/27",
        "4111 1111 1111 1111 560001",
        "card4111 1111 1111 1111ok",
    ],
)
def test_card_number_is_found_however_it_is_written(text):
    assert find_card_number(text) in {"4111111111111111", "378282246310005"}


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # the check digit is wrong
        "1234567812345670",  # Luhn-valid, but of no network
        "411111111111111",  # 15 digits are no Visa
        "41111111111111111111",  # 20 digits
        "9f4111111111111111aa",  # inside a hexadecimal id
        "deadbeef-4111-1111-1111-111111111111",  # a UUID
        "00000000-4111-1111-1111-1111abcdefab",
        "abcd4111-1111-1111-1111-abcdefabcdef",
        "1700000000000000",  # microseconds since 1970
        "356938035643809",  # an IMEI is Luhn-valid, 15 digits, starts with 35
        "403-1234567-1234567",  # an order id
        "+919876543210",
        "24K gold coin 10 g",
        "",
    ],
)
def test_text_is_let_through_when_it_only_resembles_a_card_number(text):
    assert find_card_number(text) is None


def test_barcode_is_let_through_only_where_goods_are_named():
    barcode = "4006381333931"
    visa_like = next(
        f"40063813339{tail:02d}" for tail in range(100) if is_card_number(f"40063813339{tail:02d}")
    )
    assert find_card_number(barcode, "goods") is None
    assert find_card_number(visa_like, "refuse") == visa_like


def test_international_phone_is_let_through_when_it_is_written_with_plus():
    german = next(
        f"+4915123456{tail:03d}" for tail in range(1_000) if is_card_number(f"4915123456{tail:03d}")
    )
    assert find_card_number(german, "phone") is None
    assert find_card_number(german[1:], "phone") == german[1:]


def test_luhn_finds_every_single_wrong_digit():
    right = "5555555555554444"
    for place in range(len(right)):
        for digit in "0123456789":
            changed = right[:place] + digit + right[place + 1 :]
            assert luhn_valid(changed) == (changed == right)


@pytest.mark.parametrize("text", ["", "12a4", "४२", "4 2"])
def test_luhn_is_false_when_text_is_not_ascii_digits(text):
    assert not luhn_valid(text)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [("4111111111111111", "41111111"), ("6200000000000000005", "62000000"), ("378282246310005", "378282")],
)
def test_bin_has_eight_digits_when_the_number_has_sixteen(digits, expected):
    assert bin_of(digits) == expected


def test_mask_hides_every_card_number_in_a_text():
    assert mask("a 4111111111111111, 5555 5555 5555 4444!") == "a <card ending 1111>, <card ending 4444>!"
    assert mask("5555 5555 5555 4444 then 4111111111111111") == "<card ending 4444> then <card ending 1111>"


def test_text_is_untouched_when_it_holds_no_card_number():
    text = "order ४२ of 1234567812345670"
    assert replace_card_numbers(text, lambda _: "x") is text
