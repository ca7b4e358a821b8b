"""The pages of the desk as they are served: what they show, and to whom."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from alerts.words import AlarmState
from gateway.api.viewings import MAX_VIEWINGS, Viewings
from gateway.console.desk.items import utc
from gateway.tokens import Role
from tests.gateway.access_house import Browser, account
from tests.gateway.api_house import ELSEWHERE, V1, House, audited
from tests.store.messages import arrival

PAGES = (
    "/console",
    "/console/incoming",
    "/console/referrals/new",
    "/console/search",
    "/console/technical",
    "/console/power",
    "/console/handover",
    "/console/supervisor",
    "/console/scripts",
)


async def page(house: House, path: str, who: str = "operator", expected: int = 200) -> str:
    answer = await house.call(who, "GET", path, headers={"Accept": "text/html"})
    assert answer.status_code == expected, answer.text[:2_000]
    return answer.text


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_there_when_nothing_has_happened(house: House, path: str) -> None:
    text = await page(house, path, "supervisor")

    assert "<h1>" in text


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_there_when_much_has_happened(house: House, path: str) -> None:
    await house.press("17")
    await house.press("18")
    house.later(minutes=4)
    status = {"id": "m-1", "status": {"mains": False, "battery_pct": 4}}
    await house.send(arrival(status, device="18", channel="up", at=house.now))
    await house.tick()
    await house.post("operator", "/duty", {"on": True, "sound": True})
    await house.post("operator", "/handovers", {"note": "Quiet so far"}, 201)

    text = await page(house, path, "supervisor")

    assert "<h1>" in text


async def test_the_case_shows_whose_it_is_what_runs_what_to_ask_and_why(house: House) -> None:
    alarm = await house.pressed("17")
    text = await page(house, f"/console/alarms/{alarm['id']}")

    for words in (
        "Pendant pressed: Fictional WC",
        "Nobody has it",
        "LE1 1AA",
        "75 years old",
        "Is it hard to breathe or to speak?",
        "Confirm the referral to icrs",
        "The referral to icrs is provisional: confirm or withdraw it first.",
        "An alarm was opened: help",
    ):
        assert words in text, words
    assert (await audited(house, "person_read"))[0][1] == UUID(alarm["id"])


async def test_a_live_refresh_shows_what_changed_and_reads_no_card_again(house: House) -> None:
    alarm = await house.pressed("17")
    await page(house, f"/console/alarms/{alarm['id']}")
    await house.post("operator", f"/alarms/{alarm['id']}/events", {"do": "take"})
    text = await page(house, f"/console/alarms/{alarm['id']}?live=true")

    assert "You have it" in text
    assert 'data-region="why"' in text
    assert "card-born" not in text
    assert len(await audited(house, "person_read")) == 1


async def test_a_closed_case_can_still_be_read_and_offers_nothing_to_do(house: House) -> None:
    alarm = await house.pressed("18")
    await house.post("operator", f"/alarms/{alarm['id']}/events", {"do": "spoke"})
    await house.post("operator", f"/alarms/{alarm['id']}/events", {"do": "close", "reason": "test"})
    text = await page(house, f"/console/alarms/{alarm['id']}")

    assert "Closed: Test" in text
    assert 'id="take"' not in text
    assert 'id="close"' not in text


async def test_a_technical_and_an_unknown_caller_s_case_have_pages_too(house: House) -> None:
    status = {"id": "m-1", "status": {"mains": False}}
    await house.send(arrival(status, device="18", channel="up"))
    await house.tick()
    await house.send(
        arrival({"id": "x-1", "activation": "pendant"}, device="99", authenticated=False)
    )
    found = await house.sql(
        "select id, kind from alarm where state <> %(closed)s", closed=AlarmState.CLOSED
    )
    for one in found:
        text = await page(house, f"/console/alarms/{one.id}")
        assert "<h1>" in text
    assert len(found) >= 1


async def test_nobody_sees_a_case_of_another_organisation_or_of_no_organisation(
    house: House,
) -> None:
    alarm = await house.pressed("17")
    await house.sign_in("operator:far", ELSEWHERE)

    await page(house, f"/console/alarms/{alarm['id']}", "operator:far", 404)
    await page(house, f"/console/alarms/{uuid4()}", expected=404)


@pytest.mark.parametrize("path", PAGES)
async def test_a_service_s_responder_has_no_desk(house: House, path: str) -> None:
    await page(house, path, "responder/icrs", 403)


async def test_an_engineer_sees_the_technical_worklist_without_names(
    house: House,
) -> None:
    status = {"id": "m-1", "status": {"mains": False}}
    await house.send(arrival(status, device="18", channel="up"))
    await house.tick()
    text = await page(house, "/console/technical", "engineer")

    assert "Fictional OP" not in text
    assert "No mains power (unit 18)" in text
    assert "Fictional OP" in await page(house, "/console/technical")
    await page(house, "/console", "engineer", 403)
    await page(house, "/console/power", "engineer", 403)


async def test_units_on_their_battery_are_a_power_cut_until_their_mains_is_back(
    house: House,
) -> None:
    async def say(number: int, *, mains: bool) -> None:
        status = {"id": f"p-{number}", "status": {"mains": mains, "battery_pct": 80}}
        await house.hear(arrival(status, device="18", channel="up", at=house.now))

    await say(1, mains=False)
    text = await page(house, "/console/power")
    assert "Fictional OP" in text
    assert "1 unit" in text

    house.later(minutes=1)
    await say(2, mains=True)
    text = await page(house, "/console/power")
    assert "Fictional OP" not in text
    assert "Every unit that reports it has mains power." in text


HOSTILE = "<script>document.title='x'</script>\"><img src=x onerror=alert(1)>"


async def test_what_people_write_is_shown_as_words_and_never_as_markup(house: House) -> None:
    alarm = await house.pressed("17")
    path = f"/alarms/{alarm['id']}/events"
    await house.post("operator", path, {"do": "note", "text": HOSTILE})
    home = {
        "access": HOSTILE,
        "hazards": [HOSTILE],
        "allergies": [HOSTILE],
        "communication": HOSTILE,
    }
    person = (await house.get("operator", f"/alarms/{alarm['id']}"))["person"]
    answer = await house.call("operator", "POST", f"/api/v1/persons/{person}/home", home)
    assert answer.status_code == 200, answer.text
    answer = await house.call(
        "operator:second", "PUT", f"/api/v1/drafts/{alarm['id']}/note", {"text": HOSTILE}
    )
    assert answer.status_code == 200, answer.text
    await house.sql(
        "update person set name = %(said)s, address = %(said)s, conditions = array[%(said)s],"
        " language = %(said)s, contacts = jsonb_build_array(jsonb_build_object("
        "'name', %(said)s::text, 'phone', %(said)s::text))",
        said=HOSTILE,
    )
    text = await page(house, f"/console/alarms/{alarm['id']}")
    live = await page(house, f"/console/alarms/{alarm['id']}?live=true")

    assert "<script>document" not in text + live
    assert "<img src=x" not in text + live
    assert text.count("&lt;script&gt;") >= 8


async def test_a_case_that_refreshes_itself_is_read_once_for_ten_minutes(house: House) -> None:
    await account(house, "anna", Role.OPERATOR)
    anna = Browser(house)
    await anna.sign_in("anna")
    alarm = await house.pressed("17")
    case = f"/console/alarms/{alarm['id']}"

    async def read(path: str, browser: Browser, expected: int) -> None:
        answer = await browser.ask("GET", path, headers={"Accept": "text/html"})
        assert answer.status_code == 200
        assert len(await audited(house, "GET /console/alarms/{alarm_id}")) == expected

    await read(f"{case}?live=true", anna, 1)  # nobody has opened it before: this is a reading
    await read(case, anna, 2)
    await read(f"{case}?live=true", anna, 2)
    house.later(minutes=9)
    await read(f"{case}?live=true", anna, 2)
    other = Browser(house)
    await other.sign_in("anna")
    await read(f"{case}?live=true", other, 3)
    house.later(minutes=1)
    await read(f"{case}?live=true", anna, 4)
    await read(case, anna, 5)


def test_of_many_viewings_the_oldest_is_forgotten() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    viewings = Viewings()
    for number in range(MAX_VIEWINGS + 1):
        viewings.written((b"anna", str(number)), now)

    assert not viewings.goes_on((b"anna", "0"), b"live=true", now)
    assert viewings.goes_on((b"anna", "1"), b"live=true", now)
    assert not viewings.goes_on((b"anna", "1"), b"", now)


async def test_running_times_have_their_words_before_any_script_runs(house: House) -> None:
    alarm = await house.pressed("18")
    house.later(seconds=65)
    case = await page(house, f"/console/alarms/{alarm['id']}")
    supervisor = await page(house, "/console/supervisor", "supervisor")

    assert "data-since>1 min 5 s</time>" in case
    assert "data-countdown>in " in case
    assert "data-since>1 min 5 s</time> ago" in supervisor


async def test_a_follow_up_stays_on_the_lists_after_closing_until_it_is_done(house: House) -> None:
    alarm = (await house.pressed("18"))["id"]
    due_at = utc(house.now + timedelta(hours=1))
    promise = {"do": "follow_up", "text": "Ask about the hip", "due_at": due_at}
    for body in ({"do": "spoke"}, promise, {"do": "close", "reason": "reassured"}):
        await house.post("operator", f"/alarms/{alarm}/events", body)
    house.later(minutes=50)

    queue = await page(house, "/console")
    assert "1 follow-up</span></a> to do" in queue
    assert "data-countdown>in 10 min</time>" in queue
    assert "Ask about the hip" in await page(house, f"/console/alarms/{alarm}")
    handover = await page(house, "/console/handover")
    (task,) = (await house.get("operator", "/tasks"))["tasks"]
    assert f"/api/v1/tasks/{task['id']}/done" in handover

    await house.post("operator", f"/tasks/{task['id']}/done", {"text": "All well"})
    assert "Ask about the hip" not in await page(house, "/console/handover")
    assert "0 follow-ups" in await page(house, "/console")
    refused = await house.call(
        "operator", "POST", f"{V1}/alarms/{alarm}/events", {"do": "follow_up", "text": "x"}
    )
    assert refused.status_code == 422


async def test_the_999_task_is_one_text_to_read_out_and_a_refresh_reads_no_card(
    house: House,
) -> None:
    alarm = (await house.pressed("17"))["id"]
    event = {"do": "decide", "disposition": "999_task"}
    await house.post("operator", f"/alarms/{alarm}/events", event)
    whole = await page(house, f"/console/alarms/{alarm}")
    live = await page(house, f"/console/alarms/{alarm}?live=true")

    assert whole.index("Address:") < whole.index("What happened:") < whole.index("Who:")
    assert "Fictional WC, 75 years old." in whole
    assert "What happened:" in live
    assert "Fictional WC, 75 years old" not in live
    assert 'data-from="say-who"></div>' in live

    call = {"do": "call", "to": "999", "incident": "42"}
    await house.post("operator", f"/alarms/{alarm}/events", call)
    called = await page(house, f"/console/alarms/{alarm}?live=true")
    assert "Call control again" in called
    assert "<strong>Incident number:</strong> 42" in called
