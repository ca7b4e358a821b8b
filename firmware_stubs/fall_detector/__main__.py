"""`python -m firmware_stubs.fall_detector --host H --port P --name N --secret-file F fall 3.4`."""

import argparse
import sys

from firmware_stubs.command import Command, Options, main
from firmware_stubs.fall_detector import report
from firmware_stubs.native import NativeDevice
from firmware_stubs.words import Receipt


async def _fall(device: NativeDevice, options: Options) -> Receipt:
    receipts = await report(
        device, options.impact_g, options.still_s, is_cancelled=options.cancelled
    )
    return receipts[-1]


async def _battery(device: NativeDevice, options: Options) -> Receipt:
    return await device.status(battery_pct=options.pct)


def _add_fall(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("impact_g", type=float, help="highest acceleration, g")
    parser.add_argument("--still-s", type=float, help="seconds without movement after it")
    parser.add_argument("--cancelled", action="store_true", help="the wearer takes it back")


COMMANDS = {
    "fall": Command("report a fall, and its cancel", _fall, _add_fall),
    "battery": Command(
        "report the battery", _battery, lambda parser: parser.add_argument("pct", type=float)
    ),
}

if __name__ == "__main__":
    sys.exit(main("fall_detector", "A worn fall detector.", COMMANDS, sys.argv[1:]))
