-- What the desk of the alarm receiving centre keeps besides the cases: what an operator must know of
-- a home, notes while they are typed, who is on duty, telephone events, hand-overs.

-- Apart from person: nothing here is read by deciding. The key-safe code is sealed (AES-256-GCM).
create table person_desk (
    person_id uuid primary key references person on delete cascade,
    organisation_id uuid not null references organisation,
    access text not null default '',
    hazards text[] not null default '{}',
    allergies text[] not null default '{}',
    communication text not null default '',
    key_safe bytea,
    changed_by text not null,
    changed_at timestamptz not null
);

-- What somebody is typing; it outlives the browser and the gateway, and goes with what it is about.
create table desk_draft (
    organisation_id uuid not null references organisation,
    about uuid not null,
    form text not null,
    operator text not null,
    body jsonb not null,
    saved_at timestamptz not null,
    primary key (organisation_id, about, form, operator)
);
create index desk_draft_saved on desk_draft (saved_at);

create table desk_duty (
    organisation_id uuid not null references organisation,
    operator text not null,
    on_since timestamptz not null,
    seen_at timestamptz not null,
    off_at timestamptz,
    sound boolean not null default false,
    primary key (organisation_id, operator)
);

-- What the telephone system says about its calls; `clear_down_at` asks it to end one.
create table desk_call (
    organisation_id uuid not null references organisation,
    id text not null,
    alarm_id uuid references alarm,
    number text,
    operator text,
    offered_at timestamptz,
    connected_at timestamptz,
    ended_at timestamptz,
    recording text,
    clear_down_at timestamptz,
    primary key (organisation_id, id)
);
create index desk_call_alarm on desk_call (alarm_id) where alarm_id is not null;
create index desk_call_number on desk_call (organisation_id, number);

create table desk_handover (
    id bigint generated always as identity primary key,
    organisation_id uuid not null references organisation,
    at timestamptz not null,
    by text not null,
    note text not null,
    summary jsonb not null
);
create index desk_handover_at on desk_handover (organisation_id, at desc);

-- Consoles read an alarm with its tasks every two seconds, and the day's calls for their figures.
create index task_alarm on task (alarm_id) where alarm_id is not null;
create index alarm_made on alarm (organisation_id, alarm_at);
