-- Every query of the gateway, named, with one line of purpose. `%(now)b` is the gateway's clock:
-- SQL never asks the server for the time, so that tests and stories can move it. Parameters travel
-- in binary (b, not s): arrays of a batch cost half of what they cost as escaped text.

-- senders --
-- Who the given (line, sender) pairs are, with the subject their signals belong to.
select given.line, given.sender, device.id as device_id, device.organisation_id, device.person_id,
       device.place_id, person.place_id as home_id, device.interval_s, device.enabled,
       (device.expires_at is not null and device.expires_at <= %(now)b) as expired
from unnest(%(lines)b::text[], %(senders)b::text[]) as given (line, sender)
join device on device.line = given.line and device.sender = given.sender
left join person on person.id = device.person_id

-- identify --
-- What a connecting device must prove; by name, or by the certificate it showed, which goes first.
select device.id, device.sender, device.enabled, device.secret_sha256, device.certificate_sha256,
       (device.expires_at is not null and device.expires_at <= %(now)b) as expired
from device
where device.line = %(line)b
  and (device.sender = %(name)b or device.certificate_sha256 = %(certificate)b)
order by device.certificate_sha256 = %(certificate)b desc nulls last
limit 1

-- add_subjects --
-- Subject rows for people, places and unknown senders that have none yet; sorted, so that two
-- processes never wait for each other in a ring.
insert into subject (id, organisation_id, kind, person_id, place_id, line, label, changed_at)
select given.id, given.organisation_id, given.kind, given.person_id, given.place_id, given.line,
       given.label, %(now)b
from unnest(%(ids)b::uuid[], %(organisations)b::uuid[], %(kinds)b::text[], %(persons)b::uuid[],
            %(places)b::uuid[], %(lines)b::text[], %(labels)b::text[])
     as given (id, organisation_id, kind, person_id, place_id, line, label)
where not exists (select from subject where subject.id = given.id)
order by given.id
on conflict (id) do nothing

-- lock_subjects --
-- The cases of the given subjects that nobody else is working on; the others come next time.
select id, organisation_id, kind, person_id, place_id, line, label, state::text
from subject
where id = any(%(ids)b::uuid[])
order by id
for no key update skip locked

-- lock_subject --
-- One case, waiting for whoever works on it (bounded by lock_timeout).
select id, organisation_id, kind, person_id, place_id, line, label, state::text
from subject
where id = %(id)b
for no key update

-- read_subject --
-- One case as it stands, to be shown.
select id, organisation_id, kind, person_id, place_id, line, label, state::text
from subject
where id = %(id)b

-- lock_due_subjects --
-- Cases with something due, oldest first, that nobody else is working on.
select id, organisation_id, kind, person_id, place_id, line, label, state::text
from subject
where next_due_at <= %(now)b
order by next_due_at
limit %(limit)b
for no key update skip locked

-- facts_persons --
-- What deciding may know of the people of these subjects, and of who lives in these places; and
-- whether somebody of their home has died: a care home is bereaved for nobody else.
select id, born, postcode, status, away_until, ceiling, anticipatory_line, conditions, contacts,
       anticoagulants, plan, place_id, language, baseline_cognition, care_home,
       place_id is not null and exists (
           select from person as other
           where other.place_id = person.place_id and other.status = 'deceased'
             and not other.care_home
       ) as bereaved
from person
where id = any(%(ids)b::uuid[]) or place_id = any(%(places)b::uuid[])

-- facts_devices --
-- The devices of these people and places.
select id, sender, line, person_id, place_id, interval_s, model, speech, faulty_since
from device
where person_id = any(%(ids)b::uuid[]) or place_id = any(%(ids)b::uuid[])

-- facts_elsewhere --
-- What is open for these people in other cases: in their place's, or, for a place, in their own.
select subject_id, coalesce(record ->> 'person', subject_id::text) as person, id, service_id
from referral
where subject_id = any(%(others)b::uuid[])
  and coalesce(record ->> 'person', subject_id::text) = any(%(persons)b::text[])
  and state not in ('closed', 'withdrawn', 'rejected')
order by made_at, id

-- facts_services --
-- Every service of these organisations, with its automatic referrals of the last hour.
select service.*, (
    select count(*) from referral
    where referral.organisation_id = service.organisation_id
      and referral.service_id = service.id
      and referral.automatic
      and referral.made_at > %(now)b::timestamptz - interval '1 hour'
)::integer as automatic_last_hour
from service
where organisation_id = any(%(organisations)b::uuid[])
order by position, id

-- claim_receipts --
-- Marks messages as heard; gives back the ones nobody said before within their repeat window.
insert into receipt (line, sender, key, digest, organisation_id, seen_at)
select given.line, given.sender, given.key, given.digest, given.organisation_id, %(now)b
from unnest(%(lines)b::text[], %(senders)b::text[], %(keys)b::text[], %(digests)b::bytea[],
            %(organisations)b::uuid[], %(windows)b::integer[])
     as given (line, sender, key, digest, organisation_id, window_s)
order by given.line, given.sender, given.key, given.digest
on conflict (line, sender, key, digest) do update
    set seen_at = excluded.seen_at, verdict = null, generation = receipt.generation + 1
    where receipt.seen_at < excluded.seen_at - (
        select make_interval(secs => given.window_s)
        from unnest(%(lines)b::text[], %(senders)b::text[], %(keys)b::text[], %(digests)b::bytea[],
                    %(windows)b::integer[]) as given (line, sender, key, digest, window_s)
        where (given.line, given.sender, given.key, given.digest)
            = (receipt.line, receipt.sender, receipt.key, receipt.digest)
    )
returning line, sender, key, digest, generation

-- other_content --
-- Which of these messages came under a key that the same sender used for other content.
select given.line, given.sender, given.key, given.digest
from unnest(%(lines)b::text[], %(senders)b::text[], %(keys)b::text[], %(digests)b::bytea[],
            %(windows)b::integer[]) as given (line, sender, key, digest, window_s)
where given.key <> '' and exists (
    select from receipt
    where receipt.line = given.line and receipt.sender = given.sender
      and receipt.key = given.key and receipt.digest <> given.digest
      and receipt.seen_at >= %(now)b::timestamptz - make_interval(secs => given.window_s)
)

-- stored_verdicts --
-- What was answered to messages that were heard before.
select receipt.line, receipt.sender, receipt.key, receipt.digest, receipt.verdict::text
from unnest(%(lines)b::text[], %(senders)b::text[], %(keys)b::text[], %(digests)b::bytea[])
     as given (line, sender, key, digest)
join receipt using (line, sender, key, digest)

-- save_verdicts --
-- Keeps the answer with the receipt, for repeats.
update receipt set verdict = given.verdict::jsonb
from unnest(%(lines)b::text[], %(senders)b::text[], %(keys)b::text[], %(digests)b::bytea[],
            %(verdicts)b::text[]) as given (line, sender, key, digest, verdict)
where (receipt.line, receipt.sender, receipt.key, receipt.digest)
    = (given.line, given.sender, given.key, given.digest)

-- add_packets --
-- Raw messages, verbatim, as evidence.
insert into packet (received_at, organisation_id, line, sender, key, topic, lane, authenticated,
                    body, problem)
select * from unnest(%(received)b::timestamptz[], %(organisations)b::uuid[], %(lines)b::text[],
                     %(senders)b::text[], %(keys)b::text[], %(topics)b::text[], %(lanes)b::text[],
                     %(authenticated)b::boolean[], %(bodies)b::bytea[], %(problems)b::text[])

-- copy_packets --
-- Raw messages of the vitals lane, in bulk.
copy packet (received_at, organisation_id, line, sender, key, topic, lane, authenticated, body,
             problem) from stdin (format binary)

-- copy_measurements --
-- Vital signs, in bulk.
copy measurement (at, organisation_id, person_id, device_id, code, value, word, quality, source,
                  device_at, received_at) from stdin (format binary)

-- add_measurements --
-- Vital signs that came beside a call for help, or that a person entered.
insert into measurement (at, organisation_id, person_id, device_id, code, value, word, quality,
                         source, device_at, received_at)
select * from unnest(%(ats)b::timestamptz[], %(organisations)b::uuid[], %(persons)b::uuid[],
                     %(devices)b::uuid[], %(codes)b::text[], %(numbers)b::float8[],
                     %(words)b::text[], %(qualities)b::text[], %(sources)b::text[],
                     %(device_ats)b::timestamptz[], %(received)b::timestamptz[])

-- add_quarantine --
-- Evidence from senders that proved nothing.
insert into quarantine (organisation_id, line, sender, received_at, body, problem)
select * from unnest(%(organisations)b::uuid[], %(lines)b::text[], %(senders)b::text[],
                     %(received)b::timestamptz[], %(bodies)b::bytea[], %(problems)b::text[])

-- trim_quarantine --
-- Drops the oldest evidence of each line above its bound; tells how much went.
with sized as (
    select id, sum(octet_length(body) + 100) over (partition by line order by id desc) as total
    from quarantine
)
delete from quarantine using sized
where quarantine.id = sized.id and sized.total > %(bound_bytes)b
returning quarantine.line

-- device_lines --
-- On which lines the devices of a case are that bear this name.
select device.line from subject
join device on device.sender = %(sender)b and device.enabled
left join person on person.id = device.person_id
where subject.id = %(subject)b
  and (device.person_id = subject.person_id
       or subject.place_id in (device.place_id, person.place_id))

-- drop_receipts --
-- Receipts older than every repeat window, so many at once: what a stopped gateway has left behind
-- must not outlast the statement's time. Those of calls (they keep their verdict) stay, because an
-- alarm's id comes from its receipt: without it the same words would open the old alarm again.
delete from receipt
where verdict is null and seen_at < %(now)b::timestamptz - make_interval(days => %(days)b)
  and ctid = any(array(
      select ctid from receipt
      where verdict is null and seen_at < %(now)b::timestamptz - make_interval(days => %(days)b)
      limit %(limit)b
  ))

-- save_subjects --
-- The cases after deciding.
update subject set state = given.state::jsonb, next_due_at = given.due, changed_at = %(now)b
from unnest(%(ids)b::uuid[], %(states)b::text[], %(due)b::timestamptz[]) as given (id, state, due)
where subject.id = given.id

-- save_alarms --
-- The alarms people query, written from the case in the same transaction. What is another case's is
-- refused (null): one case must never write over another one.
insert into alarm (id, organisation_id, subject_id, kind, state, priority, what, alarm_at, taken_by,
                   taken_at, spoke_at, closed_at, disposition, record)
select given.id, given.organisation_id, given.subject_id, given.kind, given.state, given.priority,
       given.what, given.alarm_at, given.taken_by, given.taken_at, given.spoke_at, given.closed_at,
       given.disposition, given.record::jsonb
from unnest(%(ids)b::uuid[], %(organisations)b::uuid[], %(subjects)b::uuid[], %(kinds)b::text[],
            %(states)b::text[], %(priorities)b::integer[], %(whats)b::text[],
            %(alarm_ats)b::timestamptz[], %(taken_bys)b::text[], %(taken_ats)b::timestamptz[],
            %(spoke_ats)b::timestamptz[], %(closed_ats)b::timestamptz[], %(dispositions)b::text[],
            %(records)b::text[])
     as given (id, organisation_id, subject_id, kind, state, priority, what, alarm_at, taken_by,
               taken_at, spoke_at, closed_at, disposition, record)
