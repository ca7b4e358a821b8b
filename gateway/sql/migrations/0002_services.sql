-- A service may go out beyond its places (night nursing: nominal beds and a roaming nurse), and the
-- referrals of a case are looked up from another one of the same person (ADR 0009).

alter table service add column roaming boolean not null default false;
create index referral_subject on referral (subject_id);
