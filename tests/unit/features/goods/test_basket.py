from __future__ import annotations

from satark.events import Line
from satark.features.goods import judge_basket
from satark.features.goods.basket import MAX_LINES

COIN = Line(title="Gold coin 5g", price_minor=30_000_00)
RICE = Line(title="Basmati rice", price_minor=1_000_00)


def test_share_is_by_worth_when_lines_have_prices():
    basket = judge_basket((COIN, Line(title="Sofa", price_minor=10_000_00)), None)
    assert basket.share == 0.75
    assert basket.kind == "bullion"


def test_share_is_by_quantity_when_a_price_is_missing():
    basket = judge_basket((Line(title="Gold coin 5g", quantity=3), RICE), None)
    assert basket.share == 0.75


def test_line_is_ordinary_when_too_cheap_for_its_kind():
    cheap = Line(title="Smartphone 5G 256GB", price_minor=9_999_00)
    assert judge_basket((cheap,), None).share == 0
    assert judge_basket((Line(title="Smartphone 5G 256GB"),), None).kind == "phone"


def test_category_of_the_merchant_decides_when_there_are_no_lines():
    assert judge_basket((), "5944").kind == "jewellery"
    assert judge_basket(None, "5411").share == 0
    assert judge_basket((), None) is None


def test_sku_is_read_when_there_is_no_title():
    assert judge_basket((Line(sku="GOLD-COIN-10G", price_minor=50_000_00),), None).kind == "bullion"


def test_dearest_lines_are_read_when_there_are_many():
    lines = (*(Line(title=f"Thing {n}", price_minor=100) for n in range(99)), COIN)
    basket = judge_basket(lines, None)
    assert len(lines) > MAX_LINES
    assert basket.kind == "bullion"
    assert basket.share > 0.99


def test_free_goods_do_not_divide_by_zero():
    assert judge_basket((Line(title="Gift card", price_minor=0),), None).share == 1.0