order by (given.state <> 'closed')
on conflict (id) do update
    set subject_id = case when alarm.subject_id = excluded.subject_id then excluded.subject_id end,
        state = excluded.state, priority = excluded.priority, what = excluded.what,
        taken_by = excluded.taken_by, taken_at = excluded.taken_at, spoke_at = excluded.spoke_at,
        closed_at = excluded.closed_at, disposition = excluded.disposition,
        record = excluded.record, revision = alarm.revision + 1

-- save_referrals --
-- The referrals people query, written from the case in the same transaction, as alarms are.
insert into referral (id, organisation_id, subject_id, alarm_id, service_id, state, provisional,
                      automatic, made_at, received_at, accepted_at, first_face_to_face_at, record)
select given.id, given.organisation_id, given.subject_id, given.alarm_id, given.service_id,
       given.state, given.provisional, given.provisional, given.made_at, given.received_at,
       given.accepted_at, given.face_to_face_at, given.record::jsonb
from unnest(%(ids)b::uuid[], %(organisations)b::uuid[], %(subjects)b::uuid[], %(alarms)b::uuid[],
            %(services)b::text[], %(states)b::text[], %(provisionals)b::boolean[],
            %(made_ats)b::timestamptz[], %(received_ats)b::timestamptz[],
            %(accepted_ats)b::timestamptz[], %(face_to_face_ats)b::timestamptz[],
            %(records)b::text[])
     as given (id, organisation_id, subject_id, alarm_id, service_id, state, provisional, made_at,
               received_at, accepted_at, face_to_face_at, record)
on conflict (id) do update
    set subject_id = case when referral.subject_id = excluded.subject_id then excluded.subject_id end,
        state = excluded.state, provisional = excluded.provisional,
        received_at = excluded.received_at, accepted_at = excluded.accepted_at,
        first_face_to_face_at = excluded.first_face_to_face_at,
        record = excluded.record, revision = referral.revision + 1

-- save_tasks --
-- The tasks people query, written from the case in the same transaction, as alarms are.
insert into task (id, organisation_id, subject_id, alarm_id, referral_id, kind, state, made_at,
                  due_at, record)
select given.id, given.organisation_id, given.subject_id, given.alarm_id, given.referral_id,
       given.kind, given.state, given.made_at, given.due_at, given.record::jsonb
from unnest(%(ids)b::uuid[], %(organisations)b::uuid[], %(subjects)b::uuid[], %(alarms)b::uuid[],
            %(referrals)b::uuid[], %(kinds)b::text[], %(states)b::text[],
            %(made_ats)b::timestamptz[], %(due_ats)b::timestamptz[], %(records)b::text[])
     as given (id, organisation_id, subject_id, alarm_id, referral_id, kind, state, made_at, due_at,
               record)
on conflict (id) do update
    set subject_id = case when task.subject_id = excluded.subject_id then excluded.subject_id end,
        state = excluded.state, due_at = excluded.due_at, record = excluded.record,
        revision = task.revision + 1

-- add_decisions --
-- Why: each step with its reasons.
insert into decision (organisation_id, subject_id, alarm_id, referral_id, at, what, entry)
select given.organisation_id, given.subject_id, given.alarm_id, given.referral_id, given.at,
       given.what, given.entry::jsonb
from unnest(%(organisations)b::uuid[], %(subjects)b::uuid[], %(alarms)b::uuid[],
            %(referrals)b::uuid[], %(ats)b::timestamptz[], %(whats)b::text[], %(entries)b::text[])
     as given (organisation_id, subject_id, alarm_id, referral_id, at, what, entry)

-- add_audit --
-- Who did what to which record: ids, digests and a keyed code.
insert into audit (organisation_id, at, actor, act, about, digest, code)
select * from unnest(%(organisations)b::uuid[], %(ats)b::timestamptz[], %(actors)b::text[],
                     %(acts)b::text[], %(abouts)b::uuid[], %(digests)b::bytea[],
                     %(codes)b::bytea[])

-- add_outbox --
-- What must go out, numbered within its stream; the subject's lock makes the numbering safe.
insert into outbox (stream, seq, organisation_id, subject_id, what, recipient, referral_id,
                    alarm_id, body, made_at, try_at)
select given.stream,
       given.ordinal + coalesce((select max(seq) from outbox where outbox.stream = given.stream), 0),
       given.organisation_id, given.subject_id, given.what, given.recipient, given.referral_id,
       given.alarm_id, given.body::jsonb, %(now)b, %(now)b
from unnest(%(streams)b::uuid[], %(ordinals)b::integer[], %(organisations)b::uuid[],
            %(subjects)b::uuid[], %(whats)b::text[], %(recipients)b::text[], %(referrals)b::uuid[],
            %(alarms)b::uuid[], %(bodies)b::text[])
     as given (stream, ordinal, organisation_id, subject_id, what, recipient, referral_id, alarm_id,
               body)

-- claim_outbox --
-- Takes the heads of streams whose time has come and whose lease is over, and leases them:
-- referrals before notices, of which there may be thousands after an outage.
update outbox set lease_until = %(now)b::timestamptz + make_interval(secs => %(lease_s)b),
                  attempt = attempt + 1
where (stream, seq) in (
    select head.stream, head.seq from outbox as head
    where head.state = 'waiting' and head.try_at <= %(now)b
      and (head.lease_until is null or head.lease_until <= %(now)b)
      and not exists (
          select from outbox as earlier
          where earlier.stream = head.stream and earlier.seq < head.seq
            and earlier.state = 'waiting'
      )
    order by head.what not like 'referral%%', head.made_at
    limit %(limit)b
    for update skip locked
)
returning stream, seq, organisation_id, subject_id, what, recipient, referral_id, alarm_id,
          body::text, attempt, made_at

-- end_outbox --
-- Marks a message as ended; only the attempt that holds the lease may.
update outbox set state = %(state)b, ended_at = %(now)b, lease_until = null, problem = %(problem)b
where stream = %(stream)b and seq = %(seq)b and attempt = %(attempt)b and state = 'waiting'

-- retry_outbox --
-- Gives a message back, to be tried later; only the attempt that holds the lease may.
update outbox set try_at = %(try_at)b, lease_until = null, problem = %(problem)b
where stream = %(stream)b and seq = %(seq)b and attempt = %(attempt)b and state = 'waiting'

-- desk_deliver --
-- Hands a referral to the built-in desk; a second delivery of the same one is counted, not doubled.
insert into desk_delivery (referral_id, organisation_id, service_id, received_at, body)
values (%(referral_id)b, %(organisation_id)b, %(service_id)b, %(now)b, %(body)b::jsonb)
on conflict (referral_id) do update set deliveries = desk_delivery.deliveries + 1
returning received_at

-- desk_update --
-- Tells the built-in desk that a referral was confirmed, changed or withdrawn.
update desk_delivery set body = desk_delivery.body || %(body)b::jsonb,
                         withdrawn_at = coalesce(withdrawn_at, %(withdrawn_at)b)
where referral_id = %(referral_id)b

-- heard_before --
-- What is known of devices, locked in id order until they are marked as heard.
select device_id, conditions, lost_at from device_heard
where device_id = any(%(ids)b::uuid[])
order by device_id
for no key update

-- heard --
-- Devices that spoke, in bulk and in id order.
insert into device_heard (device_id, organisation_id, heard_at)
select given.id, given.organisation_id, given.at
from unnest(%(ids)b::uuid[], %(organisations)b::uuid[], %(ats)b::timestamptz[])
     as given (id, organisation_id, at)
order by given.id
on conflict (device_id) do update
    set heard_at = greatest(device_heard.heard_at, excluded.heard_at), lost_at = null

-- save_conditions --
-- Which technical conditions a device is in, so that only changes reach the alarm lane.
update device_heard set conditions = given.conditions
from (
    select id, array_remove(string_to_array(joined, ','), '') as conditions
    from unnest(%(ids)b::uuid[], %(conditions)b::text[]) as given (id, joined)
) as given
where device_heard.device_id = given.id

-- add_inbox --
-- Hands something to the alarm lane.
insert into inbox (organisation_id, subject_id, what, body, made_at)
select given.organisation_id, given.subject_id, given.what, given.body::jsonb, %(now)b
from unnest(%(organisations)b::uuid[], %(subjects)b::uuid[], %(whats)b::text[], %(bodies)b::text[])
     as given (organisation_id, subject_id, what, body)

-- inbox_subjects --
-- Subjects with something in the inbox, oldest first.
select subject_id from inbox
where held_until is null or held_until <= %(now)b
group by subject_id order by min(id) limit %(limit)b

-- unknown_callers --
-- Which unknown senders of a line have an open call; above a bound further ones share one subject.
select distinct subject.label from subject join alarm on alarm.subject_id = subject.id
where subject.kind = 'unknown_device' and subject.line = %(line)b and alarm.state <> 'closed'

-- take_inbox --
-- Takes what the inbox holds for subjects this transaction has locked.
delete from inbox where subject_id = any(%(ids)b::uuid[])
returning id, subject_id, what, body::text

-- hold_subject --
-- Puts off a case that breaks deciding, so that it cannot hold up the others.
with held as (
    update inbox set held_until = %(until)b where subject_id = %(id)b
)
update subject set next_due_at = %(until)b where id = %(id)b and next_due_at is not null

-- lost_devices --
-- Devices nothing was heard from for twice their interval, counted from the later of last heard and
-- the start of our own reception; not lost before. A line on which nobody receives just now loses
-- no device: it is we who do not hear. In id order, nobody waits.
select device.id, device.organisation_id, device.sender, device.line, device.person_id,
       device.place_id, device.interval_s,
       greatest(device_heard.heard_at, reception.since) as silent_since
from device
join reception on reception.line = device.line
    and reception.alive_at >= %(now)b::timestamptz - make_interval(secs => %(gap_s)b)
left join device_heard on device_heard.device_id = device.id
where device.enabled and device.interval_s is not null
  and device_heard.lost_at is null
  and greatest(device_heard.heard_at, reception.since)
      < %(now)b::timestamptz - 2 * make_interval(secs => device.interval_s)
order by device.id
limit %(limit)b

-- lost_lately --
-- How many devices of each line were lost within a span.
select device.organisation_id, device.line, count(*)
from device_heard join device on device.id = device_heard.device_id
where device_heard.lost_at > %(now)b::timestamptz - make_interval(secs => %(span_s)b)
group by device.organisation_id, device.line

-- mark_lost --
-- Notes that devices are lost; gives back those that nobody else noted first.
insert into device_heard (device_id, organisation_id, heard_at, lost_at)
select given.id, given.organisation_id, given.since, %(now)b
from unnest(%(ids)b::uuid[], %(organisations)b::uuid[], %(sinces)b::timestamptz[])
     as given (id, organisation_id, since)
order by given.id
on conflict (device_id) do update set lost_at = %(now)b
    where device_heard.lost_at is null
      and device_heard.heard_at <= excluded.heard_at
returning device_id

