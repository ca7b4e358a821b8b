"""A broker's message as a Packet: whose it is, and what the broker vouches for.

The sender is the device that the topic names. That it was this device which published is known to
the broker alone: its access list must let a device write below its own name only, as
ops/mosquitto/acl does with `pattern write lifeline/v1/%u/call`. `trusted_topics` says that it does;
then the message counts as from a device that proved its name. Without it the message comes from
an unknown caller who claims that name: heard, and put before an operator.
"""

from datetime import datetime

from paho.mqtt.client import MQTTMessage

from devices.links import native
from devices.model import Packet
from gateway.listeners.mqtt_client_parts import BrokerSettings
from gateway.listeners.mqtt_policy import OTHER, claimed_name


def packet_of(message: MQTTMessage, settings: BrokerSettings, now: datetime) -> Packet:
    """Give the message as a Packet; never fails."""
    try:
        topic = message.topic
    except UnicodeDecodeError:  # a broker that lets this pass is broken; the message is evidence
        topic = ""
    parsed = native.parse_topic(topic)
    return native.unwrap(
        topic,
        bytes(message.payload[: settings.timing.body_bytes]),
        line=settings.line,
        sender=parsed.device if parsed else claimed_name(None, None, topic),
        received_at=now,
        authenticated=parsed is not None and settings.trusted_topics,
        # To a subscriber RETAIN does mean: from the broker's memory (MQTT 3.1.1, 3.3.1.3).
        retained=message.retain,
        peer=settings.host,
    )


def topic_word(packet: Packet) -> str:
    """Give the last level of a native topic, or the word for all others."""
    parsed = native.parse_topic(packet.topic)
    return parsed.channel.value if parsed else OTHER
