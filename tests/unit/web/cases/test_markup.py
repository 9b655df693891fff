"""Text from outside, wherever it reaches a page of case work, is text and nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from satark.cases.model import EntityKind, EntityRef
from satark.core.words import Words
from satark.policies.case_rules import CaseTerms, OnFraud

EVIL = "<img src=x onerror=alert(1)>'\"><script>x</script>{{7*7}}"


class Tags(HTMLParser):
    """Reads a page as a browser does."""

    def __init__(self):
        super().__init__()
        self.tags = set()
        self.attributes = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


@pytest.fixture
def evil_case(desk_store, open_cases, alert):
    evil = Words(en=EVIL, hi=EVIL)
    terms = CaseTerms(
        queues={EVIL: evil},
        reasons={"fraud": {EVIL: evil}, "genuine": {EVIL: evil}, "inconclusive": {}},
        checklist={EVIL: evil},
        on_fraud=(OnFraud(EVIL, "merchant", 60),),
    )
    with desk_store.writing() as connection:
        desk_store.cases.adopt(connection, terms)
    things = tuple(EntityRef(kind, f"{EVIL}{kind.value}") for kind in EntityKind)
    return open_cases(
        alert(90, queue=EVIL, event_id=EVIL, rules=(EVIL,), kinds=(EVIL,), entities=things, four_eyes=True)
    )[0]


@pytest.mark.parametrize("lang", ["en", "hi"])
def test_nothing_becomes_markup_when_every_field_holds_some(enter, evil_case, desk_store, lang):
    case, analyst, supervisor = evil_case, enter("asha", lang), enter("meera", lang)
    analyst.send_form(f"/cases/{case}/note", text=EVIL)
    files = {"file": (EVIL, b"%PDF-1.7", "application/pdf")}
    analyst.send("POST", f"/cases/{case}/files", data={"csrf": analyst.csrf}, files=files)
    analyst.send_form(f"/cases/{case}/check", item=EVIL, done="1")
    analyst.send_form("/queue/views", name=EVIL[:60], query=f"q={EVIL}", shared="1")
    analyst.send_form("/queue/views", name="mine", query=f"queue={EVIL}")
    pages = [analyst.get(f"/cases/{case}").text]
    offers = re.findall(r'name="entry" value="([0-9a-f]+)"', pages[0])
    assert offers
    analyst.send_form(
        f"/cases/{case}/close", outcome="fraud", reason=EVIL, entry=offers, hold="1", hold_note=EVIL
    )
    assert desk_store.cases.get(case).proposed_by == "asha"
    pages.append(supervisor.get(f"/cases/{case}").text)
    supervisor.send_form(f"/cases/{case}/decline", text=EVIL)
    analyst.send_form(f"/cases/{case}/close", outcome="fraud", reason=EVIL, entry=offers)
    supervisor.send_form(f"/cases/{case}/confirm")
    assert desk_store.cases.get(case).state == "closed"
    for path in (f"/cases/{case}", "/queue", "/queue?state=closed", f"/queue?q={EVIL}", "/supervisor"):
        answer = supervisor.get(path)
        assert answer.status_code == 200, path
        pages.append(answer.text)
    pages.append(analyst.get("/queue").text)
    for page in pages:
        read = Tags()
        read.feed(page)
        assert "img" not in read.tags
        assert not [name for name in read.attributes if name.startswith("on")]
        assert "<script>" not in page
        assert "</script>49" not in page
    assert any("&lt;script&gt;" in page for page in pages)


def test_name_of_a_file_cannot_break_its_header(enter, evil_case):
    visitor = enter("asha")
    files = {"file": ("a\r\nset-cookie: x=1\r\n.pdf", b"%PDF-1.7", "application/pdf")}
    visitor.send("POST", f"/cases/{evil_case}/files", data={"csrf": visitor.csrf}, files=files)
    address = re.search(r'href="(/cases/\d+/files/\d+)"', visitor.get(f"/cases/{evil_case}").text)[1]
    answer = visitor.get(address)
    assert "set-cookie" not in answer.headers
    assert "\r" not in answer.headers["content-disposition"]
