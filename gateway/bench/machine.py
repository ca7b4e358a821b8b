"""The machine a run was made on: what a reader needs to judge its figures."""

import os
import platform
import time
from pathlib import Path
from statistics import median

import psycopg

SYNCS = 200
SYNC_BYTES = 8_192
KIB_PER_MIB = 1_024


def machine(folder: Path) -> dict[str, str]:
    """Describe this machine; the folder is on the disk that is used."""
    return {
        "processor": _first_of("/proc/cpuinfo", "model name"),
        "processors": str(os.cpu_count() or 0),
        "memory": f"{int(_first_of('/proc/meminfo', 'MemTotal').split()[0]) // KIB_PER_MIB} MiB",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "psycopg": f"{psycopg.__version__} ({psycopg.pq.__impl__})",
        "one flush of 8 KiB": f"{sync_ms(folder):.2f} ms (median of {SYNCS})",
        "load before": " ".join(f"{one:.2f}" for one in os.getloadavg()),
    }


def sync_ms(folder: Path) -> float:
    """Measure what one small write and its flush cost, in ms: the floor of every commit."""
    path = folder / "flush"
    took_s = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began_s = time.perf_counter()
            file.write(b"\0" * SYNC_BYTES)
            os.fdatasync(file.fileno())
            took_s.append(time.perf_counter() - began_s)
    path.unlink()
    return median(took_s) * 1_000


def _first_of(path: str, key: str) -> str:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "0 ?")
