"""The ways a press comes in and its referral goes out, and how a story goes through them.

Contract: data and pure functions. What a way cannot carry is left out of the steps, and the words
say so: a one-way panic button hears nothing and refers nobody by itself; BaRS has no message for
"seen", "set out" or a visit: what matters of these is told by telephone and an operator enters it.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.demo.parts import Check, Finish, Operate, Press, Reply, Says, Serve, Step, Story

PRESSED = 2  # the story that begins with a press and leads to a referral of ours
PHONED = "; told by telephone, the operator enters it"
ALARMED = (
    "opened an alarm as for an attack: listen, and never speak first; whatever her plan says, a "
    "panic button refers nobody by itself"
)
RANG = (
    "speaks with her, she has rung the desk: nobody threatens her; in pain, cannot get up safely, "
    "leg red"
)
DECIDED = "judges: would otherwise go to A&E or be admitted; refers her to ICRS"
UNHEARD = "her one-way button cannot hear"


class Via(StrEnum):
    """How the press reaches the gateway."""

    ENDPOINT = "endpoint"
    MOSQUITTO = "mosquitto"
    SERIAL = "serial"


class Receiver(StrEnum):
    """Who takes the referral."""

    DESK = "desk"
    PRACTICE = "practice"


@dataclass(frozen=True, slots=True)
class Ways:
    """The way in and the way out."""

    via: Via = Via.ENDPOINT
    receiver: Receiver = Receiver.DESK

    @property
    def are_usual(self) -> bool:
        """Say whether nothing else was asked for than the device endpoint and the built-in desk."""
        return self == Ways()


def played(story: Story, ways: Ways) -> Story:
    """Give a story as it goes through these ways."""
    if ways.via is Via.SERIAL:
        note = (
            "She presses an enrolled 433 MHz panic button; its receiver is a pseudo-terminal "
            "here. The 200 measured presses are left out: they are the device endpoint's."
        )
        steps = tuple(_by_radio(step) for step in story.steps)
        story = replace(story, steps=steps, figures=False, notes=(*story.notes, note))
    if ways.via is Via.MOSQUITTO:
        note = "Her pendant speaks to a Mosquitto, as at a site; the gateway is a client of it."
        story = replace(story, notes=(*story.notes, note))
    if ways.receiver is Receiver.PRACTICE:
        note = (
            "ICRS has a system of its own here, the practice receiver: it is sent a BaRS-shaped "
            "FHIR message. What BaRS has no message for is told by telephone."
        )
        kept = tuple(found for step in story.steps if (found := _by_bars(step)) is not None)
        story = replace(story, steps=kept, notes=(*story.notes, note))
    return story


def _by_radio(step: Step) -> Step:
    """Give a step for a panic button: it never hears, and its press refers nobody by itself."""
    act = step.act
    if isinstance(act, Press):
        words = step.words.replace("lifeline", "panic button")
        return replace(step, words=words, act=Press(refers=False))
    if isinstance(act, Check) and "what" in act.alarm:
        check = Check(alarm={**act.alarm, "what": "panic"}, explained=True)
        return replace(step, words=ALARMED, act=check)
    if isinstance(act, Operate) and act.body["do"] == "spoke":
        return replace(step, words=RANG)
    if isinstance(act, Operate) and act.body["do"] == "decide":
        return replace(step, words=DECIDED, act=replace(act, refers=True))
    if isinstance(act, Operate | Serve) and act.told is not None:
        return replace(
            step, words=f'{step.words}; {UNHEARD} "{act.told}"', act=replace(act, told=None)
        )
    return step


def _by_bars(step: Step) -> Step | None:
    """Give a step for a service with a system of its own; None for what cannot happen there."""
    act = step.act
    if isinstance(act, Finish):
        return replace(step, words=step.words + PHONED, act=replace(act, phoned=True))
    if not isinstance(act, Serve):
        return step
    if act.do == "seen":
        return None
    if act.do == "accept":
        words = "accepts it: its system posts the interim answer, in-progress"
        accepted = {"state": "accepted", "provisional": False, "standard": "two_hour"}
        return replace(step, words=words, act=Reply(Says.IN_PROGRESS, accepted))
    if act.do == "outcome":
        words = "ends its 72 hours: its system posts the final answer, finished"
        return replace(step, words=words, act=Reply(Says.FINISHED, {"state": "closed"}))
    return replace(step, words=step.words + PHONED, act=replace(act, phoned=True))