-- receiving --
-- Notes that we receive on a line; after a gap reception counts from now.
insert into reception (line, since, alive_at) values (%(line)b, %(now)b, %(now)b)
on conflict (line) do update
    set since = case
            when reception.alive_at < %(now)b::timestamptz - make_interval(secs => %(gap_s)b)
            then %(now)b else reception.since
        end,
        alive_at = greatest(reception.alive_at, %(now)b)

-- frozen_sessions --
-- Ends sessions of our own role that hold a transaction open while nobody feeds them, or block
-- another session of ours, for longer than the bound: a frozen process keeps its locks past every
-- time-out of its own.
select pid, pg_terminate_backend(pid) from pg_stat_activity as holder
where holder.usename = current_user and holder.datname = current_database()
  and holder.pid <> pg_backend_pid() and holder.xact_start is not null
  and holder.application_name like 'lifeline%%'
  and holder.state_change < clock_timestamp() - make_interval(secs => %(bound_s)b)
  and (
      holder.wait_event in ('ClientRead', 'ClientWrite')
      or exists (
          select from pg_stat_activity as waiter
          where waiter.usename = current_user and waiter.wait_event_type = 'Lock'
            and holder.pid = any(pg_blocking_pids(waiter.pid))
            and waiter.state_change < clock_timestamp() - make_interval(secs => %(bound_s)b)
      )
  )

-- default_rows --
-- How many rows fell into the DEFAULT partitions, where none should ever be.
select (select count(*) from packet_default) as packets,
       (select count(*) from measurement_default) as measurements

-- server_time --
-- The database's clock, read once at start and compared every ten seconds.
select clock_timestamp()

-- referral_subject --
-- Whose case a referral belongs to.
select subject_id from referral where id = %(id)b

-- alarm_subject --
-- Whose case an alarm belongs to.
select subject_id from alarm where id = %(id)b

-- token --
-- Whose an API token is.
select organisation_id, name, role, service_id from api_token
where sha256 = %(sha256)b and disabled_at is null
  and (expires_at is null or expires_at > %(now)b)

-- add_token --
-- A new API token; only its SHA-256 is kept.
insert into api_token (sha256, organisation_id, name, role, service_id, created_at, expires_at)
values (%(sha256)b, %(organisation_id)b, %(name)b, %(role)b, %(service_id)b, %(now)b,
        %(expires_at)b)

-- add_organisation --
-- An organisation, once.
insert into organisation (id, name, created_at) values (%(id)b, %(name)b, %(now)b)
on conflict (id) do nothing

-- put_service --
-- A service as last described.
insert into service (organisation_id, id, name, kind, timezone, hours, catchment, capacity,
                     capacity_at, criteria, automatic_per_hour, delivery, phone, position, roaming)
values (%(organisation_id)b, %(id)b, %(name)b, %(kind)b, %(timezone)b, %(hours)b::jsonb,
        %(catchment)b, %(capacity)b, %(capacity_at)b, %(criteria)b, %(automatic_per_hour)b,
        %(delivery)b, %(phone)b, %(position)b, %(roaming)b)
on conflict (organisation_id, id) do update
    set name = excluded.name, kind = excluded.kind, timezone = excluded.timezone,
        hours = excluded.hours, catchment = excluded.catchment, capacity = excluded.capacity,
        capacity_at = excluded.capacity_at, criteria = excluded.criteria,
        automatic_per_hour = excluded.automatic_per_hour, delivery = excluded.delivery,
        phone = excluded.phone, position = excluded.position, roaming = excluded.roaming

-- put_place --
-- A place as last described.
insert into place (id, organisation_id, name, address, postcode)
values (%(id)b, %(organisation_id)b, %(name)b, %(address)b, %(postcode)b)
on conflict (id) do update set name = excluded.name, address = excluded.address,
    postcode = excluded.postcode

-- recorded_persons --
-- What the desk may have changed of these people since they were enrolled, locked in id order.
select id, status, away_until, ceiling, anticipatory_line, conditions, anticoagulants,
       baseline_cognition, care_home, death_reported_by, death_reported_at, death_confirmed_by
from person
where id = any(%(ids)b::uuid[])
order by id
for no key update

-- put_person --
-- A person as last described.
insert into person (id, organisation_id, name, born, nhs_number, address, postcode, phone_home,
                    phone_mobile, status, away_until, ceiling, anticipatory_line, conditions,
                    contacts, anticoagulants, plan, place_id, language, baseline_cognition,
                    care_home, death_reported_by, death_reported_at, death_confirmed_by)
values (%(id)b, %(organisation_id)b, %(name)b, %(born)b, %(nhs_number)b, %(address)b, %(postcode)b,
        %(phone_home)b, %(phone_mobile)b, %(status)b, %(away_until)b, %(ceiling)b,
        %(anticipatory_line)b, %(conditions)b, %(contacts)b::jsonb, %(anticoagulants)b,
        %(plan)b::jsonb, %(place_id)b, %(language)b, %(baseline_cognition)b, %(care_home)b,
        %(death_reported_by)b, %(death_reported_at)b, %(death_confirmed_by)b)
on conflict (id) do update
    set name = excluded.name, born = excluded.born, nhs_number = excluded.nhs_number,
        address = excluded.address, postcode = excluded.postcode, phone_home = excluded.phone_home,
        phone_mobile = excluded.phone_mobile, status = excluded.status,
        away_until = excluded.away_until, ceiling = excluded.ceiling,
        anticipatory_line = excluded.anticipatory_line, conditions = excluded.conditions,
        contacts = excluded.contacts, anticoagulants = excluded.anticoagulants,
        plan = excluded.plan, place_id = excluded.place_id, language = excluded.language,
        baseline_cognition = excluded.baseline_cognition, care_home = excluded.care_home,
        death_reported_by = excluded.death_reported_by,
        death_reported_at = excluded.death_reported_at,
        death_confirmed_by = excluded.death_confirmed_by

-- put_device --
-- A device as last described; its secret changes only when a new one is given, and a known fault is
-- ended by mark_device alone. Another
-- organisation's device stays as it is, and no row comes back.
insert into device (id, organisation_id, line, sender, person_id, place_id, model, interval_s,
                    speech, enabled, expires_at, faulty_since, secret_sha256, certificate_sha256)
values (%(id)b, %(organisation_id)b, %(line)b, %(sender)b, %(person_id)b, %(place_id)b, %(model)b,
        %(interval_s)b, %(speech)b, %(enabled)b, %(expires_at)b, %(faulty_since)b,
        %(secret_sha256)b, %(certificate_sha256)b)
on conflict (line, sender) do update
    set person_id = excluded.person_id, place_id = excluded.place_id, model = excluded.model,
        interval_s = excluded.interval_s, speech = excluded.speech, enabled = excluded.enabled,
        expires_at = excluded.expires_at,
        faulty_since = coalesce(excluded.faulty_since, device.faulty_since),
        secret_sha256 = coalesce(excluded.secret_sha256, device.secret_sha256),
        certificate_sha256 = coalesce(excluded.certificate_sha256, device.certificate_sha256)
    where device.organisation_id = excluded.organisation_id
returning id

-- ready --
-- What a gateway needs before it may be called ready: the migrations done, and that it may write.
select array(select name from migration order by name) as migrations,
       current_setting('transaction_read_only') = 'on' as read_only

-- desk_alarms --
-- Alarms of one organisation, worst first: priority, then oldest.
select alarm.id, alarm.subject_id, subject.kind as subject_kind, subject.person_id,
       subject.place_id, subject.label, alarm.record::text
from alarm join subject on subject.id = alarm.subject_id
where alarm.organisation_id = %(organisation_id)b
  and alarm.state = any(%(states)b::text[]) and alarm.kind = any(%(kinds)b::text[])
order by alarm.priority, alarm.alarm_at, alarm.id
limit %(limit)b

-- desk_alarm --
-- One alarm of an organisation, with whose it is.
select alarm.id, alarm.subject_id, subject.kind as subject_kind, subject.person_id,
       subject.place_id, subject.label, alarm.record::text
from alarm join subject on subject.id = alarm.subject_id
where alarm.id = %(id)b and alarm.organisation_id = %(organisation_id)b

-- desk_places --
-- The given places, and who lives there as far as is known; at most so many of each.
select place.id, place.name, array(
           select person.id from person
           where person.place_id = place.id and person.status <> 'deceased'
           order by person.id
           limit %(limit)b
       ) as residents
from place
where place.id = any(%(ids)b::uuid[]) and place.organisation_id = %(organisation_id)b

-- desk_warnings --
-- What must be read before one calls the homes of these cases: somebody has died there, or a death
-- was reported that nobody has confirmed. A care home is bereaved for nobody else. A person's case
-- has the person's id, and no row before it was needed.
select given.id, bool_or(other.status = 'deceased') as bereaved
from unnest(%(subjects)b::uuid[]) as given (id)
left join subject on subject.id = given.id
left join person on person.id = coalesce(subject.person_id, given.id)
join person as other on other.id = subject.person_id
    or (other.place_id = coalesce(subject.place_id, person.place_id) and not other.care_home)
where other.status = 'deceased' or other.death_reported_by is not null
group by given.id

-- desk_recent_alarms --
-- Alarms of the given subjects within a span, oldest first.
select alarm.id, alarm.subject_id, subject.kind as subject_kind, subject.person_id,
       subject.place_id, subject.label, alarm.record::text
from alarm join subject on subject.id = alarm.subject_id
where alarm.organisation_id = %(organisation_id)b
  and alarm.subject_id = any(%(subjects)b::uuid[])
  and alarm.alarm_at >= %(since)b and alarm.alarm_at < %(until)b
order by alarm.alarm_at, alarm.id

-- desk_decisions --
-- Why: the steps about an alarm and about referrals, in the order they were decided.
select id, entry::text from decision
where organisation_id = %(organisation_id)b and subject_id = %(subject_id)b
  and (alarm_id = %(alarm_id)b::uuid or referral_id = any(%(referrals)b::uuid[]))
order by id
limit %(limit)b

-- desk_case_tasks --
-- Tasks of an alarm and of the given referrals, oldest first.
select task.record::text, task.subject_id,
       coalesce(subject.person_id, (referral.record ->> 'person')::uuid) as person_id
from task
join subject on subject.id = task.subject_id
left join referral on referral.id = task.referral_id
where task.organisation_id = %(organisation_id)b and task.subject_id = any(%(subjects)b::uuid[])
  and (task.alarm_id = %(alarm_id)b::uuid or task.referral_id = any(%(referrals)b::uuid[]))
order by task.made_at, task.id

-- desk_alarm_referrals --
-- Referrals of one alarm, oldest first.
select referral.id, referral.subject_id,
       coalesce(subject.person_id, (referral.record ->> 'person')::uuid) as person_id,
       referral.record::text
from referral join subject on subject.id = referral.subject_id
where referral.alarm_id = %(alarm_id)b and referral.organisation_id = %(organisation_id)b
order by referral.made_at, referral.id

-- desk_services --
-- The services of an organisation, with their open referrals; one of them when it is named.
select service.*, (
    select count(*) from referral
    where referral.organisation_id = service.organisation_id
      and referral.service_id = service.id
      and referral.state not in ('closed', 'withdrawn', 'rejected')
)::integer as open_referrals
from service
where service.organisation_id = %(organisation_id)b
  and (%(service_id)b::text is null or service.id = %(service_id)b)
