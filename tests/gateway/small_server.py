"""A small HTTP server on loopback that gives the answers of a script, in order; the last stays."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Scripted:
    """What is to be answered, and what came."""

    answers: Sequence[tuple[int, Any]]
    address: str = ""
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(" ".join(head.split()[:2]))
        head = head.lower()
        length = next(
            (
                int(line.partition(":")[2])
                for line in head.splitlines()
                if "content-length:" in line
            ),
            0,
        )
        self.bodies.append(await reader.readexactly(length))
        status, body = self.answers[min(len(self.bodies), len(self.answers)) - 1]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        writer.write(
            f"HTTP/1.1 {status} Said\r\nContent-Length: {len(content)}\r\n"
            "Content-Type: application/json\r\nConnection: close\r\n\r\n".encode()
        )
        writer.write(content)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def scripted(answers: Sequence[tuple[int, Any]]) -> AsyncIterator[Scripted]:
    """Let a server listen on a free port of this machine."""
    found = Scripted(answers)
    server = await asyncio.start_server(found.talk, "127.0.0.1", 0)
    found.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield found
