"""What the client of a site's broker counts. Labels name the line and closed words, no device."""

from prometheus_client import Counter, Gauge

up = Gauge(
    "lifeline_broker_up", "1 while connected to the broker and subscribed", ["line", "topics"]
)
connects = Counter(
    "lifeline_broker_connects_total",
    "Attempts to connect to the broker, by what came of them",
    ["line", "topics", "result"],
)
messages = Counter(
    "lifeline_broker_messages_total",
    "Messages of the broker handed in, by the last level of their topic",
    ["line", "topic"],
)
unacknowledged = Gauge(
    "lifeline_broker_unacknowledged",
    "Messages of the broker that are not yet acknowledged",
    ["line", "topics"],
)
old_acknowledgements = Counter(
    "lifeline_broker_old_acknowledgements_total",
    "Acknowledgements not sent, because the connection they belong to is over",
    ["line"],
)
left = Counter(
    "lifeline_broker_left_total",
    "Messages not taken now and left unacknowledged with the broker, or dropped at QoS 0, by why",
    ["line", "why"],
)
passed_over = Counter(
    "lifeline_broker_passed_over_total",
    "Messages that were not stored for so long that later ones were acknowledged before them",
    ["line"],
)
told = Counter("lifeline_broker_told_total", "Receipts and texts the broker took", ["line"])
untold = Counter(
    "lifeline_broker_untold_total", "Receipts and texts dropped because too many waited", ["line"]
)
