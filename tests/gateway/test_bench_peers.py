"""The benchmark's peers: each takes what is published, counts it, alerts, and leaves no process."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from gateway.bench.messages import Order, telemetry
from gateway.bench.peers import behind_a_broker, flows
from gateway.bench.peers.copying import CopyAlone
from gateway.bench.peers.mqtt_peers import CClient, QuickScript, one_by_one
from gateway.bench.peers.process import HOST
from gateway.bench.system import Device, NotHere, Shape, Stored, System, SystemFailed, Target, Told
from ops.bench import prepare

BEHIND_A_BROKER = ("c-client", "script", "node-red", "node-red-batch")
DEVICES = 5
STEP = 3
# 200 readings and 2 alarms.
ORDER = Order(STEP, rate=202.0, seconds=1.0)
RESTING_BPM, RACING_BPM = 71, 200
WAIT_S = 30.0
LOOK_EVERY_S = 0.05
KILLED = """
import asyncio, pathlib, sys
from gateway.bench import peers, system
async def run():
    folder, scratch = map(pathlib.Path, sys.argv[1:])
    await peers.CClient(folder).start(system.Told(scratch, 1, 0))
    print("up", flush=True)
    await asyncio.sleep(600)
asyncio.run(run())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that the database's own user can reach."""
    made = Path(tempfile.mkdtemp(prefix="lifeline-peers-"))
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made)


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder as ops/bench/prepare.py fills it: a fresh C client, and Node-RED if it is."""
    made = tmp_path_factory.mktemp("peers")
    if (installed := prepare.INTO / "node_modules").is_dir():
        (made / "node_modules").symlink_to(installed)
    try:
        prepare.c_client(made)
    except prepare.Missing as missing:
        (made / "missing").write_text(str(missing))
    return Path(os.path.relpath(made))  # as somebody names it from where they stand


def peer(key: str, parts: Path) -> System:
    return next(one for one in behind_a_broker(parts) if one.key == key)


@asynccontextmanager
async def running(system: System, folder: Path) -> AsyncIterator[Target]:
    """Give a started peer; skip where a part of it is missing."""
    try:
        target = await system.start(Told(folder, DEVICES, 0))
    except NotHere as missing:
        pytest.skip(f"only elsewhere: {missing}")
    try:
        yield target
    finally:
        await system.stop()


async def publish(target: Target, order: Order = ORDER) -> None:
    """Publish an order's messages; return when the broker has acknowledged all."""
    async with aiomqtt.Client(target.host, target.port) as client:
        for number in range(order.offered):
            device = target.devices[order.device(number, DEVICES)].name
            beat_bpm = RACING_BPM if order.is_call(number) else RESTING_BPM
            body = telemetry(order.id(number), device, 1_795_387_225_000_000_000, beat_bpm)
            await client.publish(f"t/{device}", body, qos=1)


async def counted(system: System, wanted: int) -> int:
    """Count until all is there, or for WAIT_S; then once more when nothing moves."""
    async with asyncio.timeout(WAIT_S):
        while await system.count() < wanted:  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(LOOK_EVERY_S)
    await asyncio.sleep(4 * LOOK_EVERY_S)
    return await system.count()


def left_in(folder: Path) -> list[str]:
    """Return the processes that run in the folder or name it."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = Path(process / "cwd").readlink()
        except OSError:
            continue
        if process.name.isdigit() and (str(folder) in words or where.is_relative_to(folder)):
            found.append(f"{process.name} {words}")
    return found


def living(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


async def nothing_is_left_in(folder: Path) -> bool:
    """Wait for the database's guard, which ends a moment after it was let go."""
    async with asyncio.timeout(WAIT_S):
        while left_in(folder):  # noqa: ASYNC110 - they are no children of ours
            await asyncio.sleep(LOOK_EVERY_S)
    return True


async def alerts(target: Target, wanted: int, subscribed: asyncio.Event) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    assert target.alerts is not None
    async with asyncio.timeout(WAIT_S), aiomqtt.Client(target.host, target.port) as client:
        await client.subscribe(target.alerts, qos=1)
        subscribed.set()
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            found.append({"topic": str(message.topic), **json.loads(message.payload)})
            if len(found) == wanted:
                break
    return found


@pytest.mark.parametrize("key", BEHIND_A_BROKER)
async def test_a_peer_takes_every_message_answers_every_alarm_and_leaves_no_process(
    key: str, parts: Path, folder: Path
) -> None:
    system = peer(key, parts)
    async with running(system, folder) as target:
        named = [pid for pids in (await system.parts()).values() for pid in pids]
        running_in_it = left_in(folder)
        subscribed = asyncio.Event()
        answers = asyncio.create_task(alerts(target, ORDER.calls, subscribed))
        await subscribed.wait()
        before = await system.count()
        await publish(target)
        after = await counted(system, ORDER.offered)
        stored = await system.stored(STEP)
        seen = await answers

    ids = {ORDER.id(number) for number in range(ORDER.offered)}
    calls = {one for one in ids if one.startswith("c")}
    assert (before, after, stored.count) == (0, 202, 202)
    assert len(calls) == 2
    assert {str(one["id"]) for one in seen} == calls
    assert {str(one["topic"]) for one in seen} == {
        f"alarms/{target.devices[place].name}" for place in (0, 1)
    }
    assert target.shape is Shape.TELEMETRY
    assert target.devices == tuple(Device(Device.named(number)) for number in range(DEVICES))
    assert system.durable_ack is False
    if system.stores:
        assert stored.commits is not None
        assert set(stored.commits) == ids
        assert set(stored.alarms) == calls
        assert stored.alarms.keys() <= stored.commits.keys()
    else:
        assert (stored.commits, stored.alarms) == (None, {})
    assert len(named) == (3 if system.stores else 2)
    assert len(running_in_it) >= len(named)
    assert await nothing_is_left_in(folder)
    assert living(named) == []
    await system.stop()  # a second stop does nothing


