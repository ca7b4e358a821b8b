"""What people say about a referral comes back from the desk; tasks without a cause end too."""

from tests.gateway.api_house import GP_CALL, ICRS, V1, House


async def test_the_notes_of_a_referral_stand_beside_the_referrers_words(house: House) -> None:
    referral = await house.received()
    path = f"/referrals/{referral['id']}"
    house.later(minutes=30)
    visit = {"occurred_at": "2026-11-02T07:10:00Z", "text": "red leg"}
    await house.post(ICRS, f"{path}/face_to_face", visit)
    house.later(hours=2)
    visit = {"occurred_at": "2026-11-02T09:00:00Z"}
    await house.post(ICRS, f"{path}/face_to_face", visit)
    video = {"mechanism": "video", "text": "better"}
    await house.post(ICRS, f"{path}/contact", video)
    ended = {"outcome": "remains_at_home", "text": "daughter stays"}
    await house.post(ICRS, f"{path}/outcome", ended)

    detail = await house.get(ICRS, path)

    assert (detail["referral"]["need"], detail["referral"]["text"]) == ("fall", GP_CALL["text"])
    assert detail["referral"]["outcome"] == "remains_at_home"
    names = ("at", "occurred_at", "what", "text", "mechanism")
    assert [tuple(note[name] for name in names) for note in detail["notes"]] == [
        ("2026-11-02T07:26:00Z", "2026-11-02T07:10:00Z", "face_to_face", "red leg", None),
        ("2026-11-02T09:26:00Z", "2026-11-02T09:00:00Z", "face_to_face", "", None),
        ("2026-11-02T09:26:00Z", "2026-11-02T09:26:00Z", "contact", "better", "video"),
        ("2026-11-02T09:26:00Z", "2026-11-02T09:26:00Z", "outcome", "daughter stays", None),
    ]
    visits = [step["occurred_at"] for step in detail["timeline"] if step["occurred_at"]]
    assert visits == ["2026-11-02T07:10:00Z", "2026-11-02T09:00:00Z"]


async def test_a_withdrawal_says_why_and_leaves_the_referrers_words(house: House) -> None:
    referral = await house.received()
    path = f"/referrals/{referral['id']}"

    await house.post("operator", f"{path}/withdraw", {"reason": "neighbour is there"})

    detail = await house.get("operator", path)
    assert detail["referral"]["text"] == GP_CALL["text"]
    assert [(note["by"], note["text"]) for note in detail["notes"]] == [
        ("operator-1", "neighbour is there")
    ]
    assert any("was withdrawn: neighbour is there." in one["says"] for one in detail["timeline"])


async def test_the_task_of_a_known_faulty_device_is_done_by_an_engineer_once(house: House) -> None:
    await house.sql("update device set faulty_since = %(at)s where sender = '17'", at=house.now)
    await house.press("17")
    task = (await house.get("engineer", "/tasks"))["tasks"][0]

    done = await house.post("engineer", f"/tasks/{task['id']}/done", {"text": "replaced"})
    again = await house.call("engineer", "POST", f"{V1}/tasks/{task['id']}/done", {})

    assert (task["kind"], task["alarm"], task["referral"]) == ("device_fault", None, None)
    assert task["due_at"] == "2026-11-03T06:56:00Z"
    assert (done["task"]["state"], done["notes"]) == ("done", [])
    assert again.status_code == 409
    assert (await house.get("engineer", "/tasks"))["tasks"] == []


async def test_an_alarm_of_a_unit_without_speech_says_so_and_asks_for_the_telephone(
    house: House,
) -> None:
    await house.sql("update device set speech = false where sender = '18'")
    mute = await house.pressed("18")
    tasks = (await house.get("operator", "/tasks"))["tasks"]

    assert mute["speech"] is False
    assert [one["kind"] for one in tasks if one["alarm"] == mute["id"]] == ["call_patient"]


async def test_what_an_operator_says_with_an_act_is_read_in_the_explanation(house: House) -> None:
    alarm = await house.pressed("18")
    path = f"/alarms/{alarm['id']}"
    words = "the neighbour has a key"
    acts = [
        {"do": "spoke"},
        {"do": "decide", "disposition": "contact"},
        {"do": "release"},
        {"do": "close", "close_reason": "reassured"},
    ]
    for act in acts:
        await house.post("operator", f"{path}/events", {**act, "text": words})

    told = (await house.get("operator", path))["explanation"]
    said = [one["what"] for one in told if f": {words}. Why" in one["says"]]
    assert said == ["nothing", "disposed", "alarm_untaken", "alarm_closed"]
