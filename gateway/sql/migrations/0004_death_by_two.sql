-- A death is recorded by two different people (DECIDING 8): who reported it, and who confirmed it.

alter table person
    add column death_reported_by text,
    add column death_reported_at timestamptz,
    add column death_confirmed_by text;
update person
set death_reported_by = 'not recorded (first)', death_confirmed_by = 'not recorded (second)'
where status = 'deceased';
alter table person add constraint person_death_by_two check (
    status <> 'deceased' or coalesce(death_reported_by <> death_confirmed_by, false)
);
