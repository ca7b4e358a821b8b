"""The peers behind a broker: a C client that stores nothing, the quick script, two Node-RED flows.

Their PUBACK is the broker's and promises nothing: what they lose is found by counting. All of them
subscribe with QoS 1 and a kept session and apply the one rule of system.py.
"""

import abc
import asyncio
import importlib.metadata
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gateway.bench.peers import flows
from gateway.bench.peers.ground import Ground
from gateway.bench.peers.process import Child
from gateway.bench.system import NotHere, Stored, SystemFailed, Target, Told

HERE = Path(__file__).resolve().parent
DRAIN = "drain"
PREPARE = "python ops/bench/prepare.py, and name its folder with --peers"
# Twice what driver and node begin with: no slower on a fast disk, and faster where commits wait.
POOL = 20


class _Peer(abc.ABC):
    """What the four have in common; `start` of each fills the ground."""

    key = ""
    name = ""
    stores = True
    durable_ack = False

    def __init__(self) -> None:
        self._ground: Ground | None = None

    async def start(self, told: Told) -> Target:
        """Start broker, database and peer, and prove that a message gets through.

        Raises:
            NotHere: a part is missing on this machine.
            SystemFailed: it does not come up.
        """
        assert self._ground is None, f"{self.name} was started twice without a stop"
        self._ground = Ground(told.folder, told.devices)
        try:
            return await self._build(self._ground, told)
        except BaseException:
            await self.stop()
            raise

    async def count(self) -> int:
        """Give the rows that are stored.

        Raises:
            SystemFailed: the peer or its database has ended.
        """
        self._here.check()
        return await self._here.tables.count()

    async def stored(self, step: int) -> Stored:
        """Say what is in the tables."""
        return await self._here.tables.stored(step)

    async def parts(self) -> Mapping[str, Sequence[int]]:
        """Give the processes of broker, database and peer."""
        return {name: list(pids) for name, pids in self._here.parts.items()}

    async def stop(self) -> None:
        """End all of them."""
        ground, self._ground = self._ground, None
        if ground is not None:
            await ground.stop()

    @abc.abstractmethod
    async def _build(self, ground: Ground, told: Told) -> Target:
        """Start the parts, each kept by the ground; give the target once all is ready."""

    @property
    def _here(self) -> Ground:
        assert self._ground is not None, f"{self.name} does not run"
        return self._ground


class CClient(_Peer):
    """A libmosquitto client that counts: what the broker can do at most."""

    key = "c-client"
    name = "mosquitto -> C client, stores nothing"
    stores = False

    def __init__(self, folder: Path) -> None:
        """Remember where ops/bench/prepare.py has put the program."""
        super().__init__()
        self._folder = folder.resolve()  # the program runs in another one
        self._child: Child | None = None
        self._base = 0

    async def _build(self, ground: Ground, told: Told) -> Target:  # noqa: ARG002 - no database
        program = self._folder / DRAIN
        if not program.is_file():
            raise NotHere(
                f"no compiled C client in {self._folder}: apt-get install gcc libmosquitto-dev, "
                f"then {PREPARE}"
            )
        await ground.start_broker()
        self._base = 0
        child = await Child.start(
            DRAIN, [str(program), str(ground.port)], ground.folder, talks=True
        )
        ground.keep("C client", child)
        self._child = child
        ground.versions["libmosquitto"] = (await child.ask("version")).split()[4]
        target = await ground.ready(self.count)
        self._base = await self.count()
        return target

    async def count(self) -> int:
        """Give the messages that were taken."""
        assert self._child is not None, "start comes first"
        words = (await self._child.ask("count")).split()
        if int(words[2]):
            raise SystemFailed(f"the C client could not read {words[2]} messages")
        return int(words[0]) - self._base

    async def stored(self, step: int) -> Stored:  # noqa: ARG002 - it knows no steps
        """Say how many were taken; nothing is stored."""
        return Stored(await self.count(), None, {})


class QuickScript(_Peer):
    """The script somebody writes in an afternoon."""

    key = "script"
    name = "quick Python script: aiomqtt, one insert a message"

    async def _build(self, ground: Ground, told: Told) -> Target:
        await ground.start_broker()
        await ground.start_database(told.commit_delay_ms)
        for package in ("aiomqtt", "psycopg"):
            ground.versions[package] = importlib.metadata.version(package)
        words = [sys.executable, "-P", str(HERE / "quick_script.py"), str(ground.port)]
        surroundings = {"PEER_DSN": ground.dsn}
        ground.keep("script", await Child.start("script", words, ground.folder, surroundings))
        target = await ground.ready(self.count)
        await ground.tables.empty()
        return target


class NodeRed(_Peer):
    """A Node-RED of its own with one flow."""

    def __init__(self, folder: Path, key: str, name: str, flow: Callable[[int], str]) -> None:
        """Remember the flow, and where ops/bench/prepare.py has put Node-RED."""
        super().__init__()
        self.key = key
        self.name = name
        self._folder = folder.resolve()  # as above
        self._flow = flow

    async def _build(self, ground: Ground, told: Told) -> Target:
        node, entry = self._find()
        await ground.start_broker()
        await ground.start_database(told.commit_delay_ms)
        ground.versions["node"] = await _node_version(node)
        for package in ("node-red", "pg"):
            ground.versions[package] = _version(self._folder, package)
        home = ground.folder / "node-red"
        home.mkdir()
        (home / "flows.json").write_text(self._flow(ground.port))
        shutil.copyfile(HERE / "settings.js", home / "settings.js")
        words = [node, str(entry), "--userDir", str(home)]
        surroundings = {
            "PEER_DSN": ground.dsn, "PEER_PARTS": str(self._folder), "PEER_POOL": str(POOL),
            "NODE_ENV": "production",
        }  # fmt: skip
        ground.keep("node", await Child.start("node-red", words, home, surroundings))
        target = await ground.ready(self.count)
        await ground.tables.empty()
        return target

    def _find(self) -> tuple[str, Path]:
        node = shutil.which("node")
        if node is None:
            raise NotHere("node is not installed: apt-get install nodejs npm")
        entry = self._folder / "node_modules/node-red/red.js"
        for part in (entry, self._folder / "node_modules/pg/package.json"):
            if not part.is_file():
                raise NotHere(f"no {part.parent.name} in {self._folder}: {PREPARE}")
        return node, entry


def one_by_one(folder: Path) -> NodeRed:
    """Give the flow that inserts each message by itself."""
    return NodeRed(folder, "node-red", "Node-RED, one insert a message", flows.one_by_one)


def batched(folder: Path) -> NodeRed:
    """Give the flow that joins messages before it inserts."""
    name = f"Node-RED, joined batches of {flows.BATCH_ROWS} or {flows.BATCH_S * 1_000:g} ms"
    return NodeRed(folder, "node-red-batch", name, flows.batched)


async def _node_version(node: str) -> str:
    process = await asyncio.create_subprocess_exec(node, "-v", stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return said.decode().strip().removeprefix("v")


def _version(folder: Path, package: str) -> str:
    text = (folder / "node_modules" / package / "package.json").read_text()
    return str(json.loads(text)["version"])
