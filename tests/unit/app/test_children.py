"""Child processes: facts in, orderly stop out, and an end by itself that is told with its reason."""

from __future__ import annotations

import sys

import pytest

from satark.app.children import Child, ChildPlan, stop_all, wait_until
from satark.core.errors import NotReady


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a child that runs the given Python code; all are ended after the test."""
    started = []

    def start(code, on_fact=lambda _name, _fact: None):
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\nexec {sys.executable} -u -c '{code}'\n")
        program.chmod(0o700)
        monkeypatch.setattr("satark.app.children.sys.executable", str(program))
        started.append(Child(ChildPlan("engine", ("serve",), {}), tmp_path, on_fact))
        return started[-1]

    yield start
    stop_all(started, 0)


def test_facts_arrive_when_the_child_tells_them(start):
    facts = []
    child = start(
        'print("no json"); print("[1]"); print("{\\"step\\": \\"listening\\"}"); import time; time.sleep(60)',
        lambda name, fact: facts.append((name, fact)),
    )
    wait_until(lambda: bool(facts), [child], seconds=30, what="the child")
    assert facts == [("engine", {"step": "listening"})]


def test_reason_and_log_are_told_when_the_child_ends_by_itself(start):
    error = '{\\"error\\": {\\"message\\": \\"the port is taken\\"}}'
    child = start(f'import sys; print("{error}", file=sys.stderr); sys.exit(3)')
    with pytest.raises(NotReady, match=r"exit code 3: the port is taken \(log: .*engine.log\)"):
        wait_until(lambda: False, [child], seconds=30, what="the child")


def test_waiting_ends_when_the_time_is_over(start):
    child = start("import time; time.sleep(60)")
    with pytest.raises(NotReady, match="the child is not ready after 0 seconds"):
        wait_until(lambda: False, [child], seconds=0, what="the child")


def test_child_is_killed_when_it_does_not_stop(start):
    told = []
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        'print("{\\"step\\": \\"deaf\\"}"); time.sleep(60)'
    )
    child = start(code, lambda _name, fact: told.append(fact))
    wait_until(lambda: bool(told), [child], seconds=30, what="the child")
    child.stop(0.2)
    assert not child.running()
