"""How long a rehearsal takes: a made-up ward stored in a database of its own, then rehearsed.

`python ops/bench/rehearsal.py --patients 1000 --days 90`. The database is an embedded one in a
throw-away folder. Storing is not measured; reading, playing under both sets of rules and comparing
is. Exit status 1 when it takes longer than the goal (300 s for 90 days of 1,000 patients). The time
of the processors is told, too: on a machine that others use it says more.
"""

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

if __name__ == "__main__":
    # The checkout this file stands in, not a wheel that is installed beside it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from firmware_stubs.patients.diary import messages
from firmware_stubs.patients.patient import Patient
from firmware_stubs.patients.ward import FIRST, Ward
from firmware_stubs.patients.words import Message
from gateway.clock import Clock
from gateway.context import Context
from gateway.enrol import Roll, enrol, person_id
from gateway.placing import NAMESPACE
from gateway.rehearse_command import Order, recorded
from gateway.runtime import prepared
from gateway.settings import Settings
from gateway.store import messages as store
from gateway.store.messages import Raw
from gateway.store.migrate import ensure_partitions

GOAL_S_A_PATIENT_DAY = 300 / 90_000
LINE = "mqtt-main"
BATCH = 50
PROPOSED = """
[[limit]]
id = "limit.default.heart_rate_bpm"
version = "2"
author = "a"
approver = "b"
effective = 2027-01-01
source = "made up for a measurement"
vital = "heart_rate_bpm"
limits = { alert_high = 140, warning_high = 120, alert_low = 40 }
"""


def roll_of(patients: list[Patient], organisation: UUID) -> Roll:
    """Give the import file of some patients."""
    records = [(one, one.record()) for one in patients]
    return Roll.model_validate({
        "organisation": str(organisation),
        "name": "Measured",
        "persons": [{"id": one.id, "name": "Made up"} for one in patients],
        "devices": [
            {"line": LINE, "sender": one.device, "person": one.id, "interval_s": 3_600}
            for one in patients
        ],
        "monitoring": [
            {
                "person": one.id, "pathway": record["pathway"], "spo2_scale": record["spo2_scale"],
                "baseline_spo2_pct": record["baseline_spo2_pct"],
                "target_spo2_pct": record["target_spo2_pct"],
                "dry_weight_kg": record.get("dry_weight_kg"),
                "started_at": one.admitted.isoformat(),
            }
            for one, record in records
        ],
    })  # fmt: skip


def rows_of(message: Message, person: UUID, organisation: UUID) -> Iterator[tuple[Any, ...]]:
    """Give a message's readings as rows of the table."""
    device = uuid5(NAMESPACE, f"device/{organisation}/{LINE}/{message.device}")
    at = min(message.measured_at, message.received_at)
    for name, value in message.vitals.items():
        beyond = message.beyond.get(name)
        word = value if isinstance(value, str) else None
        number = None if value is None or word is not None else float(value)
        quality = "ok" if beyond is None else beyond.value
        yield (
            at, organisation, person, device, name, number, word, quality, "device", at,
            message.received_at,
        )  # fmt: skip


async def fill(context: Context, ward: Ward) -> int:
    """Store a ward; give how many readings that were."""
    organisation, count = context.settings.organisation, 0
    for day in range(0, ward.days + 31, 28):
        at = datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(days=day)
        await ensure_partitions(context.listen, at)
    for first in range(0, ward.patients, BATCH):
        patients = [ward.patient(n) for n in range(first, min(first + BATCH, ward.patients))]
        now = context.clock.now()
        await enrol(context.sessions, roll_of(patients, organisation), now, context.desk.rules)
        for one in patients:
            said = list(messages(one))
            person = person_id(organisation, one.id)
            rows = [row for message in said for row in rows_of(message, person, organisation)]
            answers = [_raw(message, organisation) for message in said if message.answers]
            async with context.sessions.transaction() as connection:
                await store.add_measurements(connection, rows)
                await store.add_packets(connection, answers)
            count += len(rows)
    return count


def _raw(message: Message, organisation: UUID) -> Raw:
    return Raw(
        received_at=message.received_at, organisation_id=organisation, line=LINE,
        sender=message.device, key=message.id, topic=f"lifeline/v1/{message.device}/up",
        lane="vitals", authenticated=True, body=message.body(), problem=None,
    )  # fmt: skip


def processors_s() -> float:
    """Give how long the processes that have ended were computing."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def measure(patients: int, days: int, jobs: int | None) -> int:
    """Store, rehearse, print; 1 when it takes too long."""
    with tempfile.TemporaryDirectory() as folder:
        proposed = Path(folder) / "proposed.toml"
        proposed.write_text(PROPOSED)
        settings = Settings(state_dir=Path(folder) / "state")
        async with prepared(settings, Clock()) as context:
            count = await fill(context, Ward(41, patients, days))
            order = Order(proposed=proposed, since=FIRST, days=days, jobs=jobs)
            begun = time.monotonic()
            found = await recorded(order, context)
            took_s = time.monotonic() - begun
            worked_s = processors_s()
    every, goal_s = found.figures["all"], GOAL_S_A_PATIENT_DAY * patients * days
    print(
        f"{patients} patients, {days} days: {every['patient_days']:.0f} patient-days, "
        f"{count} readings, {every['messages']} messages: {took_s:.1f} s (goal {goal_s:.0f} s), "
        f"{worked_s:.0f} s of processors in the processes that play; "
        f"{every['could_not_be_played']} could not be played; {found.summary()}"
    )
    return int(took_s > goal_s or every["could_not_be_played"] > 0)


def main(words: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="How long a rehearsal takes.")
    parser.add_argument("--patients", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--jobs", type=int)
    asked = parser.parse_args(words)
    return asyncio.run(measure(asked.patients, asked.days, asked.jobs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
