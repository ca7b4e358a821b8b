"""What the gateway counts, under Prometheus' names and units. No personal data in labels, ever.

Every name here stands in ops/metrics.md with what it means and what to do about it.
"""

from prometheus_client import Counter, Gauge, Histogram

LATENCY_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

faults = Counter(
    "lifeline_message_faults_total", "Messages that could not be read wholly", ["link", "fault"]
)
taken = Counter("lifeline_messages_taken_total", "Messages stored and answered", ["lane"])
repeats = Counter("lifeline_messages_repeated_total", "Messages heard before", ["lane"])
strays = Counter(
    "lifeline_not_enrolled_total", "Messages without proof from senders nobody enrolled", ["line"]
)
quarantined = Counter(
    "lifeline_quarantine_dropped_total", "Quarantined messages dropped at the bound", ["line"]
)
batch_size = Histogram(
    "lifeline_batch_messages", "Messages in one transaction", ["lane"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)  # fmt: skip
commit_s = Histogram(
    "lifeline_batch_seconds", "From the batch's start to its commit", ["lane"], buckets=LATENCY_S
)
store_failures = Counter(
    "lifeline_store_failures_total", "Transactions the database did not keep", ["lane", "kind"]
)
poisoned = Counter(
    "lifeline_poisoned_messages_total", "Messages kept as bytes only, because the database or "
    "deciding refused their content",
)  # fmt: skip
deciding_failed = Counter("lifeline_deciding_failed_total", "Decisions that ended in an error")
receiver_blind = Gauge("lifeline_receiver_blind", "1 while nothing can be stored")
clock_drift_s = Gauge("lifeline_clock_drift_seconds", "Database clock minus ours")
waiting = Gauge("lifeline_lane_waiting", "Messages waiting for their transaction", ["lane"])
decisions = Counter("lifeline_decisions_total", "Steps decided", ["what"])
outbox_sent = Counter("lifeline_outbox_sent_total", "Messages that went out", ["what"])
outbox_failed = Counter(
    "lifeline_outbox_failed_total", "Attempts to send that failed", ["what", "again"]
)
sessions_ended = Counter(
    "lifeline_frozen_sessions_ended_total", "Database sessions of frozen processes we ended"
)
worker_failures = Counter(
    "lifeline_worker_failures_total", "Rounds of a background worker that failed", ["worker"]
)
audit_unsealed_s = Gauge(
    "lifeline_audit_unsealed_seconds", "How long the oldest audit row has waited for its seal"
)
