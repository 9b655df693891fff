"""What holds for every test: one cache of compiled kernels, loopback only, the same dice each time."""

from __future__ import annotations

import ipaddress
import os
import random
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Numba reads this when it is imported; a stable folder keeps compiled kernels from one run to the next.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parent / ".cache" / "numba"))

# Property tests draw the same examples each time and are never judged by the clock of a busy machine.
_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "default", derandomize=True, deadline=None, database=None, suppress_health_check=_QUIET
)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=2_000)
settings.load_profile(os.environ.get("SATARK_HYPOTHESIS", "default"))

SEED = 20_260_101

_real_connect = socket.socket.connect
_real_connect_ex = socket.socket.connect_ex


class OutsideConnectionError(RuntimeError):
    """A test tried to reach another machine."""


def _check(address: object) -> None:
    """Refuse every address that is not on this machine."""
    if not isinstance(address, tuple):  # A Unix socket's address is a path.
        return
    host = address[0]
    if host == "localhost":
        return
    try:
        inside = ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = False
    if not inside:
        msg = f"tests may only talk to this machine, not to {host!r}"
        raise OutsideConnectionError(msg)


def _connect(self: socket.socket, address: object) -> None:
    _check(address)
    _real_connect(self, address)  # type: ignore[arg-type]


def _connect_ex(self: socket.socket, address: object) -> int:
    _check(address)
    return _real_connect_ex(self, address)  # type: ignore[arg-type]


@pytest.fixture(scope="session", autouse=True)
def _loopback_only():
    """Limit sockets to loopback for the whole run."""
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _connect)
    patch.setattr(socket.socket, "connect_ex", _connect_ex)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _same_dice():
    """Seed the global generators before each test, so that its order does not matter."""
    random.seed(SEED)
    import numpy as np

    np.random.seed(SEED)  # noqa: NPY002 - libraries under test may still use the global one
