"""The life of one MQTT connection as tables: state -> what happens -> state.

Theory of operation: a packet of the device and a command of ours each have a table. A missing cell
is an error: of the device (ProtocolError) in the first, of ours (MqttMisuseError) in the second.

```
AWAITING_CONNECT --CONNECT--> DECIDING --AcceptConnect--> CONNECTED --DISCONNECT--> CLOSED
                                 `------RefuseConnect----------------------------> CLOSED
any state --Close, or a fault of the device--> CLOSED
```
While DECIDING, packets are kept and not looked at (MQTT 3.1.1 section 3.1.4 lets a device send on
behind CONNECT). After CLOSED an Acknowledge, Deliver or Answer is still in order and does nothing:
commits finish when they finish, and what they allow must not reach a newer connection.
"""

from enum import StrEnum

from devices.links.mqtt_events import (
    AcceptConnect,
    Acknowledge,
    Answer,
    Close,
    Command,
    Deliver,
    RefuseConnect,
)
from devices.links.mqtt_reasons import MqttFault, MqttMisuseError, PacketKind, Reason


class State(StrEnum):
    """Where a connection is."""

    AWAITING_CONNECT = "awaiting_connect"
    DECIDING = "deciding"
    CONNECTED = "connected"
    CLOSED = "closed"


ON_PACKET: dict[State, dict[int, State]] = {
    State.AWAITING_CONNECT: {PacketKind.CONNECT: State.DECIDING},
    State.DECIDING: {},
    State.CONNECTED: {
        PacketKind.PUBLISH: State.CONNECTED,
        PacketKind.PUBACK: State.CONNECTED,
        PacketKind.SUBSCRIBE: State.CONNECTED,
        PacketKind.UNSUBSCRIBE: State.CONNECTED,
        PacketKind.PINGREQ: State.CONNECTED,
        PacketKind.DISCONNECT: State.CLOSED,
    },
    State.CLOSED: {},
}

ON_COMMAND: dict[State, dict[type[Command], State]] = {
    State.AWAITING_CONNECT: {Close: State.CLOSED},
    State.DECIDING: {
        AcceptConnect: State.CONNECTED,
        RefuseConnect: State.CLOSED,
        Close: State.CLOSED,
    },
    State.CONNECTED: {
        Acknowledge: State.CONNECTED,
        Answer: State.CONNECTED,
        Deliver: State.CONNECTED,
        Close: State.CLOSED,
    },
    State.CLOSED: {
        Acknowledge: State.CLOSED,
        Answer: State.CLOSED,
        Deliver: State.CLOSED,
        Close: State.CLOSED,
    },
}


def after_packet(state: State, kind: int) -> State:
    """Walk the table of packets.

    Raises:
        MqttFault: 0x82 when the device may not send this kind now.
    """
    after = ON_PACKET[state].get(kind)
    if after is None:
        expected = ", ".join(PacketKind(k).name for k in ON_PACKET[state])
        raise MqttFault(
            Reason.PROTOCOL_ERROR,
            f"{PacketKind(kind).name} while {state.value}, expected {expected}",
        )
    return after


def after_command(state: State, command: Command) -> State:
    """Walk the table of commands.

    Raises:
        MqttMisuseError: when the gateway may not ask for this now.
    """
    after = ON_COMMAND[state].get(type(command))
    if after is None:
        expected = ", ".join(kind.__name__ for kind in ON_COMMAND[state])
        raise MqttMisuseError(f"{type(command).__name__} while {state.value}, expected {expected}")
    return after
