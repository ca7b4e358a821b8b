"""Repeats, updates and withdrawals at the practice receiver: what counts as a second referral."""

from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from gateway.practice_receiver.headers import FHIR_JSON
from tests.gateway.practice_house import (
    MESSAGE,
    NHS,
    fhir,
    headers,
    issue,
    part,
    practising,
    referral,
    withdrawal,
)

DUPLICATE = (409, "REC_CONFLICT", "duplicate")
UNKNOWN = (422, "REC_UNPROCESSABLE_ENTITY", "not-found")
INCONSISTENT = (400, "REC_BAD_REQUEST", "invariant")


async def test_a_repeat_is_a_duplicate_and_no_second_referral() -> None:
    message = referral()
    async with practising() as (receiver, sender):
        ids = sender.ids()
        answers = [await sender.send(message, ids) for _ in range(3)]

        assert answers[0].status_code == 200
        assert [issue(one) for one in answers[1:]] == [DUPLICATE, DUPLICATE]
        assert receiver.effective == 1


async def test_the_same_message_under_a_new_request_id_is_a_duplicate_too() -> None:
    message = referral()
    async with practising() as (receiver, sender):
        await sender.send(message)

        assert issue(await sender.send(message)) == DUPLICATE
        assert receiver.effective == 1


async def test_another_body_under_a_used_request_id_is_no_duplicate_but_a_mistake() -> None:
    async with practising() as (receiver, sender):
        ids = sender.ids()
        await sender.send(referral(), ids)

        assert issue(await sender.send(referral(), ids)) == INCONSISTENT
        assert receiver.effective == 1


async def test_a_repeat_whose_body_changed_is_told_even_when_the_first_was_not_kept() -> None:
    async with practising() as (receiver, sender):
        receiver.play(["503"])
        ids = sender.ids()
        await sender.send(referral(), ids)

        assert issue(await sender.send(referral(), ids)) == INCONSISTENT


async def test_another_body_under_a_used_bundle_id_is_a_mistake() -> None:
    message = referral()
    async with practising() as (_receiver, sender):
        await sender.send(message)
        part(message, "Patient")["gender"] = "female"

        assert issue(await sender.send(message)) == INCONSISTENT


async def test_a_repeat_keeps_its_correlation_id() -> None:
    message = referral()
    async with practising() as (_receiver, sender):
        ids = sender.ids()
        await sender.send(message, ids)
        ids["X-Correlation-Id"] = str(uuid4())

        assert issue(await sender.send(message, ids)) == INCONSISTENT


async def test_one_case_referred_twice_is_two_effective_referrals() -> None:
    async with practising() as (receiver, sender):
        await sender.send(referral())
        await sender.send(referral())
        listed = (await sender.client.get("/practice/referrals")).json()

        assert receiver.effective == 2
        assert listed["effective"] == 2
        assert len({one["reference"] for one in listed["referrals"]}) == 2


async def test_a_withdrawal_ends_the_referral_it_belongs_to() -> None:
    async with practising() as (receiver, sender):
        await sender.send(referral())
        answer = await sender.send(withdrawal())
        fhir(answer.json())

        assert answer.status_code == 200
        assert part(answer.json(), "Encounter")["status"] == "cancelled"
        assert receiver.effective == 0
        assert [case.status for case in receiver.referrals] == ["revoked"]
        assert [one.reason for one in receiver.messages] == ["new", "update"]


async def test_a_withdrawal_that_overtakes_its_referral_is_refused_and_listed() -> None:
    async with practising() as (receiver, sender):
        refused = await sender.send(withdrawal())
        await sender.send(referral())

        assert issue(refused) == UNKNOWN
        assert receiver.effective == 1
        assert [(one.status, one.kept) for one in receiver.messages] == [
            ("revoked", False),
            ("active", True),
        ]


async def test_a_withdrawal_of_another_case_changes_nothing() -> None:
    async with practising() as (receiver, sender):
        await sender.send(referral())
        stranger = await sender.send(withdrawal(), headers())

        assert issue(stranger) == UNKNOWN
        assert receiver.effective == 1


async def test_an_update_keeps_the_referral_and_its_reference() -> None:
    async with practising() as (receiver, sender):
        first = (await sender.send(referral())).json()
        second = (await sender.send(referral(reason="update"))).json()
        fhir(second)

        assert receiver.effective == 1
        assert receiver.referrals[0].messages == 2
        assert part(second, "ServiceRequest")["id"] == part(first, "ServiceRequest")["id"]


