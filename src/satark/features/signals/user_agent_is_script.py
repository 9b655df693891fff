"""Whether a payment comes from a program and not from a browser or an app."""

from __future__ import annotations

import re
from functools import lru_cache

from satark.events.facts import FactType
from satark.events.signals import Signal

SCRIPT = re.compile(
    r"python|curl|wget|headless|phantomjs|selenium|puppeteer|playwright|scrapy|httpclient|go-http|libwww|java/|ruby|"
    r"node-fetch|axios|aiohttp|postman|insomnia|bot\b|spider|crawl",
    re.IGNORECASE,
)


REMEMBERED = 8_192
"""Few user agents make up nearly all traffic, and the search costs more than most rules; the bound keeps it small."""


@lru_cache(maxsize=REMEMBERED)
def user_agent_is_script(user_agent: str | None) -> bool | None:
    """Return whether the user agent names an HTTP library, a headless browser or an automation tool.

    Examples
    --------
    >>> user_agent_is_script("python-requests/2.32"), user_agent_is_script("Mozilla/5.0 (Linux; Android 14)")
    (True, False)
    """
    return None if user_agent is None else SCRIPT.search(user_agent) is not None


SIGNAL = Signal(
    name="user_agent_is_script",
    type=FactType.BOOL,
    inputs=("user_agent",),
    compute=user_agent_is_script,
    about="whether a payment comes from a program and not from a browser or an app",
)
