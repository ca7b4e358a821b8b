"""The commands of those who run a gateway: extracts, accounts, the audit, keys."""

from collections.abc import Callable
from typing import Any

import typer

from gateway.access.accounts_app import account_app
from gateway.audit.audit_app import audit_app
from gateway.export_app import export_app
from gateway.seal_app import seal_app


def add_operations(app: typer.Typer, run: Callable[[Callable[[], Any]], None]) -> None:
    """Add them to the program; `run` runs one's coroutine and says what went wrong."""
    app.add_typer(export_app(run), name="export")
    app.add_typer(account_app(run), name="account")
    app.add_typer(audit_app(run), name="audit")
    app.add_typer(seal_app(run), name="seal")
