-- The vitals half: wards, monitoring plans, each person's state, and what boards read.

create table ward (
    organisation_id uuid not null references organisation,
    id text not null,
    name text not null,
    rules jsonb not null,
    primary key (organisation_id, id)
);

-- How a person is watched, as clinicians set it. The revision tells the state that it is behind.
create table monitoring_plan (
    person_id uuid primary key references person,
    organisation_id uuid not null references organisation,
    ward_id text,
    pathway text,
    started_at timestamptz not null,
    spo2_scale smallint not null default 1 check (spo2_scale in (1, 2)),
    baseline_spo2_pct double precision,
    target_spo2_low double precision,
    target_spo2_high double precision,
    dry_weight_kg double precision,
    schedule jsonb,
    ended_at timestamptz,
    ended_by text,
    end_reason text,
    revision integer not null default 1,
    changed_at timestamptz not null,
    foreign key (organisation_id, ward_id) references ward (organisation_id, id)
);
create index monitoring_plan_ward on monitoring_plan (organisation_id, ward_id);

-- A person's own limits by version: written once, by one person, approved by another.
create table monitoring_limit (
    person_id uuid not null references person,
    version text not null,
    organisation_id uuid not null references organisation,
    effective timestamptz not null,
    author text not null,
    approver text not null,
    limits jsonb not null,
    primary key (person_id, version),
    check (lower(btrim(author)) <> lower(btrim(approver)))
);

-- What the vitals lane locks instead of a subject. `newest` is apart: it changes with every reading,
-- the rest only when something was decided; both are kept as written (json), for their reader is us.
create table vitals_state (
    person_id uuid primary key references person,
    organisation_id uuid not null references organisation,
    state json,
    newest json not null default '{}',
    as_of timestamptz not null,
    next_due_at timestamptz,
    plan_revision integer not null default 0,
    broken_at timestamptz,
    changed_at timestamptz not null
) with (fillfactor = 60);
create index vitals_state_due on vitals_state (next_due_at) where next_due_at is not null;

-- Readings that came beside a call: the alarm lane leaves them here and locks no vitals_state.
create table vitals_inbox (
    id bigint generated always as identity primary key,
    organisation_id uuid not null references organisation,
    person_id uuid not null references person,
    report json not null,
    made_at timestamptz not null,
    set_aside boolean not null default false
);

-- The alerts that boards read, written from the state in the same transaction.
create table vitals_alert (
    id uuid primary key,
    organisation_id uuid not null references organisation,
    person_id uuid not null references person,
    ward_id text not null,
    level text not null,
    confirmed boolean not null,
    state text not null check (state in ('open', 'acknowledged', 'closed')),
    score smallint not null,
    opened_at timestamptz not null,
    acknowledged_by text,
    acknowledged_at timestamptz,
    review_by timestamptz,
    closed_at timestamptz,
    record jsonb not null,
    revision bigint not null default 1
);
create unique index vitals_alert_one_open on vitals_alert (person_id) where state <> 'closed';
create index vitals_alert_open on vitals_alert (organisation_id, ward_id, level, opened_at)
    where state <> 'closed';
create index vitals_alert_person on vitals_alert (person_id, opened_at);

-- Tasks that the vitals half makes (call the patient); those of telecare belong to a case.
create table vitals_task (
    id uuid primary key,
    organisation_id uuid not null references organisation,
    person_id uuid not null references person,
    alert_id uuid,
    kind text not null,
    state text not null,
    made_at timestamptz not null,
    due_at timestamptz,
    record jsonb not null
);
create index vitals_task_open on vitals_task (organisation_id, due_at)
    where state in ('open', 'claimed');

-- What clinicians did, as it was entered.
create table clinician_event (
    id bigint generated always as identity primary key,
    organisation_id uuid not null references organisation,
    person_id uuid not null references person,
    alert_id uuid,
    at timestamptz not null,
    clinician text not null,
    act text not null,
    body jsonb not null
);
create index clinician_event_person on clinician_event (person_id, id);
