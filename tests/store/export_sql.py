"""The figures of a month counted by SQL alone, over the rows that deciding wrote.

Nothing here knows the Python that counts for `lifeline export`: it is a second opinion.
"""

ROWS = """
with said as (
    select decision.id, decision.referral_id, decision.entry, reason
    from decision, jsonb_array_elements(decision.entry -> 'reasons') as reason
    where decision.referral_id is not null
), contact as (
    select referral_id, reason ->> 'reason' as act,
           coalesce(entry ->> 'occurred_at', entry ->> 'at')::timestamptz as at
    from said
    where entry ->> 'what' = 'nothing' and reason ->> 'rule' = 'referral.service_acts'
      and reason ->> 'reason' in ('face_to_face', 'contact')
), r as (
    select referral.id, referral.service_id,
           coalesce(subject.person_id::text, referral.record ->> 'person') as person,
           referral.record ->> 'state' as state, referral.provisional,
           referral.record ->> 'standard' as standard,
           coalesce(referral.record ->> 'need', (
               select reason -> 'inputs' ->> 'need' from said
               where said.referral_id = referral.id
                 and reason -> 'inputs' ->> 'need' is not null
               order by said.id desc limit 1
           )) as need,
           alarm.record ->> 'what' as what, referral.record -> 'joint_with' as partners,
           (referral.record ->> 'made_at')::timestamptz as made_at,
           (referral.record ->> 'received_at')::timestamptz as received_at,
           (referral.record ->> 'accepted_at')::timestamptz as accepted_at,
           (referral.record ->> 'first_face_to_face_at')::timestamptz as visit_at,
           (referral.record ->> 'breached_at')::timestamptz as breached_at,
           coalesce(referral.record ->> 'closed_at', referral.record ->> 'withdrawn_at',
                    referral.record ->> 'rejected_at')::timestamptz as end_at,
           coalesce(referral.record ->> 'pressed_at', referral.record ->> 'alarm_at')::timestamptz
               as press_at,
           case when referral.record ->> 'outcome' like 'remains\\_at\\_home%%' then 'home'
                when referral.record ->> 'outcome' in ('conveyed', 'admitted') then 'conveyed'
                when referral.record ->> 'outcome' = 'community_bed' then 'other' end as ending
    from referral
    join subject on subject.id = referral.subject_id
    left join alarm on alarm.id = referral.alarm_id
), m as (
    select r.*,
           not provisional and received_at is not null as counts,
           to_char(received_at at time zone 'Europe/London', 'YYYY-MM') = %(month)s as started,
           to_char(visit_at at time zone 'Europe/London', 'YYYY-MM') = %(month)s as visited,
           to_char(made_at at time zone 'Europe/London', 'YYYY-MM') = %(month)s as made,
           visit_at - received_at <= case standard when 'two_hour' then interval '2 hours'
                                     else interval '2 days' end as met,
           coalesce(need in ('fall', 'falls'), false) or coalesce(what = 'fall', false) as fell,
           floor(extract(epoch from visit_at - press_at) / 60) as press_to_visit
    from r where service_id = %(service)s
)
"""

FIGURES = {
    "referrals": "select count(*), null from m where counts and started",
    "two_hour_stopped": "select count(*) filter (where met), count(*) from m"
    " where counts and standard = 'two_hour' and visited",
    "two_hour_all": "select count(*) filter (where met), count(*) from m"
    " where counts and standard = 'two_hour' and started",
    "two_hour_running": "select count(*), null from m where counts and standard = 'two_hour'"
    " and started and visit_at is null and end_at is null"
    " and received_at + interval '2 hours' >= %(now)s",
    "two_day_stopped": "select count(*) filter (where met), count(*) from m"
    " where counts and standard = 'two_day' and visited",
    "two_day_all": "select count(*) filter (where met), count(*) from m"
    " where counts and standard = 'two_day' and started",
    "two_day_running": "select count(*), null from m where counts and standard = 'two_day'"
    " and started and visit_at is null and end_at is null"
    " and received_at + interval '2 days' >= %(now)s",
    "joint": "select count(*) filter (where exists (select from r as other"
    " where other.person = m.person and other.service_id <> m.service_id"
    " and (m.partners ? other.id::text or"
    " tstzrange(other.accepted_at, other.end_at) && tstzrange(m.accepted_at, m.end_at))"
    " and other.accepted_at is not null and m.accepted_at is not null)), count(*)"
    " from m where counts and started",
    "falls": "select count(*) filter (where fell), count(*) from m where counts and started",
    "falls_home_of_known": "select count(*) filter (where ending = 'home'), count(ending) from m"
    " where counts and started and fell",
    "falls_home_of_all": "select count(*) filter (where ending = 'home'), count(*) from m"
    " where counts and started and fell",
    "falls_conveyed_of_known": "select count(*) filter (where ending = 'conveyed'), count(ending)"
    " from m where counts and started and fell",
    "falls_conveyed_of_all": "select count(*) filter (where ending = 'conveyed'), count(*) from m"
    " where counts and started and fell",
    "home_of_known": "select count(*) filter (where ending = 'home'), count(ending) from m"
    " where counts and started",
    "home_of_all": "select count(*) filter (where ending = 'home'), count(*) from m"
    " where counts and started",
    "contacts": "select count(*), null from m join contact on contact.referral_id = m.id"
    " where counts and to_char(contact.at at time zone 'Europe/London', 'YYYY-MM') = %(month)s",
    "breached": "select count(*), null from m where made and breached_at is not null",
    "rejected": "select count(*), null from m where made and state = 'rejected'",
    "withdrawn_provisional": "select count(*), null from m where made and provisional"
    " and state = 'withdrawn' and accepted_at is null",
    "withdrawn_confirmed": "select count(*), null from m where made and not provisional"
    " and state = 'withdrawn' and accepted_at is null",
    "never_confirmed": "select count(*), null from m where made and provisional"
    " and state not in ('withdrawn', 'rejected')",
    "press_to_arrival_median_min": "select percentile_disc(0.5) within group"
    " (order by press_to_visit), count(press_to_visit) from m where counts and visited",
    "press_to_arrival_90th_min": "select percentile_disc(0.9) within group"
    " (order by press_to_visit), count(press_to_visit) from m where counts and visited",
    "press_to_arrival_most_min": "select max(press_to_visit), count(press_to_visit) from m"
    " where counts and visited",
}

CALLS = """
with c as (
    select id, state, kind, taken_at - alarm_at as taken,
           case when coalesce((record ->> 'speech')::boolean, true) then spoke_at else taken_at end
               - alarm_at as answered
    from alarm
    where kind <> 'technical'
      and to_char(alarm_at at time zone 'Europe/London', 'YYYY-MM') = %(month)s
)
"""

ANSWERING = {
    "answered_60s": "select count(*) filter (where answered <= interval '60 seconds')",
    "answered_180s": "select count(*) filter (where answered <= interval '180 seconds')",
    "taken_60s": "select count(*) filter (where taken <= interval '60 seconds')",
    "taken_180s": "select count(*) filter (where taken <= interval '180 seconds')",
    "abandoned": "select count(*) filter (where state = 'closed' and taken is null)",
    "auto_answered": "select 0",
}
OF_CALLS = ", count(*) from c"

LATE_CALLS = "select id::text from c where answered is null or answered > interval '180 seconds'"
