"""Sessions in the real process of the pages: killed at once and started again, it knows who is logged in."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import httpx
import pytest

from satark.app.settings import load_settings
from satark.app.wiring import AppWiring

PASSWORD = "correct horse battery"


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "data"
    with AppWiring(load_settings({}, options={"home": str(folder)})).storage() as storage:
        storage.staff.create("asha", "analyst", password=PASSWORD)
    return folder


@pytest.fixture
def start(home):
    running = []

    def run():
        environment = {
            "PATH": os.environ["PATH"],
            "SATARK_HOME": str(home),
            "SATARK_WEB_PORT": "0",
            "SATARK_WEB_SECOND_FACTOR": "no",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "satark.app.main", "web", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        running.append(process)
        for line in process.stdout:
            told = json.loads(line)
            if told.get("step") == "listening":
                return process, told["address"]
        pytest.fail("the pages did not start")

    yield run
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def test_member_stays_logged_in_when_the_pages_are_killed_and_started_again(start):
    process, address = start()
    with httpx.Client(base_url=address, trust_env=False) as client:
        token = re.search(r'name="csrf" value="([^"]+)"', client.get("/login").text)[1]
        form = {"csrf": token, "username": "asha", "password": PASSWORD}
        assert client.post("/login", data=form).headers["location"] == "/"
        cookie = client.cookies["satark_session"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, address = start()
    with httpx.Client(base_url=address, trust_env=False, cookies={"satark_session": cookie}) as client:
        page = client.get("/account")
        assert page.status_code == 200
        leave = {"csrf": re.search(r'name="csrf" value="([^"]+)"', page.text)[1]}
        assert client.post("/logout", data=leave).headers["location"] == "/login"
    with httpx.Client(base_url=address, trust_env=False, cookies={"satark_session": cookie}) as client:
        assert client.get("/account").status_code == 303
