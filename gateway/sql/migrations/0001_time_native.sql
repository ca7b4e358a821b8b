-- Time partitions of plain PostgreSQL: a partition a month, made ahead by the gateway, and a DEFAULT
-- one that is empty unless something is wrong (a non-empty default is a technical alarm).

alter table packet rename to packet_columns;
create table packet (like packet_columns including all) partition by range (received_at);
drop table packet_columns;
create table packet_default partition of packet default;
create index packet_sender on packet (line, sender, received_at desc);

alter table measurement rename to measurement_columns;
create table measurement (like measurement_columns including all) partition by range (at);
drop table measurement_columns;
create table measurement_default partition of measurement default;
create index measurement_person on measurement (person_id, code, at desc);
