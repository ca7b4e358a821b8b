"""The named queries of gateway/sql/queries.sql that the simulated PostgreSQL can answer.

What it leaves out: queries of the HTTP side and of upkeep (NOT_SIMULATED), NOT NULL constraints,
savepoints, `listen`, and the order of rows where a query names none (here: as they were written).
"""

from ops.sim.driver import (
    statements_cases,
    statements_devices,
    statements_enrol,
    statements_outbox,
    statements_receipts,
    statements_subjects,
)
from ops.sim.driver.session import Statement
from ops.sim.driver.statements_outbox import NOTIFY, notify

__all__ = ["NOTIFY", "NOT_SIMULATED", "STATEMENTS", "notify"]

STATEMENTS: dict[str, Statement] = {
    **statements_receipts.STATEMENTS,
    **statements_subjects.STATEMENTS,
    **statements_cases.STATEMENTS,
    **statements_outbox.STATEMENTS,
    **statements_devices.STATEMENTS,
    **statements_enrol.STATEMENTS,
}

NOT_SIMULATED = (
    # Who connects to the device endpoint, and who may use the HTTP side.
    "identify", "token", "add_token", "ready", "act_for",
    "add_account", "account", "account_of_subject", "account_of", "accounts", "account_password",
    "account_disabled", "begin_sign_in", "signed_in", "touch_sign_in", "prove_sign_in",
    "still_signed_in", "touch_sign_ins",
    "duty_sign_in", "end_sign_in", "end_sign_ins", "end_oldest_sign_ins", "source_known",
    "drop_sign_ins", "guesses", "count_guess", "undo_guess", "forget_guesses", "drop_guesses",
    # The audit's chain.
    "audit_lock", "audit_last", "audit_sealed_at", "audit_unsealed", "audit_seal", "audit_sealed",
    "audit_waiting",
    # What screens and partners read, and the demo.
    "desk_alarms", "desk_alarm", "desk_recent_alarms", "desk_decisions", "desk_case_tasks",
    "desk_alarm_referrals", "desk_services", "desk_referrals", "desk_referral",
    "desk_day_referrals", "desk_joint", "desk_tasks", "desk_task", "desk_places", "desk_warnings",
    "desk_person", "desk_history", "desk_untested", "person_card", "place_card",
    "person_by_nhs_number", "add_person", "demo_next_due", "demo_acknowledged",
    # The console's desk.
    "read_subject", "desk_queue", "desk_kpi", "desk_readings", "desk_devices", "desk_person_more",
    "desk_put_person_more", "put_home", "desk_key_safe", "desk_home_of", "desk_to_clear",
    "desk_drafts", "sealed_secrets", "seal_secrets",
    "desk_put_draft", "desk_drop_draft", "desk_trim_drafts", "desk_on_duty", "desk_off_duty",
    "desk_duty_list", "desk_call_event",
    "desk_calls", "desk_incoming", "desk_clear_down", "desk_search", "desk_names", "desk_power",
    "desk_add_handover", "desk_handovers", "desk_late_calls",
    # The consoles' stream: only where consoles are connected.
    "console_reception", "console_present", "console_seen", "console_unseen", "console_told",
    "console_left",
    # What people change of a record or a service at the HTTP side.
    "lock_person", "person_record", "change_person", "service_capacity", "device_of",
    "mark_device",
    # The BaRS-shaped sender and its answers.
    "bars_case", "bars_sent", "bars_named", "bars_name", "bars_referral",
    # Extracts.
    "export_snapshot", "export_referrals", "export_beside", "export_decisions", "export_alarms",
    "export_services",
    # The vitals half: simulated processes run without it (Desk.vitals), since it shares with cases
    # nothing but the inbox; tests/store/test_vitals_*.py hold it against a real server.
    "add_vitals_states", "lock_vitals", "lock_due_vitals", "monitoring_plans", "monitoring_limits",
    "save_vitals", "hold_vitals", "save_vitals_alerts", "add_vitals_tasks", "desk_vitals_task",
    "end_vitals_task", "add_vitals_inbox", "set_aside_vitals", "vitals_inbox_persons",
    "take_vitals_inbox", "add_clinician_event", "put_ward", "put_monitoring_plan",
    "end_monitoring",
    "put_monitoring_limit", "wake_vitals", "ward_alerts", "person_alerts", "person_vitals",
    "desk_vitals_alert",
    # Rehearsals read what is recorded, and nothing else.
    "rehearse_people", "rehearse_records", "rehearse_readings", "rehearse_answers",
    "rehearse_alerts", "rehearse_acts", "limits_unrehearsed", "person_limits",
    # Upkeep.
    "trim_quarantine", "drop_receipts", "default_rows", "drop_streams",
)  # fmt: skip
"""The queries that no simulated process asks; a test holds that each query stands in one place."""
