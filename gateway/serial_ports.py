"""The serial ports of a site, as the setting `serial_ports` lists them."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from devices.links import nonin2, rfxtrx

Link = Literal["rfxtrx", "nonin-2"]

BAUDS: dict[Link, int] = {"rfxtrx": rfxtrx.BAUD, "nonin-2": nonin2.BAUD}
MAX_PORTS = 32


class SerialPort(BaseModel):
    """One port: where it is, what is plugged in, and whose names its senders have.

    `path` is best one of /dev/serial/by-id, which names what is plugged in and not the order in
    which it was found. `line` is the account space of the senders, for one link only: an id heard
    by radio must not pass for a name that another link proved. `sender` is the name an oximeter is
    enrolled under; an RFXtrx433 hears many senders and takes none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    link: Link
    line: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    baud: Annotated[int, Field(ge=300, le=4_000_000)] | None = None
    sender: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^/+#\x00-\x1f]+$")] = ""

    @model_validator(mode="after")
    def _names_who_speaks(self) -> Self:
        if self.link == "nonin-2" and not self.sender:
            raise ValueError("a nonin-2 port needs sender, the name its oximeter is enrolled under")
        if self.link == "rfxtrx" and self.sender:
            raise ValueError("an rfxtrx port takes no sender: each device says its own id")
        return self

    @property
    def name(self) -> str:
        """What people call the port: the last part of its path."""
        return self.path.name

    @property
    def speed_baud(self) -> int:
        """The speed, as set or as usual for the link."""
        return self.baud or BAUDS[self.link]


def check_together(ports: tuple[SerialPort, ...], others: set[str]) -> None:
    """Check that ports and lines do not get in each other's way.

    Args:
        others: Lines that other listeners use.

    Raises:
        ValueError: two ports of one path or name, or a line with two kinds of senders.
    """
    if len({port.name for port in ports}) < len(ports):
        raise ValueError("serial_ports: two ports have the same name, expected each once")
    if len(ports) > MAX_PORTS:
        raise ValueError(f"serial_ports: {len(ports)} ports, expected at most {MAX_PORTS}")
    links: dict[str, str] = {}
    for port in ports:
        if port.line in others:
            raise ValueError(f"serial_ports: line {port.line} belongs to another listener")
        if links.setdefault(port.line, port.link) != port.link:
            raise ValueError(f"serial_ports: line {port.line} has two links, expected one")
