"""Engines on a bench for the unit tests of decisions."""

from __future__ import annotations

import pytest
from tests.support.engine import Bench

from satark.storage.window_rows import WindowRows


@pytest.fixture
def benches():
    """Return a maker of started benches; all are stopped after the test."""
    made = []

    def make(*arguments, **options):
        bench = Bench(*arguments, **options)
        made.append(bench)
        return bench.start()

    yield make
    for bench in made:
        bench.service.stop(20)


@pytest.fixture
def bench(benches):
    """Return a started engine without kept rows."""
    return benches()


@pytest.fixture
def row_stores(tmp_path):
    """Return a maker of row stores over one folder with small segments, as a new process would open them."""
    return lambda: WindowRows(tmp_path / "windows", mark="test", segment_bytes=1 << 13)