order by service.position, service.id

-- desk_referrals --
-- Referrals of an organisation, of one service when it is named, longest waiting first.
select referral.id, referral.subject_id,
       coalesce(subject.person_id, (referral.record ->> 'person')::uuid) as person_id,
       referral.record::text
from referral join subject on subject.id = referral.subject_id
where referral.organisation_id = %(organisation_id)b
  and (%(service_id)b::text is null or referral.service_id = %(service_id)b)
  and referral.state = any(%(states)b::text[])
order by referral.made_at, referral.id
limit %(limit)b

-- desk_referral --
-- One referral of an organisation; of one service only when it is named.
select referral.id, referral.subject_id,
       coalesce(subject.person_id, (referral.record ->> 'person')::uuid) as person_id,
       referral.record::text
from referral join subject on subject.id = referral.subject_id
where referral.id = %(id)b and referral.organisation_id = %(organisation_id)b
  and (%(service_id)b::text is null or referral.service_id = %(service_id)b)

-- desk_day_referrals --
-- What a service's daily meeting looks at: referrals made before the day's end that were open in
-- it, made, attended or ended in it, within crisis support, with tasks left, or due for a look
-- whether the person is at home (91 days); each with why it is there.
select * from (
    select referral.id, referral.subject_id, referral.made_at,
           coalesce(subject.person_id, (referral.record ->> 'person')::uuid) as person_id,
           referral.record::text,
           coalesce(ended.at >= %(until)b, true) as is_open,
           referral.made_at >= %(since)b as is_made,
           coalesce(referral.first_face_to_face_at >= %(since)b
                    and referral.first_face_to_face_at < %(until)b, false) as is_attended,
           coalesce(ended.at >= %(since)b and ended.at < %(until)b, false) as is_ended,
           coalesce((referral.record ->> 'support_until')::timestamptz > %(since)b
                    and referral.first_face_to_face_at < %(until)b, false) as is_in_support,
           exists (
               select from task
               where task.referral_id = referral.id and task.made_at < %(until)b
                 and (task.state in ('open', 'claimed')
                      or (task.record ->> 'done_at')::timestamptz >= %(until)b)
           ) as has_tasks,
           coalesce((referral.record ->> 'follow_up_on')::date = %(day)b, false) as is_follow_up
    from referral
    join subject on subject.id = referral.subject_id
    cross join lateral (
        select coalesce(referral.record ->> 'closed_at', referral.record ->> 'withdrawn_at',
                        referral.record ->> 'rejected_at')::timestamptz as at
    ) as ended
    where referral.organisation_id = %(organisation_id)b and referral.service_id = %(service_id)b
      and referral.made_at < %(until)b
) as listed
where is_open or is_made or is_attended or is_ended or is_in_support or has_tasks or is_follow_up
order by made_at, id
limit %(limit)b

-- desk_joint --
-- Referrals of other services that answer the same alarms, as far as a meeting needs to know.
select id, service_id, state, accepted_at, first_face_to_face_at from referral
where organisation_id = %(organisation_id)b and id = any(%(ids)b::uuid[])

-- person_card --
-- What whoever goes to a person must know.
select person.id, person.name, person.born, person.nhs_number, person.address, person.postcode,
       person.phone_home, person.phone_mobile, person.status, person.ceiling,
       person.anticipatory_line, person.conditions, person.contacts, person.anticoagulants,
       person.language, place.name as place_name
from person left join place on place.id = person.place_id
where person.id = %(id)b and person.organisation_id = %(organisation_id)b

-- place_card --
-- Where to go, for an alarm that belongs to a place.
select id, name, address, postcode from place
where id = %(id)b and organisation_id = %(organisation_id)b

-- lock_person --
-- Keeps a person's record as it is until it was written; after the lock of the case.
select id from person where id = %(id)b and organisation_id = %(organisation_id)b
for no key update

-- person_record --
-- The record of a person, from which deciding reads.
select id, status, away_until, ceiling, anticipatory_line, conditions, anticoagulants,
       baseline_cognition, care_home, death_reported_by, death_reported_at, death_confirmed_by
from person
where id = %(id)b and organisation_id = %(organisation_id)b

-- change_person --
-- A person's record after somebody changed it.
update person
set status = %(status)b, away_until = %(away_until)b, ceiling = %(ceiling)b,
    anticipatory_line = %(anticipatory_line)b, conditions = %(conditions)b,
    anticoagulants = %(anticoagulants)b, baseline_cognition = %(baseline_cognition)b,
    care_home = %(care_home)b, death_reported_by = %(death_reported_by)b,
    death_reported_at = %(death_reported_at)b, death_confirmed_by = %(death_confirmed_by)b
where id = %(id)b and organisation_id = %(organisation_id)b

-- desk_person --
-- Whether a service works with a person: has a referral of theirs that is open, or ended lately.
select referral.id
from referral join subject on subject.id = referral.subject_id
where referral.organisation_id = %(organisation_id)b and referral.service_id = %(service_id)b
  and coalesce(subject.person_id, (referral.record ->> 'person')::uuid) = %(person_id)b
  and coalesce(coalesce(referral.record ->> 'closed_at', referral.record ->> 'withdrawn_at',
                        referral.record ->> 'rejected_at')::timestamptz >= %(since)b, true)
limit 1

-- desk_history --
-- What was decided about a case that belongs to no alarm and no referral, the newest first.
select entry::text from decision
where organisation_id = %(organisation_id)b and subject_id = %(subject_id)b
  and alarm_id is null and referral_id is null
order by id desc
limit %(limit)b

-- desk_untested --
-- Devices whose user test was heard last before a time, the longest ago first. Each is looked up in
-- the cases that can have heard it, by their ids: those of its person, its place, its wearer's place.
select device.line, device.sender, device.model, subject.id as subject_id, subject.person_id,
       subject.place_id, test.at as tested_at
from device
left join person as wearer on wearer.id = device.person_id
cross join lateral (
    select distinct unnest(array[device.person_id, device.place_id, wearer.place_id]) as id
) as whose
join subject on subject.id = whose.id and subject.organisation_id = device.organisation_id
cross join lateral (
    select (subject.state -> 'tested' ->> device.sender)::timestamptz as at
) as test
where device.organisation_id = %(organisation_id)b and device.enabled and test.at < %(before)b
order by tested_at, device.line, device.sender
limit %(limit)b

-- faulty_devices --
-- Devices of an organisation that are known to be faulty.
select line, sender from device
where organisation_id = %(organisation_id)b and faulty_since is not null
order by line, sender

-- device_of --
-- One device of an organisation, and whose it is.
select id, line, sender, model, person_id, place_id, faulty_since from device
where organisation_id = %(organisation_id)b and line = %(line)b and sender = %(sender)b

-- mark_device --
-- Since when a device is known to be faulty; null: it works.
update device set faulty_since = %(faulty_since)b
where id = %(id)b

-- service_capacity --
-- How many free places a service has now.
update service set capacity = %(capacity)b, capacity_at = %(now)b
where organisation_id = %(organisation_id)b and id = %(service_id)b

-- person_by_nhs_number --
-- Whether an organisation knows a person of this NHS number already.
select id from person
where organisation_id = %(organisation_id)b and nhs_number = %(nhs_number)b
order by id limit 1

-- add_person --
-- A person first heard of with a referral; once, so that a retried request changes nothing.
insert into person (id, organisation_id, name, born, nhs_number, address, postcode, phone_home,
                    phone_mobile, language)
values (%(id)b, %(organisation_id)b, %(name)b, %(born)b, %(nhs_number)b, %(address)b, %(postcode)b,
        %(phone_home)b, %(phone_mobile)b, %(language)b)
on conflict (id) do nothing

-- desk_tasks --
-- Tasks that still want a person, by due time; those of one service when it is named. Those of the
-- vitals half belong to no service.
select wanted.record, wanted.subject_id, wanted.person_id from (
    select task.record::text, task.subject_id,
           coalesce(subject.person_id, (referral.record ->> 'person')::uuid) as person_id,
           task.due_at, task.made_at, task.id
    from task
    join subject on subject.id = task.subject_id
    left join referral on referral.id = task.referral_id
    where task.organisation_id = %(organisation_id)b and task.state in ('open', 'claimed')
      and (%(service_id)b::text is null
           or coalesce(task.record ->> 'service', referral.service_id) = %(service_id)b)
      and task.kind = any(%(kinds)b::text[])
    union all
    select record::text, person_id, person_id, due_at, made_at, id from vitals_task
    where organisation_id = %(organisation_id)b and state in ('open', 'claimed')
      and %(service_id)b::text is null and kind = any(%(kinds)b::text[])
) as wanted
order by wanted.due_at nulls last, wanted.made_at, wanted.id
limit %(limit)b

-- desk_task --
-- One task of an organisation, with the service it concerns.
select task.record::text, task.subject_id,
       coalesce(task.record ->> 'service', referral.service_id) as service_id,
       coalesce(subject.person_id, (referral.record ->> 'person')::uuid) as person_id
from task
join subject on subject.id = task.subject_id
left join referral on referral.id = task.referral_id
where task.id = %(id)b and task.organisation_id = %(organisation_id)b

-- desk_queue --
-- Alarms as the queue shows them: all open ones, or the given ones whatever became of them.
select alarm.id, alarm.subject_id, alarm.state, alarm.record::text,
       alarm.revision + coalesce(referrals.revisions, 0) + coalesce(tasks.revisions, 0) as revision,
       subject.kind as subject_kind, subject.label, subject.person_id, subject.place_id,
       person.name as person_name, person.status as person_status, person.away_until,
       person.language, place.name as place_name,
       coalesce(nullif(person.address, ''), place.address, '') as address,
       coalesce(person.postcode, place.postcode) as postcode,
       coalesce(subject.state -> 'timers', '[]')::text as timers,
       coalesce(referrals.found, '[]')::text as referrals,
       coalesce(tasks.found, '[]')::text as tasks
from alarm
join subject on subject.id = alarm.subject_id
left join person on person.id = subject.person_id
left join place on place.id = coalesce(subject.place_id, person.place_id)
left join lateral (
    select sum(referral.revision) as revisions,
           json_agg(json_build_object(
               'id', referral.id, 'service', referral.service_id, 'state', referral.state,
               'provisional', referral.provisional, 'seen_at', referral.record -> 'seen_at',
               'eta_at', referral.record -> 'eta_at', 'breached_at', referral.record -> 'breached_at'
           ) order by referral.made_at, referral.id) as found
    from referral where referral.alarm_id = alarm.id
) as referrals on true
left join lateral (
    select sum(task.revision) as revisions,
           json_agg(json_build_object(
               'id', task.id, 'kind', task.kind, 'state', task.state, 'due_at', task.due_at,
               'claimed_by', task.record -> 'claimed_by'
           ) order by task.made_at, task.id) as found
    from task where task.alarm_id = alarm.id
) as tasks on true
where alarm.organisation_id = %(organisation_id)b
  and (alarm.id = any(%(ids)b::uuid[]) or (%(every)b and alarm.state <> 'closed'))
order by alarm.priority, alarm.alarm_at, alarm.id
limit %(limit)b

