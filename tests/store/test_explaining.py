"""`lifeline explain` reads what was stored, and is itself written down."""

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from gateway import intake
from gateway.errors import SettingsError
from gateway.explain import explain
from gateway.placing import Desk
from gateway.store.connect import Session
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import column, press

pytestmark = pytest.mark.usefixtures("enrolled")


async def test_an_alarm_and_its_referral_are_explained_and_each_reading_is_audited(
    session: Session,
    desk: Desk,
    database: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await intake.take(session, [press()], desk, MORNING)
    alarm = UUID(str((await column(session, "select id from alarm"))[0]))
    referral = UUID(str((await column(session, "select id from referral"))[0]))
    (tmp_path / "dsn").write_text(database)
    toml = tmp_path / "lifeline.toml"
    toml.write_text(
        f'state_dir = "{tmp_path / "state"}"\ndatabase_dsn_file = "{tmp_path / "dsn"}"\n'
        f'organisation = "{ORGANISATION}"\n'
    )

    assert await explain(alarm, toml, as_json=False) == 0
    said = capsys.readouterr().out
    assert "An alarm was opened: help" in said
    assert "(rule plan.at_once, version 1)" in said
    assert await explain(referral, toml, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["referral"]["id"], found["alarm"]) == (str(referral), None)
    assert found["steps"][0]["reasons"][0]["rule"] == "alarm.one_open_per_kind"
    with pytest.raises(SettingsError, match="no alarm and no referral has the id"):
        await explain(uuid4(), toml, as_json=False)
    audited = await column(session, "select about from audit where act = 'explained' order by id")
    assert audited == [alarm, referral]
