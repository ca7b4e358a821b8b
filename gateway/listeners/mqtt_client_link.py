"""One connection to a broker: paho on the event loop, acknowledging only when told to.

    link = Link(settings, "gateway-1-calls", heard=…, delivered=…)
    await link.open()              # CONNACK was good
    await link.subscribe(filters)  # SUBACK was good
    await link.closed              # why it is over
    await link.close()             # flush, DISCONNECT; also after `closed`

Theory of operation. A Link is never connected twice: a new connection is a new Link, so what was
decided for an old one can reach nobody. paho only speaks the protocol; the event loop tells it when
the socket can be read or written and looks at its keep-alive every second. Reading is never paused:
what bounds the messages is that they are not acknowledged, so pings and their answers always pass.
Connecting (names, TCP, TLS) blocks and runs in a thread; until it is back nobody else has the
client.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from gateway.listeners.mqtt_client_paho import QOS, connect, make_client, subscriptions
from gateway.listeners.mqtt_client_parts import BrokerSettings
from gateway.listeners.mqtt_client_texts import Text
from gateway.log import place

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
READS_A_TURN = 50

Heard = Callable[[MQTTMessage], None]
Delivered = Callable[[int], None]


class LinkError(Exception):
    """The broker cannot be reached or says no; `word` is a closed word for the metric."""

    def __init__(self, word: str, text: str) -> None:
        super().__init__(text)
        self.word = word


class Link:
    """One connection, from its opening to its end."""

    def __init__(
        self, settings: BrokerSettings, client_id: str, heard: Heard, delivered: Delivered
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            settings: Where, and as whom.
            client_id: Names the session at the broker.
            heard: Given every message; must not raise.
            delivered: Given the packet id of what we published when the broker has it.
        """
        self._settings = settings
        self._heard = heard
        self._delivered = delivered
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[str] = self._loop.create_future()
        self._connack: asyncio.Future[bool] = self._loop.create_future()
        self._answers: dict[int, asyncio.Future[list[ReasonCode]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._descriptor: int | None = None
        self._is_reading = True
        self._heard_count = 0
        self._client = self._prepared(make_client(settings, client_id))

    def _prepared(self, client: Client) -> Client:
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_suback
        client.on_unsubscribe = self._on_suback
        client.on_socket_register_write = self._on_want_write
        client.on_socket_unregister_write = self._on_written
        client.on_socket_close = self._on_socket_close
        return client

    async def open(self) -> bool:
        """Connect; say whether the broker still has our session.

        Raises:
            LinkError: it cannot be reached or refuses us.
        """
        try:
            # No callback of ours does anything before `_arm`.
            await asyncio.to_thread(connect, self._client, self._settings)
        except (OSError, ValueError) as error:
            word = "tls" if isinstance(error, ssl.SSLError | ValueError) else "unreachable"
            raise LinkError(word, f"{type(error).__name__}: {error}") from error
        self._arm()
        await self._answer(self._connack, "CONNACK")
        return self._connack.result()

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Subscribe at QoS 1.

        Raises:
            LinkError: the broker refuses a filter, or does not answer.
        """
        code, packet_id = self._client.subscribe(subscriptions(filters, self._settings.version))
        for one, reason in zip(filters, await self._asked(code, packet_id), strict=True):
            if reason.is_failure:
                raise LinkError("not_authorized", f"the broker refuses {one}: {reason}")

    async def unsubscribe(self, filters: Sequence[str]) -> None:
        """Give up filters; one that was not subscribed is no error.

        Raises:
            LinkError: the broker does not answer.
        """
        code, packet_id = self._client.unsubscribe(list(filters))
        await self._asked(code, packet_id)

    def acknowledge(self, packet_id: int, qos: int) -> None:
        """Acknowledge a message."""
        if not self.closed.done():
            self._client.ack(packet_id, qos)

    def publish(self, text: Text) -> int | None:
        """Publish at QoS 1; give the packet id, None when it cannot go out now."""
        if self.closed.done():
            return None
        sent = self._client.publish(text.topic, text.payload, QOS)
        return sent.mid if sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def stop_reading(self) -> None:
        """Read nothing more: before the end only."""
        self._is_reading = False
        if self._descriptor is not None:
            with suppress(RuntimeError):
                self._loop.remove_reader(self._descriptor)

    async def close(self) -> None:
        """Stop reading, write what waits, then DISCONNECT; cut the line when that takes long."""
        self.stop_reading()
        if self._client.socket() is not None and not self.closed.done():
            self._client.disconnect()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.timing.flush_s):
                    await asyncio.shield(self.closed)
        self._end("we closed it")

    # Towards paho

    def _arm(self) -> None:
        """Let the event loop drive the client from now on."""
        sock = self._client.socket()
        if not isinstance(sock, socket.socket):
            raise LinkError("lost", "the connection ended while it was made")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._descriptor = sock.fileno()
        self._loop.add_reader(self._descriptor, self._read)
        self._loop.add_writer(self._descriptor, self._client.loop_write)
        self._look()

    def _read(self) -> None:
        """Read; TLS may hold packets that the system no longer tells of."""
        for _ in range(READS_A_TURN):
            try:
                if self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return
            except Exception as error:  # noqa: BLE001 - whatever it is, it ends this line only
                log.critical("a packet of the broker breaks us", error=place(error))
                self._end("a packet of the broker breaks us")
                return
            sock = self._client.socket()
            if not isinstance(sock, ssl.SSLSocket) or not sock.pending():
                return
        self._loop.call_soon(self._read)

    def _look(self) -> None:
        """Keep alive; and read, because uvloop tells of a line that was reset only once."""
        if self._is_reading and not self.closed.done():
            self._read()
        if not self.closed.done():
            self._client.loop_misc()
            self._timer = self._loop.call_later(LOOK_EVERY_S, self._look)

    async def _asked(self, code: MQTTErrorCode, packet_id: int | None) -> list[ReasonCode]:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or packet_id is None:
            raise LinkError("lost", f"the connection is gone: {code.name}")
        answer: asyncio.Future[list[ReasonCode]] = self._loop.create_future()
        self._answers[packet_id] = answer
        await self._answer(answer, "SUBACK")
        return answer.result()

    async def _answer(self, answer: "asyncio.Future[Any]", what: str) -> None:
        """Return when the answer is there."""
        answer_s = self._settings.timing.answer_s
        count = -1
        # A broker that has much for us answers behind that: only silence is no answer.
        while count != self._heard_count:
            count = self._heard_count
            await asyncio.wait(
                (answer, self.closed), timeout=answer_s, return_when=asyncio.FIRST_COMPLETED
            )
            if answer.done():
                return
            if self.closed.done():
                raise LinkError("lost", self.closed.result())
        raise LinkError("silent", f"no {what} within {answer_s:.1f} s")

    def _end(self, why: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._unwatch()
        sock = self._client.socket()
        if sock is not None:
            sock.close()
        if not self.closed.done():
            self.closed.set_result(why)

    def _unwatch(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        # Of a line that was reset uvloop lets only the second one succeed, and that one does all.
        for remove in (self._loop.remove_writer, self._loop.remove_reader):
            with suppress(RuntimeError):
                remove(descriptor)

    # From paho

    def _on_connect(
        self, client: Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, _: object
    ) -> None:
        del client, userdata
        if self._connack.done():
            return
        if reason.is_failure:
            self._connack.set_exception(LinkError("refused", f"the broker refuses us: {reason}"))
        else:
            self._connack.set_result(flags.session_present)

    def _on_disconnect(
        self, client: Client, userdata: object, flags: DisconnectFlags, reason: ReasonCode,
        _: object,
    ) -> None:  # fmt: skip
        del client, userdata
        who = "the broker ended it" if flags.is_disconnect_packet_from_server else "it was lost"
        if not self.closed.done():
            self.closed.set_result(f"{who}: {reason}")

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        del client, userdata
        self._heard_count += 1
        self._heard(message)

    def _on_publish(
        self, client: Client, userdata: object, packet_id: int, reason: ReasonCode, _: object
    ) -> None:
        del client, userdata, reason
        self._delivered(packet_id)

    def _on_suback(
        self, client: Client, userdata: object, packet_id: int, reasons: list[ReasonCode],
        _: object,
    ) -> None:  # fmt: skip
        del client, userdata
        answer = self._answers.pop(packet_id, None)
        if answer is not None and not answer.done():
            answer.set_result(reasons)

    def _on_want_write(self, client: Client, userdata: object, sock: object) -> None:
        del userdata, sock
        if self._descriptor is None:
            return
        try:
            self._loop.add_writer(self._descriptor, client.loop_write)
        except RuntimeError:  # uvloop: the line was reset
            self._loop.call_soon(self._end, "it was reset")

    def _on_written(self, client: Client, userdata: object, sock: object) -> None:
        del client, userdata, sock
        if self._descriptor is not None:
            with suppress(RuntimeError):
                self._loop.remove_writer(self._descriptor)

    def _on_socket_close(self, client: Client, userdata: object, sock: object) -> None:
        del client, userdata, sock
        self._unwatch()
