"""`python -m firmware_stubs.home_hub --host H --name N --secret-file F vitals spo2_pct=93`."""

import argparse
import sys

from firmware_stubs.command import Command, Options, main, pair
from firmware_stubs.native import NativeDevice
from firmware_stubs.words import Receipt


async def _vitals(device: NativeDevice, options: Options) -> Receipt:
    return await device.send("up", {"vitals": dict(options.values)})


async def _answers(device: NativeDevice, options: Options) -> Receipt:
    return await device.send("up", {"answers": dict(options.values)})


async def _status(device: NativeDevice, options: Options) -> Receipt:
    return await device.send("up", {"status": dict(options.values)})


def _add_values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("values", nargs="+", type=pair, metavar="NAME=VALUE")


COMMANDS = {
    "vitals": Command("report vital signs: spo2_pct=93 oxygen=false", _vitals, _add_values),
    "answers": Command("report answers: breathlessness=2", _answers, _add_values),
    "status": Command("report the hub: battery_pct=80 mains=true", _status, _add_values),
}

if __name__ == "__main__":
    sys.exit(main("home_hub", "A home-monitoring hub.", COMMANDS, sys.argv[1:]))
