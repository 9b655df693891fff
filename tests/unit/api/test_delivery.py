from __future__ import annotations

import asyncio
import threading

import pytest

from satark.api.delivery import Callback, Mailbox
from satark.core.errors import DeadlineExceeded


def test_outcome_is_there_at_once_when_delivered_in_the_loop():
    async def run():
        mailbox = Mailbox(asyncio.get_running_loop())
        slip = mailbox.slip()
        slip("now")
        assert await mailbox.wait(slip, 1.0) == "now"
        assert mailbox.wakes == 0

    asyncio.run(run())


def test_loop_is_woken_once_when_a_batch_is_delivered_from_a_thread():
    async def run():
        mailbox = Mailbox(asyncio.get_running_loop())
        slips = [mailbox.slip() for _ in range(500)]

        def commit():
            for number, slip in enumerate(slips):
                slip(number)

        thread = threading.Thread(target=commit)
        waits = [asyncio.ensure_future(mailbox.wait(slip, 5.0)) for slip in slips]
        thread.start()
        thread.join()  # The loop cannot run in between, so the whole batch must fit into one call.
        assert await asyncio.gather(*waits) == list(range(500))
        assert mailbox.wakes == 1
        assert mailbox.waiting == 0

    asyncio.run(run())


def test_no_outcome_is_left_behind_when_many_threads_deliver():
    async def run():
        mailbox = Mailbox(asyncio.get_running_loop())
        slips = [mailbox.slip() for _ in range(2_000)]

        def commit(part):
            for slip in part:
                slip(1)

        waits = [asyncio.ensure_future(mailbox.wait(slip, 30.0)) for slip in slips]
        threads = [threading.Thread(target=commit, args=(slips[start::4],)) for start in range(4)]
        for thread in threads:
            thread.start()
        assert sum(await asyncio.gather(*waits)) == 2_000
        for thread in threads:
            thread.join()

    asyncio.run(run())


def test_wait_ends_when_the_deadline_is_over():
    async def run():
        mailbox = Mailbox(asyncio.get_running_loop())
        slip = mailbox.slip()
        with pytest.raises(DeadlineExceeded):
            await mailbox.wait(slip, 0.001)
        slip("late")
        assert mailbox.waiting == 0

    asyncio.run(run())


def test_delivery_is_dropped_when_the_loop_is_gone():
    async def run():
        return Mailbox(asyncio.get_running_loop()).slip()

    slip = asyncio.run(run())
    thread = threading.Thread(target=slip, args=("late",))
    thread.start()
    thread.join()
    assert not slip.future.done()


def test_callbacks_hear_their_outcome_or_that_time_is_over_and_nothing_twice():
    async def run():
        mailbox = Mailbox(asyncio.get_running_loop())
        heard = []
        slow = [
            Callback(mailbox, lambda said, n=n: heard.append((n, said)), 0.02 + n / 100) for n in range(3)
        ]
        quick = Callback(mailbox, lambda said: heard.append(("quick", said)), 0.02)
        quick("well")
        assert mailbox.waiting == 3
        await asyncio.sleep(0.2)
        assert heard == [("quick", "well"), (0, None), (1, None), (2, None)]
        for one in (*slow, quick):
            one("late")
        assert len(heard) == 4
        assert mailbox.waiting == 0

    asyncio.run(run())


def test_no_callback_is_told_before_its_time():
    async def run():
        loop = asyncio.get_running_loop()
        mailbox = Mailbox(loop)
        told = {}
        began = loop.time()
        for milliseconds in (1, 5, 9, 10, 11, 15, 40):
            Callback(
                mailbox, lambda _, ms=milliseconds: told.update({ms: loop.time() - began}), milliseconds / 1e3
            )
        await asyncio.sleep(0.2)
        assert all(after >= milliseconds / 1e3 for milliseconds, after in told.items())
        assert len(told) == 7

    asyncio.run(run())
