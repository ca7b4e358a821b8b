"""The script somebody writes in an afternoon: subscribe, decode, apply the rule, insert, alert.

It runs by itself (`python quick_script.py PORT`, the address of the database in PEER_DSN) and knows
nothing of this package. It is written as the documentation of its two libraries shows: one insert
for each message in autocommit, statements prepared by the driver, alerts with QoS 1. It weakens
delivery: the MQTT client acknowledges a message before it is inserted.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime

import aiomqtt
import psycopg

TOO_FAST = 180
VITAL = "insert into vitals values (%s, %s, %s, %s, %s, %s, %s)"
ALARM = (
    "insert into alarms (message_id, ts_ns, patient_id, rule, value) values (%s, %s, %s, %s, %s)"
)


async def main(port: int, dsn: str) -> None:
    """Take messages until the process is ended."""
    async with (
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as database,
        aiomqtt.Client("127.0.0.1", port, identifier="quick", clean_session=False) as client,
    ):
        await client.subscribe("t/#", qos=1)
        async for message in client.messages:
            assert isinstance(message.payload, bytes), "what a broker delivers"
            told = json.loads(message.payload)
            at = datetime.fromtimestamp(told["ts_ns"] / 1e9, UTC)
            row = (told["id"], at, told["dev"], told["patient"], told["code"])
            await database.execute(VITAL, (*row, told["value"], told["quality"]))
            if told["code"] == "hr" and told["value"] > TOO_FAST:
                alarm = (told["id"], told["ts_ns"], told["patient"], "hr_high", told["value"])
                await database.execute(ALARM, alarm)
                alert = {"id": told["id"], "ts_ns": told["ts_ns"], "rule": "hr_high"}
                await client.publish(f"alarms/{told['dev']}", json.dumps(alert), qos=1)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), os.environ["PEER_DSN"]))
