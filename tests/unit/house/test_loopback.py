"""The test run itself: it must not be able to reach another machine."""

from __future__ import annotations

import os
import socket

import pytest


def test_connection_is_refused_when_the_address_is_not_loopback():
    with socket.socket() as outside, pytest.raises(RuntimeError, match="only talk to this machine"):
        outside.connect(("192.0.2.1", 80))


def test_connection_is_allowed_when_the_address_is_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as inside:
        inside.connect(server.getsockname())


def test_compiled_kernels_have_a_stable_folder_when_tests_run():
    assert os.environ["NUMBA_CACHE_DIR"].endswith("numba")
