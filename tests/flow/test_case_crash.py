"""kill -9 in the middle of case work: what was answered is there, and nothing is there by half."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from satark.cases.model import CaseState, QueueFilter
from satark.core.clock import SystemClock
from satark.storage.desk import open_desk

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("case_program.py")
KILLS = 6


def work_and_die(folder, first, lines):
    """Run the program until it has told so many acts and is then killed; return what it told."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    program = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), str(first)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    with program:
        told = [program.stdout.readline().split() for _ in range(lines)]
        program.send_signal(signal.SIGKILL)
        told += [line.split() for line in program.stdout.read().splitlines()]
    return [(word, int(case_id)) for word, case_id in told]


def check(desk, told):
    """Hold the desk against what was told, and each case against its commands and messages."""
    last = {case_id: word for word, case_id in told}
    assert desk.audit.verify().ok
    labels: dict[int, list[str]] = {}
    for command in desk.commands.waiting(100_000):
        labels.setdefault(int(command.body["id"].split("_")[1]), []).append(command.body["label"])
    cases = desk.cases.queue(QueueFilter(states=tuple(CaseState)), limit=500).rows
    assert last.keys() <= {case.id for case in cases}
    for case in cases:
        assert len(desk.cases.alerts(case.id)) == case.n_alerts == 3
        lines = [entry.kind for entry in desk.cases.timeline(case.id, limit=50)]
        is_closed, was_undone = case.state is CaseState.CLOSED, "undone" in lines
        # An act that was under way may be there or not, but never a part of it.
        expected = ["fraud"] * 3 if is_closed else ["fraud"] * 3 + ["genuine"] * 3 if was_undone else []
        assert labels.get(case.id, []) == expected
        assert lines.count("closed") == lines.count("hold") - was_undone == (is_closed or was_undone)
        word = last.get(case.id)
        assert word != "closed" or is_closed or was_undone
        assert word != "undone" or was_undone


@pytest.mark.slow
def test_case_work_is_whole_when_it_is_killed_at_any_moment(tmp_path):
    chance, told = random.Random(7), []
    for kill in range(KILLS):
        told += work_and_die(tmp_path / "data", 1_000 * (kill + 1), chance.randrange(3, 30))
        with open_desk(tmp_path / "data", clock=SystemClock(), audit_key=b"k" * 32) as desk:
            check(desk, told)
