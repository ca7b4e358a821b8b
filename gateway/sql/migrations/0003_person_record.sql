-- How a person usually is (ACVPU), and whether they live in a care home (DECIDING 4).

alter table person
    add column baseline_cognition text not null default 'A'
        check (baseline_cognition in ('A', 'C', 'V', 'P', 'U')),
    add column care_home boolean not null default false;