-- desk_kpi --
-- How quickly the calls since a time were answered, and what waits now. A unit without speech is
-- answered when its alarm is taken; a call is judged once it was answered or its time has passed.
select count(*)::integer as calls,
       count(*) filter (where answered <= alarm_at + interval '60 seconds')::integer as within_60,
       count(*) filter (where answered is not null
                        or alarm_at <= %(now)b::timestamptz - interval '60 seconds'
                       )::integer as of_60,
       count(*) filter (where answered <= alarm_at + interval '180 seconds')::integer as within_180,
       count(*) filter (where answered is not null
                        or alarm_at <= %(now)b::timestamptz - interval '180 seconds'
                       )::integer as of_180,
       count(*) filter (where state = 'open')::integer as waiting,
       min(alarm_at) filter (where state = 'open') as oldest_at,
       (select count(*) from desk_duty
        where desk_duty.organisation_id = %(organisation_id)b and off_at is null
          and seen_at > %(now)b::timestamptz - make_interval(secs => %(gone_s)b)
       )::integer as on_duty,
       (select count(*) from task
        where task.organisation_id = %(organisation_id)b and task.kind = 'follow_up'
          and task.state in ('open', 'claimed'))::integer as follow_ups,
       (select min(due_at) from task
        where task.organisation_id = %(organisation_id)b and task.kind = 'follow_up'
          and task.state in ('open', 'claimed')) as follow_up_at
from (
    select alarm_at, state,
           case when coalesce((record ->> 'speech')::boolean, true) then spoke_at else taken_at end
               as answered
    from alarm
    where organisation_id = %(organisation_id)b and kind <> 'technical'
      and (alarm_at >= %(since)b or state <> 'closed')
) as call

-- desk_readings --
-- A person's newest vital sign of each kind since a time.
select distinct on (code) code, value, word, quality, source, at
from measurement
where person_id = %(person_id)b and organisation_id = %(organisation_id)b
  and at >= %(since)b and at <= %(until)b
order by code, at desc

-- desk_devices --
-- The units of a person or place: where a voice can be opened, and whether they were heard.
select device.id, device.line, device.sender, device.model, device.speech, device.enabled,
       device.faulty_since, device_heard.heard_at, device_heard.lost_at, device_heard.conditions
from device left join device_heard on device_heard.device_id = device.id
where device.organisation_id = %(organisation_id)b
  and (device.person_id = any(%(persons)b::uuid[]) or device.place_id = %(place_id)b::uuid)
order by device.line, device.sender
limit %(limit)b

-- desk_person_more --
-- What whoever goes to a home must know besides the person's card; the key-safe code stays sealed.
select access, hazards, allergies, communication, key_safe is not null as has_key_safe,
       changed_by, changed_at
from person_desk where person_id = %(id)b and organisation_id = %(organisation_id)b

-- desk_put_person_more --
-- What whoever goes to a home must know, as last described; a code that is not given stays.
insert into person_desk (person_id, organisation_id, access, hazards, allergies, communication,
                         key_safe, changed_by, changed_at)
select person.id, person.organisation_id, %(access)b, %(hazards)b, %(allergies)b,
       %(communication)b, %(key_safe)b, %(by)b, %(now)b
from person where person.id = %(id)b and person.organisation_id = %(organisation_id)b
on conflict (person_id) do update
    set access = excluded.access, hazards = excluded.hazards, allergies = excluded.allergies,
        communication = excluded.communication,
        key_safe = coalesce(excluded.key_safe, person_desk.key_safe),
        changed_by = excluded.changed_by, changed_at = excluded.changed_at
returning person_id

-- put_home --
-- What an enrolment file says of a home; what it does not name (null) stays.
insert into person_desk (person_id, organisation_id, access, hazards, allergies, communication,
                         key_safe, changed_by, changed_at)
select person.id, person.organisation_id, coalesce(%(access)b::text, ''),
       coalesce(%(hazards)b::text[], '{}'), coalesce(%(allergies)b::text[], '{}'),
       coalesce(%(communication)b::text, ''), %(key_safe)b::bytea, %(by)b, %(now)b
from person where person.id = %(id)b
on conflict (person_id) do update
    set access = coalesce(%(access)b::text, person_desk.access),
        hazards = coalesce(%(hazards)b::text[], person_desk.hazards),
        allergies = coalesce(%(allergies)b::text[], person_desk.allergies),
        communication = coalesce(%(communication)b::text, person_desk.communication),
        key_safe = coalesce(%(key_safe)b::bytea, person_desk.key_safe),
        changed_by = excluded.changed_by, changed_at = excluded.changed_at

-- sealed_secrets --
-- A page of sealed key-safe codes, locked, so that each is sealed anew as it stands.
select person_id, key_safe from person_desk
where key_safe is not null and person_id > %(after)b
order by person_id
limit %(limit)b
for update

-- seal_secrets --
-- Key-safe codes sealed anew.
update person_desk set key_safe = given.key_safe
from unnest(%(ids)b::uuid[], %(secrets)b::bytea[]) as given (person_id, key_safe)
where person_desk.person_id = given.person_id

-- desk_key_safe --
-- The sealed code of a person's key safe.
select key_safe from person_desk
where person_id = %(id)b and organisation_id = %(organisation_id)b and key_safe is not null

-- desk_to_clear --
-- Calls that the telephone system is asked to end.
select id, alarm_id, number, operator, offered_at, connected_at, ended_at, recording, clear_down_at
from desk_call
where organisation_id = %(organisation_id)b and clear_down_at is not null and ended_at is null
order by clear_down_at, id
limit %(limit)b

-- desk_home_of --
-- Whether an alarm is of a person: their own case, or that of the place they live in.
select person.id from alarm
join subject on subject.id = alarm.subject_id
join person on person.id = %(id)b and person.organisation_id = %(organisation_id)b
where alarm.id = %(alarm_id)b
  and (subject.person_id = person.id or subject.place_id = person.place_id)

-- desk_drafts --
-- What is being typed about something, by everybody, the newest first.
select form, operator, body::text, saved_at from desk_draft
where organisation_id = %(organisation_id)b and about = %(about)b
order by saved_at desc
limit %(limit)b

-- desk_put_draft --
-- Keeps what somebody is typing.
insert into desk_draft (organisation_id, about, form, operator, body, saved_at)
values (%(organisation_id)b, %(about)b, %(form)b, %(operator)b, %(body)b::jsonb, %(now)b)
on conflict (organisation_id, about, form, operator) do update
    set body = excluded.body, saved_at = excluded.saved_at

-- desk_drop_draft --
-- Drops what somebody was typing, because it was sent or given up.
delete from desk_draft
where organisation_id = %(organisation_id)b and about = %(about)b and form = %(form)b
  and operator = %(operator)b

-- desk_trim_drafts --
-- Drops what nobody has typed at for so long.
delete from desk_draft where saved_at < %(before)b

-- desk_on_duty --
-- Somebody goes on duty, or is still there.
insert into desk_duty (organisation_id, operator, on_since, seen_at, sound)
values (%(organisation_id)b, %(operator)b, %(now)b, %(now)b, %(sound)b)
on conflict (organisation_id, operator) do update
    set on_since = case when desk_duty.off_at is null then desk_duty.on_since else excluded.on_since end,
        seen_at = excluded.seen_at, off_at = null, sound = excluded.sound
returning on_since, seen_at, sound

-- desk_off_duty --
-- Somebody goes off duty.
update desk_duty set off_at = %(now)b
where organisation_id = %(organisation_id)b and operator = %(operator)b and off_at is null

-- desk_duty_list --
-- Who is on duty, and whether their console was heard of lately.
select operator, on_since, seen_at, sound from desk_duty
where organisation_id = %(organisation_id)b and off_at is null
  and seen_at > %(now)b::timestamptz - make_interval(secs => %(gone_s)b)
order by on_since, operator

-- desk_call_event --
-- What the telephone system says about a call; what was said before stays.
insert into desk_call (organisation_id, id, alarm_id, number, operator, offered_at, connected_at,
                       ended_at, recording)
values (%(organisation_id)b, %(id)b, %(alarm_id)b, %(number)b, %(operator)b, %(offered_at)b,
        %(connected_at)b, %(ended_at)b, %(recording)b)
on conflict (organisation_id, id) do update
    set alarm_id = coalesce(excluded.alarm_id, desk_call.alarm_id),
        number = coalesce(excluded.number, desk_call.number),
        operator = coalesce(excluded.operator, desk_call.operator),
        offered_at = coalesce(desk_call.offered_at, excluded.offered_at),
        connected_at = coalesce(desk_call.connected_at, excluded.connected_at),
        ended_at = coalesce(desk_call.ended_at, excluded.ended_at),
        recording = coalesce(excluded.recording, desk_call.recording)
returning id, alarm_id, number, operator, offered_at, connected_at, ended_at, recording,
          clear_down_at

-- desk_calls --
-- The telephone calls about an alarm, oldest first.
select id, number, operator, offered_at, connected_at, ended_at, recording, clear_down_at
from desk_call where organisation_id = %(organisation_id)b and alarm_id = %(alarm_id)b
order by coalesce(offered_at, connected_at, ended_at), id
limit %(limit)b

-- desk_incoming --
-- Calls that ring or are held and belong to no alarm yet.
select id, number, operator, offered_at, connected_at from desk_call
where organisation_id = %(organisation_id)b and alarm_id is null and ended_at is null
  and coalesce(offered_at, connected_at) > %(since)b
order by offered_at, id
limit %(limit)b

-- desk_clear_down --
-- Asks the telephone system to end what is still connected for an alarm.
update desk_call set clear_down_at = %(now)b
where organisation_id = %(organisation_id)b and alarm_id = %(alarm_id)b
  and ended_at is null and clear_down_at is null

-- desk_search --
-- People by name, postcode, telephone, NHS number or the name of their unit; with their open alarm.
select person.id, person.name, person.born, person.postcode, person.address, person.status,
       (select alarm.id from alarm where alarm.subject_id = person.id and alarm.state <> 'closed'
        order by alarm.priority, alarm.alarm_at limit 1) as alarm_id
from person
where person.organisation_id = %(organisation_id)b
  and (person.name ilike %(like)b
       or replace(person.postcode, ' ', '') ilike %(prefix)b
       or person.nhs_number = %(digits)b
       or (length(%(digits)b) >= 6
           and %(digits)b in (regexp_replace(coalesce(person.phone_home, ''), '[^0-9]', '', 'g'),
                              regexp_replace(coalesce(person.phone_mobile, ''), '[^0-9]', '', 'g')))
       or exists (select from device where device.person_id = person.id
                  and device.sender = %(text)b))
order by person.name, person.id
limit %(limit)b

-- desk_names --
-- What the given people are called.
select id, name from person
where id = any(%(ids)b::uuid[]) and organisation_id = %(organisation_id)b

-- desk_power --
-- Units that run on their battery now, with whose home it is, by postcode.
select device.id, device.sender, device.line, person.id as person_id, person.name as person_name,
       place.name as place_name, coalesce(person.postcode, place.postcode, '') as postcode,
       coalesce(person.phone_home, person.phone_mobile) as phone, device_heard.conditions,
       device_heard.heard_at
from device_heard
join device on device.id = device_heard.device_id and device.enabled
left join person on person.id = device.person_id
left join place on place.id = coalesce(device.place_id, person.place_id)
where device_heard.organisation_id = %(organisation_id)b
  and 'mains' = any(device_heard.conditions)
