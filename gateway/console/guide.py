"""What the guide page shows: each part once, with invented contents."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """A line of the banner: its key in static/console/states.js, level and words."""

    key: str
    level: str
    words: str


STATES = (
    State("lost", "alarm", "CONNECTION LOST for 12 s. What you see may be old. Use the telephone."),
    State("offline", "alarm", "THIS COMPUTER IS OFFLINE. What you see may be old."),
    State("database", "alarm", "THE DATABASE DOES NOT ANSWER since 06:56. Calls cannot be shown."),
    State("receiver", "alarm", "RECEIVER BLIND: no calls for help are being received here."),
    State("sound", "alarm", "SOUND OFF: you will not hear a call. Press “Go on duty”."),
    State("nobody", "alarm", "NOBODY IS ON DUTY. Calls ring at the supervisor’s."),  # noqa: RUF001
    State("signed_out", "alarm", "YOU ARE SIGNED OUT. What you typed is kept on this computer."),
    State("release", "info", "A new version is ready. Load the page again between two calls."),
)
TAGS = (
    ("red", "Life safety"),
    ("amber", "Provisional"),
    ("green", "Accepted"),
    ("blue", "Taken by you"),
    ("grey", "Technical"),
)
FIGURES = (
    ("ok", "Spoken to within 60 s", "98.1 %", "target 97.5 %: met"),
    ("warn", "Waiting now", "3", "the oldest for 45 s"),
    ("late", "Spoken to within 180 s", "97.0 %", "target 99 %: not met"),
)
