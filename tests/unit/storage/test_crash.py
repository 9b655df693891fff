"""kill -9 in the middle of appends, checkpoints and merges: what was acknowledged is there."""

from __future__ import annotations

import itertools
import subprocess
import sys
import textwrap

import pytest

from satark.storage import open_storage

PROGRAM = textwrap.dedent("""
    import hashlib, pathlib, random, sys, threading
    from satark.decisions.ports import LogEntry
    from satark.storage import open_storage, sqlite_checkpoint, sqlite_log

    sqlite_log.MERGE_WHEN_BUSY = 50
    sqlite_checkpoint.RESET_BYTES = 100_000
    dice = random.Random(int(sys.argv[2]))
    storage = open_storage(pathlib.Path(sys.argv[1]))

    def tidy():
        while True:
            storage.checkpoint()

    threading.Thread(target=tidy, daemon=True).start()
    seq = storage.events.last_seq()
    while True:
        batch = []
        for _ in range(dice.randint(1, 40)):
            seq += 1
            body = dice.randbytes(600).hex().encode()
            digest = hashlib.sha256(body).digest()
            ref = f"id_{seq - 1}" if seq % 3 == 0 else ""
            batch.append(
                LogEntry(seq, 1, f"id_{seq}", "payment", seq, seq, 0, ref, digest, body, b'{"action":"hold"}')
            )
        storage.events.append(batch)
        print(seq, flush=True)
""")


@pytest.mark.slow
def test_acknowledged_entries_are_there_when_the_process_is_killed(tmp_path):
    acknowledged = 0
    for round_number, answers in enumerate((1, 12, 25)):
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "data"), str(round_number)], stdout=subprocess.PIPE
        ) as child:
            for line in itertools.islice(child.stdout, answers):
                acknowledged = int(line)
            child.kill()
            for line in child.stdout:
                acknowledged = int(line) if line.endswith(b"\n") else acknowledged
        with open_storage(tmp_path / "data") as storage:
            last = storage.events.last_seq()
            assert last >= acknowledged > 0
            assert [seq for _, seq in storage.events.ids()] == [f"id_{seq}" for seq in range(1, last + 1)]
            assert storage.audit.verify().ok
            checked = {*range(3, last + 1, 30), *range(max(3, last - last % 3 - 30), last + 1, 3)}
            for seq in sorted(checked):
                assert storage.events.find(1, f"id_{seq}").seq == seq
                assert [one.seq for one in storage.events.find_by_ref(1, f"id_{seq - 1}")] == [seq]
            acknowledged = last
