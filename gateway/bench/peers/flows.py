"""The two Node-RED flows: one insert for each message, and joined batches.

Both are what an integrator draws: `mqtt in` (QoS 1, kept session) -> a function with the rule ->
rows into PostgreSQL, alerts through `mqtt out` (QoS 1). The batch flow puts Node-RED's own `join`
node between: 500 messages or 200 ms, one insert each. Alarm rows never wait for a batch.

The PostgreSQL node is a function node over `pg`, Node's usual driver, with a pool and prepared
statements: node-red-contrib-postgresql is in no registry that can be relied on, and does the same
over the same driver. Node-RED weakens delivery: `mqtt in` acknowledges before the flow has run.
"""

import json

from gateway.bench.system import ALARM_ABOVE_BPM

BATCH_ROWS = 500
BATCH_S = 0.2
TAB = "flow"
BROKER = "broker"
VITAL = "insert into vitals values ($1, $2, $3, $4, $5, $6, $7)"
VITALS = (
    "insert into vitals select * from unnest($1::text[], $2::timestamptz[], $3::text[], "
    "$4::text[], $5::text[], $6::float8[], $7::int2[])"
)
ALARM = (
    "insert into alarms (message_id, ts_ns, patient_id, rule, value) values ($1, $2, $3, $4, $5)"
)

RULE = f"""
const told = msg.payload;
msg.row = [told.id, new Date(told.ts_ns / 1e6).toISOString(), told.dev, told.patient, told.code,
           told.value, told.quality];
if (told.code !== "hr" || told.value <= {ALARM_ABOVE_BPM}) return [msg, null];
const alert = {{id: told.id, ts_ns: told.ts_ns, rule: "hr_high"}};
return [msg, {{topic: "alarms/" + told.dev, qos: 1, payload: JSON.stringify(alert),
              row: [told.id, told.ts_ns, told.patient, "hr_high", told.value]}}];
"""
INSERT = """
await global.get("pool").query({{name: "{name}", text: "{text}", values: {values}}});
"""
COLUMNS = """
const columns = [[], [], [], [], [], [], []];
for (const row of msg.row) row.forEach((value, place) => columns[place].push(value));
msg.columns = columns;
return msg;
"""

Node = dict[str, object]


def one_by_one(port: int) -> str:
    """Give the flow with one insert for each message, as Node-RED reads it."""
    vital = _insert("vital", VITAL)
    return json.dumps([*_common(port, "vital"), vital])


def batched(port: int) -> str:
    """Give the flow that joins messages before it inserts, as Node-RED reads it."""
    join = _node(
        "join", "join", ["columns"], mode="custom", build="array", property="row",
        propertyType="msg", key="topic", joiner="", joinerType="str", useparts=False,
        accumulate=False, count=str(BATCH_ROWS), timeout=str(BATCH_S), reduceRight=False,
    )  # fmt: skip
    insert = _insert("vital", VITALS, "msg.columns")
    return json.dumps([*_common(port, "join"), join, _function("columns", COLUMNS, insert), insert])


def _common(port: int, then: str) -> list[Node]:
    broker: Node = {
        "id": BROKER, "type": "mqtt-broker", "name": "", "broker": "127.0.0.1", "port": str(port),
        "clientid": "node-red", "autoConnect": True, "usetls": False, "protocolVersion": "4",
        "keepalive": "60", "cleansession": False, "autoUnsubscribe": False,
    }  # fmt: skip
    source = _node(
        "in", "mqtt in", ["rule"], topic="t/#", qos="1", datatype="json", broker=BROKER, nl=False,
        rap=True, rh=0, inputs=0,
    )  # fmt: skip
    sink = _node("out", "mqtt out", [], topic="", qos="1", retain="false", broker=BROKER)
    alarm = _insert("alarm", ALARM)
    rule = _node("rule", "function", [], func=RULE, outputs=2, libs=[])
    rule["wires"] = [[then], ["out", "alarm"]]
    return [{"id": TAB, "type": "tab", "label": TAB}, broker, source, rule, sink, alarm]


def _insert(name: str, text: str, values: str = "msg.row") -> Node:
    return _function(name, INSERT.format(name=name, text=text, values=values))


def _function(name: str, body: str, then: Node | None = None) -> Node:
    wires = [str(then["id"])] if then else []
    return _node(name, "function", wires, func=body, outputs=len(wires), libs=[])


def _node(name: str, kind: str, wires: list[str], **more: object) -> Node:
    place = {"z": TAB, "x": 100, "y": 100, "wires": [wires] if wires else []}
    return {"id": name, "type": kind, "name": name, **place, **more}
