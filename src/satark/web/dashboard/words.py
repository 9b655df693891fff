"""The names of the states and union territories of India, and of the spans of time that the dashboard covers."""

from __future__ import annotations

from satark.web.i18n import mark as _

STATE_NAMES = {
    "AN": _("Andaman and Nicobar Islands"),
    "AP": _("Andhra Pradesh"),
    "AR": _("Arunachal Pradesh"),
    "AS": _("Assam"),
    "BR": _("Bihar"),
    "CG": _("Chhattisgarh"),
    "CH": _("Chandigarh"),
    "DH": _("Dadra and Nagar Haveli and Daman and Diu"),
    "DL": _("Delhi"),
    "GA": _("Goa"),
    "GJ": _("Gujarat"),
    "HP": _("Himachal Pradesh"),
    "HR": _("Haryana"),
    "JH": _("Jharkhand"),
    "JK": _("Jammu and Kashmir"),
    "KA": _("Karnataka"),
    "KL": _("Kerala"),
    "LA": _("Ladakh"),
    "LD": _("Lakshadweep"),
    "MH": _("Maharashtra"),
    "ML": _("Meghalaya"),
    "MN": _("Manipur"),
    "MP": _("Madhya Pradesh"),
    "MZ": _("Mizoram"),
    "NL": _("Nagaland"),
    "OD": _("Odisha"),
    "PB": _("Punjab"),
    "PY": _("Puducherry"),
    "RJ": _("Rajasthan"),
    "SK": _("Sikkim"),
    "TN": _("Tamil Nadu"),
    "TR": _("Tripura"),
    "TS": _("Telangana"),
    "UK": _("Uttarakhand"),
    "UP": _("Uttar Pradesh"),
    "WB": _("West Bengal"),
    "-": _("Not known"),
}

SPAN_NAMES = {
    "24h": _("24 hours"),
    "7d": _("7 days"),
    "30d": _("30 days"),
    "90d": _("90 days"),
}

MAP_NAMES = {
    "stopped": _("Held or blocked"),
    "all": _("All decisions"),
}