order by postcode, device.line, device.sender
limit %(limit)b

-- desk_add_handover --
-- A hand-over: what was open then, and what was said.
insert into desk_handover (organisation_id, at, by, note, summary)
values (%(organisation_id)b, %(now)b, %(by)b, %(note)b, %(summary)b::jsonb)
returning id

-- desk_handovers --
-- The last hand-overs, the newest first.
select id, at, by, note, summary::text from desk_handover
where organisation_id = %(organisation_id)b order by at desc limit %(limit)b

-- desk_late_calls --
-- The day's calls that were answered late or not at all, and alarms that wait for a second person.
select alarm.id, alarm.alarm_at, alarm.state, alarm.taken_by, alarm.taken_at, alarm.spoke_at,
       alarm.record ->> 'close_asked_by' as close_asked_by,
       coalesce((alarm.record ->> 'speech')::boolean, true) as speech,
       coalesce(person.name, place.name, subject.label, 'unknown caller') as who
from alarm
join subject on subject.id = alarm.subject_id
left join person on person.id = subject.person_id
left join place on place.id = subject.place_id
where alarm.organisation_id = %(organisation_id)b and alarm.kind <> 'technical'
  and alarm.alarm_at >= %(since)b
  and (coalesce(case when coalesce((alarm.record ->> 'speech')::boolean, true)
                     then alarm.spoke_at else alarm.taken_at end, %(now)b)
           > alarm.alarm_at + interval '180 seconds'
       or (alarm.state <> 'closed' and alarm.record ->> 'close_asked_by' is not null))
order by alarm.alarm_at
limit %(limit)b

-- console_reception --
-- When any line last said that it receives.
select max(alive_at) as alive_at from reception

-- console_present --
-- Whose consoles are connected; who has been away for long is forgotten.
with gone as (
    delete from console_presence
    where seen_at < %(now)b::timestamptz - make_interval(secs => %(forget_s)b)
      and (organisation_id, operator) not in (
          select * from unnest(%(organisations)b::uuid[], %(operators)b::text[]))
)
insert into console_presence (organisation_id, operator, seen_at)
select given.organisation_id, given.operator, %(now)b
from unnest(%(organisations)b::uuid[], %(operators)b::text[]) as given (organisation_id, operator)
on conflict (organisation_id, operator) do update
    set seen_at = greatest(console_presence.seen_at, excluded.seen_at)

-- console_seen --
-- Alarms that stand on a visible screen, and how often they had rung then.
insert into alarm_seen (alarm_id, organisation_id, rings, operator, seen_at)
select alarm.id, alarm.organisation_id, given.rings, %(operator)b, %(now)b
from unnest(%(ids)b::uuid[], %(rings)b::integer[]) as given (id, rings)
join alarm on alarm.id = given.id and alarm.organisation_id = %(organisation_id)b
order by alarm.id
on conflict (alarm_id) do update
    set rings = excluded.rings, operator = excluded.operator, seen_at = excluded.seen_at
    where alarm_seen.rings < excluded.rings

-- console_unseen --
-- Alarms nobody has, that rang so long ago and that no console has shown since; not those of which
-- somebody was told. Only where consoles are used: elsewhere nothing sends receipts.
select alarm.id, alarm.organisation_id, alarm.subject_id,
       coalesce((alarm.record ->> 'rings')::integer, 1) as rings
from alarm left join alarm_seen on alarm_seen.alarm_id = alarm.id
where alarm.state = 'open' and alarm.kind <> 'technical'
  and greatest(alarm.alarm_at, (alarm.record ->> 'last_signal_at')::timestamptz)
      <= %(now)b::timestamptz - make_interval(secs => %(after_s)b)
  and coalesce((alarm.record ->> 'rings')::integer, 1)
      > greatest(alarm_seen.rings, alarm_seen.told_rings, 0)
  and exists (
      select from console_presence
      where console_presence.organisation_id = alarm.organisation_id
        and console_presence.seen_at > %(now)b::timestamptz - make_interval(secs => %(used_s)b)
  )
order by alarm.priority, alarm.alarm_at
limit %(limit)b

-- console_told --
-- Somebody was told by another way that no console shows an alarm.
insert into alarm_seen (alarm_id, organisation_id, told_rings)
values (%(id)b, %(organisation_id)b, %(rings)b)
on conflict (alarm_id) do update
    set told_rings = greatest(alarm_seen.told_rings, excluded.told_rings)

-- console_left --
-- Taken alarms whose taker's console was there when they had it, and has been gone for so long.
select alarm.id, alarm.subject_id, alarm.taken_by
from alarm join console_presence
    on console_presence.organisation_id = alarm.organisation_id
   and console_presence.operator = alarm.taken_by
where alarm.state = 'taken'
  and console_presence.seen_at >= alarm.taken_at - make_interval(secs => %(gone_s)b)
  and console_presence.seen_at < %(now)b::timestamptz - make_interval(secs => %(gone_s)b)
  and coalesce((alarm.record ->> 'acted_at')::timestamptz, alarm.taken_at)
      < %(now)b::timestamptz - make_interval(secs => %(gone_s)b)
order by alarm.priority, alarm.alarm_at
limit %(limit)b

-- demo_next_due --
-- When any case wants something done by itself next: the demo moves its clock no further than that.
select min(next_due_at) as due_at from subject

-- demo_acknowledged --
-- Which of these people have a referral that its service has acknowledged: what the demo measures.
select subject_id, id from referral
where subject_id = any(%(subjects)b::uuid[]) and received_at is not null
order by made_at

-- bars_case --
-- What a BaRS-shaped message needs to know at send time: the service, the sender, the person or
-- the place.
select service.name as service_name, service.timezone, organisation.name as organisation_name,
       coalesce(person.id, subject.id) as subject_id, person.name, person.born, person.nhs_number, person.address,
       person.postcode, person.phone_home, person.phone_mobile, person.contacts::text,
       person.ceiling, person.language, place.name as place_name, place.address as place_address,
       place.postcode as place_postcode, exists (
           select from person as other
           where other.status = 'deceased' and (
               other.id = person.id or (other.place_id = place.id and not other.care_home)
           )
       ) as bereaved
from referral
join subject on subject.id = referral.subject_id
join organisation on organisation.id = referral.organisation_id
join service on service.organisation_id = referral.organisation_id
    and service.id = referral.service_id
left join person
    on person.id = coalesce(subject.person_id, (referral.record ->> 'person')::uuid)
left join place on place.id = coalesce(subject.place_id, person.place_id)
where referral.id = %(id)b and referral.organisation_id = %(organisation_id)b
  and referral.service_id = %(service_id)b

-- bars_sent --
-- Notes that a message goes to a service under this id, so that its answers find their referral.
insert into receipt (line, sender, key, digest, organisation_id, seen_at, verdict)
values ('bars-out', %(service_id)b, %(bundle_id)b, sha256(%(bundle_id)b::text::bytea),
        %(organisation_id)b, %(now)b, jsonb_build_object('referral', %(referral_id)b::uuid))
on conflict (line, sender, key, digest) do update set seen_at = excluded.seen_at

-- bars_named --
-- Keeps the id and number that the service gave to the referral it got under this message's id.
update receipt set verdict = verdict || jsonb_strip_nulls(jsonb_build_object(
    'receivers_id', %(receivers_id)b::text, 'reference', %(reference)b::text))
where line = 'bars-out' and sender = %(service_id)b and key = %(bundle_id)b
  and organisation_id = %(organisation_id)b

-- bars_name --
-- The id that the service gave to the referral it got under this message's id.
select verdict ->> 'receivers_id' as receivers_id from receipt
where line = 'bars-out' and sender = %(service_id)b and key = %(bundle_id)b
  and organisation_id = %(organisation_id)b

-- bars_referral --
-- Which referral of a service an answer is about: by the message it answers, else by our number.
select referral.id, referral.subject_id, referral.made_at
from referral
where referral.organisation_id = %(organisation_id)b and referral.service_id = %(service_id)b
  and referral.id = coalesce((
      select (receipt.verdict ->> 'referral')::uuid from receipt
      where receipt.line = 'bars-out' and receipt.sender = %(service_id)b
        and receipt.key = %(to)b and receipt.organisation_id = %(organisation_id)b
  ), %(referral_id)b::uuid)

-- strays_shown --
-- Which senders that nobody enrolled were shown on a line lately.
select key from receipt
where line = %(line)b and sender = %(sender)b
  and seen_at > %(now)b::timestamptz - make_interval(secs => %(span_s)b)

-- drop_streams --
-- Drops what these senders streamed, as it came; the readings made of it stay.
delete from packet using unnest(%(lines)b::text[], %(senders)b::text[]) as stream (line, sender)
where packet.line = stream.line and packet.sender = stream.sender
  and packet.received_at < %(before)b::timestamptz

-- export_snapshot --
-- Makes a transaction see the database as it is now, in all its statements.
set transaction isolation level repeatable read

-- export_referrals --
-- Referrals that were alive at some time of a span, one page of them, with alarm and person.
select referral.id, referral.subject_id, referral.service_id, referral.record::text,
       alarm.record::text as alarm, person.id as person_id, person.born, person.nhs_number,
       coalesce(person.postcode, place.postcode) as postcode, person.place_id
from referral
join subject on subject.id = referral.subject_id
left join alarm on alarm.id = referral.alarm_id
left join person
    on person.id = coalesce(subject.person_id, (referral.record ->> 'person')::uuid)
left join place on place.id = person.place_id
where referral.organisation_id = %(organisation_id)b
  and referral.made_at < %(until)b
  and (referral.state not in ('closed', 'withdrawn', 'rejected')
       or coalesce(referral.record ->> 'closed_at', referral.record ->> 'withdrawn_at',
                   referral.record ->> 'rejected_at')::timestamptz >= %(since)b)
  and referral.id > %(after)b
order by referral.id
limit %(limit)b

-- export_beside --
-- Every referral of these cases, with whom it was for: what other services did beside one.
select coalesce(subject.person_id, (referral.record ->> 'person')::uuid) as person_id,
       referral.record::text
from referral join subject on subject.id = referral.subject_id
where referral.organisation_id = %(organisation_id)b
  and referral.subject_id = any(%(subjects)b::uuid[])
order by referral.id

-- export_decisions --
-- Every step that was decided about these referrals, in the order of deciding.
select decision.referral_id, decision.entry::text
from unnest(%(subjects)b::uuid[], %(referrals)b::uuid[]) as given (subject_id, referral_id)
join decision on decision.subject_id = given.subject_id
    and decision.referral_id = given.referral_id
order by decision.id

-- export_alarms --
-- Calls that the gateway had in a span, one page of them.
select id, record::text from alarm
where organisation_id = %(organisation_id)b and kind <> 'technical'
  and alarm_at >= %(since)b and alarm_at < %(until)b
  and id > %(after)b
order by id
limit %(limit)b

-- export_services --
-- The services of an organisation: kind, time zone and hours.
select id, kind, timezone, hours from service where organisation_id = %(organisation_id)b order by id

