"""Lists: what is on them, adding with an expiry, removing, importing a file, and taking an act back."""

from satark.web.lists.pages import ListPages

__all__ = ["ListPages"]
