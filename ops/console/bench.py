"""From a press to the painted row, with many consoles, while readings flow.

Each measurement has a real gateway with a database of its own, and presses come over MQTT:

1. painted: 20 consoles, of which some are real browser pages; the others are streams of signed-in
   browsers whose every event is parsed, and who say what they have shown. Each page notes when a
   row stood in a painted frame; counted is from the commit of the press (the database's own note
   of it, which is taken before the flush) to that frame, of every press on every page.
2. streams: presses and readings with no console and then with 200; ingest is unharmed when its
   figures stay. All 200 connect in one instant.
3. idle: what 200 consoles cost a gateway at which nothing happens.

All runs on this one machine, load and browser included.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from gateway.bench.server import Server
from ops.console import flow, goals
from ops.console.browser import NoBrowserError, launched
from ops.console.costs import cpu_s
from ops.console.flow import spread
from ops.console.house import House
from ops.console.program import ROOT
from ops.console.sign_ins import signed_in

SETTLE_S = 4.0
LEAD_S = 5.0
PRESS_EVERY_S = 0.2
OPEN_AT_ONCE = 15
IDLE_S = 30.0
STREAM_S = 20.0
STREAM_PRESSES_PER_S = 5
UNITS = 130
PRESSING = 30
WATCH = """() => {
  window.painted = {};
  const look = (at) => {
    for (const row of document.querySelectorAll('li.row[data-key]')) {
      const key = row.dataset.key;
      if (!(key in window.painted)) window.painted[key] = performance.timeOrigin + at;
    }
  };
  // A frame after the frame in which the row came: by then it stands on the screen.
  new MutationObserver(() => requestAnimationFrame(() => requestAnimationFrame(look)))
    .observe(document.getElementById('queue'), {childList: true, subtree: true});
}"""
# A press opens an alarm in the transaction that writes its receipt.
COMMITS = """
    select x.alarm_id::text as alarm, r.key,
           extract(epoch from pg_xact_commit_timestamp(r.xmin))::float8 as at_s
    from receipt as r
    join device as d on (d.line, d.sender) = (r.line, r.sender)
    join decision as x on x.subject_id = d.person_id and x.xmin = r.xmin
    where x.alarm_id is not null and r.key like %(prefix)s || '%%'
    group by x.alarm_id, r.key, r.xmin
"""
OPEN_OF = """
    select alarm.id from alarm join device on device.person_id = alarm.subject_id
    where device.sender = %(unit)s and alarm.state <> 'closed'
"""


async def beside(module: str, *words: object) -> asyncio.subprocess.Process:
    """Start what runs beside the measurement."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"ops.console.{module}", *map(str, words),
        stdout=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip


async def said(process: asyncio.subprocess.Process | None) -> dict[str, Any]:
    """Wait for its end; give what it found."""
    if process is None:
        return {}
    out, _ = await process.communicate()
    found: dict[str, Any] = json.loads(out)
    return found


def secrets_file(house: House, name: str, units: list[str]) -> Path:
    """Write the secrets of some units where a process beside us may read them."""
    path = house.folder / name
    path.write_text("".join(f"{one} {house.secrets[one]}\n" for one in units))
    return path


@asynccontextmanager
async def fresh(browser: Browser) -> AsyncIterator[House]:
    """Give a house with a database server of its own, which notes the time of each commit."""
    with tempfile.TemporaryDirectory(prefix="lifeline-bench-") as folder:
        server = await Server.start(Path(folder), 0)
        try:
            async with House(browser, server.dsn, more_persons=UNITS) as house:
                yield house
        finally:
            await server.stop()


class Measurement:
    """The parts that the three measurements share."""

    def __init__(self, house: House, given: argparse.Namespace) -> None:
        self.house = house
        self.given = given
        self.pressing = [str(1001 + number) for number in range(PRESSING)]
        self.reading = [str(1001 + number) for number in range(PRESSING, UNITS)]

    async def readings(self, seconds: float) -> asyncio.subprocess.Process | None:
        """Let readings flow for so long."""
        if not self.given.rate:
            return None
        where = secrets_file(self.house, "readings", self.reading)
        port, given = self.house.mqtt_port, self.given
        return await beside("flow", "readings", port, where, given.rate, seconds, given.set)

    async def watchers(
        self, count: int, seconds: float, *, seen: bool
    ) -> asyncio.subprocess.Process:
        """Open so many streams for so long."""
        where = await signed_in(self.house, count, self.house.folder / f"cookies-{count}")
        return await beside("watchers", self.house.port, where, seconds, int(seen))

    async def press(self, count: int, every_s: float) -> tuple[dict[str, float], dict[str, Any]]:
        """Press units in turn; what was open for long is closed behind everybody's back.

        Returns:
            When each alarm was committed (epoch seconds), and how the presses were acknowledged.
        """
        secrets = [(one, self.house.secrets[one]) for one in self.pressing]
        lines = await flow.connected(self.house.mqtt_port, secrets)
        boot, begun_s, sent_at_s = f"p{time.time_ns():x}", time.perf_counter(), dict[str, float]()
        for number in range(count):
            await asyncio.sleep(max(0.0, begun_s + number * every_s - time.perf_counter()))
            key = f"{boot}-{number}"
            sent_at_s[key] = time.time()
            lines[number % PRESSING].publish("call", flow.press(key))
            if number >= OPEN_AT_ONCE:
                await self._close(self.pressing[(number - OPEN_AT_ONCE) % PRESSING])
        await asyncio.sleep(SETTLE_S)
        took_s = [one for line in lines for one in line.took_s]
        for line in lines:
            line.writer.close()
        found = await self.house.sql(COMMITS, prefix=boot)
        commits = {one["alarm"]: one["at_s"] for one in found}
        stored = spread([one["at_s"] - sent_at_s[one["key"]] for one in found])
        told = {"said": count, "acknowledged": len(took_s), "opened": len(commits)}
        return commits, {**told, **spread(took_s), "until_commit": stored}

    async def _close(self, unit: str) -> None:
        for one in await self.house.sql(OPEN_OF, unit=unit):
            await self.house.drop(str(one["id"]))


