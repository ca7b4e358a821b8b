"""The command line that all device families share: one message, its receipt.

Prints the receipt as one line of JSON; exit status 0 when it was stored, 1 when it was refused,
2 for wrong usage. A call for help waits for ever, as it should: end it with Ctrl-C.
"""

import argparse
import asyncio
import json
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from firmware_stubs.native import NativeDevice
from firmware_stubs.words import Address, Receipt, Timing, Value

Options = argparse.Namespace


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a device can do.

    Attributes:
        about: For the help.
        do: Does it.
        add: Adds its own arguments.
    """

    about: str
    do: Callable[[NativeDevice, Options], Awaitable[Receipt]]
    add: Callable[[argparse.ArgumentParser], object] = lambda _: None


def main(family: str, about: str, commands: Mapping[str, Command], argv: Sequence[str]) -> int:
    """Run one command of a family and give the exit status."""
    options = _parser(family, about, commands).parse_args(argv)
    try:
        device = _device(options)
    except (OSError, ssl.SSLError) as error:
        sys.stderr.write(f"{family}: {error}: check --secret-file, --tls-ca, --cert and --key\n")
        return 2
    try:
        receipt = asyncio.run(_do(device, commands[options.command], options))
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(json.dumps(asdict(receipt)) + "\n")
    return 0 if receipt.result == "stored" else 1


def pair(word: str) -> tuple[str, Value]:
    """Read `name=value`: JSON where it is JSON (93, true, null), else text.

    Raises:
        argparse.ArgumentTypeError: for a word without a name or `=`.
    """
    name, equals, text = word.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{word!r}, expected name=value, as in spo2_pct=93")
    try:
        value: Value = json.loads(text)
    except ValueError:
        value = text
    return name, value


async def _do(device: NativeDevice, command: Command, options: Options) -> Receipt:
    async with device:
        return await command.do(device, options)


def _device(options: Options) -> NativeDevice:
    tls = None
    if options.tls_ca:
        tls = ssl.create_default_context(cafile=options.tls_ca)
        if options.cert:
            tls.load_cert_chain(options.cert, options.key)
    secret = Path(options.secret_file).read_text().strip() if options.secret_file else None
    receivers = [Address(options.host, options.port), *options.then]
    return NativeDevice(
        addresses=receivers,
        name=options.name,
        secret=secret,
        boot=options.boot,
        tls=tls,
        timing=Timing(repeat_s=options.repeat_s),
    )


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return Address(host, int(port))


def _parser(family: str, about: str, commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m firmware_stubs.{family}", description=about)
    parser.add_argument("--host", required=True, help="the first receiver")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument(
        "--then",
        type=_address,
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="the next receiver, when the one before fails; may come several times",
    )
    parser.add_argument("--name", required=True, help="the device's name, as enrolled")
    parser.add_argument("--secret-file", help="a file that holds its password")
    parser.add_argument(
        "--boot",
        type=int,
        default=int(time.time()),
        help="boot number, never the same twice (default: seconds since 1970)",
    )
    parser.add_argument("--repeat-s", type=float, default=Timing().repeat_s)
    parser.add_argument("--tls-ca", help="certificate authority of the receiver: turns TLS on")
    parser.add_argument("--cert", help="the device's own certificate")
    parser.add_argument("--key", help="its private key")
    chosen = parser.add_subparsers(dest="command", required=True)
    for name, command in commands.items():
        command.add(chosen.add_parser(name, help=command.about))
    return parser