async def test_the_rows_of_another_step_are_told_apart(parts: Path, folder: Path) -> None:
    script = peer("script", parts)
    async with running(script, folder) as target:
        await publish(target)
        await publish(target, Order(33, rate=10.0, seconds=1.0))
        await counted(script, 212)
        first, second, none = [await script.stored(step) for step in (STEP, 33, 4)]

    assert first.commits is not None
    assert second.commits is not None
    assert (first.count, len(first.commits), len(first.alarms)) == (212, 202, 2)
    assert set(second.commits) == {f"v33-{number}" for number in range(10)}
    assert none == Stored(212, {}, {})


async def test_a_peer_that_ends_while_it_is_measured_is_named(folder: Path) -> None:
    script = QuickScript()
    async with running(script, folder):
        (pid,) = (await script.parts())["script"]
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(SystemFailed, match="script has ended"):
            await counted(script, 1)


async def test_copy_alone_stores_what_it_says(folder: Path) -> None:
    copy = CopyAlone()
    versions = await copy.open(Told(folder, DEVICES, 0))
    try:
        named = [pid for pids in (await copy.parts()).values() for pid in pids]
        poured = await copy.pour(STEP, 0.2)
        stored = await copy.stored(STEP)
    finally:
        await copy.stop()

    assert poured.messages == 500 * len(poured.batches_s) > 0
    assert stored.commits is not None
    assert set(stored.commits) == {f"v{STEP}-{number}" for number in range(poured.messages)}
    assert stored.count == poured.messages
    assert sum(poured.batches_s) == pytest.approx(poured.took_s)
    assert set(versions) == {"postgresql", "psycopg"}
    assert await nothing_is_left_in(folder)
    assert living(named) == []


async def test_a_part_that_is_missing_is_named_with_what_to_do(folder: Path) -> None:
    for system in (CClient(folder / "none"), one_by_one(folder / "none")):
        with pytest.raises(NotHere, match=r"apt-get|prepare\.py"):
            await system.start(Told(folder, DEVICES, 0))
        await system.stop()

    assert await nothing_is_left_in(folder)


async def test_programs_end_when_the_benchmark_is_killed(parts: Path, folder: Path) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("only elsewhere: this system has no setpriv")
    if not (parts / "drain").exists():
        pytest.skip(f"only elsewhere: {(parts / 'missing').read_text()}")
    bench = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(parts), str(folder),
        env={**os.environ, "PYTHONPATH": str(prepare.ROOT)}, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert bench.stdout is not None
        assert await asyncio.wait_for(bench.stdout.readline(), WAIT_S) == b"up\n"
        assert len(left_in(folder)) >= 3
    finally:
        bench.kill()
        await bench.wait()

    assert await nothing_is_left_in(folder)


@pytest.mark.parametrize("flow", [flows.one_by_one, flows.batched])
def test_a_flow_keeps_its_session_and_names_only_nodes_it_has(
    flow: Callable[[int], str],
) -> None:
    nodes = {node["id"]: node for node in json.loads(flow(1883))}
    wired = {name for node in nodes.values() for port in node.get("wires", []) for name in port}

    assert wired <= nodes.keys()
    assert {"vital", "alarm", "out", "rule"} <= wired
    assert nodes["broker"]["cleansession"] is False
    assert (nodes["broker"]["broker"], nodes["broker"]["port"]) == (HOST, "1883")
    assert (nodes["in"]["qos"], nodes["out"]["qos"]) == ("1", "1")


def test_what_npm_installs_is_pinned_by_version_and_hash_and_names_no_other_host() -> None:
    wanted = json.loads((prepare.HERE / "package.json").read_text())["dependencies"]
    lock = json.loads((prepare.HERE / "package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}

    assert lock["packages"][""]["dependencies"] == wanted
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, one in packages.items() if not one.get("integrity")] == []
    named = {one["resolved"].split("/")[2] for one in packages.values() if "resolved" in one}
    assert named <= {"registry.npmjs.org"}


def test_preparing_says_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(prepare.HERE / "prepare.py"), "--into", str(tmp_path / "made")],
        env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "c-client: MISSING" in done.stderr
    assert "apt-get install gcc libc6-dev libmosquitto-dev" in done.stderr
    assert "node-red: MISSING" in done.stderr
    assert "apt-get install nodejs npm" in done.stderr
