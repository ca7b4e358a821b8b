"""`python -m firmware_stubs.pendant --host H --port P --name N --secret-file F press`."""

import argparse
import sys

from firmware_stubs.command import Command, Options, main
from firmware_stubs.native import NativeDevice
from firmware_stubs.words import Receipt


async def _press(device: NativeDevice, options: Options) -> Receipt:
    return await device.press(options.activation)


async def _fall(device: NativeDevice, options: Options) -> Receipt:
    return await device.fall(options.impact_g, options.still_s)


async def _cancel(device: NativeDevice, options: Options) -> Receipt:
    return await device.cancel(options.of)


async def _battery(device: NativeDevice, options: Options) -> Receipt:
    return await device.status(battery_pct=options.pct)


async def _mains(device: NativeDevice, options: Options) -> Receipt:
    return await device.status(mains=options.state == "back")


def _add_press(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--activation", default="pendant", help="pull_cord, panic, smoke, ...")


def _add_fall(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--impact-g", type=float)
    parser.add_argument("--still-s", type=float)


COMMANDS = {
    "press": Command("call for help", _press, _add_press),
    "fall": Command("report a fall", _fall, _add_fall),
    "cancel": Command("take a call back", _cancel, lambda parser: parser.add_argument("of")),
    "battery": Command(
        "report the battery", _battery, lambda parser: parser.add_argument("pct", type=float)
    ),
    "mains": Command(
        "report the mains supply",
        _mains,
        lambda parser: parser.add_argument("state", choices=["lost", "back"]),
    ),
}

if __name__ == "__main__":
    sys.exit(main("pendant", "A pendant that calls for help.", COMMANDS, sys.argv[1:]))
