"""One call says why: signals, rules with versions, inputs, reasons, and who did what when."""

from alerts.case import Case, Entry
from gateway.explain import Explained, lines
from tests.alerts.houses import AT_ONCE, House, facts, person


def told() -> tuple[Case, tuple[Entry, ...]]:
    """Give a press with a referral at once, taken, spoken to, accepted and visited."""
    house, entries = House(facts(person(plan=AT_ONCE))), list[Entry]()
    for decision in (
        house.hear(0, key="7"),
        house.operator(40, "take"),
        house.operator(50, "spoke", text="struggling to walk"),
        house.service(60, "accept", by="nurse"),
        house.service(2640, "face_to_face", by="nurse"),
    ):
        entries.extend(decision.entries)
    return house.case, tuple(entries)


def test_an_alarm_is_explained_from_its_signal_to_the_visit() -> None:
    case, entries = told()
    said = "\n".join(lines(Explained(case.alarms[0], None, entries, cut=False)))

    assert "the last as device/message: 17/7" in said
    assert "06:56:00 UTC  An alarm was opened: help" in said
    opened = "this kind of signal is a call for help (rule alarm.one_open_per_kind, version 1)"
    assert f"    because {opened}; it looked at: what pendant" in said
    assert "device 17, message 7" in said
    assert "the plan says: refer at once (rule plan.at_once, version 1)" in said
    assert "A provisional referral, which nobody has confirmed, to icrs was made" in said
    assert "06:56:40 UTC  op1 recorded: take" in said
    assert "nurse recorded: face to face" in said
    assert all(
        "_" not in line.split(" (rule")[0] for line in said.splitlines() if "because" in line
    )


def test_a_referral_is_explained_as_it_stands() -> None:
    case, entries = told()
    said = lines(Explained(None, case.referrals[0], entries, cut=True))

    assert said[0] == f"referral {case.referrals[0].id} to icrs: attended"
    assert said[-1].startswith("only the first ")
