-- The rehearsal that a person's own limits were approved with; null: approved without one.

alter table monitoring_limit add column rehearsal jsonb;
