"""What the live stream counts. Each name stands in ops/metrics.md."""

from prometheus_client import Counter, Gauge

clients = Gauge("lifeline_console_streams", "Consoles connected to this process")
refused = Counter("lifeline_console_streams_refused_total", "Consoles refused: too many streams")
overflows = Counter(
    "lifeline_console_overflows_total", "Times a console read so slowly that it began again"
)
failed_reads = Counter(
    "lifeline_console_failed_reads_total", "Times the alarms could not be read for the consoles"
)
unseen = Counter(
    "lifeline_alarms_unseen_total", "Alarms that no console had shown 5 s after they rang"
)
