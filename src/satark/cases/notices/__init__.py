"""Notices to customers, and their answers: when, to whom, in which words, and what follows; no input or output."""

from __future__ import annotations

from satark.cases.notices.answering import effects_of
from satark.cases.notices.links import Links, hash_of
from satark.cases.notices.model import (
    Answer,
    Customer,
    Effects,
    Notice,
    NoticeKind,
    NoticeLink,
    NoticeState,
    NoticeTerms,
    Shown,
)
from satark.cases.notices.planner import NoticePlanner
from satark.cases.notices.terms import NoticePlan

__all__ = [
    "Answer",
    "Customer",
    "Effects",
    "Links",
    "Notice",
    "NoticeKind",
    "NoticeLink",
    "NoticePlan",
    "NoticePlanner",
    "NoticeState",
    "NoticeTerms",
    "Shown",
    "effects_of",
    "hash_of",
]
