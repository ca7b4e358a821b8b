"""A ward's clinician and the receiving centre's alarm of the same patient."""

import pytest

from tests.gateway.api_house import V1, House
from tests.gateway.ward_house import measured, tick


@pytest.mark.parametrize("speaks", [True, False])
async def test_a_clinician_who_speaks_to_a_newly_confused_person_ends_the_wait_for_a_voice(
    ward: House, *, speaks: bool
) -> None:
    """DECIDING 4: operator or clinician speaks within 5 min, else 999."""
    await measured(ward, consciousness="C")
    await tick(ward)
    (alarm,) = await ward.sql("select id from alarm where kind = 'health'")
    ward.later(minutes=2)
    if speaks:
        said = {"do": "spoke", "text": "She knows the day and her name"}
        await ward.post("clinician", f"/alarms/{alarm.id}/events", said)

    ward.later(minutes=4)
    await tick(ward)

    called = await ward.sql("select id from task where kind = '999'")
    assert len(called) == (0 if speaks else 1)


async def test_a_clinician_does_nothing_else_on_the_desk_of_the_receiving_centre(
    ward: House,
) -> None:
    await ward.press()
    await measured(ward, consciousness="C")
    await tick(ward)
    kinds = {one.kind: one.id for one in await ward.sql("select id, kind from alarm")}
    spoke, take = {"do": "spoke"}, {"do": "take"}

    refused = await ward.call("clinician", "POST", f"{V1}/alarms/{kinds['health']}/events", take)
    hidden = await ward.call("clinician", "POST", f"{V1}/alarms/{kinds['help']}/events", spoke)

    assert (refused.status_code, hidden.status_code) == (403, 404)
