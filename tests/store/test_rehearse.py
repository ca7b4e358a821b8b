"""`lifeline rehearse` over a real database: what was stored is played, judged and attached."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerts.vital_words import ClinicianAct
from alerts.vitals.inputs import ClinicianEvent
from alerts.vitals.rehearsal_sum import Document
from gateway import enrol, vitals_acts
from gateway.clock import StoryClock
from gateway.errors import SettingsError
from gateway.placing import Desk
from gateway.rehearse_command import Order, recorded
from gateway.runtime import prepared
from gateway.settings import Settings
from gateway.store.connect import Session, Sessions
from gateway.vitals_acts import Who
from tests.alerts.vitals.histories import ROW
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import column, roll, up
from tests.store.test_enrol_vitals import LIMITS
from tests.store.vitals_house import COPD, GOOD, OP, WARD, WC, Watch, admit, watching

DAY = MORNING.date()
LATER = MORNING + timedelta(days=10)
FAST: dict[str, Any] = {"heart_rate_bpm": 115}


@dataclass
class House:
    """A gateway that watched WC and OP for some days, and whoever rehearses afterwards."""

    database: str
    folder: Path
    watch: Watch
    sessions: Sessions

    async def does(self, person: Any, act: ClinicianAct, **fields: Any) -> None:
        """Let a clinician do something now."""
        event = ClinicianEvent(self.watch.now, "nurse", act, **fields)
        who = Who(ORGANISATION, person, "clinician:nurse", b"said")
        await vitals_acts.act(self.sessions, who, event, self.watch.desk, self.watch.now)

    async def rehearse(self, proposed: str | None = None, **asked: Any) -> Document:
        """Rehearse, ten days after the first morning."""
        if proposed is not None:
            asked["proposed"] = self.folder / "proposed.toml"
            row = ROW.format(version="2", limits=proposed)
            asked["proposed"].write_text(row)
        (self.folder / "dsn").write_text(self.database)
        settings = Settings(
            state_dir=self.folder / "state", database_dsn_file=self.folder / "dsn",
            organisation=ORGANISATION, storage="auto",
        )  # fmt: skip
        order = Order(**{"since": DAY, "days": 9, "jobs": 1, **asked})
        async with prepared(settings, StoryClock(LATER)) as context:
            return await recorded(order, context)


@pytest.fixture
async def house(
    database: str, session: Session, sessions: Sessions, desk: Desk, tmp_path: Path
) -> House:
    plans = ({**COPD, "pathway": None}, {"person": "op", "ward": "east"})
    await admit(sessions, desk.rules, *plans)
    return House(database, tmp_path, Watch(session, watching(desk)), sessions)


async def crisis(house: House) -> None:
    """WC's heart is fast on two readings, and a nurse sends for the team."""
    await house.watch.say(**GOOD)
    house.watch.later(hours=3)
    await house.watch.say(**FAST)
    house.watch.later(minutes=20)
    await house.watch.say(**FAST)
    house.watch.later(minutes=10)
    await house.does(WC, ClinicianAct.CONFIRM)
    house.watch.later(hours=2)
    await house.does(WC, ClinicianAct.CLOSE, reason="the team came")


async def false_one(house: House) -> None:
    """OP's heart is fast a day later, and it is closed without more."""
    house.watch.later(days=1)
    await house.watch.say("18", **FAST)
    house.watch.later(minutes=20)
    await house.watch.say("18", **FAST)
    house.watch.later(minutes=10)
    await house.does(OP, ClinicianAct.CLOSE, reason="had climbed the stairs")


