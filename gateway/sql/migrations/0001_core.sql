-- Everything one organisation's calls for help need. organisation_id stands on every row from the
-- first day, so that row-level security can be switched on without a rewrite (DESIGN 7).
-- Closed lists are checked by the typed code that writes them; the checks here hold what no code
-- path may ever break.

create table organisation (
    id uuid primary key,
    name text not null,
    created_at timestamptz not null
);

create table service (
    organisation_id uuid not null references organisation,
    id text not null,
    name text not null,
    kind text not null,
    timezone text not null default 'Europe/London',
    hours jsonb not null default '"24/7"',
    catchment text[] not null default '{}',
    capacity integer,
    capacity_at timestamptz,
    criteria text not null default '',
    automatic_per_hour integer,
    delivery text not null default 'desk',
    phone text,
    position integer not null default 0,
    primary key (organisation_id, id)
);

create table place (
    id uuid primary key,
    organisation_id uuid not null references organisation,
    name text not null,
    address text not null default '',
    postcode text
);

create table person (
    id uuid primary key,
    organisation_id uuid not null references organisation,
    name text not null,
    born date,
    nhs_number text,
    address text not null default '',
    postcode text,
    phone_home text,
    phone_mobile text,
    status text not null default 'home',
    away_until timestamptz,
    ceiling text not null default 'none',
    anticipatory_line text,
    conditions text[] not null default '{}',
    contacts jsonb not null default '[]',
    anticoagulants boolean,
    plan jsonb not null default '{}',
    place_id uuid references place,
    language text
);
create index person_nhs_number on person (organisation_id, nhs_number);
create index person_place on person (place_id);

-- Secrets are 256 random bits kept as SHA-256: nothing here can be guessed or replayed (DESIGN 7).
create table device (
    id uuid primary key,
    organisation_id uuid not null references organisation,
    line text not null,
    sender text not null,
    person_id uuid references person,
    place_id uuid references place,
    model text,
    interval_s integer check (interval_s > 0),
    speech boolean not null default true,
    enabled boolean not null default true,
    expires_at timestamptz,
    secret_sha256 bytea check (octet_length(secret_sha256) = 32),
    certificate_sha256 bytea check (octet_length(certificate_sha256) = 32),
    faulty_since timestamptz,
    unique (line, sender)
);
create index device_person on device (person_id);
create index device_place on device (place_id);
create unique index device_certificate on device (line, certificate_sha256);

-- Hot and small, apart from device: written with every heartbeat, in bulk, in id order.
create table device_heard (
    device_id uuid primary key references device on delete cascade,
    organisation_id uuid not null references organisation,
    heard_at timestamptz not null,
    conditions text[] not null default '{}',
    lost_at timestamptz
) with (fillfactor = 60);

-- The one row everything about a case is locked by. "case" is a reserved word.
create table subject (
    id uuid primary key,
    organisation_id uuid not null references organisation,
    kind text not null,
    person_id uuid references person,
    place_id uuid references place,
    line text,
    label text,
    state jsonb,
    next_due_at timestamptz,
    changed_at timestamptz not null
) with (fillfactor = 70);
create index subject_due on subject (next_due_at) where next_due_at is not null;

-- Who said this before? Unpartitioned, because a unique key cannot hold across time partitions.
create table receipt (
    line text not null,
    sender text not null,
    key text not null,
    digest bytea not null check (octet_length(digest) = 32),
    organisation_id uuid not null,
    seen_at timestamptz not null,
    generation integer not null default 1,
    verdict jsonb,
    primary key (line, sender, key, digest)
);
create index receipt_seen on receipt using brin (seen_at);

create table alarm (
    id uuid primary key,
    organisation_id uuid not null references organisation,
    subject_id uuid not null references subject,
    kind text not null,
    state text not null,
    priority smallint not null,
    what text not null,
    alarm_at timestamptz not null,
    taken_by text,
    taken_at timestamptz,
    spoke_at timestamptz,
    closed_at timestamptz,
    disposition text,
    record jsonb not null,
    revision bigint not null default 1
);
create unique index alarm_one_open on alarm (subject_id, kind) where state <> 'closed';
create index alarm_open on alarm (organisation_id, priority, alarm_at) where state <> 'closed';

