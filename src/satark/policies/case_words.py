"""Words that ship with Satark for the work on cases: the reason codes and queue that most policies use.

A policy may name these codes without words, and gives words of its own for any other.
"""

from __future__ import annotations

from satark.core.words import Words

REVIEW = Words(en="Review", hi="समीक्षा")

REASONS: dict[str, dict[str, Words]] = {
    "fraud": {
        "stolen_card": Words(en="Card or its details stolen", hi="कार्ड या उसकी जानकारी चोरी हुई"),
        "account_takeover": Words(en="Account taken over", hi="खाते पर किसी और का कब्ज़ा"),
        "card_testing": Words(en="Card numbers being tested", hi="कार्ड नंबरों की जाँच के भुगतान"),
        "mule_account": Words(en="Mule account", hi="म्यूल (किराए का) खाता"),
        "deceived_customer": Words(
            en="Customer was deceived into paying", hi="ग्राहक को धोखा देकर भुगतान कराया गया"
        ),
        "collect_abuse": Words(en="Deceptive collect request", hi="धोखे की कलेक्ट रिक्वेस्ट"),
        "drop_address": Words(en="Goods sent to a drop address", hi="माल ठगी के पते पर भेजा गया"),
        "refund_abuse": Words(en="Refund abuse", hi="रिफ़ंड का दुरुपयोग"),
        "merchant_fraud": Words(en="Merchant is fraudulent", hi="व्यापारी धोखेबाज़ है"),
        "fake_identity": Words(en="False or shared identity", hi="झूठी या साझा पहचान"),
        "other_fraud": Words(en="Other fraud", hi="अन्य धोखाधड़ी"),
    },
    "genuine": {
        "customer_confirmed": Words(en="Customer confirmed it", hi="ग्राहक ने पुष्टि की"),
        "known_behaviour": Words(en="Usual for this customer", hi="इस ग्राहक के लिए सामान्य"),
        "travelling": Words(en="Customer is travelling", hi="ग्राहक यात्रा पर है"),
        "new_device": Words(en="Customer's new phone or device", hi="ग्राहक का नया फ़ोन या डिवाइस"),
        "gift_or_family": Words(en="Gift or family member", hi="उपहार या परिवार का सदस्य"),
        "festival_shopping": Words(en="Festival or sale shopping", hi="त्योहार या सेल की ख़रीदारी"),
        "other_genuine": Words(en="Other, but genuine", hi="अन्य, पर असली"),
    },
    "inconclusive": {
        "customer_unreachable": Words(en="Customer could not be reached", hi="ग्राहक से संपर्क नहीं हो सका"),
        "not_enough_facts": Words(en="Not enough facts", hi="पर्याप्त तथ्य नहीं"),
        "duplicate": Words(en="Duplicate of another case", hi="किसी और मामले की प्रति"),
    },
}
"""Outcome to reason code to words; what a policy without `reasons:` has."""

CHECKLIST: dict[str, Words] = {
    "rules_read": Words(en="Read which rules fired and why", hi="कौन-से नियम लगे और क्यों, यह देखा"),
    "history_seen": Words(
        en="Looked at what card, device and customer did before", hi="कार्ड, डिवाइस और ग्राहक का इतिहास देखा"
    ),
    "links_followed": Words(en="Followed links to other cases", hi="दूसरे मामलों से संबंध देखे"),
    "called_customer": Words(
        en="Called the customer on the number on record", hi="दर्ज नंबर पर ग्राहक से बात की"
    ),
}
"""What a policy without `checklist:` has."""
