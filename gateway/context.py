"""What the roles share: made once in gateway/runtime.py, handed to each, changed by none."""

from dataclasses import dataclass, field

from gateway.access.logins import Logins
from gateway.access.organisation import owner_of
from gateway.clock import Clock
from gateway.database import Database
from gateway.placing import Desk
from gateway.settings import Settings
from gateway.store.connect import Session, Sessions


@dataclass(slots=True)
class Ports:
    """The ports that were really bound, for whoever asked for a free one."""

    web: int | None = None
    mqtt: int | None = None
    mqtt_tls: int | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """Settings, clock, database, rules and keys of one gateway process."""

    settings: Settings
    clock: Clock
    database: Database
    desk: Desk
    storage: str
    sessions: Sessions
    listen: Session
    ports: Ports = field(default_factory=Ports)

    @property
    def logins(self) -> Logins:
        """Give the browsers that are signed in."""
        return Logins(owner_of(self.sessions), self.desk.audit_key)
