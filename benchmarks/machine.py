"""What a benchmark ran on: written beside its numbers, since numbers of different machines do not compare."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def machine_facts() -> dict[str, str | int | float]:
    """Return flat names and facts of this machine, and which revision of Satark is measured."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "machine_cpu": _cpu(),
        "machine_cores": cores(),
        "machine_memory_gb": round(memory_bytes / 2**30, 1),
        "machine_system": f"{platform.system()} {platform.release()}",
        "machine_python": platform.python_version(),
        "machine_load_before": round(os.getloadavg()[0], 2),
        "revision": _revision(),
    }


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _revision() -> str:
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "unknown"
