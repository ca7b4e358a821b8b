"""Playing a story: what `lifeline decide` prints for one line (INTERFACES 7).

Contract: pure. Events apply in order of time, at one instant in list order; timers due come first.
Alarms are a1, a2, ... and referrals r1, r2, ... in order of creation. A device is lost after twice
its interval. The same message twice is one message.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from alerts import decide
from alerts.case import Alarm, Case, Decision, Entry, Referral
from alerts.events import (
    DeliveryEvent,
    DeviceBack,
    DeviceLost,
    Event,
    Heard,
    OperatorEvent,
    ServiceEvent,
)
from alerts.facts import Facts
from alerts.rule_ids import Rule
from alerts.ruleset import Rules
from alerts.story_house import elsewhere, facts_of, person_of, subject_for, subject_of
from alerts.story_input import Story, StoryError, StoryEvent, convert, read_story
from alerts.story_names import Names, final_alarm, final_referral
from alerts.story_signals import heard_of, read_signals, read_source
from alerts.story_vitals import VitalsPlay, is_of_call, is_reading, operator_act
from alerts.vitals.step import VitalsDecision
from alerts.vocabulary import vocabulary
from alerts.words import Disposition, OperatorAct, ServiceAct, What

LOST_AFTER_INTERVALS = 2

__all__ = ["StoryError", "run_story", "vocabulary"]


def run_story(story: dict[str, Any], rules: Rules) -> dict[str, Any]:
    """Play a story and give its decisions, alarms and referrals, ready for JSON.

    Raises:
        StoryError: the story cannot be read; its message is for `bad_input`.
    """
    told = read_story(story, rules.service_list())
    play = _Play(told, rules)
    play.start()
    for event in told.events:
        play.run_until(event.at)
        play.event(event)
    play.run_until(told.until)
    return play.result()


class _Play:
    """The state of a story while it is played; lives for one call of run_story."""

    def __init__(self, story: Story, rules: Rules) -> None:
        self.story = story
        self.rules = rules
        self.names = Names()
        self.cases: dict[str, Case] = {}
        self.decisions: list[dict[str, Any]] = []
        self.alarms: dict[str, tuple[str | None, Alarm]] = {}
        self.referrals: dict[str, tuple[str | None, Referral]] = {}
        self.automatic: list[tuple[str, datetime]] = []
        self.seen: dict[tuple[str, str], dict[str, Any]] = {}
        self.lost: set[str] = set()
        self.ward = VitalsPlay(story, rules)
        self.handed = 0
        self.heard_at = dict.fromkeys(story.devices, story.start)

    def start(self) -> None:
        """Activate what the persons are watched for."""
        for decision in self.ward.start():
            self._keep_vitals(decision)

    # -- time ----------------------------------------------------------------------------------

    def run_until(self, until: datetime) -> None:
        """Fire timers and find lost devices up to a time, in order; the ward's are first."""
        while True:
            subject, due_at = self._next_timer()
            device, lost_at = self._next_lost()
            person, vitals_at = self.ward.next_timer()
            first_at = min(at for at in (due_at, lost_at, until) if at is not None)
            if vitals_at is not None and vitals_at <= first_at:
                self._keep_vitals(self.ward.fire(person, vitals_at))
            elif due_at is not None and due_at <= until and (lost_at is None or due_at <= lost_at):
                facts = self._facts(subject, due_at)
                self._keep(decide.due(self.cases[subject], facts, self.rules, due_at))
            elif lost_at is not None and lost_at <= until:
                self.lost.add(device)
                silent = DeviceLost(lost_at, (device,), silent_since=self.heard_at[device])
                self._tell(subject_of(self.story, device), silent, lost_at)
            else:
                return

    def _next_timer(self) -> tuple[str, datetime | None]:
        waiting = [(c.next_due_at, name) for name, c in self.cases.items() if c.next_due_at]
        due_at, subject = min(waiting, key=lambda one: one[0], default=(None, ""))
        return subject, due_at

    def _next_lost(self) -> tuple[str, datetime | None]:
        waiting = [
            (self.heard_at[d.id] + timedelta(seconds=LOST_AFTER_INTERVALS * d.interval_s), d.id)
            for d in self.story.devices.values()
            if d.interval_s is not None and d.id not in self.lost
        ]
        lost_at, device = min(waiting, default=(None, ""))
        return device, lost_at

    # -- events --------------------------------------------------------------------------------

    def event(self, event: StoryEvent) -> None:
        """Apply one event."""
        handlers: dict[str, Callable[[StoryEvent], None]] = {
            "device": self._device,
            "operator": self._operator,
            "clinician": self._clinician,
            "service": self._service,
            "delivery": self._delivery,
        }
        handlers[event.actor](event)

    def _device(self, event: StoryEvent) -> None:
        assert event.device is not None  # the actor is the device
        assert event.signal is not None  # checked by read_story
        key, signals = read_signals(event.device, event.signal)
        subject = subject_of(self.story, event.device)
        self.heard_at[event.device] = event.at
        if event.device in self.lost:
            self.lost.discard(event.device)
            self._tell(subject, DeviceBack(event.at, (event.device,)), event.at)
        # Flags say how a message came, not what it says: a retained one is a repeat.
        said = {name: value for name, value in event.signal.items() if name != "flags"}
        scripts = self.rules.scripts
        before = self.seen.get((event.device, key))
        if before == said:
            self._note_repeat(subject, event, key)
            return
        self.seen[(event.device, key)] = said
        again = None if before is None else len(self.decisions)
        heard = heard_of(event, key, signals, again, known=event.device in self.story.devices)
        device = self.story.devices.get(event.device)
        person = None if device is None else device.person
        readings = [one for one in heard if person is not None and is_reading(one, scripts)]
        if rest := [one for one in heard if one not in readings or is_of_call(one, scripts)]:
            whose = subject_for(self.story, event.device, signals, self.rules)
            case, facts = self._case(whose), self._facts(whose, event.at)
            self._keep(decide.on_signals(case, facts, self.rules, rest, event.at))
        if readings and person is not None:
            source = read_source(event.signal)
            self._keep_vitals(self.ward.report(person, readings, source, event.at))

    def _note_repeat(self, subject: str, event: StoryEvent, key: str) -> None:
        person = self._facts(subject, event.at).person
        inputs = {"device": event.device, "id": key}
        reason = self.rules.why(Rule.ALARM_REPEAT, "repeat", inputs)
        entry = Entry(
            event.at, What.NOTHING, (reason,), person=None if person is None else person.id
        )
        self._keep(Decision(self._case(subject), (entry,)))

    def _clinician(self, event: StoryEvent) -> None:
        alarm = None if event.alarm is None else self.names.inside(event.alarm)
        person = self.ward.owner(alarm) or event.person or next(iter(self.story.persons), "")
        if person not in self.story.persons:
            raise StoryError(f"person {person!r} is not in the story")
        self._keep_vitals(self.ward.act(event, alarm, person))

    def _operator(self, event: StoryEvent) -> None:
        alarm = self.names.inside(event.alarm or "")
        if self.ward.owner(alarm) and not self._of_alarm(alarm) and operator_act(event):
            self._clinician(event)
            return
        closes = event.do == OperatorAct.CLOSE or event.disposition == Disposition.CLOSE
        fields = self._fields(event, OperatorEvent)
        if closes:
            fields["close_reason"] = fields.pop("reason", None)
        if event.do == OperatorAct.HAND_OVER and "to" in fields:
            fields["text"] = fields.pop("to")
        made = convert(fields, OperatorEvent)
        subject = self._of_alarm(made.alarm) or self._of_referral(made.referral)
        self._tell(subject or self._first(), made, event.at)

    def _service(self, event: StoryEvent) -> None:
        made = convert(self._fields(event, ServiceEvent), ServiceEvent)
        subject = self._of_referral(made.referral)
        if subject is None and made.do is ServiceAct.RECEIVE:
            if event.person not in self.story.persons:
                known = ", ".join(self.story.persons) or "none"
                raise StoryError(
                    f"receive of {event.referral!r}: person {event.person!r} not known, "
                    f"expected one of the story's: {known}"
                )
            subject = f"person:{event.person}"
            self._tell(subject, made, event.at)
            self.names.alias(event.referral, self.cases[subject].referrals)
            return
        if subject is None and event.person in self.story.persons:
            subject = f"person:{event.person}"
        self._tell(subject or self._of_alarm(made.alarm) or self._first(), made, event.at)

    def _delivery(self, event: StoryEvent) -> None:
        made = convert(self._fields(event, DeliveryEvent), DeliveryEvent)
        self._tell(self._of_referral(made.referral) or self._first(), made, event.at)

    def _fields(self, event: StoryEvent, wanted: type[msgspec.Struct]) -> dict[str, Any]:
        said = {n: v for n in wanted.__struct_fields__ if (v := getattr(event, n, None))}
        for name in ("alarm", "referral"):
            if name in said:
                said[name] = self.names.inside(said[name])
        return said

    # -- cases ---------------------------------------------------------------------------------

    def _first(self) -> str:
        if not self.story.persons:
            raise StoryError("the event's alarm or referral is not known")
        return f"person:{next(iter(self.story.persons))}"

    def _of_alarm(self, alarm: str | None) -> str | None:
        return next(
            (s for s, c in self.cases.items() if any(a.id == alarm for a in c.alarms)), None
        )

    def _of_referral(self, referral: str | None) -> str | None:
        return next(
            (s for s, c in self.cases.items() if any(r.id == referral for r in c.referrals)), None
        )

    def _case(self, subject: str) -> Case:
        if subject not in self.cases:
            self.cases[subject] = decide.new_case(subject, self.story.start)
        return self.cases[subject]

    def _facts(self, subject: str, now: datetime) -> Facts:
        known = facts_of(self.story, subject, now, self.automatic)
        there = elsewhere(self.story, subject, self.cases)
        return msgspec.structs.replace(known, elsewhere=there)

    def _tell(self, subject: str, event: Event, at: datetime) -> None:
        case, facts = self._case(subject), self._facts(subject, at)
        self._keep(decide.on_event(case, facts, self.rules, event, at))

    def _keep(self, decision: Decision) -> None:
        case = decision.case
        self.cases[case.subject] = case
        who = person_of(self.story, case.subject)
        person = None if who is None else who.id
        for alarm in case.alarms:
            self.names.alarm(alarm.id)
            self.alarms[alarm.id] = (person, alarm)
        for referral in case.referrals:
            self.names.referral(referral.id)
            self.referrals[referral.id] = (person, referral)
        for entry in decision.entries:
            if entry.what is What.REFERRAL_MADE and entry.provisional and entry.service:
                self.automatic.append((entry.service, entry.at))
            self.decisions.append(self.names.outside(msgspec.to_builtins(entry)))

    def _keep_vitals(self, decision: VitalsDecision) -> None:
        """Write down what the ward decided, and give telecare what it hands over."""
        for entry in decision.entries:
            if entry.alarm is not None:
                self.names.alarm(entry.alarm)
            self.decisions.append(self.names.outside(msgspec.to_builtins(entry)))
        for alarm, (person, known) in self.ward.alarms.items():
            if self._of_alarm(alarm) is None:
                self.alarms[alarm] = (person, known)
        for said in decision.handed:
            self.handed += 1
            receipt = f"{said.alert}|{said.crisis.value}|{self.handed}"
            heard = Heard(receipt, said.at, "vitals", "story", said)
            subject = f"person:{said.person}"
            case, facts = self._case(subject), self._facts(subject, said.at)
            self._keep(decide.on_signals(case, facts, self.rules, [heard], said.at))

    def result(self) -> dict[str, Any]:
        """Give what the story came to."""
        until = self.story.until
        return {
            "story": self.story.name,
            "decisions": self.decisions,
            "alarms": [
                self.names.outside(final_alarm(person, alarm))
                for person, alarm in self.alarms.values()
            ],
            "referrals": [
                self.names.outside(final_referral(person, referral, self.rules, until))
                for person, referral in self.referrals.values()
            ],
        }
