"""The statements that lock and read cases, and what deciding may know of them."""

from collections import namedtuple
from operator import attrgetter, itemgetter
from uuid import UUID

import msgspec

from ops.sim.driver.rows import Device, Person, Subject
from ops.sim.driver.session import Answer, Given, Statement
from ops.sim.driver.transaction import Transaction
from ops.sim.driver.values import columns, jsonb, span

Locked = namedtuple(  # noqa: PYI024 - a query's row
    "Locked", "id organisation_id kind person_id place_id line label state"
)
PersonFacts = namedtuple(  # noqa: PYI024 - as above
    "PersonFacts",
    "id born postcode status away_until ceiling anticipatory_line conditions contacts"
    " anticoagulants plan place_id language baseline_cognition care_home bereaved",
)
DeviceFacts = namedtuple(  # noqa: PYI024 - as above
    "DeviceFacts", "id sender line person_id place_id interval_s model speech faulty_since"
)
ServiceFacts = namedtuple(  # noqa: PYI024 - as above
    "ServiceFacts",
    "organisation_id id name kind timezone hours catchment capacity capacity_at criteria"
    " automatic_per_hour delivery phone position roaming automatic_last_hour",
)
Label = namedtuple("Label", "label")  # noqa: PYI024 - as above
SubjectId = namedtuple("SubjectId", "subject_id")  # noqa: PYI024 - as above
Elsewhere = namedtuple(  # noqa: PYI024 - as above
    "Elsewhere", "subject_id person id service_id"
)
OVER = ("closed", "withdrawn", "rejected")
HOUR_S = 3600
first = itemgetter(0)


async def add_subjects(tx: Transaction, given: Given) -> Answer:
    """Add the subjects that are missing, in id order."""
    table, count = tx.tables.subject, 0
    rows = columns(given, "ids", "organisations", "kinds", "persons", "places", "lines", "labels")
    missing = sorted((row for row in rows if tx.row(table, row[0]) is None), key=first)
    for row in missing:
        if await tx.is_taken(table, row[0]):
            continue
        tx.lock_free(table, row[0])
        await tx.insert(table, row[0], Subject._make((*row, None, None, given["now"])))
        count += 1
    return count


async def lock_subjects(tx: Transaction, given: Given) -> Answer:
    """Lock those that nobody else holds."""
    table = tx.tables.subject
    rows = ((key, tx.row(table, key)) for key in sorted(dict.fromkeys(given["ids"])))
    return [Locked(*row[:8]) for key, row in rows if row is not None and tx.lock_free(table, key)]


async def lock_subject(tx: Transaction, given: Given) -> Answer:
    """Lock one, waiting."""
    table, key = tx.tables.subject, given["id"]
    if tx.row(table, key) is None:
        return []
    row = await tx.lock(table, key)
    return [Locked(*row[:8])] if row is not None else []


async def lock_due_subjects(tx: Transaction, given: Given) -> Answer:
    """Lock what is due and free, oldest first."""
    now, table = given["now"], tx.tables.subject
    due = [
        row
        for row in tx.find(table, tx.tables.subject_due, True)
        if row.next_due_at is not None and row.next_due_at <= now
    ]
    found: list[Locked] = []
    for row in sorted(due, key=attrgetter("next_due_at")):
        if len(found) == given["limit"]:
            break
        if tx.lock_free(table, row.id):
            found.append(Locked(*row[:8]))
    return found


async def facts_persons(tx: Transaction, given: Given) -> Answer:
    """Give people, by id or by where they live."""
    tables = tx.tables
    found: dict[UUID, Person] = {}
    for key in given["ids"]:
        row = tx.row(tables.person, key)
        if row is not None:
            found[key] = row
    for place in given["places"]:
        found.update((row.id, row) for row in tx.find(tables.person, tables.person_place, place))
    return [
        PersonFacts(
            row.id, row.born, row.postcode, row.status, row.away_until, row.ceiling,
            row.anticipatory_line, row.conditions, row.contacts, row.anticoagulants, row.plan,
            row.place_id, row.language, row.baseline_cognition, row.care_home,
            _is_bereaved(tx, row),
        )
        for row in found.values()
    ]  # fmt: skip


