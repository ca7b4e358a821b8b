"""The words around the timeline: what runs, how to read it, what was measured, what went wrong."""

from collections.abc import Sequence
from datetime import datetime

from gateway.demo.acting import Stage
from gateway.demo.agree import count
from gateway.demo.figures import PRESSES, TOGETHER, Figures
from gateway.demo.goals import LATE_FACTOR, STATED_MS, Goal, percentile
from gateway.demo.house import Folder, House
from gateway.demo.missing import Missing
from gateway.demo.parts import LONDON, Story
from gateway.demo.people import MEASURED_CEILING_PER_HOUR
from gateway.demo.screen import Screen, duration
from gateway.demo.ways import Ways


def moment(at: datetime) -> str:
    """Say a moment of the story in local time."""
    return f"{at.astimezone(LONDON):%Y-%m-%d %H:%M:%S}"


def opening(screen: Screen, story: Story) -> None:
    """Say what is played, before anything starts."""
    screen.title(f"lifeline demo: case study {story.number}, {story.title}")
    screen.text(story.about)
    screen.text(f"Source: {story.source}.", "dim")
    for note in story.notes:
        screen.text(note, "dim")
    screen.text("All people are fictional. Nothing leaves this machine.", "yellow")
    screen.blank()


def running(screen: Screen, house: House, speed: float) -> None:
    """Say what runs, and how to read the timeline."""
    waiting = (
        f"compressed: {speed:g} story seconds in one, gaps of hours in one second. Then the clock "
        "is moved forward, never past a timer that is due: each one really runs, through the "
        "gateway's own ticker"
    )
    screen.text("What runs", "bold")
    screen.facts(
        [
            ("embedded PostgreSQL", f"ready in {house.database_s:.1f} s, migrated"),
            ("device endpoint, MQTT", f"127.0.0.1:{house.device_port}"),
            *house.around.facts,
            ("HTTP: desks, health", house.address),
            ("folder", f"{house.folder.path} (removed at the end)"),
        ]
    )
    screen.blank()
    screen.text("How to read it", "bold")
    screen.facts(
        [
            ("*06:56:00", "the story's clock, local time; * marks minutes of the case study"),
            ("4.1 ms", "really measured in this run; the goal stands beside it or in the summary"),
            ("waiting", waiting),
        ]
    )


def measuring(screen: Screen, ways: Ways) -> None:
    """Say what is about to be measured, and how."""
    screen.blank()
    screen.title(f"{PRESSES} presses, measured")
    screen.text(
        f"{PRESSES} fictional people with a pendant each (plan: at once), {TOGETHER} pressing at "
        "the same moment, again and again; devices, gateway and database share this machine. "
        f"Their service may get {MEASURED_CEILING_PER_HOUR} automatic referrals an hour here; "
        "the shipped ceiling would turn the rest into phone tasks."
    )
    if not ways.are_usual:
        screen.text(
            "These go the usual way, whatever way the story took: the device endpoint and the "
            "built-in desk.",
            "yellow",
        )


def measured(screen: Screen, figures: Figures) -> None:
    """Print the figures: reported, not asserted."""
    screen.blank()
    screen.facts(
        [
            ("", f"{'p50':>9}{'p99':>9}{'max':>9}{'goal':>9}"),
            ("press -> receipt", _spread(figures.receipt_ms, Goal.RECEIPT)),
            ("press -> referral acknowledged", _spread(figures.referral_ms, Goal.REFERRAL)),
        ]
    )
    screen.text(
        f"{len(figures.referral_ms)} of {PRESSES} acknowledged in {figures.seconds:.1f} s, "
        "connecting included. Seen by an observer that looks at the committed rows every few "
        "milliseconds: never earlier than the truth.",
        "dim",
    )


def _spread(took_ms: Sequence[float], goal: Goal) -> str:
    values = (percentile(took_ms, 0.50), percentile(took_ms, 0.99), max(took_ms), STATED_MS[goal])
    return "".join(f"{duration(value):>9}" for value in values)


def closing(screen: Screen, story: Story, stage: Stage, timers: int) -> None:
    """Print what was stated beside what was measured."""
    ran = f"; {count(timers, 'timer')} ran in between, at its own time" if timers else ""
    screen.blank()
    screen.title("What was stated, what was measured")
    screen.summary([*_clock_rows(story, stage), *stage.ledger.rows()])
    screen.blank()
    screen.text(
        f"All {len(story.steps)} steps of case study {story.number} happened, none later than "
        f"{LATE_FACTOR} times its goal{ran}.",
        "bold green",
    )


def _clock_rows(story: Story, stage: Stage) -> list[tuple[str, str, str]]:
    """Give both clocks; none when nobody was visited."""
    if not stage.clocks:
        return []
    national = stage.clocks["minutes_elapsed"]
    to_arrival = stage.clocks["minutes_press_to_arrival"]
    stated = f"{story.stated.minutes} min"
    first = ("press to arrival", stated, f"{to_arrival} min")
    if story.stated.since != "press":
        first = ("referral to first visit", stated, f"{national} min")
    return [first, ("national two-hour clock, from receipt", "120 min", f"{national} min, met")]


def staying(screen: Screen, house: House) -> None:
    """Say that it stays up, where to look, how to stop."""
    screen.blank()
    screen.facts(
        [
            ("look", f"{house.address}/"),
            ("API document", f"{house.address}/api/v1/openapi.json"),
            ("metrics", f"{house.address}/metrics"),
            ("stop", "Ctrl-C; the database stops and the folder is removed"),
        ]
    )


def failure(screen: Screen, missing: Missing, where: Folder) -> None:
    """Say which step is missing or late, and where to look."""
    screen.blank()
    screen.title("The demo failed: a step is missing or late")
    screen.text(str(missing), "bold red")
    tail = where.tail()
    if tail:
        screen.blank()
        screen.text("The last lines of the log:", "bold")
        for line in tail:
            screen.text(line, "dim")
    kept(screen, where)


def kept(screen: Screen, where: Folder) -> None:
    """Say where everything can be looked at after a failure."""
    screen.text(f"The whole log, and everything else, is kept in {where.path}")
