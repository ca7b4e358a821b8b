"""What devices say beside the consoles while those are measured: readings and presses, over MQTT.

As a process of its own it takes no time from whoever looks at the clock:

    python -m ops.console.flow readings PORT SECRETS RATE SECONDS SET
    python -m ops.console.flow presses PORT SECRETS RATE SECONDS

SECRETS is a file of lines `unit secret`. RATE counts readings, of which SET come in one message, as
a spot check's do; or presses. Each prints one line of JSON at its end.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.bench import wire

HOST = "127.0.0.1"
TICK_S = 0.01
READ_BYTES = 65_536
DRAIN_S = 5.0
PERCENT = 100
VITALS = (
    "heart_rate_bpm", "spo2_pct", "respiratory_rate_per_min", "systolic_mmhg", "temperature_c",
    "diastolic_mmhg", "weight_kg",
)  # fmt: skip
VALUES = (72, 97, 16, 124, 36.6, 78, 71.5)


@dataclass(slots=True)
class Line:
    """A device's connection: what it said and what was acknowledged."""

    unit: str
    writer: asyncio.StreamWriter
    said_at_s: dict[int, float] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)
    said: int = 0
    unsaid: int = 0

    def publish(self, channel: str, body: bytes) -> None:
        """Say something; its acknowledgement is waited for by nobody.

        A gateway that cannot store closes its devices' connections: what comes then is counted.
        """
        if self.writer.is_closing():
            self.unsaid += 1
            return
        self.said += 1
        number = self.said % wire.MAX_PACKET_ID + 1
        self.said_at_s[number] = time.perf_counter()
        self.writer.write(wire.publish(f"lifeline/v1/{self.unit}/{channel}", number, body))

    async def hear(self, reader: asyncio.StreamReader) -> None:
        """Note each acknowledgement, until the connection ends."""
        rest = b""
        while chunk := await reader.read(READ_BYTES):
            data, at = rest + chunk, 0
            for first, begin, end in wire.packets(data):
                at = end
                if first >> 4 == wire.PUBACK:
                    number = int.from_bytes(data[begin : begin + 2])
                    self.took_s.append(time.perf_counter() - self.said_at_s.pop(number))
            rest = data[at:]
        self.writer.close()


async def connected(port: int, secrets: Sequence[tuple[str, str]]) -> list[Line]:
    """Connect the devices."""
    lines = []
    for unit, secret in secrets:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(wire.connect(unit, secret))
        await reader.readexactly(wire.CONNACK_BYTES)
        line = Line(unit, writer)
        line_task = asyncio.create_task(line.hear(reader))
        line_task.add_done_callback(lambda task: task.cancelled() or task.exception())
        lines.append(line)
    return lines


def readings(size: int) -> Callable[[str], bytes]:
    """Give what writes a message with so many readings of somebody who is well."""
    vitals = json.dumps(dict(list(zip(VITALS, VALUES, strict=True))[:size]))
    return lambda key: f'{{"id": "{key}", "vitals": {vitals}}}'.encode()


def press(key: str) -> bytes:
    """Give a call for help."""
    return f'{{"id": "{key}", "activation": "pendant"}}'.encode()


async def say(
    lines: list[Line], rate: float, seconds: float, channel: str, body: Callable[[str], bytes]
) -> dict[str, object]:
    """Publish so many messages a second, whatever becomes of them; give what came of it."""
    boot = f"{time.time_ns():x}"
    began_s = time.perf_counter()
    said = 0
    late_s = 0.0
    while (past_s := time.perf_counter() - began_s) < seconds:
        while said < past_s * rate:
            late_s = max(late_s, past_s - said / rate)
            said += 1
            lines[said % len(lines)].publish(channel, body(f"{boot}-{said}"))
        await asyncio.sleep(TICK_S)
    in_time = sum(len(line.took_s) for line in lines)
    for _ in range(int(DRAIN_S / TICK_S)):
        if not any(line.said_at_s for line in lines):
            break
        await asyncio.sleep(TICK_S)
    took_s = sorted(one for line in lines for one in line.took_s)
    unsaid = sum(line.unsaid for line in lines)
    return {
        "said": said - unsaid,
        "unsaid": unsaid,
        "acknowledged": len(took_s),
        "acknowledged_at_the_end_of_saying": in_time,
        "said_late_by_ms_at_most": round(late_s * 1000, 1),
        **spread(took_s),
    }


def spread(took_s: Sequence[float]) -> dict[str, float]:
    """Give median, 99th percentile and maximum in milliseconds."""
    if not took_s:
        return {}
    cut = statistics.quantiles(took_s, n=PERCENT) if len(took_s) > 1 else [took_s[0]] * 99
    named = {"p50_ms": cut[49], "p99_ms": min(cut[98], max(took_s)), "max_ms": max(took_s)}
    return {name: round(value * 1000, 2) for name, value in named.items()}


def secrets_of(text: str) -> list[tuple[str, str]]:
    """Read a file of units and their secrets."""
    return [(unit, secret) for unit, secret in map(str.split, text.splitlines())]


async def main(arguments: list[str]) -> None:
    """Say what was asked for, and tell what came of it."""
    what, port, where, rate, seconds, *size = arguments
    lines = await connected(int(port), secrets_of(await asyncio.to_thread(Path(where).read_text)))
    if what == "presses":
        said = await say(lines, float(rate), float(seconds), "call", press)
    else:
        each = int(size[0])
        said = await say(lines, float(rate) / each, float(seconds), "up", readings(each))
    print(json.dumps(said))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
