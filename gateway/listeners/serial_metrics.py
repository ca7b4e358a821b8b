"""What the serial listeners count. Labels name the line and closed words, never a device."""

from prometheus_client import Counter, Gauge

present = Gauge(
    "lifeline_serial_receivers", "Serial receivers that are plugged in and answer", ["line"]
)
packets = Counter("lifeline_serial_messages_total", "Messages handed in", ["line"])
ignored = Counter("lifeline_serial_ignored_total", "Whole frames that are not for us", ["line"])
garbled = Counter("lifeline_serial_garbled_total", "Reads with bytes that are no frame", ["line"])
opened = Counter("lifeline_serial_opened_total", "Times a serial port was opened", ["line"])
paused = Counter(
    "lifeline_serial_reading_paused_total",
    "Times that reading was paused, because its lane had no room",
    ["line"],
)
