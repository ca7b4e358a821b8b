"""What others would run instead, and what bounds everybody: the peers of the benchmark.

    tables.sql       what they write into
    ground           the broker, the database and the programs of one peer; how all of them end
    broker, process  Mosquitto; a program that is ended by its process id
    mqtt_peers       the C client (drain.c), the quick script (quick_script.py), two Node-RED flows
    flows            the flows as Node-RED reads them, with settings.js
    copying          COPY alone (copy_rows.py)

Contract: `peers(folder)` gives all five, whether their parts are on this machine or not; `start`
then raises NotHere with what to install. ops/bench/prepare.py fills the folder beforehand, never
while it is measured.
"""

from pathlib import Path

from gateway.bench.peers.copying import CopyAlone
from gateway.bench.peers.mqtt_peers import CClient, QuickScript, batched, one_by_one
from gateway.bench.system import Direct, System

__all__ = ["behind_a_broker", "peers"]


def peers(folder: Path) -> tuple[System | Direct, ...]:
    """Give the five peers, in the order of the table.

    Args:
        folder: What ops/bench/prepare.py has filled; it may be missing.
    """
    return (CopyAlone(), *behind_a_broker(folder))


def behind_a_broker(folder: Path) -> tuple[System, ...]:
    """Give those that messages are published to; as `peers`."""
    return (CClient(folder), QuickScript(), one_by_one(folder), batched(folder))
