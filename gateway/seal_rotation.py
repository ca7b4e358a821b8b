"""What `lifeline seal rotate` does: a new key for sealed secrets, while the gateway runs.

    1 the key becomes the former one, a new one takes its place: new secrets are sealed with it,
      and both can be read (gateway/sealing.py reads the files at each use)
    2 everything sealed with the former key is sealed anew, page by page
    3 once whoever had read the former key before step 1 must have committed: step 2 again
    4 the former key is removed

It can be broken off anywhere: the next call goes on at step 2.
"""

import asyncio
from pathlib import Path
from uuid import UUID

import typer

from gateway.audit.rows import Act, add
from gateway.clock import Clock
from gateway.context import Context
from gateway.log import configure
from gateway.runtime import prepared
from gateway.sealing import (
    FORMER_FILE,
    KEY_FILE,
    begin_rotation,
    is_sealed_with,
    seal,
    seal_keys,
    unseal,
)
from gateway.settings import load
from gateway.store.connect import rows, run

ACTOR = "command line"
ACT = "seal_key_rotated"
PAGE = 500
SETTLE_S = 15.0
"""Longer than a statement and an idle transaction may last (gateway/store/connect.py)."""
FIRST = UUID(int=0)


async def rotate_key(toml: Path | None) -> int:
    """Rotate the key of the settings' state folder, and say so.

    Raises:
        GatewayError: as `rotate`.
    """
    settings = load(toml)
    configure("warning")
    async with prepared(settings, Clock()) as context:
        count = await rotate(context)
    typer.echo(f"sealed {count} secrets with the new key; the former one is removed")
    typer.echo(f"copy {KEY_FILE} to the other machines of this gateway and to its backup now")
    return 0


async def rotate(context: Context, settle_s: float = SETTLE_S) -> int:
    """Rotate the key; give how many secrets were sealed anew.

    Raises:
        SettingsError: a key cannot be read, or something is sealed with neither of the two.
        StoreError: the rest is still sealed with the former key, which stays.
        OSError: the state folder cannot be written.
    """
    settings = context.settings
    begin_rotation(settings.state_dir)
    count = await seal_anew(context)
    await asyncio.sleep(settle_s)
    count += await seal_anew(context)
    act = Act(settings.organisation, context.clock.now(), ACTOR, ACT, content=str(count).encode())
    async with context.sessions.transaction() as connection:
        await add(connection, context.desk.audit_key, act)
    (settings.state_dir / FORMER_FILE).unlink()
    return count


async def seal_anew(context: Context) -> int:
    """Seal with the newest key whatever is not; give how many.

    Raises:
        SettingsError: something is sealed with a key that is not here.
        StoreError: as the database says; what was sealed so far stands.
    """
    count, after = 0, FIRST
    while True:
        keys = seal_keys(context.settings.state_dir)
        async with context.sessions.transaction() as connection:
            found = await rows(connection, "sealed_secrets", after=after, limit=PAGE)
            old = [one for one in found if not is_sealed_with(keys[0], bytes(one.key_safe))]
            if old:
                opened = [unseal(keys, one.person_id, bytes(one.key_safe)) for one in old]
                await run(
                    connection,
                    "seal_secrets",
                    ids=[one.person_id for one in old],
                    secrets=[
                        seal(keys[0], one.person_id, text)
                        for one, text in zip(old, opened, strict=True)
                    ],
                )
        count += len(old)
        if len(found) < PAGE:
            return count
        after = found[-1].person_id
