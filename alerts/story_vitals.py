"""The vitals half of a story: every person's state, and what is printed of their alerts.

The story's player asks it beside telecare's half and hands over to that what it hands over.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from alerts.case import Alarm, Entry
from alerts.events import Heard
from alerts.rule_ids import Rule
from alerts.rule_rows import HealthKind
from alerts.ruleset import Rules
from alerts.script_rows import Scripts
from alerts.story_input import Story, StoryError, StoryEvent
from alerts.story_plans import read_plan
from alerts.vital_words import ClinicianAct, ReadingSource
from alerts.vitals import decide
from alerts.vitals.inputs import ClinicianEvent, report_of
from alerts.vitals.state import Alert, VitalsState
from alerts.vitals.step import VitalsDecision
from alerts.words import AlarmKind, AlarmState, Disposition, OperatorAct, What
from devices.model import Answers, Measurement

OPERATOR_ACTS: dict[tuple[str | None, str | None], ClinicianAct] = {
    (OperatorAct.TAKE, None): ClinicianAct.ACKNOWLEDGE,
    (OperatorAct.CONFIRM, None): ClinicianAct.CONFIRM,
    (OperatorAct.DECIDE, Disposition.UCR): ClinicianAct.CONFIRM,
    (OperatorAct.DECIDE, Disposition.EMERGENCY_999): ClinicianAct.EMERGENCY,
    (OperatorAct.DECIDE, Disposition.CLOSE): ClinicianAct.CLOSE,
    (OperatorAct.CLOSE, None): ClinicianAct.CLOSE,
    (OperatorAct.NOTE, None): ClinicianAct.NOTE,
}
"""What an operator's act means about an alert of the ward that telecare has no alarm of."""


class VitalsPlay:
    """The state of the vitals half while a story is played."""

    def __init__(self, story: Story, rules: Rules) -> None:
        self.story = story
        self.rules = rules
        self.states = {name: decide.new_state(name, story.start) for name in story.persons}
        self.alarms: dict[str, tuple[str, Alarm]] = {}

    def start(self) -> list[VitalsDecision]:
        """Activate everybody's plan; what may not be activated is refused."""
        wards = self.rules.vitals.wards
        plans = [
            (state, read_plan(self.story.told[name], self.story.wards, wards, self.story.start))
            for name, state in self.states.items()
        ]
        return [
            self._keep(decide.configure(state, plan, self.rules, self.story.start))
            for state, plan in plans
        ]

    def next_timer(self) -> tuple[str, datetime | None]:
        """Give whose timer is due next, and when."""
        waiting = [(s.next_due_at, name) for name, s in self.states.items() if s.next_due_at]
        due_at, person = min(waiting, default=(None, ""))
        return person, due_at

    def fire(self, person: str, at: datetime) -> VitalsDecision:
        """Decide what is due for a person."""
        return self._keep(decide.due(self.states[person], self.rules, at))

    def report(
        self, person: str, heard: Sequence[Heard], source: ReadingSource, at: datetime
    ) -> VitalsDecision:
        """Decide the readings of a message; one that changes nothing says so here."""
        report = report_of(heard, source)
        assert report is not None  # the player has found readings in it
        made = self._keep(decide.on_readings(self.states[person], [report], self.rules, at))
        if made.entries or made.handed:
            return made
        parameters = sorted(reading.code.value for reading in report.readings)
        reason = self.rules.why(Rule.VITALS_QUIET, "changes_nothing", {"parameters": parameters})
        return replace(made, entries=(Entry(at, What.NOTHING, (reason,), person=person),))

    def owner(self, alarm: str | None) -> str | None:
        """Give whose alert this is, open or closed."""
        return self.alarms[alarm][0] if alarm in self.alarms else None

    def act(self, event: StoryEvent, alarm: str | None, person: str) -> VitalsDecision:
        """Decide what a clinician did, or an operator about an alert of the ward.

        Raises:
            StoryError: the act is not known.
        """
        said = {n: v for n in ClinicianEvent.__struct_fields__ if (v := getattr(event, n, None))}
        if event.clinician is None:
            said["clinician"] = event.operator
            said["do"] = operator_act(event)
        try:
            made = msgspec.convert({**said, "alarm": alarm}, ClinicianEvent)
        except msgspec.ValidationError as error:
            raise StoryError(str(error)) from error
        if made.do is ClinicianAct.STATUS and made.status is not None:
            known = self.story.persons[person]
            changed = replace(known, status=made.status, away_until=made.away_until)
            self.story.persons[person] = changed
        return self._keep(decide.on_event(self.states[person], made, self.rules, event.at))

    def _keep(self, decision: VitalsDecision) -> VitalsDecision:
        state = decision.state
        self.states[state.person] = state
        for entry in decision.entries:
            if entry.alarm is None:
                continue
            known = self.alarms.get(entry.alarm, (state.person, _opened(entry)))[1]
            if entry.what is What.ALARM_CLOSED:
                known = replace(known, state=AlarmState.CLOSED, closed_at=entry.at)
            self.alarms[entry.alarm] = (state.person, known)
        if state.alert is not None:
            known = self.alarms[state.alert.id][1]
            self.alarms[state.alert.id] = (state.person, _shown(known, state.alert, state))
        return decision


def operator_act(event: StoryEvent) -> ClinicianAct | None:
    """Give what an operator's act means to the ward; None when it means nothing there."""
    return OPERATOR_ACTS.get((event.do, event.disposition))


def is_reading(one: Heard, scripts: Scripts) -> bool:
    """Say whether it is for the vitals half; answers to nothing but telecare's scripts are not."""
    if isinstance(one.signal, Answers):
        return not scripts.asked().issuperset(one.signal.answers)
    return isinstance(one.signal, Measurement)


def is_of_call(one: Heard, scripts: Scripts) -> bool:
    """Say whether it answers telecare's scripts."""
    return isinstance(one.signal, Answers) and not scripts.asked().isdisjoint(one.signal.answers)


def _opened(entry: Entry) -> Alarm:
    assert entry.alarm is not None  # the caller has looked
    return Alarm(
        id=entry.alarm,
        kind=AlarmKind.HEALTH,
        state=AlarmState.OPEN,
        alarm_at=entry.at,
        what=HealthKind.DETERIORATION.value,
    )


def _shown(known: Alarm, alert: Alert, state: VitalsState) -> Alarm:
    taken = alert.acknowledged_at is not None
    return replace(
        known,
        state=AlarmState.TAKEN if taken else AlarmState.OPEN,
        taken_by=alert.acknowledged_by,
        taken_at=alert.first_acknowledged_at,
        last_signal_at=state.as_of,
    )
