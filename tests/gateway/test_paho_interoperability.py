"""Eclipse paho.mqtt.testing against our endpoint, as far as a receiver can meet it.

Set LIFELINE_PAHO_TESTING to a checkout of github.com/eclipse/paho.mqtt.testing; nothing of it is
copied here. Each test runs in a process of its own, because they leave clients behind.

What cannot be met, because a receiver keeps and forwards nothing (INTERFACES 2), is listed with
its reason; a test of the checkout that stands in neither list fails here, so that it is looked at.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from devices.links.mqtt_events import Limits
from gateway.listeners.ports import Identity
from tests.gateway.mqtt_house import House, open_house

VARIABLE = "LIFELINE_PAHO_TESTING"
WAIT_S = 60.0

FORWARDS = "needs messages forwarded to another subscriber, or back to their sender"
RETAINS = "needs retained messages"
KEEPS = "needs a session that outlives its connection"
QOS_2 = "needs QoS 2"
ONE_CODE = "its client reads no SUBACK code but 0x80; OASIS MQTT 5.0 table 3-8 has exact ones"

MET = {
    "client_test": ("test_dollar_topics", "test_subscribe_failure", "test_zero_length_clientid"),
    "client_test5": (
        "test_assigned_clientid",
        "test_server_keep_alive",
        "test_zero_length_clientid",
    ),
}
NOT_MET = {
    "client_test": {
        "testBasic": QOS_2,
        "test_keepalive": FORWARDS,
        "test_offline_message_queueing": KEEPS,
        "test_overlapping_subscriptions": FORWARDS,
        "test_redelivery_on_reconnect": KEEPS,
        "test_retained_messages": RETAINS,
        "test_unsubscribe": FORWARDS,
    },
    "client_test5": {
        "test_basic": QOS_2,
        "test_client_topic_alias": FORWARDS,
        "test_dollar_topics": ONE_CODE,
        "test_flow_control1": FORWARDS,
        "test_flow_control2": QOS_2,
        "test_keepalive": QOS_2,
        "test_maximum_packet_size": FORWARDS,
        "test_offline_message_queueing": KEEPS,
        "test_overlapping_subscriptions": FORWARDS,
        "test_payload_format": FORWARDS,
        "test_publication_expiry": KEEPS,
        "test_redelivery_on_reconnect": KEEPS,
        "test_request_response": FORWARDS,
        "test_retained_message": RETAINS,
        "test_server_topic_alias": FORWARDS,
        "test_session_expiry": KEEPS,
        "test_shared_subscriptions": FORWARDS,
        "test_subscribe_failure": ONE_CODE,
        "test_subscribe_identifiers": FORWARDS,
        "test_subscribe_options": FORWARDS,
        "test_unsubscribe": FORWARDS,
        "test_user_properties": FORWARDS,
        "test_will_delay": QOS_2,
        "test_will_message": QOS_2,
    },
}
SUITES = pytest.mark.parametrize("suite", list(MET))

# The suites take their targets from globals that their own main sets from the command line.
RUN = """
import importlib, sys, unittest
suite, test, port = sys.argv[1:]
module = importlib.import_module(suite)
module.host, module.port, module.topic_prefix = "127.0.0.1", int(port), "t/"
module.topics = ("a", "a/b", "c/d", "a/d", "/a")
module.wildtopics = ("a/+", "+/d", "#", "/#", "/+", "+/+", "a/#")
module.nosubscribe_topics = ("not/for/you",)
chosen = unittest.TestSuite([module.Test(test)])
sys.exit(not unittest.TextTestRunner().run(chosen).wasSuccessful())
"""


class Everyone:
    """A gatekeeper for whom every name is proved: the suites know no passwords."""

    async def identify(
        self, line: str, name: str, password: bytes | None, certificate_sha256: str | None
    ) -> Identity:
        del line, password, certificate_sha256
        return Identity(name, authenticated=True)


@pytest.fixture
def interoperability() -> Path:
    checkout = os.environ.get(VARIABLE)
    if not checkout:
        pytest.skip(f"only elsewhere: {VARIABLE} names no checkout of eclipse/paho.mqtt.testing")
    return Path(checkout) / "interoperability"


async def run(folder: Path, suite: str, test: str, house: House) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RUN, suite, test, str(house.port)),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(WAIT_S):
        output, _ = await process.communicate()
    return process.returncode, output.decode(errors="replace")


@pytest.mark.parametrize(
    ("suite", "test"), [(suite, test) for suite, tests in MET.items() for test in tests]
)
async def test_a_receiver_meets(interoperability: Path, suite: str, test: str) -> None:
    limits = Limits(keep_alive_max_s=60)
    async with open_house(limits=limits, gatekeeper=Everyone()) as house:
        code, output = await run(interoperability, suite, test, house)
    assert code == 0, output


@SUITES
def test_every_test_of_the_suites_was_looked_at(interoperability: Path, suite: str) -> None:
    text = (interoperability / f"{suite}.py").read_text()
    found = set(re.findall(r"def (test\w+)\(self", text))
    assert found == {*MET[suite], *NOT_MET[suite]}


@SUITES
def test_nothing_is_both_met_and_not(suite: str) -> None:
    assert not set(MET[suite]) & set(NOT_MET[suite])
