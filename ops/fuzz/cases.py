"""Cases made of the API's own document: sent, and the answers held against the document.

Contract: an answer of 500 or above, a status, a content type, a header or a body that the document
does not promise is a finding, and so is a value that only the database refused. What each finding
takes to repeat is kept. A gateway that no longer answers ends the run: it gives up after MAX_SILENT
requests without an answer.
"""

import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Err
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.api.auth import ROUTES
from gateway.roles import ApiRole
from ops.fuzz.town import Town

DOCUMENT = "/api/v1/openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Of the cases, so many in a hundred go where the role may go; the others are to be refused.
ALLOWED_PERCENT = 90
NOBODY = "nobody"
"""Who asks without having signed in."""
EVERYBODY: tuple[str, ...] = (*ApiRole, NOBODY)
REQUEST_S = 30
MAX_SILENT = 10
REFUSED_BY_DATABASE = "the database refuses"  # gateway/api/problems.py, of BadData
OURS = ("authorization", "cookie", "x-csrf-token")  # who asks is not made up
MAX_FINDINGS = 200


@dataclass
class Outcome:
    """What came of a run."""

    role: str
    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    findings: dict[str, str] = field(default_factory=dict)
    waits_s: list[float] = field(default_factory=list)
    silent: int = 0

    def find(self, key: str, how: str) -> None:
        """Note a finding once."""
        if key not in self.findings and len(self.findings) < MAX_FINDINGS:
            self.findings[key] = how

    def quantile_s(self, share: float) -> float:
        """Say within which time this share of the answers came."""
        waits = sorted(self.waits_s)
        return waits[min(int(share * len(waits)), len(waits) - 1)] if waits else 0.0


class GaveUpError(Exception):
    """The gateway answers no longer."""


def _shares(operations: list[Any], role: str, cases: int) -> list[tuple[Any, int]]:
    """Say how many cases each operation gets: most where the role may go, NOBODY's all the same."""
    open_to: list[Any] = []
    closed: list[Any] = []
    for one in operations:
        roles = ROUTES[one.method.upper(), one.path]
        may = roles is None or role in roles or role == NOBODY
        (open_to if may else closed).append(one)
    refused = cases * (100 - ALLOWED_PERCENT) // 100 if closed else 0
    shared = []
    for group, count in ((open_to, cases - refused), (closed, refused)):
        for number, one in enumerate(group):
            shared.append((one, count // len(group) + (number < count % len(group))))
    return [(one, count) for one, count in shared if count]


def fuzz(town: Town, role: str, cases: int, seed_number: int) -> Outcome:
    """Send so many cases as somebody of a role, or as NOBODY; give what came of them."""
    warnings.filterwarnings("ignore", category=hypothesis.errors.NonInteractiveExampleWarning)
    document = requests.get(town.url + DOCUMENT, timeout=REQUEST_S).json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=town.url)
    operations = [_operation(found) for found in schema.get_all_operations()]
    outcome = Outcome(role)
    headers = {} if role == NOBODY else town.sign_in(ApiRole(role))
    with requests.Session() as browser, suppress(GaveUpError):
        for number, (operation, count) in enumerate(_shares(operations, role, cases)):
            sender = _Sender(town, headers, operation, outcome, browser)
            sender.send(count, seed_number + number)
    return outcome


def _operation(found: Any) -> Any:  # noqa: ANN401 - a Result of theirs
    """Give an operation.

    Raises:
        Exception: theirs, when the document describes it wrongly.
    """
    if isinstance(found, Err):
        raise found.err()
    return found.ok()


class _Sender:
    """Sends the cases of one operation."""

    def __init__(
        self,
        town: Town,
        headers: dict[str, str],
        operation: Any,  # noqa: ANN401 - an APIOperation of theirs
        outcome: Outcome,
        browser: requests.Session,
    ) -> None:
        self._town = town
        self._headers = headers
        self._operation = operation
        self._outcome = outcome
        self._browser = browser

    def send(self, count: int, seed_number: int) -> None:
        """Send so many; good and wrong ones by turns, as far as there can be wrong ones."""
        before = self._outcome.cases
        half = count // 2
        for mode, share in ((GenerationMode.NEGATIVE, half), (GenerationMode.POSITIVE, count)):
            for again in range(50):
                left = share - (self._outcome.cases - before)
                if left <= 0 or not self._round(mode, left, seed_number * 1_000 + again):
                    break

    def _round(self, mode: GenerationMode, count: int, seed_number: int) -> bool:
        """Send up to `count`; say whether any was. A small set of cases ends before the count."""
        before = self._outcome.cases
        try:
            strategy = self._operation.as_strategy(generation_mode=mode)
        except Exception:  # noqa: BLE001 - nothing can be wrong about an operation without input
            return False

        @seed(seed_number)
        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy, chance=st.integers(0, 9_999))
        def one(case: Any, chance: int) -> None:  # noqa: ANN401 - a Case of theirs
            if self._outcome.cases - before < count:
                self._one(case, chance)

        try:
            one()
        except hypothesis.errors.Unsatisfiable:
            return False
        return self._outcome.cases > before

    def _one(self, case: Any, chance: int) -> None:  # noqa: ANN401 - as above
        self._place(case, chance)
        for name in [name for name in case.headers or {} if name.lower() in OURS]:
            del case.headers[name]
        where = f"{self._operation.method.upper()} {self._operation.path}"
        try:
            answer = case.call(
                session=self._browser, headers=dict(self._headers), timeout=REQUEST_S
            )
        except requests.RequestException as error:
            self._outcome.cases += 1
            self._outcome.find(f"{where}: {type(error).__name__}", str(case))
            self._outcome.silent += 1
            if self._outcome.silent >= MAX_SILENT:
                self._outcome.find("gave up", f"{MAX_SILENT} requests without an answer")
                raise GaveUpError from error
            return
        self._outcome.cases += 1
        self._outcome.waits_s.append(answer.elapsed)
        self._outcome.statuses[answer.status_code] += 1
        if REFUSED_BY_DATABASE in answer.text:
            self._outcome.find(f"{where}: only the database refused it", str(case))
        try:
            case.validate_response(answer, checks=CHECKS, transport_kwargs=None)
        except BaseExceptionGroup as group:
            for one in group.exceptions:
                self._note(where, answer, one)
        except AssertionError as error:
            self._note(where, answer, error)

    def _note(self, where: str, answer: Any, error: BaseException) -> None:  # noqa: ANN401 - theirs
        key = f"{where}: {answer.status_code} {type(error).__name__}"
        self._outcome.find(key, str(error)[:2_000])

    def _place(self, case: Any, chance: int) -> None:  # noqa: ANN401 - as above
        """Put ids that exist in place of three of four made-up ones."""
        for name in list(case.path_parameters or {}):
            known = self._town.ids.get(name)
            if known and chance % 4:
                case.path_parameters[name] = known[chance % len(known)]