async def test_a_referral_is_read_by_its_id_and_by_the_persons_number() -> None:
    async with practising() as (receiver, sender):
        await sender.send(referral())
        referral_id = receiver.referrals[0].opened.referral_id
        one = await sender.client.get(f"/FHIR/R4/ServiceRequest/{referral_id}", headers=headers())
        number = f"{NHS}/Id/nhs-number|9990548609"
        found = await sender.client.get(
            "/FHIR/R4/ServiceRequest", params={"patient:identifier": number}, headers=headers()
        )
        none = await sender.client.get(
            "/FHIR/R4/ServiceRequest", params={"patient:identifier": "a|b"}, headers=headers()
        )
        missing = await sender.client.get("/FHIR/R4/ServiceRequest/17", headers=headers())
        bare = await sender.client.get("/FHIR/R4/ServiceRequest", headers=headers())

    fhir(one.json())
    fhir(found.json())
    assert one.json()["status"] == "active"
    assert one.json()["subject"]["reference"].startswith("Patient/")
    assert [entry["resource"] for entry in found.json()["entry"]] == [one.json()]
    assert none.json()["total"] == 0
    assert issue(missing) == (404, "REC_NOT_FOUND", "not-found")
    assert issue(bare)[0] == 400


async def test_the_service_says_what_it_takes() -> None:
    async with practising() as (receiver, sender):
        metadata = await sender.client.get("/FHIR/R4/metadata", headers=headers())
        definitions = await sender.client.get(
            "/FHIR/R4/MessageDefinition", params={"context": "2000000001"}, headers=headers()
        )
        bare = await sender.client.get("/FHIR/R4/metadata", headers={"Accept": FHIR_JSON})

        assert metadata.json()["implementation"]["url"] == f"{receiver.address}/FHIR/R4"
    fhir(metadata.json())
    fhir(definitions.json())
    assert definitions.json()["total"] == 3
    assert issue(bare) == (400, "SEND_BAD_REQUEST", "required")


async def test_a_message_without_its_headers_is_refused_before_any_mood() -> None:
    async with practising() as (receiver, sender):
        receiver.play(["503", "planned"])
        ids = sender.ids()
        del ids["X-Request-Id"]

        assert issue(await sender.send(referral(), ids)) == (400, "SEND_BAD_REQUEST", "required")
        assert (await sender.send(referral())).status_code == 503
        assert [one.mood for one in receiver.messages] == ["", "503"]


async def test_a_body_that_is_too_large_is_refused() -> None:
    async with practising() as (_receiver, sender):
        large = await sender.client.post(MESSAGE, content=b" " * (1 << 21), headers=sender.ids())

    assert issue(large) == (422, "REC_UNPROCESSABLE_ENTITY", "too-costly")


async def test_a_receiver_that_is_full_says_so_and_forgets_nothing() -> None:
    message = referral()
    async with practising(most=1) as (receiver, sender):
        ids = sender.ids()
        await sender.send(message, ids)

        assert issue(await sender.send(referral()))[0] == 503
        assert issue(await sender.send(message, ids)) == DUPLICATE
        assert receiver.effective == 1


async def test_the_log_has_a_line_for_each_message_and_no_person_in_it(tmp_path: Path) -> None:
    log = tmp_path / "received.jsonl"
    async with practising(log=log) as (receiver, sender):
        await sender.send(referral())
        await sender.send(withdrawal())
        listed = (await sender.client.get("/practice/messages")).json()
        heard = receiver.messages
    lines = [msgspec.json.decode(line) for line in log.read_bytes().splitlines()]

    assert [line["status"] for line in lines] == ["active", "revoked"]
    assert lines == listed["messages"]
    assert len(heard) == listed["count"] == 2
    assert "Fictional" not in log.read_text()
    assert "9990548609" not in log.read_text()


async def test_the_page_lists_what_came_and_lets_nothing_run() -> None:
    message = referral()
    part(message, "Encounter")["identifier"][0]["value"] = "<script>x</script>"
    async with practising() as (receiver, sender):
        await sender.send(message)
        page = await sender.client.get("/")
        style = await sender.client.get("/practice/page.css")

        assert receiver.referrals[0].opened.reference in page.text
    assert "<script" not in page.text
    assert '<html lang="en-GB">' in page.text
    assert page.text.count('scope="col"') == page.text.count("<th ")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert style.headers["content-type"].startswith("text/css")


async def test_an_update_that_names_the_receivers_id_is_found_by_it() -> None:
    async with practising() as (receiver, sender):
        first = (await sender.send(referral())).json()
        second = await sender.send(referral())
        message = withdrawal()
        part(message, "ServiceRequest")["id"] = part(first, "ServiceRequest")["id"]
        await sender.send(message)

        assert second.status_code == 200
        assert [case.status for case in receiver.referrals] == ["revoked", "active"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only elsewhere: needs /dev/full")
async def test_a_log_that_cannot_be_written_stops_no_practice() -> None:
    async with practising(log=Path("/dev/full")) as (receiver, sender):
        answers = [await sender.send(referral()) for _ in range(2)]
        page = await sender.client.get("/")

        assert [one.status_code for one in answers] == [200, 200]
        assert "the log is no longer written" in page.text
        assert len(receiver.messages) == 2


async def test_the_page_shows_the_last_lines_of_many_and_what_a_script_has_left() -> None:
    async with practising() as (receiver, sender):
        receiver.play(["503"] * 300)
        for _ in range(201):
            await sender.send(referral())
        page = (await sender.client.get("/")).text

    assert "Messages: 201; the last 200 are shown" in page
    assert "99 steps of a script left" in page
    assert "<td>201</td>" in page
    assert "<td>1</td>" not in page
