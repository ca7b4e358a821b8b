"""What the HTTP side counts. Labels are route templates, methods and statuses: never what was sent.

Each name stands in ops/metrics.md.
"""

from prometheus_client import Counter, Histogram

from gateway.metrics import LATENCY_S

requests = Counter(
    "lifeline_http_requests_total", "Requests answered", ["route", "method", "status"]
)
request_s = Histogram(
    "lifeline_http_request_seconds", "From the request's first byte to its answer's last",
    ["route"], buckets=LATENCY_S,
)  # fmt: skip
failed_logins = Counter(
    "lifeline_http_failed_logins_total", "Requests with a token nobody has, and wrong passwords"
)
limited_logins = Counter(
    "lifeline_http_limited_logins_total", "Requests refused after too many failed sign-ins"
)
person_reads = Counter(
    "lifeline_person_reads_total", "Times a person's details were shown, each audited", ["role"]
)
