"""The application behind its real server, on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from gateway.api.edge import Edge
from gateway.web import Server, configured
from tests.gateway.api_house import V1, House


@asynccontextmanager
async def served(house: House) -> AsyncIterator[int]:
    """Serve the application on a free port; give the port."""
    server = Server(configured(house.app, "127.0.0.1", 0))
    await server.begin()
    loop = asyncio.create_task(server.main_loop())
    try:
        yield server.port
    finally:
        await server.end()
        await loop


async def exchange(port: int, *pieces: bytes) -> bytes:
    """Send bytes as they are, and give all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return answer


async def test_an_operator_works_over_a_real_connection(house: House) -> None:
    alarm = await house.pressed()
    token = await house.sign_in("operator")
    async with served(house) as port:
        client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}{V1}", trust_env=False,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        async with client:
            listed = await client.get("/alarms")
            taken = await client.post(f"/alarms/{alarm['id']}/events", json={"do": "take"})

    assert listed.json()["alarms"][0]["alarm"]["id"] == alarm["id"]
    assert taken.json()["alarm"]["taken_by"] == "operator-1"


async def test_a_body_without_a_length_is_cut_at_the_bound_and_needs_a_token_first(
    house: House,
) -> None:
    alarm = await house.pressed()
    path = f"{V1}/alarms/{alarm['id']}/events"
    token = await house.sign_in("operator")
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"

    def head(bearer: str) -> bytes:
        return (
            f"POST {path} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n"
            f"Authorization: Bearer {bearer}\r\nContent-Type: application/json\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"
        ).encode()

    async with served(house) as port:
        stranger = await exchange(port, head("nobodys"), chunk)
        large = await exchange(port, head(token), chunk, chunk, chunk, chunk, chunk)

    assert stranger.startswith(b"HTTP/1.1 401")
    assert large.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in large


async def test_a_body_that_never_comes_is_not_waited_for(house: House) -> None:
    alarm = await house.pressed()
    token = await house.sign_in("operator")
    request = (
        f"POST {V1}/alarms/{alarm['id']}/events HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: 20\r\n\r\n"
    ).encode()
    house.app = Edge(house.app, request_s=0.3)  # type: ignore[assignment]  # a shorter bound

    async with served(house) as port:
        answer = await exchange(port, request)

    assert answer.startswith(b"HTTP/1.1 503")
    assert b"not known what was kept" in answer
