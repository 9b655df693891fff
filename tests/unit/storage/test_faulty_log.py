from __future__ import annotations

import errno

import pytest

from satark.core.errors import StorageUnavailable
from satark.storage.faults import FaultyLog


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_appends_fail_when_broken_and_work_when_mended(opened, entry, number):
    log = FaultyLog(opened().events)
    log.append([entry(1)])
    log.break_with(number)
    for _ in range(2):
        with pytest.raises(StorageUnavailable) as caught:
            log.append([entry(2)])
        assert caught.value.fields["certain"] is True
    assert log.last_seq() == 1
    log.mend()
    log.append([entry(2)])
    assert (log.last_seq(), log.refused) == (2, 2)


def test_appends_work_again_when_the_fault_was_for_some_times(opened, entry):
    log = FaultyLog(opened().events)
    log.break_with(errno.EIO, times=1, committed=True)
    with pytest.raises(StorageUnavailable) as caught:
        log.append([entry(1)])
    assert caught.value.fields["certain"] is False
    assert log.reconcile([entry(1)])
    log.append([entry(2)])
    assert log.last_seq() == 2
