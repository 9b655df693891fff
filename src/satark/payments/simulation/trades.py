"""What shops sell: trades with their MCC, goods with Indian prices and titles in Hindi, Hinglish and English.

Prices are in rupees and typical of 2025; a shop's own price varies around them. Cash-like goods (gold, gift
cards, premium phones) are bought by honest people too, most of all at Dhanteras and Diwali.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trade:
    """A kind of shop.

    Attributes
    ----------
    name, mcc
        The project's word and the ISO 18245 merchant category code.
    weight
        Share of shops.
    online
        Probability that such a shop sells over the net (else at a counter).
    median_rupees, sigma
        Log-normal ticket where no goods are listed.
    shipped
        Whether goods go to an address.
    goods
        (category, title, rupees); empty for services.
    refund_share
        Share of paid baskets that are sent back.
    """

    name: str
    mcc: str
    weight: float
    online: float
    median_rupees: float
    sigma: float
    shipped: bool = False
    goods: tuple[tuple[str, str, int], ...] = ()
    refund_share: float = 0.004


GOLD = (
    ("gold", "24K Gold Coin 1 gm (999.9)", 12_900),
    ("gold", "सोने का सिक्का 2 ग्राम लक्ष्मी जी", 25_600),
    ("gold", "Sone ka sikka 5 gram BIS hallmark", 63_900),
    ("gold", "Gold Bar 10 gm 24 Karat", 1_27_500),
    ("silver", "Chandi ka sikka 10 gm Ganesh Laxmi", 1_650),
    ("silver", "Silver Coin 50 gm 999 purity", 7_900),
)
JEWELLERY = (
    *GOLD,
    ("jewellery", "22K Gold Chain 8 gm", 92_000),
    ("jewellery", "Mangalsutra 18K सोना", 38_500),
    ("jewellery", "Silver Payal (Anklet) Pair", 3_200),
    ("jewellery", "Diamond Nose Pin", 6_499),
)
GIFT_CARDS = (
    ("gift_card", "Amazon Pay eGift Card ₹1000", 1_000),
    ("gift_card", "Flipkart Gift Voucher 5000", 5_000),
    ("gift_card", "Google Play Recharge Code ₹500", 500),
    ("gift_card", "Myntra E-Gift Card 2000", 2_000),
    ("gift_card", "उपहार कार्ड ₹2500", 2_500),
    ("gift_card", "Steam Wallet Code 1000", 1_000),
)
PHONES = (
    ("phone", "Apple iPhone 16 Pro 256 GB Black Titanium", 1_19_900),
    ("phone", "Apple iPhone 15 128 GB", 61_900),
    ("phone", "Samsung Galaxy S24 Ultra 5G 12GB/256GB", 1_09_999),
    ("phone", "OnePlus 13 5G 256GB", 69_999),
    ("phone", "Redmi Note 14 5G 8GB/128GB", 17_999),
    ("phone", "Realme Narzo 70 5G मोबाइल", 13_499),
    ("phone", "Vivo T3x 5G", 12_999),
)
ELECTRONICS = (
    *PHONES,
    ("laptop", "HP 15s Core i5 16GB Laptop", 52_990),
    ("laptop", "MacBook Air M3 13 inch", 99_900),
    ("audio", "boAt Airdopes 141 TWS Earbuds", 1_199),
    ("audio", "Sony WH-CH720N Headphones", 8_990),
    ("accessory", "Fast Charger 33W Type-C", 799),
    ("accessory", "Mobile cover aur tempered glass", 249),
    ("tv", 'Mi 43" Full HD Smart TV', 23_999),
    ("appliance", "Mixer Grinder 750W 3 Jar", 3_299),
    ("appliance", "पंखा Ceiling Fan 1200 mm", 2_150),
)
FASHION = (
    ("fashion", "Cotton Kurti for Women", 599),
    ("fashion", "Banarasi Silk Saree बनारसी साड़ी", 2_899),
    ("fashion", "Men's Slim Fit Jeans", 1_299),
    ("fashion", "Bachchon ke kapde combo set", 749),
    ("fashion", "Lehenga Choli Semi Stitched", 3_499),
    ("fashion", "Sherwani for Men Wedding", 6_999),
    ("footwear", "Running Shoes Size 9", 2_199),
    ("footwear", "Kolhapuri Chappal", 849),
)
HOME = (
    ("home", "Double Bedsheet Cotton with 2 Pillow Covers", 899),
    ("home", "Steel Tiffin Dabba 3 Tier", 549),
    ("home", "Pressure Cooker 5 L", 1_899),
    ("home", "Diya Set of 24 मिट्टी के दीये", 299),
    ("home", "LED Diwali Jhalar Lights 20m", 399),
    ("home", "Study Table Wooden", 3_999),
    ("toys", "Ludo aur Saanp Seedhi Board Game", 249),
    ("books", "NCERT Guide Class 10 Vigyan", 375),
)
GROCERY = (
    ("grocery", "Aashirvaad Atta 10 kg", 465),
    ("grocery", "Basmati Chawal 5 kg", 649),
    ("grocery", "Toor Dal अरहर दाल 1 kg", 165),
    ("grocery", "Amul Ghee 1 L", 620),
    ("grocery", "Sabzi aur phal basket", 340),
    ("grocery", "Maggi Noodles 12 pack", 168),
    ("grocery", "Doodh 1 L x 4", 272),
    ("grocery", "Fortune Sarson Tel 5 L", 845),
)
SWEETS = (
    ("sweets", "Kaju Katli 1 kg", 1_180),
    ("sweets", "Motichoor Laddu 500 g", 320),
    ("sweets", "Dry Fruit Gift Hamper सूखे मेवे", 1_499),
    ("sweets", "Soan Papdi 500 g", 190),
)
BEAUTY = (
    ("beauty", "Face Serum Vitamin C", 599),
    ("beauty", "Mamaearth Onion Shampoo", 349),
    ("medicine", "BP Monitor Digital", 1_649),
    ("medicine", "Vitamin D3 ki goli 60K (4)", 128),
)
MARKETPLACE = (
    *FASHION,
    *FASHION,
    *HOME,
    *HOME,
    *BEAUTY,
    *GROCERY,
    *ELECTRONICS,
    *SWEETS,
    *GIFT_CARDS[:3],
    *GOLD[:2],
)

TRADES: tuple[Trade, ...] = (
    Trade("kirana", "5411", 20.0, 0.02, 130, 0.9),
    Trade("restaurant", "5812", 9.0, 0.25, 320, 0.8),
    Trade("fast_food", "5814", 9.0, 0.15, 90, 0.8),
    Trade("pharmacy", "5912", 5.0, 0.10, 260, 0.8),
    Trade("fuel", "5541", 4.0, 0.0, 500, 0.6),
    Trade("clothes_shop", "5651", 5.0, 0.1, 1_100, 0.8),
    Trade("salon", "7230", 2.5, 0.0, 280, 0.6),
    Trade("local_transport", "4121", 5.0, 0.5, 140, 0.7),
    Trade("hospital", "8062", 1.5, 0.05, 1_200, 1.0),
    Trade("school", "8211", 1.0, 0.5, 9_000, 0.8),
    Trade("hotel", "7011", 1.0, 0.5, 3_200, 0.7, refund_share=0.04),
    Trade("recharge", "4814", 2.5, 1.0, 299, 0.5),
    Trade("utility", "4900", 1.5, 1.0, 1_150, 0.8),
    Trade("rail_and_bus", "4112", 1.0, 1.0, 850, 0.8, refund_share=0.07),
    Trade("airline", "4511", 0.6, 1.0, 6_200, 0.6, refund_share=0.05),
    Trade("streaming", "5815", 0.7, 1.0, 299, 0.4),
    Trade("gaming", "5816", 1.0, 1.0, 150, 1.1),
    Trade("charity", "8398", 0.6, 1.0, 251, 0.9),
    Trade("insurance", "6300", 0.5, 1.0, 5_800, 0.8),
    Trade("funds", "6211", 0.6, 1.0, 2_500, 0.8),
    Trade("crypto", "6051", 0.2, 1.0, 2_000, 1.1),
    Trade("cash_machine", "6011", 1.5, 0.0, 2_000, 0.7),
    Trade("marketplace", "5262", 1.2, 1.0, 800, 0.9, shipped=True, goods=MARKETPLACE, refund_share=0.06),
    Trade("fashion_online", "5691", 2.0, 1.0, 1_200, 0.7, shipped=True, goods=FASHION, refund_share=0.12),
    Trade("electronics", "5732", 1.8, 0.7, 5_000, 1.0, shipped=True, goods=ELECTRONICS, refund_share=0.03),
    Trade("grocery_online", "5499", 1.5, 1.0, 600, 0.6, shipped=True, goods=GROCERY, refund_share=0.01),
    Trade("jewellery", "5944", 1.0, 0.5, 15_000, 0.9, shipped=True, goods=JEWELLERY, refund_share=0.01),
    Trade("gift_cards", "5947", 0.6, 1.0, 1_500, 0.8, goods=GIFT_CARDS, refund_share=0.002),
    Trade("sweets_online", "5441", 1.2, 0.6, 700, 0.6, shipped=True, goods=SWEETS, refund_share=0.005),
    Trade("beauty_online", "5977", 1.0, 1.0, 650, 0.6, shipped=True, goods=BEAUTY, refund_share=0.03),
)

TRADE_NAMES: dict[str, int] = {trade.name: place for place, trade in enumerate(TRADES)}
