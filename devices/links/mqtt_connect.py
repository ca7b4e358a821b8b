"""Letting a device in: what its CONNECT may ask for and what our CONNACK tells it.

A receiver keeps no session: Session Present is 0 and version 5 is told a session expiry of 0, so
a will speaks as soon as its device is gone. A device that needs nothing but to be heard is let in
with as little fuss as the specifications allow.
"""

from devices.links.mqtt_connect_packet import Connect
from devices.links.mqtt_events import ConnectRequested, Limits
from devices.links.mqtt_properties import Property
from devices.links.mqtt_reasons import MqttFault, MqttMisuseError, Reason, Version
from devices.links.mqtt_writer import connack

ENTROPY_BYTES = 8


def requested(connect: Connect, limits: Limits) -> ConnectRequested:
    """Check a CONNECT that was read and turn it into the event.

    Raises:
        MqttFault: 0x85, 0x86, 0x9A or 0x9B for what it may not ask for.
    """
    if not connect.client_id and not connect.clean and connect.version is Version.V311:
        raise MqttFault(
            Reason.CLIENT_ID_NOT_VALID, "CONNECT: client id of 0 bytes without a clean session"
        )
    found_expected = (
        (Reason.CLIENT_ID_NOT_VALID, connect.client_id.encode(), limits.client_id_bytes),
        (
            Reason.BAD_USERNAME_OR_PASSWORD,
            (connect.username or "").encode(),
            limits.username_bytes,
        ),
        (Reason.BAD_USERNAME_OR_PASSWORD, connect.password or b"", limits.password_bytes),
    )
    for reason, octets, limit in found_expected:
        if len(octets) > limit:
            raise MqttFault(
                reason,
                f"CONNECT: {reason.name.lower()}, {len(octets)} bytes, expected at most {limit}",
            )
    _check_will(connect)
    return ConnectRequested(
        connect.version,
        connect.client_id,
        connect.username,
        connect.password,
        connect.keep_alive_s,
        connect.clean,
        connect.will,
    )


def _check_will(connect: Connect) -> None:
    """Refuse what version 5 was told we do not have; 3.1.1 cannot be told and is let in."""
    if connect.will is None or connect.version is not Version.V5:
        return
    if connect.will.qos == 2:
        raise MqttFault(Reason.QOS_NOT_SUPPORTED, "CONNECT: will QoS 2, expected 0 or 1")
    if connect.will.retain:
        raise MqttFault(Reason.RETAIN_NOT_SUPPORTED, "CONNECT: will retain 1, expected 0")


def keep_alive_s(connect: Connect, limits: Limits) -> int:
    """Answer the keep alive that holds, in seconds; 0 is none (3.1.1 cannot be told otherwise)."""
    asked_s = connect.keep_alive_s
    if connect.version is Version.V5 and not 0 < asked_s <= limits.keep_alive_max_s:
        return limits.keep_alive_max_s
    return asked_s


def client_id(connect: Connect, entropy: bytes) -> str:
    """Answer the device's client id, or make one of the entropy when it has none.

    Raises:
        MqttMisuseError: when one has to be made of less than 8 bytes.
    """
    if connect.client_id:
        return connect.client_id
    if len(entropy) < ENTROPY_BYTES:
        raise MqttMisuseError(
            f"AcceptConnect with {len(entropy)} bytes of entropy, expected {ENTROPY_BYTES} "
            "for a client id"
        )
    return f"device-{entropy[:ENTROPY_BYTES].hex()}"


def welcome(connect: Connect, limits: Limits, entropy: bytes) -> bytes:
    """Write the CONNACK that lets the device in.

    Raises:
        MqttMisuseError: see `client_id`.
    """
    assigned = client_id(connect, entropy)
    numbers = {
        Property.RECEIVE_MAXIMUM: limits.receive_maximum,
        Property.MAXIMUM_QOS: 1,
        Property.RETAIN_AVAILABLE: 0,
        Property.MAXIMUM_PACKET_BYTES: limits.packet_bytes,
        Property.TOPIC_ALIAS_MAXIMUM: limits.topic_alias_maximum,
        Property.WILDCARD_AVAILABLE: 0,
        Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE: 0,
        Property.SHARED_AVAILABLE: 0,
    }
    if connect.properties.numbers.get(Property.SESSION_EXPIRY_S):
        numbers[Property.SESSION_EXPIRY_S] = 0
    if keep_alive_s(connect, limits) != connect.keep_alive_s:
        numbers[Property.SERVER_KEEP_ALIVE_S] = limits.keep_alive_max_s
    texts = {} if connect.client_id else {Property.ASSIGNED_CLIENT_ID: assigned}
    return connack(Reason.SUCCESS, connect.version, numbers, texts)
