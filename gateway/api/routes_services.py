"""Response services: which there are, and how many places they have."""

from uuid import UUID, uuid5

from fastapi import APIRouter

from gateway.api import build, reads, views
from gateway.api.auth import V1, Shared, WhoCalls
from gateway.api.models_people import CapacityBody
from gateway.api.records_people import ServiceView
from gateway.audit.rows import Act, add
from gateway.store.connect import rows, run

router = APIRouter(prefix=V1, tags=["services"])

CAPACITY = "service_capacity"


@router.get("/services", summary="Response services")
async def list_services(caller: WhoCalls, context: Shared) -> views.Services:
    """Give the services in the order in which they are tried; a responder's own only."""
    async with context.sessions.transaction() as connection:
        found = await rows(
            connection,
            "desk_services",
            organisation_id=caller.organisation_id,
            service_id=caller.service_id,
        )
    return views.Services(services=tuple(build.service_view(one) for one in found))


@router.post("/services/{service_id}/capacity", summary="How many places are free now")
async def enter_capacity(
    service_id: str, body: CapacityBody, caller: WhoCalls, context: Shared
) -> ServiceView:
    """Enter the figure; deciding orders and warns by it for four hours, and never refuses by it."""
    now, organisation = context.clock.now(), caller.organisation_id
    async with context.sessions.transaction() as connection:
        await reads.service_row(connection, caller, service_id)
        await run(
            connection,
            "service_capacity",
            organisation_id=organisation,
            service_id=service_id,
            capacity=body.capacity,
            now=now,
        )
        about = _about(organisation, service_id)
        content = f"{service_id}:{body.capacity}".encode()
        changed = Act(organisation, now, caller.actor, CAPACITY, about, content)
        await add(connection, context.desk.audit_key, changed)
        found = await reads.service_row(connection, caller, service_id)
    return build.service_view(found)


def _about(organisation: UUID, service_id: str) -> UUID:
    """Give the id under which a service, which has none of its own, stands in the audit."""
    return uuid5(organisation, f"service/{service_id}")
