"""Who may call what: one table, read for every request; a route that is not in it is denied.

Roles are those of tokens (gateway/tokens.py). Beyond this table, the organisation of a token
limits every query, and the service of a responder's token limits it to that service's referrals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request

from gateway.context import Context
from gateway.tokens import Role

V1 = "/api/v1"
FHIR_R4 = "/fhir/R4"
OPERATOR, RESPONDER, SUPERVISOR = Role.OPERATOR, Role.RESPONDER, Role.SUPERVISOR
MANAGER, ENGINEER, AUDITOR = Role.MANAGER, Role.ENGINEER, Role.AUDITOR

Roles = frozenset[Role]
# Every person; a service's program has its one route and no other.
ALL: Roles = frozenset(Role) - {Role.SERVICE}
DESK: Roles = frozenset({OPERATOR, SUPERVISOR})
# An operator records what a service says on the telephone; only the service itself has "seen".
SERVE: Roles = frozenset({RESPONDER, OPERATOR, SUPERVISOR})
READ_ALARMS: Roles = frozenset({OPERATOR, SUPERVISOR, MANAGER, ENGINEER, AUDITOR})
READ_REFERRALS: Roles = frozenset({OPERATOR, RESPONDER, SUPERVISOR, MANAGER, AUDITOR})
# The desk sees why a deterioration came to it; what to do about a ward's patient clinicians decide.
READ_VITALS: Roles = frozenset({Role.CLINICIAN, OPERATOR, SUPERVISOR})
ENTER_READINGS: Roles = frozenset({Role.CLINICIAN, OPERATOR, RESPONDER, SUPERVISOR})

# (method, path) -> roles; None: anybody, without a token.
ROUTES: Mapping[tuple[str, str], Roles | None] = {
    ("GET", "/"): None,
    ("GET", "/page.css"): None,
    ("GET", "/livez"): None,
    ("GET", "/readyz"): None,
    ("GET", "/metrics"): None,
    ("GET", f"{V1}/openapi.json"): None,
    ("GET", f"{V1}/alarms"): READ_ALARMS,
    ("GET", f"{V1}/alarms/{{alarm_id}}"): READ_ALARMS,
    # A ward's clinician speaks to the patient of a health alarm too: gateway/api/routes_alarms.py.
    ("POST", f"{V1}/alarms/{{alarm_id}}/events"): DESK | {Role.CLINICIAN},
    ("GET", f"{V1}/services"): ALL,
    ("POST", f"{V1}/services/{{service_id}}/capacity"): frozenset({RESPONDER, SUPERVISOR}),
    # Who may change which part of a record: gateway/api/routes_people.py.
    ("GET", f"{V1}/persons/{{person_id}}"): SERVE,
    ("POST", f"{V1}/persons/{{person_id}}/record"): SERVE,
    ("GET", f"{V1}/devices/untested"): frozenset({OPERATOR, SUPERVISOR, MANAGER, ENGINEER}),
    ("POST", f"{V1}/devices/{{line}}/{{device}}/fault"): frozenset(
        {OPERATOR, SUPERVISOR, ENGINEER}
    ),
    ("GET", f"{V1}/referrals"): READ_REFERRALS,
    ("POST", f"{V1}/referrals"): SERVE,
    ("GET", f"{V1}/referrals/{{referral_id}}"): READ_REFERRALS,
    ("POST", f"{V1}/referrals/{{referral_id}}/seen"): frozenset({RESPONDER}),
    ("POST", f"{V1}/referrals/{{referral_id}}/accept"): SERVE,
    ("POST", f"{V1}/referrals/{{referral_id}}/reject"): SERVE,
    ("POST", f"{V1}/referrals/{{referral_id}}/set_out"): SERVE,
    ("POST", f"{V1}/referrals/{{referral_id}}/face_to_face"): SERVE,
    ("POST", f"{V1}/referrals/{{referral_id}}/contact"): SERVE,
    ("POST", f"{V1}/referrals/{{referral_id}}/ring_back"): SERVE,
    ("POST", f"{V1}/referrals/{{referral_id}}/outcome"): SERVE,
    ("POST", f"{V1}/referrals/{{referral_id}}/confirm"): DESK,
    ("POST", f"{V1}/referrals/{{referral_id}}/withdraw"): DESK,
    ("GET", f"{V1}/tasks"): frozenset(
        {OPERATOR, RESPONDER, SUPERVISOR, MANAGER, ENGINEER, Role.CLINICIAN}
    ),
    ("POST", f"{V1}/tasks/{{task_id}}/done"): frozenset(
        {OPERATOR, RESPONDER, SUPERVISOR, ENGINEER, Role.CLINICIAN}
    ),
    ("POST", f"{V1}/tasks/{{task_id}}/ring_back"): SERVE,
    ("GET", f"{V1}/mdt"): frozenset({RESPONDER, SUPERVISOR}),
    ("GET", f"{V1}/wards/{{ward_id}}/alerts"): READ_VITALS,
    ("GET", f"{V1}/persons/{{person_id}}/vitals"): READ_VITALS,
    ("POST", f"{V1}/persons/{{person_id}}/vitals/events"): frozenset({Role.CLINICIAN}),
    ("POST", f"{V1}/persons/{{person_id}}/vitals/readings"): ENTER_READINGS,
    ("POST", f"{FHIR_R4}/$process-message"): frozenset({Role.SERVICE}),
}
# Whose work needs to know who the person is, where they live and what they have.
READ_PERSONS: Roles = frozenset({OPERATOR, RESPONDER, SUPERVISOR})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: a token's organisation, name, role and, for a responder, service."""

    organisation_id: UUID
    name: str
    role: Role
    service_id: str | None

    @property
    def actor(self) -> str:
        """Give the name that audit rows carry."""
        if self.service_id is not None:
            return f"service:{self.service_id}:{self.name}"
        return f"{self.role.value}:{self.name}"


def _caller(request: Request) -> Caller:
    return cast("Caller", request.state.caller)


def _context(request: Request) -> Context:
    return cast("Context", request.app.state.context)


WhoCalls = Annotated[Caller, Depends(_caller)]
Shared = Annotated[Context, Depends(_context)]
