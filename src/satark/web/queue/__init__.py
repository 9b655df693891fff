"""The queue: which cases wait, the most at risk first, and what can be done with many at once."""

from satark.web.queue.pages import QueuePages

__all__ = ["QueuePages"]