async def test_looser_rules_miss_the_real_one_and_the_false_one_and_say_which_is_which(
    house: House,
) -> None:
    await crisis(house)
    await false_one(house)
    found = await house.rehearse("alert_high = 140, warning_high = 130")
    every = found.figures["all"]

    assert await column(house.watch.session, "select count(*) from vitals_alert") == [2]
    assert every["in_force"]["alerts"] == 2, "the replay of the rules in force gives what was"
    assert (every["recorded_alerts"], every["of_them_replayed"]) == (2, 2)
    assert (every["missed"], every["raised"], every["changed"]) == (2, 0, 0)
    assert every["real"] == {**every["real"], "known": 1, "missed": 1}
    assert (every["in_force"]["acts_left_out"], every["proposed"]["acts_left_out"]) == (0, 3)
    assert (every["people"], every["patient_days"]) == (2, 2 * 9 - 2 * 0.29)
    real, false = found.cases
    assert (real.person, real.real, real.kind) == (str(WC), True, "missed")
    assert "the real one of 02 Nov 2026 10:16 UTC" in real.text
    assert "confirmed as a crisis, recorded 02 Nov 09:56" in real.text
    assert real.readings[0] == "heart_rate_bpm 115.0 at 02 Nov 10:16"
    assert "oxygen False at 02 Nov 06:56" in real.readings
    assert (false.person, false.real) == (str(OP), False)
    assert real.limits["proposed"]["heart_rate_bpm"]["warning_high"] == 130


async def test_the_document_is_the_same_however_many_processes_make_it(house: House) -> None:
    await crisis(house)
    await false_one(house)
    alone = await house.rehearse("alert_high = 140, warning_high = 130")
    together = await house.rehearse("alert_high = 140, warning_high = 130", jobs=2)

    assert msgspec.json.encode(alone) == msgspec.json.encode(together)
    assert alone.is_whole
    assert alone.history == {
        "source": "database", "since": "2026-11-02", "until": "2026-11-11", "days": 9,
    }  # fmt: skip
    assert [one["id"] for one in alone.proposed["changed"]] == ["limit.default.heart_rate_bpm"]


async def test_answers_of_devices_are_played_from_the_kept_messages(
    house: House, sessions: Sessions, desk: Desk
) -> None:
    await admit(sessions, desk.rules, COPD)
    watch = house.watch
    watch.later(hours=1)
    asked = desk.rules.vitals.questionnaires["copd_diary"].questions
    worst = {
        one.name: max(one.scores, key=one.scores.__getitem__) if one.scores else one.highest
        for one in asked
    }
    await watch.hear(up({"id": "8-1", "answers": worst}, at=watch.now))
    await watch.tick()
    found = await house.rehearse("alert_high = 140, warning_high = 130")

    assert found.figures["copd"]["in_force"]["red"] == 1
    assert found.figures["copd"]["raised"] == found.figures["copd"]["missed"] == 0


async def test_one_persons_limits_are_rehearsed_and_attached_to_them(
    house: House, sessions: Sessions, desk: Desk
) -> None:
    await crisis(house)
    await false_one(house)
    path = house.folder / "limits.json"
    own = {**LIMITS, "limits": {"heart_rate_bpm": {"alert_high": 140, "warning_high": 130}}}
    path.write_text(json.dumps(own))
    found = await house.rehearse(person="wc", limits=path)

    assert found.figures["all"]["people"] == 1, "nobody else's limits change"
    assert found.figures["all"]["missed"] == 1
    assert (found.proposed["person"], found.proposed["version"]) == (str(WC), "1")
    attached = {**own, "rehearsal": msgspec.to_builtins(found)}
    plan = {"person": "wc", "ward": "east", "limits": [attached]}
    given = roll(wards=[WARD], monitoring=[plan])
    done = await enrol.enrol(sessions, given, LATER, desk.rules)
    assert done.unrehearsed == 0
    kept = "select rehearsal::text from monitoring_limit"
    (text,) = await column(house.watch.session, kept)
    stored = msgspec.json.decode(text, type=Document)
    assert (stored, stored.is_whole) == (found, True)
    bare = roll(wards=[WARD], monitoring=[{**plan, "limits": [own]}])
    again = await enrol.enrol(sessions, bare, LATER, desk.rules)
    assert again.unrehearsed == 0, "a rehearsal that stands is not lost"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"limits": {"heart_rate_bpm": {"alert_high": 150}}}, "of other limits or another person"),
        ({"rehearsal": {"missed": 0}}, "is no rehearsal"),
        ({"rehearsal": "forged"}, "was changed after it was made"),
    ],
)
async def test_limits_with_a_rehearsal_of_something_else_are_refused(
    house: House, sessions: Sessions, desk: Desk, change: dict[str, Any], said: str
) -> None:
    path = house.folder / "limits.json"
    path.write_text(json.dumps(LIMITS))
    made = msgspec.to_builtins(await house.rehearse(person=str(WC), limits=path))
    if change.get("rehearsal") == "forged":
        change = {"rehearsal": {**made, "history": {"days": 900}}}
    attached = {**LIMITS, "rehearsal": made, **change}
    given = roll(wards=[WARD], monitoring=[{"person": "wc", "ward": "east", "limits": [attached]}])

    with pytest.raises(SettingsError, match=said):
        await enrol.enrol(sessions, given, LATER, desk.rules)
    assert await column(house.watch.session, "select version from monitoring_limit") == []


