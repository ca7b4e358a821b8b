"""The closed word lists of MQTT: versions, packet kinds, reason codes.

Sources: OASIS MQTT 3.1.1 (2014-10-29) tables 2.1 and 3.1; OASIS MQTT 5.0 (2019-03-07) tables 2-1
and 2-6. Only codes that we send are listed; a device's own codes are kept as numbers.
"""

from enum import IntEnum

from devices.errors import Corrupt


class Version(IntEnum):
    """Protocol level byte of CONNECT."""

    V311 = 4
    V5 = 5


class PacketKind(IntEnum):
    """High four bits of the first byte. AUTH exists in version 5 only."""

    RESERVED = 0
    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class Reason(IntEnum):
    """Version 5 reason codes that we send; 3.1.1 gets what `CONNECT_RETURN_CODES` maps to."""

    SUCCESS = 0x00
    GRANTED_QOS_1 = 0x01
    NO_MATCHING_SUBSCRIBERS = 0x10
    NO_SUBSCRIPTION_EXISTED = 0x11
    UNSPECIFIED = 0x80
    MALFORMED = 0x81
    PROTOCOL_ERROR = 0x82
    REFUSED = 0x83
    UNSUPPORTED_VERSION = 0x84
    CLIENT_ID_NOT_VALID = 0x85
    BAD_USERNAME_OR_PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    SERVER_SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    QUOTA_EXCEEDED = 0x97
    RETAIN_NOT_SUPPORTED = 0x9A
    QOS_NOT_SUPPORTED = 0x9B
    SHARED_NOT_SUPPORTED = 0x9E
    CONNECTION_RATE_EXCEEDED = 0x9F
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xA1
    WILDCARDS_NOT_SUPPORTED = 0xA2


CONNECT_RETURN_CODES = {
    Reason.UNSUPPORTED_VERSION: 1,
    Reason.CLIENT_ID_NOT_VALID: 2,
    Reason.SERVER_UNAVAILABLE: 3,
    Reason.SERVER_BUSY: 3,
    Reason.SERVER_SHUTTING_DOWN: 3,
    Reason.QUOTA_EXCEEDED: 3,
    Reason.CONNECTION_RATE_EXCEEDED: 3,
    Reason.BAD_USERNAME_OR_PASSWORD: 4,
    Reason.NOT_AUTHORIZED: 5,
}
"""Version 3.1.1 CONNACK codes (table 3.1). A reason without one closes the connection unsaid."""

SUBACK_FAILURE_V311 = 0x80


class MqttFault(Corrupt):
    """What a device sent breaks the protocol: the reason code and a message in numbers."""

    def __init__(self, reason: Reason, message: str) -> None:
        """Keep both; the message names what was found and what was expected."""
        super().__init__(message)
        self.reason = reason


class MqttMisuseError(RuntimeError):
    """The gateway asked a connection for what its state does not allow: a fault of ours."""
