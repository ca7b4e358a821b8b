"""Who may call what: one table, read for every request; a route that is not in it is denied.

Roles are those of people's accounts (gateway/access) and of programs' tokens (gateway/tokens.py).
Beyond this table the caller's organisation limits every query, in the query and in the database's
own policies, and the service of a responder limits it to that service's referrals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request

from gateway.access.logins import SignedIn
from gateway.context import Context
from gateway.tokens import Role

V1 = "/api/v1"
FHIR_R4 = "/fhir/R4"
OPERATOR, RESPONDER, SUPERVISOR = Role.OPERATOR, Role.RESPONDER, Role.SUPERVISOR
MANAGER, ENGINEER, AUDITOR = Role.MANAGER, Role.ENGINEER, Role.AUDITOR
CLINICIAN, INSTALLER = Role.CLINICIAN, Role.INSTALLER

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

# As which of several roles a person acts on a route: the first of these that its row allows.
PRECEDENCE = (SUPERVISOR, OPERATOR, CLINICIAN, RESPONDER, MANAGER, ENGINEER, INSTALLER, AUDITOR)

# (method, path) -> roles; None: anybody, without signing in.
ROUTES: Mapping[tuple[str, str], Roles | None] = {
    ("GET", "/"): None,
    # Signing in itself; whoever is signed in may sign out, and see who they are.
    ("POST", "/sign-in"): None,
    ("GET", "/sign-in/provider"): None,
    ("GET", "/sign-in/provider/back"): None,
    ("POST", "/sign-in/again"): ALL,
    ("POST", "/sign-out"): ALL,
    ("POST", "/password"): ALL,
    ("GET", f"{V1}/me"): ALL,
    ("GET", "/page.css"): None,
    # Pages and their files; what they show of people stands in rows of their own.
    ("GET", "/sign-in"): None,
    ("GET", "/password"): ALL,
    ("GET", "/console/static/{release}/{path:path}"): None,
    ("GET", "/console/guide"): ALL,
    ("GET", "/console/stream"): frozenset({OPERATOR, SUPERVISOR, ENGINEER}),
    ("POST", "/console/seen"): DESK,
    # The desk of the alarm receiving centre: pages, then its own acts.
    ("GET", "/console"): DESK,
    ("GET", "/console/alarms/{alarm_id}"): DESK,
    ("GET", "/console/incoming"): DESK,
    ("GET", "/console/referrals/new"): DESK,
    ("GET", "/console/search"): DESK,
    ("GET", "/console/technical"): frozenset({OPERATOR, SUPERVISOR, ENGINEER}),
    ("GET", "/console/power"): DESK,
    ("GET", "/console/handover"): DESK,
    ("GET", "/console/supervisor"): frozenset({SUPERVISOR}),
    ("GET", "/console/scripts"): DESK,
    ("POST", f"{V1}/duty"): DESK,
    ("PUT", f"{V1}/drafts/{{about}}/{{form}}"): DESK,
    ("POST", f"{V1}/persons/{{person_id}}/key_safe"): DESK,
    ("POST", f"{V1}/persons/{{person_id}}/home"): DESK,
    ("POST", f"{V1}/search"): DESK,
    ("POST", f"{V1}/handovers"): DESK,
    ("POST", f"{V1}/calls"): DESK,
    ("GET", f"{V1}/calls/to_clear"): DESK,
    ("POST", f"{V1}/alarms"): DESK,
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
# What shows personal data: the gate writes an audit row before the route reads anything.
PERSONAL_READS: frozenset[str] = frozenset(
    {
        f"{V1}/alarms",
        f"{V1}/alarms/{{alarm_id}}",
        "/console/alarms/{alarm_id}",
        "/console/technical",
        "/console/power",
        "/console/handover",
        "/console/supervisor",
        "/console/incoming",
        f"{V1}/calls/to_clear",
        f"{V1}/persons/{{person_id}}",
        f"{V1}/referrals",
        f"{V1}/referrals/{{referral_id}}",
        f"{V1}/tasks",
        f"{V1}/mdt",
        f"{V1}/devices/untested",
        f"{V1}/wards/{{ward_id}}/alerts",
    }
)
# Open to a person whose password somebody else has set: choose one of your own, or leave.
BEFORE_OWN_PASSWORD = frozenset({"/password", "/sign-out", "/sign-in/again", f"{V1}/me"})
# Whose work needs to know who the person is, where they live and what they have.
READ_PERSONS: Roles = frozenset({OPERATOR, RESPONDER, SUPERVISOR})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: organisation, name, role and, for a responder, service.

    `role` is the one of their `roles` they act in here; `signed_in` is None for a token.
    """

    organisation_id: UUID
    name: str
    role: Role
    service_id: str | None
    roles: Roles = frozenset()
    signed_in: SignedIn | None = None

    def may(self, roles: Roles) -> bool:
        """Say whether any of their roles is among these."""
        return self.role in roles or not self.roles.isdisjoint(roles)

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
