"""Consoles without a window: each follows the stream of a signed-in browser and reads every event.

As a process of its own, so that what they cost is not taken for the gateway's:

    python -m ops.console.watchers PORT COOKIES SECONDS SEEN

COOKIES is a file of lines `cookie csrf`, one console each. They connect at once, as after a
restart, keep what is open as a page does, compare digests, and count an event that does not fit.
With SEEN 1 each says which alarms it shows, once each, as the page of somebody on duty does. Prints
one line of JSON: when each alarm was first heard by each console (epoch seconds), and what ended.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
LIMIT_BYTES = 1 << 22
SEEN_EVERY_S = 0.5
CONNECT_S = 10.0


@dataclass(slots=True)
class Watcher:
    """One console."""

    port: int
    cookie: str
    csrf: str
    says_seen: bool
    heard_at_s: dict[str, float] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    events: int = 0
    beats: int = 0
    snapshots: int = 0
    wrong: int = 0
    live_after_s: float | None = None
    ended: str | None = None
    _to_see: dict[str, int] = field(default_factory=dict)

    async def follow(self) -> None:
        """Follow the stream until it ends; note why it did."""
        began_s = time.perf_counter()
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_connection(HOST, self.port, limit=LIMIT_BYTES)
                writer.write(self._request("GET", "/console/stream"))
                head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                self.ended = head.split(b"\r\n", 1)[0].decode()
                return
            rest = b""
            while chunk := await _chunk(reader):
                *whole, rest = (rest + chunk).split(b"\n\n")
                for one in whole:
                    self._take(one)
                if self.live_after_s is None and self.snapshots:
                    self.live_after_s = time.perf_counter() - began_s
            self.ended = "the gateway ended it"
        except (OSError, EOFError, TimeoutError) as error:
            self.ended = type(error).__name__

    async def receipts(self) -> None:
        """Say what is shown, as a visible page of somebody on duty does."""
        while True:
            await asyncio.sleep(SEEN_EVERY_S)
            if not self._to_see:
                continue
            alarms = [{"id": one, "rings": rings} for one, rings in self._to_see.items()]
            self._to_see.clear()
            body = json.dumps({"alarms": alarms[:100]}).encode()
            try:
                reader, writer = await asyncio.open_connection(HOST, self.port)
                writer.write(self._request("POST", "/console/seen", body, "Connection: close\r\n"))
                answer = await reader.read()
                self.wrong += not answer.startswith(b"HTTP/1.1 204")
                writer.close()
            except OSError:
                self.wrong += 1

    def _request(self, method: str, path: str, body: bytes = b"", more: str = "") -> bytes:
        lines = (
            f"{method} {path} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\n"
            f"Cookie: lifeline={self.cookie}\r\nX-CSRF-Token: {self.csrf}\r\n"
            f"X-Lifeline-Background: 1\r\nContent-Type: application/json\r\n{more}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return lines.encode() + body

    def _take(self, text: bytes) -> None:
        """Read one event, as the page's script does."""
        if not text.startswith(b"event: "):
            return
        now_s = time.time()
        name, _, data = text.partition(b"\n")
        body = json.loads(data[6:])
        self.events += 1
        match name[7:]:
            case b"snapshot":
                self.snapshots += 1
                self.revisions = {one["id"]: one["revision"] for one in body["alarms"]}
                for one in body["alarms"]:
                    self._shown(one, now_s)
            case b"alarm" if body["state"] == "closed":
                self.revisions.pop(body["id"], None)
            case b"alarm":
                self.wrong += body["revision"] < self.revisions.get(body["id"], 0)
                self.revisions[body["id"]] = body["revision"]
                self._shown(body, now_s)
            case b"digest":
                self.wrong += body["alarms"] != self.revisions
            case b"beat":
                self.beats += 1

    def _shown(self, item: dict[str, Any], now_s: float) -> None:
        if item["id"] not in self.heard_at_s:
            self.heard_at_s[item["id"]] = now_s
            if self.says_seen:
                self._to_see[item["id"]] = item["rings"]


async def _chunk(reader: asyncio.StreamReader) -> bytes:
    """Read one chunk of an answer; b"" at its end."""
    size = int(await reader.readuntil(b"\r\n"), 16)
    data = await reader.readexactly(size + 2)
    return data[:-2]


async def main(arguments: list[str]) -> None:
    """Watch for so long; print what was heard."""
    port, where, seconds, says_seen = arguments
    text = await asyncio.to_thread(Path(where).read_text)
    signed_in = [(cookie, csrf) for cookie, csrf in map(str.split, text.splitlines())]
    watchers = [Watcher(int(port), *one, says_seen == "1") for one in signed_in]
    tasks = [asyncio.create_task(one.follow()) for one in watchers]
    tasks += [asyncio.create_task(one.receipts()) for one in watchers if one.says_seen]
    await asyncio.sleep(float(seconds))
    ended = [one.ended for one in watchers if one.ended is not None]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    live_s = [one.live_after_s for one in watchers if one.live_after_s is not None]
    heard: dict[str, list[float]] = {}
    for one in watchers:
        for alarm, at_s in one.heard_at_s.items():
            heard.setdefault(alarm, []).append(at_s)
    print(json.dumps({
        "streams": len(watchers), "live": len(live_s),
        "ended": len(ended), "why": sorted(set(ended)),
        "live_after_s_at_most": round(max(live_s, default=0.0), 3),
        "wrong": sum(one.wrong for one in watchers),
        "snapshots": sum(one.snapshots for one in watchers),
        "events": sum(one.events for one in watchers),
        "least_beats": min(one.beats for one in watchers),
        "heard": heard,
    }))  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