-- add_vitals_states --
-- Rows for people who are watched for the first time; in id order, so that nobody waits in a ring.
insert into vitals_state (person_id, organisation_id, as_of, changed_at)
select given.id, given.organisation_id, %(now)b, %(now)b
from unnest(%(ids)b::uuid[], %(organisations)b::uuid[]) as given (id, organisation_id)
where not exists (select from vitals_state where vitals_state.person_id = given.id)
order by given.id
on conflict (person_id) do nothing

-- lock_vitals --
-- The vitals states of these people, in id order, waiting for whoever works on them.
select vitals_state.person_id, vitals_state.organisation_id, vitals_state.state::text,
       vitals_state.newest::text, vitals_state.as_of, vitals_state.next_due_at,
       vitals_state.plan_revision, vitals_state.broken_at, person.status, person.away_until,
       person.baseline_cognition, person.conditions, monitoring_plan.revision
from vitals_state
join person on person.id = vitals_state.person_id
left join monitoring_plan on monitoring_plan.person_id = vitals_state.person_id
where vitals_state.person_id = any(%(ids)b::uuid[])
order by vitals_state.person_id
for no key update of vitals_state

-- lock_due_vitals --
-- Vitals states with something due, oldest first, that nobody else is working on.
select vitals_state.person_id, vitals_state.organisation_id, vitals_state.state::text,
       vitals_state.newest::text, vitals_state.as_of, vitals_state.next_due_at,
       vitals_state.plan_revision, vitals_state.broken_at, person.status, person.away_until,
       person.baseline_cognition, person.conditions, monitoring_plan.revision
from vitals_state
join person on person.id = vitals_state.person_id
left join monitoring_plan on monitoring_plan.person_id = vitals_state.person_id
where vitals_state.next_due_at <= %(now)b
order by vitals_state.next_due_at
limit %(limit)b
for no key update of vitals_state skip locked

-- monitoring_plans --
-- The monitoring plans of these people, with their ward's rules.
select monitoring_plan.person_id, monitoring_plan.pathway, monitoring_plan.started_at,
       monitoring_plan.spo2_scale, monitoring_plan.baseline_spo2_pct,
       monitoring_plan.target_spo2_low, monitoring_plan.target_spo2_high,
       monitoring_plan.dry_weight_kg, monitoring_plan.schedule::text, monitoring_plan.ended_at,
       ward.rules::text as ward
from monitoring_plan
left join ward on ward.organisation_id = monitoring_plan.organisation_id
    and ward.id = monitoring_plan.ward_id
where monitoring_plan.person_id = any(%(ids)b::uuid[])

-- monitoring_limits --
-- These people's own limits, every version.
select person_id, version, effective, author, approver, limits::text
from monitoring_limit
where person_id = any(%(ids)b::uuid[])
order by person_id, effective, version

-- save_vitals --
-- Vitals states after deciding; without a state only the newest readings have changed.
update vitals_state
set state = coalesce(given.state::json, vitals_state.state), newest = given.newest::json,
    as_of = given.as_of, next_due_at = given.due, plan_revision = given.plan_revision,
    broken_at = null,
    changed_at = case when given.state is null then vitals_state.changed_at else %(now)b end
from unnest(%(ids)b::uuid[], %(states)b::text[], %(newests)b::text[], %(as_ofs)b::timestamptz[],
            %(dues)b::timestamptz[], %(plan_revisions)b::integer[])
     as given (id, state, newest, as_of, due, plan_revision)
where vitals_state.person_id = given.id

-- hold_vitals --
-- Puts off people whose vitals state breaks deciding; nothing of it is changed.
update vitals_state
set broken_at = %(broken_at)b,
    next_due_at = case when next_due_at is not null then %(until)b::timestamptz end
where person_id = any(%(ids)b::uuid[])

-- save_vitals_alerts --
-- The alerts that boards read; the closed ones first, because one is open per person at most.
insert into vitals_alert (id, organisation_id, person_id, ward_id, level, confirmed, state, score,
                          opened_at, acknowledged_by, acknowledged_at, review_by, closed_at, record)
select given.id, given.organisation_id, given.person_id, given.ward_id, given.level,
       given.confirmed, given.state, given.score, given.opened_at, given.acknowledged_by,
       given.acknowledged_at, given.review_by, given.closed_at, given.record::jsonb
from unnest(%(ids)b::uuid[], %(organisations)b::uuid[], %(persons)b::uuid[], %(wards)b::text[],
            %(levels)b::text[], %(confirmeds)b::boolean[], %(states)b::text[],
            %(scores)b::smallint[], %(opened_ats)b::timestamptz[], %(acknowledged_bys)b::text[],
            %(acknowledged_ats)b::timestamptz[], %(review_bys)b::timestamptz[],
            %(closed_ats)b::timestamptz[], %(records)b::text[])
     as given (id, organisation_id, person_id, ward_id, level, confirmed, state, score, opened_at,
               acknowledged_by, acknowledged_at, review_by, closed_at, record)
order by (given.state <> 'closed')
on conflict (id) do update
    set ward_id = excluded.ward_id, level = excluded.level, confirmed = excluded.confirmed,
        state = excluded.state, score = excluded.score,
        acknowledged_by = excluded.acknowledged_by, acknowledged_at = excluded.acknowledged_at,
        review_by = excluded.review_by, closed_at = excluded.closed_at,
        record = excluded.record, revision = vitals_alert.revision + 1

-- add_vitals_tasks --
-- Tasks of the vitals half; the same one twice is one.
insert into vitals_task (id, organisation_id, person_id, alert_id, kind, state, made_at, due_at,
                         record)
select given.id, given.organisation_id, given.person_id, given.alert_id, given.kind, 'open',
       given.made_at, given.due_at, given.record::jsonb
from unnest(%(ids)b::uuid[], %(organisations)b::uuid[], %(persons)b::uuid[], %(alerts)b::uuid[],
            %(kinds)b::text[], %(made_ats)b::timestamptz[], %(due_ats)b::timestamptz[],
            %(records)b::text[])
     as given (id, organisation_id, person_id, alert_id, kind, made_at, due_at, record)
on conflict (id) do nothing

-- desk_vitals_task --
-- One task of the vitals half, locked until it is ended.
select id, person_id, alert_id, record::text from vitals_task
where id = %(id)b and organisation_id = %(organisation_id)b
for no key update

-- end_vitals_task --
-- A task of the vitals half is done.
update vitals_task set state = %(state)b, record = %(record)b::jsonb where id = %(id)b

-- add_vitals_inbox --
-- Leaves readings that came beside a call to the vitals half.
insert into vitals_inbox (organisation_id, person_id, report, made_at)
select given.organisation_id, given.person_id, given.report::json, %(now)b
from unnest(%(organisations)b::uuid[], %(persons)b::uuid[], %(reports)b::text[])
     as given (organisation_id, person_id, report)

-- set_aside_vitals --
-- Keeps readings that break whatever is done with them out of the way, as evidence.
update vitals_inbox set set_aside = true where person_id = %(id)b

-- vitals_inbox_persons --
-- Whose readings beside calls wait, oldest first.
select person_id, organisation_id from vitals_inbox
where not set_aside
group by person_id, organisation_id order by min(id) limit %(limit)b

-- take_vitals_inbox --
-- Takes the readings of people whose vitals state this transaction has locked.
delete from vitals_inbox where person_id = any(%(ids)b::uuid[]) and not set_aside
returning id, person_id, report::text

-- add_clinician_event --
-- What a clinician did, as it was entered.
insert into clinician_event (organisation_id, person_id, alert_id, at, clinician, act, body)
values (%(organisation_id)b, %(person_id)b, %(alert_id)b, %(at)b, %(clinician)b, %(act)b,
        %(body)b::jsonb)

-- put_ward --
-- A ward as last described; the plans of its patients take it up.
with before as (
    select rules from ward where organisation_id = %(organisation_id)b and id = %(id)b
), put as (
    insert into ward (organisation_id, id, name, rules)
    values (%(organisation_id)b, %(id)b, %(name)b, %(rules)b::jsonb)
    on conflict (organisation_id, id) do update set name = excluded.name, rules = excluded.rules
)
update monitoring_plan set revision = monitoring_plan.revision + 1, changed_at = %(now)b
from before
where monitoring_plan.organisation_id = %(organisation_id)b and monitoring_plan.ward_id = %(id)b
  and before.rules <> %(rules)b::jsonb

-- put_monitoring_plan --
-- A person's monitoring plan as last described; when it began stays unless it is said anew. One
-- that was ended stays ended unless it begins anew after that.
insert into monitoring_plan (person_id, organisation_id, ward_id, pathway, started_at, spo2_scale,
                             baseline_spo2_pct, target_spo2_low, target_spo2_high, dry_weight_kg,
                             schedule, changed_at)
values (%(person_id)b, %(organisation_id)b, %(ward_id)b, %(pathway)b,
        coalesce(%(started_at)b::timestamptz, %(now)b), %(spo2_scale)b, %(baseline_spo2_pct)b,
        %(target_spo2_low)b, %(target_spo2_high)b, %(dry_weight_kg)b, %(schedule)b::jsonb, %(now)b)
on conflict (person_id) do update
    set ward_id = excluded.ward_id, pathway = excluded.pathway,
        started_at = coalesce(%(started_at)b::timestamptz, monitoring_plan.started_at),
        spo2_scale = excluded.spo2_scale, baseline_spo2_pct = excluded.baseline_spo2_pct,
        target_spo2_low = excluded.target_spo2_low, target_spo2_high = excluded.target_spo2_high,
        dry_weight_kg = excluded.dry_weight_kg, schedule = excluded.schedule,
        ended_at = case when %(started_at)b::timestamptz > monitoring_plan.ended_at then null
                        else monitoring_plan.ended_at end,
        revision = monitoring_plan.revision + 1, changed_at = excluded.changed_at

-- end_monitoring --
-- A clinician has ended the monitoring; who did it and why stays when it begins anew.
update monitoring_plan
set ended_at = %(ended_at)b, ended_by = %(ended_by)b, end_reason = %(end_reason)b,
    changed_at = %(ended_at)b
where person_id = %(person_id)b and ended_at is null

-- put_monitoring_limit --
-- A version of a person's own limits; one that stands with other content is not changed, and no
-- row comes back.
insert into monitoring_limit (person_id, version, organisation_id, effective, author, approver,
                              limits, rehearsal)
values (%(person_id)b, %(version)b, %(organisation_id)b, %(effective)b, %(author)b, %(approver)b,
        %(limits)b::jsonb, %(rehearsal)b::jsonb)
on conflict (person_id, version) do update
    set version = excluded.version,
        rehearsal = coalesce(monitoring_limit.rehearsal, excluded.rehearsal)
    where (monitoring_limit.effective, monitoring_limit.author, monitoring_limit.approver,
           monitoring_limit.limits)
        = (excluded.effective, excluded.author, excluded.approver, excluded.limits)
returning version

-- wake_vitals --
-- Makes people due at once whose monitoring plan has changed.
update vitals_state set next_due_at = least(next_due_at, %(now)b::timestamptz)
from monitoring_plan
where monitoring_plan.person_id = vitals_state.person_id
  and monitoring_plan.organisation_id = %(organisation_id)b
  and monitoring_plan.revision <> vitals_state.plan_revision

