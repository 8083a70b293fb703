-- add_export
-- reads no table
insert into shopboard.exports (id, actor, resource, format, filters, is_compressed)
values ($1::bigint, $2::text, $3::text, $4::text, $5::text::jsonb, $6::boolean)
returning id
