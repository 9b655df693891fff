"""The example receiver takes what a real sender sends, once, and nothing that is not ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
from tests.flow.sender_parts import carriers, open_it

from satark.app.sender import Sender
from satark.cases.outbox import MessageState, PostedFilter
from satark.cases.ports import Message
from satark.core.clock import SystemClock

EXAMPLE = Path(__file__).parents[2] / "examples" / "receive_webhooks.py"


def test_example_takes_an_event_once_when_it_is_sent_twice(tmp_path):
    with open_it(tmp_path / "data") as desk:
        made = desk.outbox.endpoints.add("Example", "http://127.0.0.1:1/", ["case.closed"], "asha")
        child = subprocess.Popen(
            [sys.executable, str(EXAMPLE), "0"],
            env={**os.environ, "SATARK_SECRET": made.secret},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            url = f"http://127.0.0.1:{child.stdout.readline().split()[-1]}/"
            desk.outbox.endpoints.change(
                made.endpoint.id, "Example", url, ["case.closed"], "asha", resend_in_doubt=True
            )
            with desk.writing() as connection:
                desk.outbox.put(connection, Message("case.closed", "case.closed:7:1", "", "", b'{"case":7}'))
            sender = Sender(desk.outbox, desk.outbox.sending(), carriers(desk, 1), SystemClock())
            assert sender.step() == 1
            (posted,) = desk.outbox.posted(PostedFilter())
            desk.outbox.replay(posted.id, "asha")
            assert sender.step() == 1
            assert desk.outbox.get(posted.id).state is MessageState.SENT
            forged = httpx.post(url, content=b"{}", headers={"webhook-id": "x", "webhook-timestamp": "1"})
            assert forged.status_code == 401
        finally:
            child.terminate()
            said = child.communicate(timeout=20)[0]
    assert said.splitlines() == ['case.closed  {"case": 7}']
