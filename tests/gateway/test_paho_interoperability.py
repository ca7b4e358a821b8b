"""Eclipse paho.mqtt.testing against our endpoint, as far as a receiver can meet it.

Set LIFELINE_PAHO_TESTING to a checkout of github.com/eclipse/paho.mqtt.testing; nothing of it is
copied here. Each test runs in a process of its own, because they share clients with each other.

What cannot be met, because a receiver keeps and forwards nothing (INTERFACES 2), is listed with
its reason; a test of the checkout that stands in neither list fails this file, so that a new one
is looked at.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from gateway.listeners.ports import Identity
from tests.gateway.mqtt_house import House, open_house

VARIABLE = "LIFELINE_PAHO_TESTING"
CHECKOUT = os.environ.get(VARIABLE)
SECONDS_A_TEST = 60.0

FORWARDS = "needs messages forwarded to another subscriber, or back to their sender"
RETAINS = "needs retained messages"
KEEPS = "needs a session that outlives its connection"
QOS_2 = "needs QoS 2"
SHARES = "needs shared subscriptions"

MET = {
    "client_test": [
        "test_dollar_topics",
        "test_subscribe_failure",
        "test_zero_length_clientid",
    ],
    "client_test5": [
        "test_assigned_clientid",
        "test_dollar_topics",
        "test_zero_length_clientid",
    ],
}

NOT_MET = {
    "client_test": {
        "testBasic": QOS_2,
        "test_retained_messages": RETAINS,
        "test_offline_message_queueing": KEEPS,
        "test_overlapping_subscriptions": FORWARDS,
        "test_keepalive": FORWARDS,
        "test_redelivery_on_reconnect": KEEPS,
        "test_unsubscribe": FORWARDS,
    },
    "client_test5": {
    },
}
