"""Shouting without the database: a way that fails takes nothing else down and is said."""

import asyncio

from structlog.testing import capture_logs

from gateway.blind import Shout

WAIT_S = 20.0
SORRY = b"HTTP/1.1 500 Sorry\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(SORRY)
    await writer.drain()
    writer.close()


async def shouted(webhook: str) -> list[str]:
    """Go blind; give the errors that were logged until the webhook was tried."""
    shout = Shout(webhook)
    with capture_logs() as lines:
        task = asyncio.create_task(shout.run())
        shout(True)
        async with asyncio.timeout(WAIT_S):
            while not (task.done() or any(line["log_level"] == "error" for line in lines)):  # noqa: ASYNC110 - a log tells nobody
                await asyncio.sleep(0.02)
        assert not task.done(), "the shouting must go on"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return [str(line["error"]) for line in lines if line["log_level"] == "error"]


async def test_an_address_that_is_none_is_said_and_does_not_end_the_shouting() -> None:
    assert await shouted("http://127.0.0.1:99999/") != []


async def test_a_webhook_that_refuses_is_not_taken_for_one_that_was_told() -> None:
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await shouted(f"http://127.0.0.1:{port}/") == ["HTTPStatusError"]
