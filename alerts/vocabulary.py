"""The closed lists that `lifeline decide --vocabulary` prints."""

from enum import StrEnum

from alerts import vital_words, words
from alerts.rule_ids import Rule
from alerts.ruleset import Rules
from alerts.story_input import PLAN_KINDS
from alerts.telecare.answers import GIVERS
from devices.model import ActivationKind, Flag, Phase, Quality, StatusKind, StatusState, VitalCode

LISTS: dict[str, type[StrEnum]] = {
    "what": words.What,
    "disposition": words.Disposition,
    "alarm_kind": words.AlarmKind,
    "alarm_state": words.AlarmState,
    "referral_state": words.ReferralState,
    "task": words.TaskKind,
    "task_state": words.TaskState,
    "subject": words.SubjectKind,
    "operator_do": words.OperatorAct,
    "service_do": words.ServiceAct,
    "delivery_do": words.DeliveryAct,
    "close_reason": words.CloseReason,
    "call_to": words.CallTarget,
    "person_status": words.PersonStatus,
    "ceiling": words.Ceiling,
    "standard": words.Standard,
    "source": words.Source,
    "mechanism": words.Mechanism,
    "activation": ActivationKind,
    "phase": Phase,
    "flag": Flag,
    "status": StatusKind,
    "status_state": StatusState,
    "vital": VitalCode,
    "quality": Quality,
    "level": vital_words.Level,
    "reading_source": vital_words.ReadingSource,
    "pathway": vital_words.Pathway,
    "clinician_do": vital_words.ClinicianAct,
    "vital_event": vital_words.VitalEvent,
    "crisis": vital_words.Crisis,
    "rule": Rule,
}


def vocabulary(rules: Rules | None = None) -> dict[str, list[str]]:
    """Give every closed list with its words, in their order; with rules, their scripts too."""
    lists = {name: [word.value for word in words_] for name, words_ in LISTS.items()}
    lists["given_by"] = list(GIVERS)
    lists["plan"] = list(PLAN_KINDS)
    return lists if rules is None else {**lists, **rules.scripts.vocabulary()}