def after(commits: dict[str, float], seen: dict[str, list[float]], consoles: int) -> dict[str, Any]:
    """Give how long after its commit each alarm was seen, by every console."""
    took_s = [at - commits[one] for one in commits for at in seen.get(one, ())]
    return {"missed": len(commits) * consoles - len(took_s), **spread(took_s)}


async def painted(one: Measurement) -> dict[str, Any]:
    """Measure 1."""
    given, pages = one.given, list[Page]()
    for number in range(given.pages):
        page = await one.house.page(f"operator:desk{number}", "/console")
        await page.wait_for_selector("html[data-connection=live]")
        await page.evaluate(WATCH)
        pages.append(page)
    seconds = LEAD_S + given.presses * PRESS_EVERY_S + SETTLE_S
    others = max(0, given.consoles - given.pages)
    held = await one.watchers(others, seconds + LEAD_S, seen=True) if others else None
    readings = await one.readings(seconds)
    await asyncio.sleep(LEAD_S)
    before_s, begun_s = cpu_s(one.house.program.pid, children=False), time.perf_counter()
    commits, presses = await one.press(given.presses, PRESS_EVERY_S)
    busy = cpu_s(one.house.program.pid, children=False) - before_s
    busy_pct = round(100 * busy / (time.perf_counter() - begun_s), 1)
    on_pages: dict[str, list[float]] = {}
    for page in pages:
        for alarm, at_ms in (await page.evaluate("() => window.painted")).items():
            on_pages.setdefault(alarm, []).append(at_ms / 1000)
    flowed, streams = await said(readings), await said(held)
    heard = streams.pop("heard", {})
    return {
        "consoles": given.consoles,
        "pages": given.pages,
        "presses": presses,
        "readings": flowed,
        "gateway_cpu_pct": busy_pct,
        "commit_to_painted": after(commits, on_pages, given.pages),
        "commit_to_heard": after(commits, heard, others),
        "streams": streams,
    }


async def unharmed(one: Measurement) -> dict[str, Any]:
    """Measure 2."""
    found: dict[str, Any] = {}
    count = int(STREAM_S * STREAM_PRESSES_PER_S)
    seconds = LEAD_S + STREAM_S + SETTLE_S
    for name, streams in (("without", 0), ("with", one.given.streams)):
        held = await one.watchers(streams, seconds + LEAD_S, seen=False) if streams else None
        readings = await one.readings(seconds)
        await asyncio.sleep(LEAD_S)
        commits, presses = await one.press(count, 1 / STREAM_PRESSES_PER_S)
        flowed, watched = await said(readings), await said(held)
        heard = watched.pop("heard", {})
        found[name] = {"presses": presses, "readings": flowed}
        if streams:
            found[name] |= {"streams": watched, "commit_to_heard": after(commits, heard, streams)}
    return found


async def idle(one: Measurement) -> dict[str, Any]:
    """Measure 3."""
    found: dict[str, Any] = {}
    for name, streams in (("without", 0), ("with", one.given.streams)):
        held = await one.watchers(streams, 2 * LEAD_S + IDLE_S, seen=False) if streams else None
        await asyncio.sleep(2 * LEAD_S)
        before_s = cpu_s(one.house.program.pid)
        await asyncio.sleep(IDLE_S)
        found[f"cpu_pct_{name}"] = round(
            100 * (cpu_s(one.house.program.pid) - before_s) / IDLE_S, 2
        )
        if streams:
            found["streams"] = await said(held)
            found["streams"].pop("heard")
    return found


async def run(given: argparse.Namespace) -> dict[str, Any]:
    """Measure what was asked for."""
    found: dict[str, Any] = {}
    async with launched() as browser:
        for measure in (painted, unharmed, idle):
            if measure.__name__ in given.only.split(","):
                async with fresh(browser) as house:
                    found[measure.__name__] = await measure(Measurement(house, given))
    return found


def main(arguments: list[str]) -> int:
    """Measure and print; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--consoles", type=int, default=20, help="default 20")
    parser.add_argument("--pages", type=int, default=1, help="real pages among them (default 1)")
    parser.add_argument("--rate", type=float, default=5000, help="readings a second (default 5000)")
    parser.add_argument("--set", type=int, default=7, help="readings in a message, 1 to 7 (7)")
    parser.add_argument("--presses", type=int, default=200, help="default 200")
    parser.add_argument("--streams", type=int, default=200, help="streams (default 200)")
    parser.add_argument("--only", default="painted,unharmed,idle", help="which of the three")
    given = parser.parse_args(arguments)
    try:
        found = asyncio.run(run(given))
    except NoBrowserError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(found, indent=1))
    missed = goals.missed(found)
    print("\n".join(missed) or "every goal is met")
    return int(bool(missed))
