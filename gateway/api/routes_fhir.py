"""FHIR in: what services answer to our referrals. Thin; see gateway/bars_answers.py.

An answer of 200 means: committed. 409 `duplicate` means the same of an earlier time.
"""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse

from gateway import bars_answers
from gateway.api import outcomes
from gateway.api.auth import FHIR_R4, Shared, WhoCalls
from gateway.api.edge import MAX_BODY_BYTES
from gateway.api.problems import of_error, problem
from gateway.bars_answers import Speaker, Taken
from gateway.errors import GatewayError

router = APIRouter(prefix=FHIR_R4, include_in_schema=False)


@router.post("/$process-message")
async def process_message(request: Request, caller: WhoCalls, context: Shared) -> JSONResponse:
    """Take a response to a referral: accepted, rejected, or finished."""
    if caller.service_id is None:
        return outcomes.refused(403, "this caller speaks for no service")
    speaker = Speaker(caller.organisation_id, caller.service_id, caller.name)
    try:
        taken = await bars_answers.take_posted(
            context.sessions, context.desk, speaker, await request.body(), context.clock.now()
        )
    except HTTPException:
        return outcomes.refused(413, f"more than {MAX_BODY_BYTES} bytes")
    except GatewayError as error:
        return outcomes.of_problem(of_error(error) or problem(500, "nothing is known to be kept"))
    return _told(taken)


def _told(taken: Taken) -> JSONResponse:
    match taken:
        case Taken.DONE:
            return outcomes.accepted("the answer was taken")
        case Taken.REPEATED:
            return outcomes.refused(409, "this message was processed before")
        case Taken.TOO_LATE:
            text = "the referral can no longer change; a person has been told of the answer"
            return outcomes.accepted(text, "warning")
        case Taken.UNKNOWN:
            return outcomes.refused(404, "no referral of ours to this service is answered by it")
        case Taken.NOT_UNDERSTOOD:
            text = (
                "expected a message Bundle, servicerequest-response, with one Encounter planned, "
            )
            return outcomes.refused(422, f"{text}in-progress, cancelled or finished")
