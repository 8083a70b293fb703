-- finish_export
-- reads no table
update shopboard.exports set file = $1::text, size = $2::bigint, row_count = $3::bigint,
  finished_at = clock_timestamp(), expires_at = clock_timestamp() + $4::int * interval '1 hour'
where id = $5::bigint and file is null
returning id
