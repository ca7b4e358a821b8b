-- Whose console is connected, and which alarms a console has shown: two things that a process which
-- sees no browser must know (DECIDING 6; STACK 4).

create table console_presence (
    organisation_id uuid not null references organisation,
    operator text not null,
    seen_at timestamptz not null,
    primary key (organisation_id, operator)
) with (fillfactor = 70);

-- `rings` is how often the alarm had rung when a console last showed it, `told_rings` when somebody
-- was last told by another way that none had.
create table alarm_seen (
    alarm_id uuid primary key references alarm on delete cascade,
    organisation_id uuid not null references organisation,
    rings integer not null default 0,
    operator text,
    seen_at timestamptz,
    told_rings integer not null default 0
);
