"""Reading pages as a browser's form does."""

from __future__ import annotations

import re


def csrf(response):
    """Return the token of a page's first form, or of what its script sends."""
    return re.search(r'(?:name="csrf" value|data-csrf)="([^"]+)"', response.text)[1]
