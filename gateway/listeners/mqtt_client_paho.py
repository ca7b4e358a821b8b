"""How paho is set up for one connection to a broker."""

from collections.abc import Sequence
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.listeners.mqtt_client_parts import BrokerSettings, Version

QOS = 1
SHARED = "$share/"
RETAINED_WHEN_NEW = 1
RETAINED_ALWAYS = 0


def make_client(settings: BrokerSettings, client_id: str) -> Client:
    """Make a client that acknowledges only when told to and never reconnects by itself."""
    timing = settings.timing
    is_v5 = settings.version is Version.V5
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id,
        clean_session=None if is_v5 else False,
        protocol=MQTTProtocolVersion.MQTTv5 if is_v5 else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = timing.connect_s
    # Bounded by mqtt_client_texts; paho would count a text that was just acknowledged.
    client.max_inflight_messages_set(0)
    client.max_queued_messages_set(0)
    if settings.username is not None:
        client.username_pw_set(settings.username, settings.password)
    if settings.tls is not None:
        client.tls_set_context(settings.tls)
    return client


def connect(client: Client, settings: BrokerSettings) -> None:
    """Open the connection and queue CONNECT for a session that outlives it; blocks.

    Raises:
        OSError: no connection, or (ssl.SSLError) no trust.
        ValueError: the certificate is not for this host.
    """
    timing = settings.timing
    given: dict[str, Any] = {}
    if settings.version is Version.V5:
        properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = (
            timing.group_session_s if settings.group else timing.session_s
        )
        properties.ReceiveMaximum = timing.receive_maximum
        given = {"clean_start": False, "properties": properties}
    client.connect(settings.host, settings.port, timing.keep_alive_s, **given)


def subscriptions(
    filters: Sequence[str], version: Version
) -> list[tuple[str, int]] | list[tuple[str, SubscribeOptions]]:
    """Give the filters as paho wants them, at QoS 1.

    In version 5 what the broker has from memory comes only with a subscription that is new: a call
    without an id would ring again at every reconnect. (A shared one gets nothing from memory.)
    """
    if version is Version.V311:
        return [(one, QOS) for one in filters]
    return [
        (
            one,
            SubscribeOptions(
                QOS,
                retainHandling=RETAINED_ALWAYS if one.startswith(SHARED) else RETAINED_WHEN_NEW,
            ),
        )
        for one in filters
    ]