-- ward_alerts --
-- What is open on a ward, worst first: red, confirmed, not acknowledged, oldest.
select id, person_id, ward_id, level, confirmed, state, score, opened_at, acknowledged_by,
       acknowledged_at, review_by, closed_at, record::text
from vitals_alert
where organisation_id = %(organisation_id)b and ward_id = %(ward_id)b and state <> 'closed'
order by level = 'red' desc, state = 'open' desc, confirmed desc, opened_at, id
limit %(limit)b

-- person_alerts --
-- A person's vitals alerts, the newest first.
select id, person_id, ward_id, level, confirmed, state, score, opened_at, acknowledged_by,
       acknowledged_at, review_by, closed_at, record::text
from vitals_alert
where organisation_id = %(organisation_id)b and person_id = %(person_id)b
order by opened_at desc, id
limit %(limit)b

-- desk_vitals_alert --
-- One vitals alert of an organisation, with whose case explains it.
select person_id as subject_id, record::text from vitals_alert
where id = %(id)b and organisation_id = %(organisation_id)b

-- person_vitals --
-- How a person is watched and what was measured last.
select person.id, vitals_state.state::text, vitals_state.newest::text, vitals_state.as_of,
       vitals_state.broken_at, monitoring_plan.ward_id, monitoring_plan.pathway,
       monitoring_plan.revision is distinct from vitals_state.plan_revision
           and monitoring_plan.revision is not null as is_behind
from person
left join vitals_state on vitals_state.person_id = person.id
left join monitoring_plan on monitoring_plan.person_id = person.id
where person.id = %(person_id)b and person.organisation_id = %(organisation_id)b

-- rehearse_people --
-- Ids of an organisation's watched people, or of one of them, for a rehearsal.
select vitals_state.person_id as id
from vitals_state
where vitals_state.organisation_id = %(organisation_id)b
  and (%(person_id)b::uuid is null or vitals_state.person_id = %(person_id)b)
order by vitals_state.person_id

-- rehearse_records --
-- Of these people what a monitoring plan takes from their record.
select id, status, baseline_cognition, conditions from person where id = any(%(ids)b::uuid[])

-- rehearse_readings --
-- These people's readings of a time, as they came.
select person_id, device_id, at, received_at, code, value, word, quality, source
from measurement
where person_id = any(%(ids)b::uuid[]) and at >= %(since)b and at < %(until)b
  and received_at < %(until)b
order by person_id, received_at, device_id, at, code

-- rehearse_answers --
-- Messages of these people's devices that may hold answers, as they came.
select device.person_id, packet.received_at, packet.line, packet.sender, packet.key, packet.topic,
       packet.body
from device
join packet on packet.line = device.line and packet.sender = device.sender
where device.person_id = any(%(ids)b::uuid[]) and packet.authenticated and packet.problem is null
  and packet.received_at >= %(since)b and packet.received_at < %(until)b
  and position('"answers"'::bytea in packet.body) > 0
order by device.person_id, packet.received_at, packet.sender, packet.key

-- rehearse_alerts --
-- These people's alerts as they were, and when they ended.
select id, person_id, confirmed, opened_at, closed_at, record::text
from vitals_alert
where person_id = any(%(ids)b::uuid[]) and opened_at >= %(since)b and opened_at < %(until)b
order by person_id, opened_at, id

-- rehearse_acts --
-- What clinicians did about these people, as they entered it.
select person_id, alert_id, body::text
from clinician_event
where person_id = any(%(ids)b::uuid[]) and at >= %(since)b and at < %(until)b
order by person_id, id

-- limits_unrehearsed --
-- How many sets of own limits of these people stand without a rehearsal.
select count(*) as count from monitoring_limit
where person_id = any(%(ids)b::uuid[]) and rehearsal is null

-- person_limits --
-- A person's own limits, the newest first, and the rehearsal they were approved with.
select version, effective, author, approver, limits::text, rehearsal::text
from monitoring_limit
where person_id = %(person_id)b and organisation_id = %(organisation_id)b
order by effective desc, version desc

-- act_for --
-- Makes the rest of a transaction see one organisation, as the role of the web side; where a table
-- of TimescaleDB stands, by the view that stands before it.
select set_config('role', 'lifeline_web', true) as role,
       set_config('lifeline.organisation', %(organisation)b, true) as organisation,
       set_config('search_path', 'lifeline_own, ' || current_setting('search_path'), true) as path

-- add_account --
-- A new account; a name or an identity that another account has makes no row.
insert into account (id, organisation_id, name, display_name, roles, service_id, password_hash,
                     provider_subject, break_glass, must_change, created_at, password_at)
values (%(id)b, %(organisation_id)b, %(name)b, %(display_name)b, %(roles)b, %(service_id)b,
        %(password_hash)b, %(provider_subject)b, %(break_glass)b, %(must_change)b, %(now)b, %(now)b)
on conflict do nothing
returning id

-- account --
-- One account by its name, whatever the capitals.
select id, organisation_id, name, display_name, roles, service_id, password_hash, break_glass,
       must_change, disabled_at
from account where lower(name) = lower(%(name)b)

-- account_of_subject --
-- The account of a person whom the identity provider names so.
select id, organisation_id, name, display_name, roles, service_id, password_hash, break_glass,
       must_change, disabled_at
from account where provider_subject = %(subject)b

-- account_of --
-- One account by its id.
select id, organisation_id, name, display_name, roles, service_id, password_hash, break_glass,
       must_change, disabled_at
from account where id = %(id)b

-- accounts --
-- The accounts of an organisation, with when somebody was last seen with each.
select account.name, account.display_name, account.roles, account.service_id, account.break_glass,
       account.provider_subject is not null as by_provider, account.must_change,
       account.disabled_at, max(sign_in.seen_at) as seen_at
from account left join sign_in on sign_in.account_id = account.id
where account.organisation_id = %(organisation_id)b
group by account.id
order by lower(account.name)

-- account_password --
-- A new password; who set it for somebody else asks for another one at the next sign-in.
update account
set password_hash = %(password_hash)b, must_change = %(must_change)b, password_at = %(now)b
where id = %(id)b

-- account_disabled --
-- Ends an account, or lets it be used again.
update account set disabled_at = %(disabled_at)b where id = %(id)b

-- begin_sign_in --
-- A browser that signed in.
insert into sign_in (sha256, organisation_id, account_id, source, secure, created_at, seen_at,
                     proved_at)
values (%(sha256)b, %(organisation_id)b, %(account_id)b, %(source)b, %(secure)b, %(now)b, %(now)b,
        %(now)b)

-- signed_in --
-- Who a cookie belongs to, as long as the account may be used and nobody ended the sign-in.
select sign_in.organisation_id, sign_in.secure, sign_in.seen_at, sign_in.proved_at,
       sign_in.on_duty_since, account.id as account_id, account.name, account.display_name,
       account.roles, account.service_id, account.must_change, account.break_glass,
       account.password_hash
from sign_in join account on account.id = sign_in.account_id
where sign_in.sha256 = %(sha256)b and sign_in.ended_at is null and account.disabled_at is null

-- still_signed_in --
-- Which of these browsers are signed in, for those whose live stream is open.
select sign_in.sha256, sign_in.seen_at, sign_in.proved_at, sign_in.on_duty_since
from sign_in join account on account.id = sign_in.account_id
where sign_in.sha256 = any(%(sha256s)b::bytea[]) and sign_in.ended_at is null
  and account.disabled_at is null

-- touch_sign_ins --
-- Signed-in browsers were seen.
update sign_in set seen_at = greatest(seen_at, %(now)b) where sha256 = any(%(sha256s)b::bytea[])

-- touch_sign_in --
-- A signed-in browser was seen.
update sign_in set seen_at = greatest(seen_at, %(now)b) where sha256 = %(sha256)b

-- prove_sign_in --
-- The password was given again.
update sign_in set proved_at = %(now)b, seen_at = greatest(seen_at, %(now)b)
where sha256 = %(sha256)b and ended_at is null

-- duty_sign_in --
-- The person at this browser goes on duty or off.
update sign_in set on_duty_since = %(on_duty_since)b, seen_at = greatest(seen_at, %(now)b)
where sha256 = %(sha256)b and ended_at is null

-- end_sign_in --
-- The person at this browser signs out.
update sign_in set ended_at = %(now)b, on_duty_since = null
where sha256 = %(sha256)b and ended_at is null

-- end_sign_ins --
-- Signs an account out everywhere, but for one browser when it is named.
update sign_in set ended_at = %(now)b, on_duty_since = null
where account_id = %(account_id)b and ended_at is null
  and sha256 is distinct from %(but)b::bytea

-- end_oldest_sign_ins --
-- Signs an account's oldest browsers out that are above the bound; nobody on duty.
update sign_in set ended_at = %(now)b
where on_duty_since is null and sha256 in (
    select sha256 from sign_in
    where account_id = %(account_id)b and ended_at is null
    order by seen_at desc
    offset %(limit)b
)

-- source_known --
-- Whether an account has signed in from this address lately.
select exists (
    select from sign_in
    where account_id = %(account_id)b and source = %(source)b and created_at > %(since)b
) as is_known

-- guesses --
-- How often tries under these keys failed, locked until this one is counted.
select key, failures, last_at from guess
where key = any(%(keys)b::bytea[])
order by key
for update

-- count_guess --
-- One more failure under each of these keys; those from before a time count no more.
insert into guess (key, failures, last_at)
select given.key, 1, %(now)b from unnest(%(keys)b::bytea[]) as given (key)
order by given.key
on conflict (key) do update
    set failures = case when guess.last_at <= %(since)b then 1 else guess.failures + 1 end,
        last_at = excluded.last_at

-- undo_guess --
-- One failure less under each of these keys.
update guess set failures = failures - 1
where failures > 0 and key in (
    select key from guess where key = any(%(keys)b::bytea[]) order by key for update
)

-- forget_guesses --
-- Whoever proved who they are starts anew.
delete from guess where key = any(%(keys)b::bytea[])

-- drop_guesses --
-- Tries that count no more.
delete from guess where last_at <= %(before)b

-- drop_sign_ins --
-- Forgets sign-ins that are long over.
delete from sign_in where seen_at < %(before)b

-- audit_lock --
-- One process at a time seals the audit.
select pg_try_advisory_xact_lock(%(lock)b::bigint) as is_mine

-- audit_last --
-- The newest sealed row.
select seq, link from audit where seq is not null order by seq desc limit 1

-- audit_sealed_at --
-- The link of one sealed row.
select link from audit where seq = %(seq)b

-- audit_unsealed --
-- Rows that are in no chain yet, in the order of their ids.
select id, organisation_id, at, actor, act, about, digest, code from audit
where seq is null order by id limit %(limit)b

-- audit_seal --
-- Puts rows into the chain.
update audit set seq = given.seq, link = given.link
from unnest(%(ids)b::bigint[], %(seqs)b::bigint[], %(links)b::bytea[]) as given (id, seq, link)
where audit.id = given.id and audit.seq is null

-- audit_sealed --
-- Sealed rows in the order of the chain, one page of them.
select seq, link, id, organisation_id, at, actor, act, about, digest, code from audit
where seq > %(after)b order by seq limit %(limit)b

-- audit_waiting --
-- How many rows wait for the seal, and since when the oldest.
select count(*) as count, min(at) as since from audit where seq is null
