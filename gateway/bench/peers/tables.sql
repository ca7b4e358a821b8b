-- What the peers write into: plain tables, with the one index that any chart of a patient needs.
create table vitals (
    message_id text not null,
    measured_at timestamptz not null,
    device_id text not null,
    patient_id text not null,
    code text not null,
    value double precision not null,
    quality smallint not null
);
create index vitals_by_patient on vitals (patient_id, code, measured_at desc);
create table alarms (
    message_id text not null,
    ts_ns bigint not null,
    patient_id text not null,
    rule text not null,
    value double precision not null,
    inserted_at timestamptz not null default clock_timestamp()
);
