"""The statements of gateway/enrol.py: rows as last described."""

from collections import namedtuple

import msgspec

from ops.sim.driver.rows import Device, Organisation, Person, Place, Service
from ops.sim.driver.session import Answer, Given, Statement
from ops.sim.driver.transaction import Transaction
from ops.sim.driver.values import jsonb

DeviceId = namedtuple("DeviceId", "id")  # noqa: PYI024 - a query's row
Recorded = namedtuple(  # noqa: PYI024 - as above
    "Recorded",
    "id status away_until ceiling anticipatory_line conditions anticoagulants baseline_cognition"
    " care_home death_reported_by death_reported_at death_confirmed_by",
)


async def add_organisation(tx: Transaction, given: Given) -> Answer:
    """Add an organisation, once."""
    table, key = tx.tables.organisation, given["id"]
    if await tx.is_taken(table, key):
        return 0
    tx.lock_free(table, key)
    await tx.insert(table, key, Organisation(key, given["name"], given["now"]))
    return 1


async def put_service(tx: Transaction, given: Given) -> Answer:
    """Add or change a service."""
    fields = {name: given[name] for name in Service._fields}
    fields["hours"] = msgspec.json.decode(jsonb(fields["hours"]))
    row = Service(**fields)
    table, key = tx.tables.service, (row.organisation_id, row.id)
    old = await tx.lock(table, key)
    if old is None:
        await tx.insert(table, key, row)
    else:
        tx.put(table, key, row)
    return 1


async def put_place(tx: Transaction, given: Given) -> Answer:
    """Add or change a place; whose it is never changes."""
    row = Place(**{name: given[name] for name in Place._fields})
    table = tx.tables.place
    old = await tx.lock(table, row.id)
    if old is None:
        await tx.insert(table, row.id, row)
    else:
        tx.put(table, row.id, row._replace(organisation_id=old.organisation_id))
    return 1


async def recorded_persons(tx: Transaction, given: Given) -> Answer:
    """Give what the desk may have changed, locked in id order."""
    table, found = tx.tables.person, []
    for key in sorted(dict.fromkeys(given["ids"])):
        if tx.row(table, key) is None:
            continue
        row = await tx.lock(table, key)
        if row is not None:
            found.append(Recorded(*(getattr(row, name) for name in Recorded._fields)))
    return found


async def put_person(tx: Transaction, given: Given) -> Answer:
    """Add or change a person; whose they are never changes."""
    fields = {name: given[name] for name in Person._fields}
    fields["contacts"] = msgspec.json.decode(jsonb(fields["contacts"]))
    fields["plan"] = msgspec.json.decode(jsonb(fields["plan"]))
    fields["status"], fields["ceiling"] = str(fields["status"]), str(fields["ceiling"])
    row = Person(**fields)
    table = tx.tables.person
    old = await tx.lock(table, row.id)
    if old is None:
        await tx.insert(table, row.id, row)
    else:
        row = row._replace(organisation_id=old.organisation_id)
        tx.put(table, row.id, row)
        tx.check_references(table, row)
    return 1


async def put_device(tx: Transaction, given: Given) -> Answer:
    """Add or change a device by its line and name; another organisation's stays as it is."""
    row = Device(**{name: given[name] for name in Device._fields if name != "faulty_since"})
    table = tx.tables.device
    bearers = await tx.bearers(table, tx.tables.device_name, (row.line, row.sender))
    if not bearers:
        await tx.insert_alone(table, row.id, row)
        return [DeviceId(row.id)]
    old = await tx.lock(table, bearers[0])
    if old is None or old.organisation_id != row.organisation_id:
        return []
    new = row._replace(
        id=old.id,
        secret_sha256=row.secret_sha256 or old.secret_sha256,
        certificate_sha256=row.certificate_sha256 or old.certificate_sha256,
        faulty_since=old.faulty_since,
    )
    await tx.update(table, old.id, old, new)
    tx.check_references(table, new)
    return [DeviceId(old.id)]


STATEMENTS: dict[str, Statement] = {
    one.__name__: one
    for one in (
        add_organisation, put_service, put_place, recorded_persons, put_person, put_device,
    )
}  # fmt: skip
