-- Who signs in and with what; audit rows sealed into a chain; and a role of the database for the
-- web side, which sees one organisation at a time (DESIGN 7).

create table account (
    id uuid primary key,
    organisation_id uuid not null references organisation,
    name text not null,
    display_name text not null,
    roles text[] not null check (cardinality(roles) > 0),
    service_id text,
    password_hash text,
    provider_subject text,
    break_glass boolean not null default false,
    must_change boolean not null default false,
    created_at timestamptz not null,
    password_at timestamptz,
    disabled_at timestamptz,
    foreign key (organisation_id, service_id) references service (organisation_id, id)
);
-- One name is one person, whatever its capitals: a second person is recognised by it.
create unique index account_name on account (lower(name));
create unique index account_provider_subject on account (provider_subject);

-- One browser that is signed in. The cookie is 256 random bits; only its SHA-256 is here. `source`
-- is a keyed digest of the address, `proved_at` when the password was last given.
create table sign_in (
    sha256 bytea primary key check (octet_length(sha256) = 32),
    organisation_id uuid not null references organisation,
    account_id uuid not null references account,
    source bytea not null,
    secure boolean not null,
    created_at timestamptz not null,
    seen_at timestamptz not null,
    proved_at timestamptz not null,
    on_duty_since timestamptz,
    ended_at timestamptz
);
create index sign_in_account on sign_in (account_id, source);

-- Failed tries to sign in, by a keyed digest of the account, the address, or both.
create table guess (
    key bytea primary key check (octet_length(key) = 32),
    failures integer not null,
    last_at timestamptz not null
);

-- The sealer numbers the rows in the order in which it met them and chains each to the one before:
-- ids may appear out of order, since transactions overlap.
alter table audit
    add column seq bigint,
    add column link bytea check (octet_length(link) = 32),
    add constraint audit_sealed_whole check ((seq is null) = (link is null));
create unique index audit_seq on audit (seq);
create index audit_unsealed on audit (id) where seq is null;

-- Roles belong to the whole server, so another database's start may make it at the same moment.
do $$
begin
    if not exists (select from pg_roles where rolname = 'lifeline_web') then
        create role lifeline_web nologin;
    end if;
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then null; -- lifeline_secure() says what is missing
end
$$;

-- Gives the web role what it needs of each table, one organisation at a time; what stands already
-- is left as it is. Called after every migration, so that no later table is forgotten: a table
-- without organisation_id stays out of reach.
--
-- TimescaleDB compresses no table with row-level security. On its hypertables the web role has no
-- right; it finds a view of the same name before them (schema lifeline_own, first in its
-- search_path), which shows and takes rows of its organisation only.
create function lifeline_secure() returns void language plpgsql as $$
declare
    one record;
    rights text;
    owned text;
    hypertables text[] := '{}';
begin
    if not exists (select from pg_roles where rolname = 'lifeline_web') then
        raise exception 'the role lifeline_web is missing' using errcode = 'LL001';
    end if;
    if not (select rolsuper from pg_roles where rolname = current_user) then
        begin
            execute format('grant lifeline_web to %I', current_user);
        exception when insufficient_privilege then null; -- whoever made the role has done it
        end;
        begin
            set local role lifeline_web;
            reset role;
        exception when insufficient_privilege then
            raise exception 'we may not act as lifeline_web' using errcode = 'LL001';
        end;
    end if;
    if to_regclass('_timescaledb_catalog.hypertable') is not null then
        execute 'select array_agg(table_name::text) from _timescaledb_catalog.hypertable'
            into hypertables;
    end if;
    for one in
        select c.oid, c.relname::text as name, c.relrowsecurity as is_secure,
               exists (
                   select from pg_attribute
                   where attrelid = c.oid and attname = 'organisation_id' and not attisdropped
               ) as has_owner
        from pg_class as c
        where c.relnamespace = current_schema()::regnamespace
          and c.relkind in ('r', 'p') and not c.relispartition
    loop
        rights := case
            when one.name in ('account', 'sign_in', 'api_token', 'packet', 'quarantine') then null
            when one.name in ('audit', 'decision') then 'select, insert'
            when one.name in ('migration', 'organisation') then 'select'
            when one.has_owner then 'select, insert, update, delete'
        end;
        owned := case when one.name = 'organisation' then 'id'
                      when one.has_owner then 'organisation_id' end;
        if one.name = any (coalesce(hypertables, '{}')) then
            if has_table_privilege('lifeline_web', one.oid, 'select') then
                execute format('revoke all on %I from lifeline_web', one.name);
            end if;
            continue when rights is null or owned is null;
            create schema if not exists lifeline_own;
            grant usage on schema lifeline_own to lifeline_web;
            execute format(
                'create or replace view lifeline_own.%I with (security_barrier) as'
                ' select * from %I.%I where'
                ' %I = nullif(current_setting(''lifeline.organisation'', true), '''')::uuid'
                ' with check option',
                one.name, current_schema(), one.name, owned
            );
            execute format('grant %s on lifeline_own.%I to lifeline_web', rights, one.name);
            continue;
        end if;
        if rights is not null and not has_table_privilege('lifeline_web', one.oid, 'select') then
            execute format('grant %s on %I to lifeline_web', rights, one.name);
        end if;
        if owned is not null and not one.is_secure then
            execute format('alter table %I enable row level security', one.name);
            execute format(
                'create policy own_organisation on %I to lifeline_web'
                ' using (%I = nullif(current_setting(''lifeline.organisation'', true), '''')::uuid)'
                ' with check'
                ' (%I = nullif(current_setting(''lifeline.organisation'', true), '''')::uuid)',
                one.name, owned, owned
            );
        end if;
    end loop;
end
$$;