@pytest.mark.usefixtures("house")
async def test_limits_without_a_rehearsal_are_counted(sessions: Sessions, desk: Desk) -> None:
    plan = {"person": "wc", "ward": "east", "limits": [LIMITS]}
    given = roll(wards=[WARD], monitoring=[plan])

    assert (await enrol.enrol(sessions, given, LATER, desk.rules)).unrehearsed == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"person": "nobody", "limits": "limits.json"}, "person nobody is not watched"),
        ({"person": "wc", "limits": "none.json"}, "cannot read .*none.json: No such file"),
        ({"person": "wc", "limits": "wrong.json"}, "wrong.json: limits: Field required"),
        ({"person": "wc", "limits": "order.json"}, "alert_high 50 is not above"),
        ({"person": "wc", "limits": "broken.toml"}, "broken.toml is neither JSON nor TOML"),
        ({"until": DAY, "days": None}, "are 0 days, expected 1 to 400"),
        ({"until": DAY}, "name two at most"),
    ],
)
async def test_what_cannot_be_rehearsed_is_said(
    house: House, asked: dict[str, Any], said: str
) -> None:
    for name, content in {
        "limits.json": json.dumps(LIMITS),
        "wrong.json": json.dumps({key: LIMITS[key] for key in LIMITS if key != "limits"}),
        "order.json": json.dumps({**LIMITS, "limits": {"heart_rate_bpm": {"alert_high": 50}}}),
        "broken.toml": "version =",
    }.items():
        (house.folder / name).write_text(content)
    rules = None if "limits" in asked else "alert_high = 140"
    if "limits" in asked:
        asked = {**asked, "limits": house.folder / asked["limits"]}

    with pytest.raises(SettingsError, match=said):
        await house.rehearse(rules, **asked)


async def test_nobody_watched_is_said_and_what_to_do(
    database: str, sessions: Sessions, session: Session, desk: Desk, tmp_path: Path
) -> None:
    await enrol.enrol(sessions, roll(), MORNING)
    empty = House(database, tmp_path, Watch(session, desk), sessions)

    with pytest.raises(SettingsError, match=r"nobody is watched .* --ward 7:1000:90"):
        await empty.rehearse("alert_high = 140")


async def test_a_person_whose_plan_cannot_be_read_is_counted_and_harms_nobody(
    house: House,
) -> None:
    await crisis(house)
    async with house.sessions.transaction() as connection:
        await connection.execute(
            "update monitoring_plan set schedule = '{}' where person_id = %s", [OP]
        )
    found = await house.rehearse("alert_high = 140, warning_high = 130")

    assert found.figures["all"]["could_not_be_played"] == 1
    assert (found.figures["all"]["people"], found.figures["all"]["missed"]) == (1, 1)


async def test_who_has_left_the_ward_is_played_until_their_last_message(house: House) -> None:
    await house.watch.say(**GOOD)
    async with house.sessions.transaction() as connection:
        await connection.execute("update person set status = 'ended' where id = %s", [WC])
        await connection.execute("update person set status = 'ended' where id = %s", [OP])
    found = await house.rehearse("alert_high = 140")

    assert found.figures["all"]["patient_days"] < 9, "OP never said anything: all nine days"


async def test_whose_monitoring_has_ended_is_played_until_then(house: House) -> None:
    await crisis(house)
    house.watch.later(minutes=5)
    await house.does(WC, ClinicianAct.DISCHARGE, reason="well again")
    house.watch.later(days=1)
    await house.watch.say(**FAST)
    found = await house.rehearse("alert_high = 140, warning_high = 130")
    every = found.figures["all"]

    assert (every["missed"], every["in_force"]["alerts"]) == (1, 1)
    assert every["patient_days"] == pytest.approx(9 - 0.29 + 5.58 / 24, abs=0.02)
