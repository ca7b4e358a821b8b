"""What the device endpoint counts. Labels name the line and closed words, never a device."""

from prometheus_client import Counter, Gauge

connections = Gauge(
    "lifeline_mqtt_connections", "Open sessions of devices", ["line", "authenticated"]
)
messages = Counter(
    "lifeline_mqtt_messages_total",
    "Messages handed in, by the last level of their topic",
    ["line", "topic", "authenticated"],
)
refused = Counter(
    "lifeline_mqtt_refused_total",
    "Connections and messages that were refused, and sessions we ended, by reason",
    ["line", "reason"],
)
protocol_errors = Counter(
    "lifeline_mqtt_protocol_errors_total", "Connections that broke the protocol", ["line", "reason"]
)
takeovers = Counter(
    "lifeline_mqtt_takeovers_total", "Sessions replaced by a newer one of their device", ["line"]
)
wills = Counter("lifeline_mqtt_wills_total", "Wills that spoke, by why", ["line", "cause"])
reading_paused = Counter(
    "lifeline_mqtt_reading_paused_total",
    "Times that reading a connection was paused",
    ["line", "why"],
)


class EndpointMetrics:
    """The metrics of one line, its labels bound once because messages come by the thousand."""

    def __init__(self, line: str) -> None:
        """Bind the line."""
        self._line = line
        self.takeovers = takeovers.labels(line=line)
        self._messages: dict[tuple[str, bool], Counter] = {}

    def session(self, *, authenticated: bool, change: int) -> None:
        """Count a session in (1) or out (-1)."""
        connections.labels(self._line, str(authenticated).lower()).inc(change)

    def message(self, topic: str, *, authenticated: bool) -> None:
        """Count a message; `topic` is a closed word."""
        counter = self._messages.get((topic, authenticated))
        if counter is None:
            counter = messages.labels(self._line, topic, str(authenticated).lower())
            self._messages[topic, authenticated] = counter
        counter.inc()

    def refusal(self, reason: str) -> None:
        """Count a refusal."""
        refused.labels(self._line, reason).inc()

    def protocol_error(self, reason: str) -> None:
        """Count a broken protocol."""
        protocol_errors.labels(self._line, reason).inc()

    def will(self, cause: str) -> None:
        """Count a will that spoke."""
        wills.labels(self._line, cause).inc()

    def paused(self, why: str) -> None:
        """Count a pause of reading."""
        reading_paused.labels(self._line, why).inc()
