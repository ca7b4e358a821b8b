"""The kinds of timers, in the order in which timers of one instant fire.

What calls for more help comes before what sends less: a 999 task is made before a referral that
waits for it.
"""

from datetime import datetime
from enum import StrEnum

from alerts.case import Timer


class TimerKind(StrEnum):
    """What will be decided at a time unless it is cancelled before."""

    FALL_VOICE = "fall_voice"
    SEIZURE = "seizure"
    CONFUSION = "confusion"
    LADDER_999 = "ladder_999"
    LADDER_SPEECH = "ladder_speech"
    LADDER_CONTACTS = "ladder_contacts"
    TASK_999_CONSOLES = "task_999_consoles"
    TASK_999_PARTNER = "task_999_partner"
    RECALL_999 = "recall_999"
    RING_BACK = "ring_back"
    LONG_LIE = "long_lie"
    FLOOR_RETRIAGE = "floor_retriage"
    COMFORT = "comfort"
    COMFORT_ANSWER = "comfort_answer"
    REFER = "refer"
    PRESSED_AGAIN = "pressed_again"
    TAKEN_IDLE = "taken_idle"
    CLIMB_CONSOLES = "climb_consoles"
    CLIMB_SUPERVISOR = "climb_supervisor"
    CLIMB_PARTNER = "climb_partner"
    SEEN = "seen"
    ACCEPT = "accept"
    CANCEL_KEPT = "cancel_kept"
    FAULT_OVERDUE = "fault_overdue"


RANK = {kind.value: rank for rank, kind in enumerate(TimerKind)}


def firing_order(timer: Timer) -> tuple[datetime, int, str]:
    """Sort timers: by time, then by rank of their kind, then by what they are about."""
    return (timer.due_at, RANK[timer.kind], timer.about)