def _is_bereaved(tx: Transaction, person: Person) -> bool:
    if person.place_id is None:
        return False
    home = tx.find(tx.tables.person, tx.tables.person_place, person.place_id)
    return any(other.status == "deceased" and not other.care_home for other in home)


async def facts_elsewhere(tx: Transaction, given: Given) -> Answer:
    """Give what is open for people in other cases, oldest first."""
    others, persons = set(given["others"]), set(given["persons"])
    found = []
    for row in tx.all(tx.tables.referral):
        person = msgspec.json.decode(row.record).get("person") or str(row.subject_id)
        if row.subject_id in others and person in persons and row.state not in OVER:
            found.append((row.made_at, Elsewhere(row.subject_id, person, row.id, row.service_id)))
    return [one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].id))]


async def facts_devices(tx: Transaction, given: Given) -> Answer:
    """Give the devices of people and places."""
    tables = tx.tables
    found: dict[UUID, Device] = {}
    for owner in given["ids"]:
        for index in (tables.device_person, tables.device_place):
            found.update((row.id, row) for row in tx.find(tables.device, index, owner))
    return [
        DeviceFacts(
            row.id, row.sender, row.line, row.person_id, row.place_id, row.interval_s, row.model,
            row.speech, row.faulty_since,
        )
        for row in found.values()
    ]  # fmt: skip


async def facts_services(tx: Transaction, given: Given) -> Answer:
    """Give services with how many automatic referrals they had in the last hour."""
    tables, since = tx.tables, given["now"] - span(HOUR_S)
    found = []
    services = [
        row for row in tx.all(tables.service) if row.organisation_id in given["organisations"]
    ]
    for row in sorted(services, key=attrgetter("position", "id")):
        name = (row.organisation_id, row.id)
        referrals = tx.find(tables.referral, tables.referral_automatic, name)
        count = sum(one.made_at > since for one in referrals)
        found.append(ServiceFacts(*row, count))
    return found


async def unknown_callers(tx: Transaction, given: Given) -> Answer:
    """Give the labels of unknown callers of a line with an open alarm."""
    tables = tx.tables
    labels: dict[str | None, None] = {}
    mine = tx.writes.get(tables.alarm.name, {})
    for (subject_id, _), alarm_id in tables.alarm_one_open.found.items():
        if alarm_id not in mine:
            _note_label(tx, subject_id, given["line"], labels)
    for row in mine.values():
        if row.state != "closed":
            _note_label(tx, row.subject_id, given["line"], labels)
    return [Label(label) for label in labels]


def _note_label(
    tx: Transaction, subject_id: UUID, line: str, labels: dict[str | None, None]
) -> None:
    row = tx.row(tx.tables.subject, subject_id)
    if row is not None and row.kind == "unknown_device" and row.line == line:
        labels[row.label] = None


async def save_subjects(tx: Transaction, given: Given) -> Answer:
    """Write cases back."""
    now, table, count = given["now"], tx.tables.subject, 0
    rows = [(key, jsonb(state), due) for key, state, due in columns(given, "ids", "states", "due")]
    for key, state, due in [one for one in rows if tx.row(table, one[0]) is not None]:
        row = await tx.lock(table, key)
        if row is not None:
            tx.put(table, key, Subject(*row[:7], state, due, now))
            count += 1
    return count


async def referral_subject(tx: Transaction, given: Given) -> Answer:
    """Give whose case a referral belongs to."""
    row = tx.row(tx.tables.referral, given["id"])
    return [SubjectId(row.subject_id)] if row is not None else []


async def alarm_subject(tx: Transaction, given: Given) -> Answer:
    """Give whose case an alarm belongs to."""
    row = tx.row(tx.tables.alarm, given["id"])
    return [SubjectId(row.subject_id)] if row is not None else []


STATEMENTS: dict[str, Statement] = {
    one.__name__: one
    for one in (
        add_subjects, lock_subjects, lock_subject, lock_due_subjects, facts_persons, facts_devices,
        facts_elsewhere, facts_services, unknown_callers, save_subjects, referral_subject,
        alarm_subject,
    )
}  # fmt: skip
