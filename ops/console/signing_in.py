"""A person signs in where people sign in, and tries again while the database is busy."""

import asyncio
from http import HTTPStatus

from playwright.async_api import BrowserContext

TRIES = 20  # of what a busy database did not take
AGAIN_S = 0.5


class HouseError(RuntimeError):
    """What was to be done in the house could not be."""


async def sign_in(context: BrowserContext, url: str, name: str, password: str) -> None:
    """Sign a browser in.

    Raises:
        HouseError: it was refused, or the database was busy for too long.
    """
    form: dict[str, str | float | bool] = {"name": name, "password": password, "next": "/console"}
    for _ in range(TRIES):
        answer = await context.request.post(f"{url}/sign-in", form=form, headers={"Origin": url})
        if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(AGAIN_S)
    if "/sign-in" in answer.url:
        raise HouseError(f"{name} cannot sign in: {answer.status} at {answer.url}")
