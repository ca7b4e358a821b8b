"""A pytest plugin whose summary hides no skipped test; tests/conftest.py loads it.

A test that needs a program of somebody else's (a peer: `mosquitto_pub`, an extension of the
database) skips where it is missing and says so. Where LIFELINE_REQUIRE_PEERS=1 stands, as it does
in CI, such a skip is a failure: a promise that nobody checked is not kept.
"""

import os

import pytest

PEERS = "LIFELINE_REQUIRE_PEERS"
# A reason that begins so is excused in CI too: the peer exists on no machine CI runs on.
ELSEWHERE = "only elsewhere:"


def skipped(reporter: pytest.TerminalReporter) -> dict[str, str]:
    """Return test or file -> reason of every skip of this run."""
    reasons = {}
    for report in reporter.stats.get("skipped", []):
        where = report.longrepr
        text = where[2] if isinstance(where, tuple) else str(where)
        reasons[report.nodeid] = text.removeprefix("Skipped: ")
    return reasons


def missing(reasons: dict[str, str]) -> dict[str, str]:
    """Return the skips that may not be where LIFELINE_REQUIRE_PEERS=1 stands."""
    if os.environ.get(PEERS) != "1":
        return {}
    return {test: why for test, why in reasons.items() if not why.startswith(ELSEWHERE)}


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Turn a green run with forbidden skips into a failed one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == pytest.ExitCode.OK and reporter and missing(skipped(reporter)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List every skipped test with its reason, under a heading nobody can miss."""
    reasons = skipped(terminalreporter)
    if not reasons:
        return
    terminalreporter.section(f"NOT TESTED HERE: {len(reasons)} skipped", sep="!", yellow=True)
    for test, why in sorted(reasons.items()):
        terminalreporter.line(f"{test}: {why}")
    if forbidden := missing(reasons):
        message = f"{PEERS}=1 and {len(forbidden)} skipped: the run has failed"
        terminalreporter.line(message, red=True)
