"""The roles of a gateway process, and those of the people and programs that use its HTTP side."""

from enum import StrEnum


class Role(StrEnum):
    """What a gateway process does; `lifeline up` does all three."""

    INGEST = "ingest"
    DISPATCH = "dispatch"
    WEB = "web"


class ApiRole(StrEnum):
    """What people and programs may be (DESIGN 1); `service` is a service's program, no person."""

    OPERATOR = "operator"
    RESPONDER = "responder"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    ENGINEER = "engineer"
    AUDITOR = "auditor"
    SERVICE = "service"
    CLINICIAN = "clinician"
    INSTALLER = "installer"
