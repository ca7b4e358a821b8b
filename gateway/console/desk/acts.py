"""The desk's own acts: being on duty, notes while they are typed, key safes, searches, hand-overs.

Each commits before it answers, with its audit row in the same transaction.
"""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Path

from gateway.api.auth import V1, Caller, Shared, WhoCalls
from gateway.api.problems import ApiError
from gateway.audit.rows import Act, add
from gateway.console.desk import reading, summary
from gateway.console.desk.bodies import (
    DraftBody,
    DutyBody,
    DutyView,
    Found,
    FoundPerson,
    HandoverBody,
    HandoverView,
    HomeBody,
    Kept,
    KeySafeBody,
    KeySafeView,
    SearchBody,
)
from gateway.context import Context
from gateway.errors import SettingsError
from gateway.sealing import seal, seal_keys, unseal
from gateway.store.cases import encode
from gateway.store.connect import Connection, row, rows, run

router = APIRouter(prefix=V1, tags=["desk"])
log = structlog.get_logger()

FOUND = 25
Form = Annotated[str, Path(pattern=r"^[a-z_]{1,32}$")]


async def note(  # noqa: PLR0913 - who did what about what
    connection: Connection,
    context: Context,
    caller: Caller,
    act: str,
    *,
    about: UUID | None = None,
    content: bytes = b"",
) -> None:
    """Write an audit row in the transaction of the act itself."""
    now = context.clock.now()
    done = Act(caller.organisation_id, now, caller.actor, act, about, content)
    await add(connection, context.desk.audit_key, done)


@router.post("/duty", summary="Go on duty, stay there, or go off")
async def duty(body: DutyBody, caller: WhoCalls, context: Shared) -> DutyView:
    """Note it; who is on duty posts it again every 30 s, and counts as gone after 90 s without."""
    now = context.clock.now()
    whose = {"organisation_id": caller.organisation_id, "operator": caller.name}
    async with context.sessions.transaction() as connection:
        if not body.on:
            await run(connection, "desk_off_duty", **whose, now=now)
            await note(connection, context, caller, "off_duty")
    if not body.on:
        await _keep_signed_in(context, caller, on=False)
        return DutyView(on=False)
    async with context.sessions.transaction() as connection:
        found = await row(connection, "desk_on_duty", **whose, now=now, sound=body.sound)
        if found is not None and found.on_since == found.seen_at:
            await note(connection, context, caller, "on_duty")
    await _keep_signed_in(context, caller, on=True)
    return DutyView(on=True)


async def _keep_signed_in(context: Context, caller: Caller, *, on: bool) -> None:
    """Nobody on duty is signed out for idleness; a token has no browser to sign out."""
    if caller.signed_in is not None:
        await context.logins.duty(caller.signed_in, context.clock.now(), on=on)


@router.put("/drafts/{about}/{form}", summary="Keep what is being typed")
async def keep_draft(
    about: UUID, form: Form, body: DraftBody, caller: WhoCalls, context: Shared
) -> Kept:
    """Keep it, so that it outlives browser and gateway; colleagues see it beside the case."""
    where = {
        "organisation_id": caller.organisation_id,
        "about": about,
        "form": form,
        "operator": caller.name,
    }
    async with context.sessions.transaction() as connection:
        if body.text.strip():
            kept = encode({"text": body.text}).decode()
            now = context.clock.now()
            await run(connection, "desk_put_draft", **where, body=kept, now=now)
            kept_text = body.text.encode()
            await note(connection, context, caller, "draft_kept", about=about, content=kept_text)
        else:
            await run(connection, "desk_drop_draft", **where)
            await note(connection, context, caller, "draft_dropped", about=about)
    return Kept()


@router.post("/persons/{person_id}/key_safe", summary="Read a key-safe code")
async def read_key_safe(
    person_id: UUID, body: KeySafeBody, caller: WhoCalls, context: Shared
) -> KeySafeView:
    """Give the code for an open alarm of this person; who read it for what is written down."""
    whose = {"id": person_id, "organisation_id": caller.organisation_id}
    async with context.sessions.transaction() as connection:
        items = await reading.queue_items(connection, caller.organisation_id, ids=[body.alarm])
        home = await row(connection, "desk_home_of", alarm_id=body.alarm, **whose)
        if not items or items[0]["state"] == "closed" or home is None:
            raise ApiError(404, "no open alarm of this person: a code is read for an alarm only")
        found = await row(connection, "desk_key_safe", **whose)
        if found is None:
            raise ApiError(404, "no key-safe code is kept for this person")
        why = encode({"alarm": str(body.alarm)})
        await note(connection, context, caller, "key_safe_read", about=person_id, content=why)
    try:
        keys = seal_keys(context.settings.state_dir)
        return KeySafeView(code=unseal(keys, person_id, bytes(found.key_safe)))
    except SettingsError as error:
        log.error("a key-safe code cannot be opened", reason=str(error))
        raise ApiError(
            503,
            "the code cannot be opened on this machine: its key is missing or another one",
            what_next="Ask a contact or the police for entry, and tell an engineer now.",
        ) from error


@router.post("/persons/{person_id}/home", summary="What to know of a home")
async def describe_home(person_id: UUID, body: HomeBody, caller: WhoCalls, context: Shared) -> Kept:
    """Keep access, hazards, allergies, communication needs and the key-safe code, sealed."""
    sealed = None
    if body.key_safe is not None:
        sealed = seal(seal_keys(context.settings.state_dir)[0], person_id, body.key_safe)
    async with context.sessions.transaction() as connection:
        found = await row(
            connection,
            "desk_put_person_more",
            id=person_id,
            organisation_id=caller.organisation_id,
            **{**body.model_dump(), "key_safe": sealed},
            by=caller.name,
            now=context.clock.now(),
        )
        if found is None:
            raise ApiError(404, "no person of this id that you may see")
        content = encode(body.model_dump(exclude={"key_safe"}))
        await note(connection, context, caller, "home_described", about=person_id, content=content)
    return Kept()


@router.post("/search", summary="Find a person")
async def search(body: SearchBody, caller: WhoCalls, context: Shared) -> Found:
    """Find people by name, postcode, telephone, NHS number or unit; the words are audited."""
    escaped = body.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    async with context.sessions.transaction() as connection:
        found = await rows(
            connection,
            "desk_search",
            organisation_id=caller.organisation_id,
            like=f"%{escaped}%",
            prefix=escaped.replace(" ", "") + "%",
            digits="".join(one for one in body.text if one.isdecimal() and one.isascii()),
            text=body.text,
            limit=FOUND + 1,
        )
        await note(connection, context, caller, "searched", content=body.text.encode())
    persons = tuple(
        FoundPerson(**{**one._asdict(), "alarm": one.alarm_id}) for one in found[:FOUND]
    )
    return Found(persons=persons, more=len(found) > FOUND)


@router.post("/handovers", status_code=201, summary="Hand the desk over")
async def hand_over(body: HandoverBody, caller: WhoCalls, context: Shared) -> HandoverView:
    """Keep what was said, with what is open now."""
    now = context.clock.now()
    async with context.sessions.transaction() as connection:
        items = await reading.queue_items(connection, caller.organisation_id)
        kept = await row(
            connection,
            "desk_add_handover",
            organisation_id=caller.organisation_id,
            by=caller.name,
            note=body.note,
            summary=encode(summary.of(items)).decode(),
            now=now,
        )
        assert kept is not None  # an insert gives its row back
        await note(connection, context, caller, "handed_over", content=body.note.encode())
    return HandoverView(id=kept.id)
