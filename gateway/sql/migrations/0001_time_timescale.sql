-- The same two tables as hypertables. Compression and retention exist only under the full
-- (Timescale) licence; an Apache-only build refuses them, so they stand in a block of their own.

create extension if not exists timescaledb;

select create_hypertable('packet', by_range('received_at', interval '7 days'), create_default_indexes => false);
create index packet_sender on packet (line, sender, received_at desc);

select create_hypertable('measurement', by_range('at', interval '7 days'), create_default_indexes => false);
create index measurement_person on measurement (person_id, code, at desc);

do $$
begin
    if current_setting('timescaledb.license', true) = 'timescale' then
        alter table measurement set (
            timescaledb.compress,
            timescaledb.compress_segmentby = 'person_id, code',
            timescaledb.compress_orderby = 'at desc'
        );
        perform add_compression_policy('measurement', interval '30 days');
        alter table packet set (
            timescaledb.compress,
            timescaledb.compress_segmentby = 'line',
            timescaledb.compress_orderby = 'received_at desc'
        );
        perform add_compression_policy('packet', interval '30 days');
        -- Eight years: adult care records; to be confirmed by the organisation's records policy.
        perform add_retention_policy('measurement', interval '8 years');
        perform add_retention_policy('packet', interval '8 years');
    end if;
end
$$;