create table referral (
    id uuid primary key,
    organisation_id uuid not null references organisation,
    subject_id uuid not null references subject,
    alarm_id uuid references alarm,
    service_id text not null,
    state text not null,
    provisional boolean not null,
    automatic boolean not null,
    made_at timestamptz not null,
    received_at timestamptz,
    accepted_at timestamptz,
    first_face_to_face_at timestamptz,
    record jsonb not null,
    revision bigint not null default 1,
    foreign key (organisation_id, service_id) references service (organisation_id, id)
);
create unique index referral_one_open on referral (subject_id, service_id)
    where state in ('provisional', 'sent', 'received', 'accepted', 'set_out', 'attended');
create index referral_automatic on referral (organisation_id, service_id, made_at) where automatic;
create index referral_made on referral (organisation_id, service_id, made_at);
create index referral_alarm on referral (alarm_id);

create table task (
    id uuid primary key,
    organisation_id uuid not null references organisation,
    subject_id uuid not null references subject,
    alarm_id uuid references alarm,
    referral_id uuid references referral,
    kind text not null,
    state text not null,
    made_at timestamptz not null,
    due_at timestamptz,
    record jsonb not null,
    revision bigint not null default 1
);
create index task_open on task (organisation_id, due_at) where state in ('open', 'claimed');

-- Why: every step with its reasons, rule versions and inputs. Never changed, never deleted early.
create table decision (
    id bigint generated always as identity primary key,
    organisation_id uuid not null references organisation,
    subject_id uuid not null references subject,
    alarm_id uuid,
    referral_id uuid,
    at timestamptz not null,
    what text not null,
    entry jsonb not null
);
create index decision_subject on decision (subject_id, id);
create index decision_alarm on decision (alarm_id, id) where alarm_id is not null;

-- What must go out. Only the head of a stream may be claimed, so that a withdrawal never overtakes
-- its referral; a lease is fenced by its attempt.
create table outbox (
    stream uuid not null,
    seq integer not null,
    organisation_id uuid not null references organisation,
    subject_id uuid not null references subject,
    what text not null,
    recipient text not null,
    referral_id uuid,
    alarm_id uuid,
    body jsonb not null,
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'failed', 'no_route')),
    attempt integer not null default 0,
    made_at timestamptz not null,
    try_at timestamptz not null,
    lease_until timestamptz,
    ended_at timestamptz,
    problem text,
    primary key (stream, seq)
);
create index outbox_waiting on outbox (try_at) where state = 'waiting';

-- What the vitals lane and the supervision of devices hand to the alarm lane.
create table inbox (
    id bigint generated always as identity primary key,
    organisation_id uuid not null references organisation,
    subject_id uuid not null references subject,
    what text not null check (what in ('heard', 'lost', 'back')),
    body jsonb not null,
    made_at timestamptz not null,
    held_until timestamptz
);

-- What the built-in desk has been handed; idempotent by referral id (DESIGN 6).
create table desk_delivery (
    referral_id uuid primary key,
    organisation_id uuid not null references organisation,
    service_id text not null,
    received_at timestamptz not null,
    deliveries integer not null default 1,
    withdrawn_at timestamptz,
    body jsonb not null
);

-- Evidence from senders that proved nothing; bounded per line, oldest dropped and counted.
create table quarantine (
    id bigint generated always as identity primary key,
    organisation_id uuid not null references organisation,
    line text not null,
    sender text not null,
    received_at timestamptz not null,
    body bytea not null,
    problem text
);
create index quarantine_line on quarantine (line, id);

-- Since when we have been receiving on a line without a break, so that our own outage makes no
-- device "lost".
create table reception (
    line text primary key,
    since timestamptz not null,
    alive_at timestamptz not null
);

create table api_token (
    sha256 bytea primary key check (octet_length(sha256) = 32),
    organisation_id uuid not null references organisation,
    name text not null,
    role text not null,
    service_id text,
    created_at timestamptz not null,
    expires_at timestamptz,
    disabled_at timestamptz
);

-- Ids and digests only, each row with a keyed code; sealed into a chain by its own process.
create table audit (
    id bigint generated always as identity primary key,
    organisation_id uuid not null,
    at timestamptz not null,
    actor text not null,
    act text not null,
    about uuid,
    digest bytea not null,
    code bytea not null
);

create table packet (
    received_at timestamptz not null,
    organisation_id uuid not null,
    line text not null,
    sender text not null,
    key text not null,
    topic text,
    lane text not null,
    authenticated boolean not null,
    body bytea not null,
    problem text
);

create table measurement (
    at timestamptz not null,
    organisation_id uuid not null,
    person_id uuid,
    device_id uuid not null,
    code text not null,
    value double precision,
    word text,
    quality text not null,
    source text not null,
    device_at timestamptz,
    received_at timestamptz not null
);
