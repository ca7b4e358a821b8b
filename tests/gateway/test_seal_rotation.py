"""The key of sealed secrets is changed while the gateway runs, and nothing sealed is lost."""

from pathlib import Path
from typing import Any

import pytest

from gateway.errors import SettingsError
from gateway.seal_rotation import ACT, rotate, seal_anew
from gateway.sealing import (
    FORMER_FILE,
    KEY_FILE,
    begin_rotation,
    is_sealed_with,
    seal,
    seal_keys,
)
from tests.gateway.api_house import OP, V1, WC, House

CODES = {WC: "4711", OP: "0815"}


@pytest.fixture
async def homes(house: House) -> House:
    for person, code in CODES.items():
        await house.call("operator", "POST", f"{V1}/persons/{person}/home", {"key_safe": code})
    return house


def folder(house: House) -> Path:
    return house.context.settings.state_dir


async def code_of(house: House, status: int = 200) -> Any:
    alarms = (await house.call("operator", "GET", f"{V1}/alarms")).json()["alarms"]
    alarm = alarms[0]["alarm"]["id"] if alarms else (await house.pressed("18"))["id"]
    return await house.post("operator", f"/persons/{OP}/key_safe", {"alarm": alarm}, status)


async def sealed(house: House) -> list[bytes]:
    found = await house.sql("select key_safe from person_desk where key_safe is not null")
    return [bytes(one.key_safe) for one in found]


async def test_everything_is_sealed_with_the_new_key_and_the_former_one_is_gone(
    homes: House,
) -> None:
    (before,) = seal_keys(folder(homes))
    assert await rotate(homes.context, 0) == len(CODES)

    (after,) = seal_keys(folder(homes))
    assert after != before
    assert not any(is_sealed_with(before, one) for one in await sealed(homes))
    assert (await code_of(homes))["code"] == CODES[OP]
    assert (folder(homes) / KEY_FILE).stat().st_mode & 0o077 == 0
    (row,) = await homes.sql("select actor from audit where act = %(act)s", act=ACT)
    assert row.actor == "command line"
    assert await rotate(homes.context, 0) == len(CODES), "and again"


async def test_codes_are_read_and_written_while_it_is_under_way(homes: House) -> None:
    assert begin_rotation(folder(homes))
    assert (await code_of(homes))["code"] == CODES[OP], "still sealed with the former key"
    assert await seal_anew(homes.context) == len(CODES)
    _, former = seal_keys(folder(homes))
    late = seal(former, OP, "1234")  # by a request that had read the key before
    await homes.sql("update person_desk set key_safe = %(late)s where person_id = %(id)s",
                    late=late, id=OP)  # fmt: skip

    assert (await code_of(homes))["code"] == "1234"
    assert await seal_anew(homes.context) == 1
    assert (await code_of(homes))["code"] == "1234"


async def test_a_rotation_that_was_broken_off_goes_on(homes: House) -> None:
    assert begin_rotation(folder(homes))
    keys = seal_keys(folder(homes))
    assert not begin_rotation(folder(homes)), "no third key"
    assert seal_keys(folder(homes)) == keys

    assert await rotate(homes.context, 0) == len(CODES)
    assert seal_keys(folder(homes)) == keys[:1]
    assert (await code_of(homes))["code"] == CODES[OP]


async def test_broken_off_before_the_new_key_was_in_place_it_begins_again(homes: House) -> None:
    (key,) = seal_keys(folder(homes))
    (folder(homes) / FORMER_FILE).hardlink_to(folder(homes) / KEY_FILE)
    assert begin_rotation(folder(homes))

    assert seal_keys(folder(homes))[1] == key
    assert key not in seal_keys(folder(homes))[:1]


async def test_what_no_key_opens_stays_and_is_said(homes: House) -> None:
    (folder(homes) / KEY_FILE).unlink()
    before = await sealed(homes)
    with pytest.raises(SettingsError, match="bring back"):
        await rotate(homes.context, 0)

    assert await sealed(homes) == before
    assert (folder(homes) / FORMER_FILE).exists()
    assert "another one" in (await code_of(homes, 503))["detail"]
